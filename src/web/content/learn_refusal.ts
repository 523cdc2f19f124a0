import type { ChirpError } from "../../errors.ts";
import type { BytePath } from "../../protocol.ts";
import { verdictOf } from "./lookup.ts";
import type { ReplicaView } from "./replica_view.ts";

/** A file that its directory names could not be read: who asks next, also the same request once more, is to know. */
export function learnRefusal(view: ReplicaView, path: BytePath, error: ChirpError): void {
  if (error.blame === "version" || error.code === "ENOENT") view.forget(path);
  else if (error.blame === "path") view.refused(path, verdictOf(error));
}
