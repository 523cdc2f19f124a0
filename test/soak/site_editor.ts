/** The site of a soak on its master's disk, and the person who keeps changing it. */
import { renameSync, rmSync, statSync } from "node:fs";
import type { TestServer } from "../helpers/cluster.ts";
import type { SeededRandom } from "../helpers/seeded_random.ts";
import { addVersion, createPage, currentVersion, type Page } from "./page_history.ts";

/** The directory that is synchronised, and the web root. */
export const siteRoot = "/site";
/** Hidden from everybody: where a new version is written before it is renamed to its name. */
const desk = "/.__desk/page";

const KIB = 1024;
const MIB = 1024 * KIB;
/** Held in memory by the web server up to 4 MiB, streamed above the --buffer-limit that the soak gives. */
const sizes: Readonly<Record<Page["kind"], readonly [min: number, max: number]>> = {
  small: [64, 40 * KIB],
  medium: [100 * KIB, 3 * MIB],
  held: [5 * MIB, 6 * MIB],
  streamed: [29 * MIB, 31 * MIB],
  volatile: [64, 20 * KIB],
};
const directories = ["", "/about", "/docs", "/docs/deep", "/a b", "/café"];
const SMALL_IN_EACH = 8;
const STREAMED_EVERY_MS = 20_000;

export interface SiteEditor {
  readonly pages: readonly Page[];
  readonly edits: number;
  /** One change, chosen by chance. */
  editOnce(): void;
}

export function createSiteEditor(master: TestServer, random: SeededRandom): SiteEditor {
  const filler = random.bytes(MIB);
  const pages = planPages();
  let edits = 0;
  let streamedAt = performance.now();
  master.plantDirectory("/.__desk");
  master.plantDirectory(siteRoot);
  for (const page of pages) {
    master.plantDirectory(siteRoot + page.path.slice(0, page.path.lastIndexOf("/")));
    write(page, makeBytes(page), false);
  }

  /** Every 4 KiB say which page, version and place they are, so that no mixture passes for a version. */
  function makeBytes(page: Page, sameSize = false): Buffer {
    const [min, max] = sizes[page.kind];
    const last = page.versions.at(-1);
    const size = sameSize && last?.bytes ? last.bytes.length : random.int(min, max);
    const bytes = Buffer.alloc(size);
    const start = random.int(0, filler.length - 1);
    for (let position = 0; position < size; position += filler.length) {
      filler.copy(bytes, position, (start + position / filler.length) % 4096);
    }
    const number = (last?.number ?? 0) + 1;
    for (let position = 0; position < size; position += 4096)
      bytes.write(`${page.path} v${number} @${position};`, position);
    return bytes;
  }

  function write(page: Page, bytes: Buffer, inPlace: boolean): void {
    const bornAt = performance.now();
    const target = siteRoot + page.path;
    if (inPlace) {
      master.plant(target, bytes);
    } else {
      master.plant(desk, bytes);
      renameSync(master.diskPath(desk), master.diskPath(target));
    }
    const mtime = Math.floor(statSync(master.diskPath(target)).mtimeMs / 1000);
    addVersion(page, bytes, mtime, bornAt, performance.now());
  }

  function remove(page: Page): void {
    const bornAt = performance.now();
    rmSync(master.diskPath(siteRoot + page.path));
    addVersion(page, null, 0, bornAt, performance.now());
  }

  function choosePage(): Page {
    if (performance.now() - streamedAt > STREAMED_EVERY_MS && random.chance(0.1)) {
      streamedAt = performance.now();
      return random.pick(pages.filter(({ kind }) => kind === "streamed"));
    }
    const kind = random.pick(["small", "small", "small", "small", "medium", "held", "volatile", "volatile"] as const);
    return random.pick(pages.filter((page) => page.kind === kind));
  }

  return {
    pages,
    get edits() {
      return edits;
    },
    editOnce() {
      edits++;
      const page = choosePage();
      if (page.kind === "volatile" && currentVersion(page).bytes !== null && random.chance(0.5)) return remove(page);
      write(page, makeBytes(page), random.chance(0.1));
      // Within one second, and of the same size: only its contents tell the second from the first.
      // Not of large files, whose ETag is made of size and time: there, the settle window of the synchroniser has to do.
      const isHashed = page.kind !== "streamed" && page.kind !== "held";
      if (isHashed && random.chance(0.15)) write(page, makeBytes(page, true), random.chance(0.2));
    },
  };
}

function planPages(): Page[] {
  const pages: Page[] = [];
  const add = (path: string, kind: Page["kind"]) => pages.push(createPage(urlOf(path), path, kind));
  for (const directory of directories) {
    add(`${directory}/index.html`, "small");
    for (let index = 1; index <= SMALL_IN_EACH; index++) add(`${directory}/page ${index}.html`, "small");
    add(`${directory}/100%.txt`, "small");
    add(`${directory}/picture.png`, "medium");
    add(`${directory}/news.html`, "volatile");
    add(`${directory}/draft.txt`, "volatile");
  }
  add("/docs/manual.pdf", "held");
  add("/docs/film.webm", "streamed");
  add("/about/archive.zip", "streamed");
  return pages;
}

function urlOf(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
