/** Random changes of a tree on a server's disk: the same seed makes the same changes. */
import { lstatSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import type { TestServer } from "../helpers/cluster.ts";

export interface Editor {
  /** So many changes, each a file or link written, changed, removed, renamed, or turned into something else. */
  edit(count: number): void;
}

const names = ["a", "b", "c.html", "d e", "é", "%41", "tab\there", "-n", "*", "x\\y", "0", ".hidden", "#", "[z]"];

export function createEditor(server: TestServer, root: string, seed: number): Editor {
  const random = createRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const disk = (path: string) => server.diskPath(path).toString();

  function randomDirectory(): string {
    let directory = root;
    for (let depth = 0; depth < 3 && random() < 0.6; depth++) {
      const below = readdirSync(disk(directory)).filter(
        (name) => !name.startsWith(".__") && lstatSync(disk(`${directory}/${name}`)).isDirectory(),
      );
      if (below.length === 0) break;
      directory += `/${pick(below)}`;
    }
    return directory;
  }

  function remove(path: string): void {
    rmSync(disk(path), { recursive: true, force: true });
  }

  function editOnce(): void {
    const directory = randomDirectory();
    const path = `${directory}/${pick(names)}`;
    const there = lstatSync(disk(path), { throwIfNoEntry: false });
    const choice = random();
    if (choice < 0.5) {
      if (there !== undefined && !there.isFile()) remove(path);
      const size = random() < 0.2 ? 0 : Math.floor(random() ** 3 * 200_000);
      const contents = new Uint8Array(size).fill(Math.floor(random() * 256));
      // Times are old and rarely equal, so that each edit shows.
      server.plant(path, contents, { mtime: 1_000_000_000 + Math.floor(random() * 700_000_000) });
    } else if (choice < 0.65) {
      if (there !== undefined && !there.isDirectory()) remove(path);
      server.plantDirectory(path);
    } else if (choice < 0.75) {
      remove(path);
      symlinkSync(pick(["a", "../b", "nowhere", "/etc/passwd", "c.html"]), disk(path));
    } else if (choice < 0.9) {
      remove(path);
    } else if (there !== undefined) {
      const other = `${randomDirectory()}/${pick(names)}`;
      if (other !== path && !other.startsWith(`${path}/`) && !path.startsWith(`${other}/`)) {
        remove(other);
        renameSync(disk(path), disk(other));
      }
    }
  }

  return {
    edit(count) {
      for (let index = 0; index < count; index++) editOnce();
    },
  };
}

/** Mulberry32: small, and good enough to choose edits. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
