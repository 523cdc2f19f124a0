/** One cell of a server that is well and has something else than it should: the others are asked, nothing is mixed. */
import { chmodSync, existsSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "bun:test";
import { exchange } from "../helpers/raw_http.ts";
import { run } from "../helpers/run.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";
import { type Cell, type LieName, tripOf, type WebOperation } from "./cells.ts";
import type { Laboratory } from "./laboratory.ts";
import { askOnce, BACK_LIMIT_MS, breakAt, inUse, largeBytes, noCache, smallText, webDirectory } from "./web_cell.ts";

/** The random choice falls on the liar in some of them. */
const REQUESTS = 12;
export const nobody = ["unix:nobody-at-all rwl"];

type LieCell = Extract<Cell, { kind: "lie" }>;

export async function runLieCell(lab: Laboratory, cell: LieCell): Promise<void> {
  const { operation, lie, moment } = cell;
  const name = operation === "small GET" ? "small0.txt" : "large.bin";
  const path = lie === "nothing at all" ? webDirectory : `${webDirectory}/${name}`;
  const serversFile = join(lab.cluster.directory, "lie_servers.txt");
  writeFileSync(serversFile, `${lab.brokenHost}\n${lab.well.host}\n`);
  const start = (...more: string[]) =>
    startWebServer([
      ...["--servers", serversFile, "--root", webDirectory, "--access-log", "off", "--autoindex", "--debug-headers"],
      ...["--buffer-limit", "8MiB", ...more],
    ]);
  const begin = () => tell(lab, lie, path);
  try {
    if (moment === null) {
      await begin();
      for (const cache of [noCache, []]) {
        await using web = await start(...cache);
        for (let index = 0; index < REQUESTS; index++) await askLiar(web, operation, lie);
      }
      return;
    }
    await using web = await start(...noCache);
    await inUse(web, lab.brokenHost, BACK_LIMIT_MS);
    await breakAt(lab, tripOf(operation, moment), begin, () => askLiar(web, operation, lie));
  } finally {
    lab.wire.disarm();
    takeBack(lab, path);
  }
}

/** Always the same file: the one that the server lies about. */
async function askLiar(web: WebServer, operation: WebOperation, lie: LieName): Promise<void> {
  if (lie === "file truncated" || lie === "other contents") await expectEither(web, operation, lie);
  else await askOnce(web, operation, 0, { mayRedirect: lie === "a directory in its place" });
}

const keptAt = (lab: Laboratory) => `${lab.broken.rootDirectory}/.__kept`;

/** Makes the first server's copy a lie; takeBack puts the truth in its place again. */
export async function tell(lab: Laboratory, lie: LieName, path: string): Promise<void> {
  const disk = lab.broken.diskPath(path).toString();
  const kept = keptAt(lab);
  renameSync(disk, kept);
  if (lie === "nothing at all" || lie === "file missing") return;
  const contents = Buffer.from(await Bun.file(kept).arrayBuffer());
  switch (lie) {
    case "file truncated":
      return lab.broken.plant(path, contents.subarray(0, contents.length / 2), { mtime: 1_600_000_001 });
    case "other contents":
      return lab.broken.plant(path, otherContents(contents), { mtime: 1_600_000_001 });
    case "file unreadable":
      lab.broken.plant(path, contents);
      return chmodSync(disk, 0);
    case "directory closed":
      lab.broken.plant(path, contents);
      return lab.broken.plantDirectory(dirname(path), { acl: nobody });
    case "a directory in its place":
      return lab.broken.plantDirectory(path);
    case "a pipe in its place":
      await run(["mkfifo", disk]);
      return;
    case "a link to itself in its place":
      return symlinkSync(disk.slice(disk.lastIndexOf("/") + 1), disk);
  }
}

/** Nothing when it was not told. */
export function takeBack(lab: Laboratory, path: string): void {
  const kept = keptAt(lab);
  if (!existsSync(kept)) return;
  const disk = lab.broken.diskPath(path).toString();
  lab.broken.plantDirectory(dirname(path));
  rmSync(disk, { recursive: true, force: true });
  renameSync(kept, disk);
}

function otherContents(contents: Buffer): Buffer {
  return Buffer.from(contents.map((byte) => byte ^ 0x20));
}

/** One version or the other, whole, with the headers of that one. */
async function expectEither(web: WebServer, operation: WebOperation, lie: LieName): Promise<void> {
  const isSmall = operation === "small GET";
  const truth = isSmall ? Buffer.from(smallText(0)) : largeBytes;
  const other = lie === "file truncated" ? truth.subarray(0, truth.length / 2) : otherContents(truth);
  const method = operation === "HEAD" ? "HEAD" : "GET";
  const start = isSmall ? 10 : 1_000_003;
  const range = operation === "range GET" ? `Range: bytes=${start}-${start + 2_000_000}\r\n` : "";
  const { responses } = await exchange(
    `${method} /${isSmall ? "small0.txt" : "large.bin"} HTTP/1.1\r\nHost: lie\r\nConnection: close\r\n${range}\r\n`,
    { port: web.port, methods: [method] },
  );
  const { status, body, header } = responses[0]!;
  const part = (whole: Buffer) => (operation === "range GET" ? whole.subarray(start, start + 2_000_001) : whole);
  expect(status).toBe(operation === "range GET" ? 206 : 200);
  if (operation === "HEAD") return expect([truth.length, other.length]).toContain(Number(header("content-length")));
  // A part of the shorter one may be a part of the longer one as well: its size tells which is meant.
  const size = operation === "range GET" ? Number(header("content-range")?.split("/")[1]) : body.length;
  const whole = [truth, other].find((each) => each.length === size && body.equals(part(each)));
  expect(whole === undefined ? "a mixture" : "one version").toBe("one version");
}
