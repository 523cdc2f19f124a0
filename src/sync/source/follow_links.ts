/** A directory as --copy-links sees it: each link is what it leads to. */
import { joinPath, parentPath } from "../../chirp/byte_path.ts";
import { fileType } from "../../chirp/file_stat.ts";
import type { BytePath, DirectoryEntry, FileStat } from "../../protocol.ts";
import { forEachParallel } from "../store/semaphore.ts";
import { listDirectory, statOrUnknown, type Store } from "../store/store.ts";

const STATS_AT_A_TIME = 4;

/**
 * A link that leads nowhere, in a circle, to what may not be looked at, or to a directory that it lies in, has mode 0: nothing is
 * known of it. It is a failure of its own, and none of the directory.
 */
export async function listFollowing(store: Store, directory: BytePath): Promise<DirectoryEntry[]> {
  const entries = await listDirectory(store, directory, true);
  const followed = new Map<BytePath, FileStat>();
  const links = entries.filter(({ stat }) => fileType(stat) === "link");
  await forEachParallel(links, STATS_AT_A_TIME, async ({ name }) => {
    const stat = await statOrUnknown(store, joinPath(directory, name));
    const isLoop = stat !== null && fileType(stat) === "directory" && (await isAncestor(store, directory, stat));
    followed.set(name, stat === null || isLoop ? nothing : stat);
  });
  return entries.map(({ name, stat }) => ({ name, stat: followed.get(name) ?? stat }));
}

const nothing: FileStat = { mode: 0, size: 0, mtime: 0, ctime: 0, inode: 0, links: 0 };

async function isAncestor(store: Store, directory: BytePath, { inode, ctime }: FileStat): Promise<boolean> {
  for (let path = directory; ; path = parentPath(path)) {
    const stat = await statOrUnknown(store, path);
    if (stat !== null && stat.inode === inode && stat.ctime === ctime) return true;
    if (path === "/") return false;
  }
}
