import { ChirpError } from "../../errors.ts";
import type { BytePath } from "../../protocol.ts";
import { createThrottle } from "../store/bandwidth.ts";
import { resolveEndpoint } from "../store/endpoint.ts";
import { listFollowing } from "./follow_links.ts";
import type { Ending } from "../output/report.ts";
import { createSharedSource } from "./shared_source.ts";
import { listDirectory, readOnly, statOrNull, type Store } from "../store/store.ts";
import { connect, endingOf, type SourceRoot, type Synchronization } from "./synchronization.ts";

/** Connects to the source and lists its top; the ending of the run when that is not possible. */
export async function openSource(
  job: Synchronization,
  sender: Store,
): Promise<SourceRoot | { readonly ending: Ending }> {
  const { source: endpoint, options } = job;
  const { directory } = endpoint;
  const store = readOnly(sender);
  const what = `the source "${directory}" on ${endpoint.server}`;
  try {
    const server = await resolveEndpoint(endpoint);
    await connect(job, endpoint);
    const stat = await statOrNull(store, directory);
    if (stat === null) return { ending: { stage: "root", code: "ENOENT", message: `${what} does not exist` } };
    const list = (path: BytePath) =>
      options.links === "follow" ? listFollowing(store, path) : listDirectory(store, path, true);
    const entries = await list(directory);
    const shared = createSharedSource({
      store,
      throttle: createThrottle(options.bandwidth, job.abort),
      top: { directory, entries },
      list,
    });
    return { endpoint, server, store, sender, stat, entries, shared };
  } catch (error) {
    if (!(error instanceof ChirpError)) throw error;
    if (error.blame === "server" || error.code === "ECONNABORTED") return { ending: endingOf(error, job.stop, true) };
    // Chirp answers ENOENT where a directory is expected and something else is there.
    const reason =
      error.code === "ENOENT" || error.code === "ENOTDIR" ? "is not a directory" : `cannot be listed: ${error.message}`;
    return { ending: { stage: "root", code: error.code, message: `${what} ${reason}` } };
  }
}
