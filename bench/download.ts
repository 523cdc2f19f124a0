/** A file of 200 MB, against chirp_get and against libchirp alone, all of them into nothing. */
import type { Cluster } from "../test/helpers/cluster.ts";
import { getfileLoop, program, secondsOf } from "./harness/programs.ts";
import { atLeast, type Question, ratioCells } from "./harness/question.ts";
import { compare, sideBySide } from "./harness/side_by_side.ts";
import { describeRpcs, fetchAll, OLD, repeatedRandom, rpcsOf, serve, startSite } from "./harness/site.ts";

const PATH = "/large.bin";
const BYTES = 200_000_000;
const ROUNDS = { min: 7, max: 15 };

function plantedSite(): Promise<Cluster> {
  return startSite(1, (server) => server.plant(PATH, repeatedRandom(BYTES), { mtime: OLD }));
}

/** RPCs of one download of a file of which nothing is known. */
export async function countDownload(): Promise<Record<string, number>> {
  await using cluster = await plantedSite();
  await using web = await serve(cluster);
  return await rpcsOf(cluster, () => fetchAll([web.url + PATH]));
}

export const download: Question = {
  name: "download",
  programs: ["curl", "chirp_get", "make", "cc"],
  async ask() {
    const counts = await countDownload();
    await using cluster = await plantedSite();
    await using web = await serve(cluster);
    const host = cluster.hosts[0]!;
    const ours = () => bytesPerSecond([program("curl"), "-sS", "--fail", "-o", "/dev/null", web.url + PATH]);
    // By way of its standard output: of a file it is given, also of /dev/null, chirp_get changes the mode.
    const toNull = 'exec "$0" "$1" "$2" - > /dev/null';
    const chirpGet = () => bytesPerSecond(["sh", "-c", toNull, program("chirp_get"), host, PATH]);
    const raw = async () => (await getfileLoop(1, 0, [host], [PATH])).bytesPerSecond;
    await ours();
    const toGet = compare(await sideBySide(ours, chirpGet, ROUNDS, Number), Number);
    const toRaw = compare(await sideBySide(ours, raw, ROUNDS, Number), Number);
    return [
      {
        what: "200 MB download, rate, to chirp_get into /dev/null",
        ...ratioCells(toGet),
        rpcs: describeRpcs(counts),
        reach: atLeast(toGet.ratio, 1.5),
      },
      {
        what: "the same, to one getfile in C on libchirp",
        ...ratioCells(toRaw),
        rpcs: "1 getfile on the other side",
        reach: atLeast(toRaw.ratio, 0.7),
      },
    ];
  },
};

async function bytesPerSecond(command: readonly string[]): Promise<number> {
  return BYTES / (await secondsOf(command));
}
