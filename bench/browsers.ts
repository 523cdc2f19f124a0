/** As users would: a browser that loads a page with 100 assets again and again, wrk beside it, and a server that dies meanwhile. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "../test/helpers/at_exit.ts";
import type { TestServer } from "../test/helpers/cluster.ts";
import { program, succeed } from "./harness/programs.ts";
import { atMost, type Question } from "./harness/question.ts";
import {
  countRpcs,
  describeRpcs,
  forgetRpcs,
  OLD,
  plantFiles,
  serve,
  sitePaths,
  startSite,
  USUAL_SIZE,
} from "./harness/site.ts";
import { pathsScript, wrk } from "./harness/wrk.ts";

const ASSETS = 100;
const PAGE_LOADS = 6;
/** The page load before which a server is killed, and the one before which it comes back. */
const KILL_BEFORE = 2;
const RETURN_BEFORE = 4;
const OTHERS = sitePaths(USUAL_SIZE);
const LOAD = { connections: 64, seconds: 20 };

export const browsers: Question = {
  name: "browsers",
  programs: ["chromium", "wrk"],
  async ask() {
    await using cluster = await startSite(3, plantPage);
    await using web = await serve(cluster);
    const script = pathsScript(cluster.directory, OTHERS);
    const [, victim] = cluster.servers;
    await forgetRpcs(cluster);
    const load = wrk(web.url, { ...LOAD, script });
    const loaded: number[] = [];
    for (let turn = 0; turn < PAGE_LOADS; turn++) {
      if (turn === KILL_BEFORE) await victim?.kill();
      if (turn === RETURN_BEFORE) await victim?.restart();
      loaded.push(await assetsLoaded(`${web.url}/page.html?${turn}`));
    }
    const { requests, failures, p99Ms } = await load;
    const missing = loaded.reduce((sum, assets) => sum + ASSETS - assets, 0);
    return [
      {
        what: `Chromium loads a page with ${ASSETS} images ${PAGE_LOADS} times, one of three servers killed meanwhile: images missing`,
        measured: String(missing),
        spread: "exact",
        rpcs: describeRpcs(await countRpcs(cluster)),
        reach: atMost(missing, 0),
      },
      {
        what: `wrk -c${LOAD.connections} beside it: failures among ${requests} requests (p99 ${Math.round(p99Ms)} ms)`,
        measured: String(failures),
        spread: "exact",
        rpcs: "",
        reach: atMost(failures, 0),
      },
    ];
  },
};

function plantPage(server: TestServer): void {
  plantFiles(server, OTHERS, 4096);
  const images = Array.from({ length: ASSETS }, (_, index) => `/images/${index}.svg`);
  for (const [index, path] of images.entries()) {
    const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><desc>${"x".repeat(50 * index)}</desc></svg>`;
    server.plant(path, picture, { mtime: OLD });
  }
  const tags = images.map((path) => `<img src="${path}" onload="loaded++">`).join("\n");
  const count = `addEventListener("load", () => { document.title = "loaded " + loaded; });`;
  server.plant("/page.html", `<!doctype html><script>let loaded = 0; ${count}</script>${tags}`, { mtime: OLD });
}

/** Images of the page that a browser without anything in its cache gets. */
async function assetsLoaded(url: string): Promise<number> {
  const profile = mkdtempSync(join(tmpdir(), "chirp-site-chromium-"));
  const forget = atExit(() => rmSync(profile, { recursive: true, force: true }));
  try {
    const page = await succeed([
      program("chromium"),
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", `--user-data-dir=${profile}`],
      ...["--disable-background-networking", "--disable-component-update", "--no-first-run", "--dump-dom", url],
    ]);
    return Number(/<title>loaded (\d+)<\/title>/.exec(page)?.[1] ?? 0);
  } finally {
    forget();
    rmSync(profile, { recursive: true, force: true });
  }
}
