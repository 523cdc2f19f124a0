/** The site that the conformance cases ask for, equal on every server. */
import { symlinkSync } from "node:fs";
import type { Cluster } from "../helpers/cluster.ts";
import { run } from "../helpers/run.ts";

/** Sun, 06 Nov 1994 08:49:37 GMT, the date that RFC 9110 uses. */
export const mtime = 784_111_777;
export const lastModified = "Sun, 06 Nov 1994 08:49:37 GMT";

/** 100 bytes that tell where they come from. */
export const hundred = Array.from({ length: 10 }, (_, i) => `${i}abcdefghi`).join("");
/** More than one chunk of a streamed body, and no two of its 16-byte lines alike. */
export const big = Array.from({ length: 200_000 }, (_, i) => `line ${String(i).padStart(10, "0")}\n`).join("");

/** Files by path; names as text are UTF-8 on disk. */
const files: readonly (readonly [path: string | Uint8Array, contents: string])[] = [
  ["/index.html", "<h1>home</h1>"],
  ["/file.txt", hundred],
  ["/big.bin", big],
  ["/empty.txt", ""],
  ["/dir/index.html", "<h1>dir</h1>"],
  ["/dir/page.html", "page"],
  ["/noindex/a.txt", "a"],
  ["/noindex/<b>&\"'.txt", "markup"],
  ["/noindex/sub/x.txt", "x"],
  ["/noindex/.hidden", "hidden"],
  ["/café.html", "café"],
  ["/a b.txt", "space"],
  ["/100%.txt", "percent"],
  ["/a\tb.txt", "tab"],
  ["/a\\b.txt", "backslash"],
  ["/a?b#c.txt", "marks"],
  ["/a+b.txt", "plus"],
  ["/%41.txt", "percent 41"],
  [Buffer.from("/\xff\xfe.txt", "latin1"), "not UTF-8"],
  ["/newline/a\nb.txt", "newline"],
  [`/${"n".repeat(251)}.txt`, "long name"],
  ["/...txt", "dots"],
  ["/UPPER.HTML", "upper"],
  ["/noextension", "none"],
  ["/app.js", "let plain;"],
  ["/app.js.br", "br bytes"],
  ["/app.js.zst", "zst bytes"],
  ["/app.js.gz", "gz bytes"],
  ["/style.css", "p{}"],
  ["/style.css.gz", "gz css"],
  ["/image.svg", "<svg/>"],
  ["/data.json", "{}"],
  ["/photo.png", "png"],
  ["/module.wasm", "wasm"],
  ["/archive.tar.gz", "tar"],
  ["/.secret", "secret"],
  ["/.git/config", "secret"],
  ["/.well-known/security.txt", "well known"],
  ["/.__hidden", "secret"],
  ["/sub/.htaccess", "secret"],
];

export async function plantSite(cluster: Cluster): Promise<void> {
  for (const server of cluster.servers) {
    for (const [path, contents] of files) server.plant(path, contents, { mtime });
    server.plantDirectory("/empty");
    server.plant("/denied/file.txt", "denied", { mtime });
    server.plantDirectory("/denied", { acl: [] });
    symlinkSync("file.txt", server.diskPath("/link.txt"));
    symlinkSync("loop", server.diskPath("/loop"));
    symlinkSync("nowhere", server.diskPath("/dangling"));
    symlinkSync("dir", server.diskPath("/linked-dir"));
    const { exitCode, stderr } = await run(["mkfifo", "-m", "666", server.diskPath("/pipe").toString()]);
    if (exitCode !== 0) throw new Error(`mkfifo: ${stderr}`);
  }
}
