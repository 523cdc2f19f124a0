/** What a real browser makes of the site and of the status page. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Chromium, chromiumProgram, type Page, startChromium } from "../helpers/chromium.ts";
import { startCluster, type Cluster } from "../helpers/cluster.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";
import { waitUntil } from "../sync/wait.ts";

setDefaultTimeout(120_000);

const mtime = 1_700_000_000;
const hasChromium = chromiumProgram !== null;
if (!hasChromium) console.log("skipped: there is no Chromium here (Debian package chromium)");

/** Five minutes of sound, 26 MB: a film as far as the browser's loading and seeking go, and no codec is needed. */
const seconds = 300;
const bytesPerSecond = 88_200;

function wav(): Uint8Array {
  const size = seconds * bytesPerSecond;
  const bytes = new Uint8Array(44 + size);
  const view = new DataView(bytes.buffer);
  const text = (at: number, characters: string) => bytes.set(Buffer.from(characters), at);
  text(0, "RIFF");
  view.setUint32(4, 36 + size, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, bytesPerSecond / 2, true);
  view.setUint32(28, bytesPerSecond, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, size, true);
  return bytes;
}

describe.skipIf(!hasChromium)("in Chromium", () => {
  let cluster: Cluster;
  let web: WebServer;
  let chromium: Chromium;
  let page: Page;
  let site: string;
  let admin: string;

  beforeAll(async () => {
    cluster = await startCluster({ servers: 2 });
    const film = wav();
    const html = `<!doctype html><link rel="stylesheet" href="style.css"><script src="app.js"></script><img src="dot.svg"><p>hello`;
    for (const server of cluster.servers) {
      server.plant("/index.html", html, { mtime });
      server.plant("/style.css", "p { color: rgb(1, 2, 3) }", { mtime });
      server.plant("/app.js", "globalThis.ran = true;", { mtime });
      server.plant("/dot.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', { mtime });
      server.plant("/film.html", '<!doctype html><video src="film.wav" preload="metadata"></video>', { mtime });
      server.plant("/film.wav", film, { mtime });
      // Browsers ask for it by themselves.
      server.plant("/favicon.ico", "", { mtime });
      server.plant("/names/<img src=x onerror=alert(1)>.txt", "x", { mtime });
    }
    const rules = ["--cache-control", "*=no-cache", "--autoindex", "--debug-headers"];
    web = await startWebServer([
      "--servers",
      cluster.serversFile,
      "--access-log",
      "json",
      "--admin",
      "127.0.0.1:0",
      ...rules,
    ]);
    site = `http://127.0.0.1:${web.port}`;
    admin = `http://127.0.0.1:${web.adminPort}`;
    chromium = await startChromium();
    page = await chromium.newPage();
  });

  afterAll(async () => {
    await chromium?.[Symbol.asyncDispose]();
    await web?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  test("a page with what belongs to it, and 304s on reload", async () => {
    await page.open(`${site}/`);
    expect(await page.evaluate<boolean>("globalThis.ran")).toBe(true);
    expect(await page.evaluate<string>("getComputedStyle(document.querySelector('p')).color")).toBe("rgb(1, 2, 3)");
    expect(await page.evaluate<number>("document.querySelector('img').naturalWidth")).toBe(9);
    page.takeResponses();
    await page.reload();
    const unchanged = () => page.takeResponses().filter(({ status }) => status === 304);
    const seen: unknown[] = [];
    await waitUntil("304 for all four", () => seen.push(...unchanged()) >= 0 && seen.length >= 4);
    await waitUntil("four 304s in the log", () => web.stdout().split('"status":304').length - 1 >= 4);
  });

  test("a video element seeks, and only what it needs is sent", async () => {
    await page.open(`${site}/film.html`);
    const seek = (to: number) =>
      page.evaluate<number>(`new Promise((resolve, reject) => {
        const video = document.querySelector("video");
        video.addEventListener("seeked", () => resolve(video.currentTime), { once: true });
        video.addEventListener("error", () => reject(new Error(video.error.message)), { once: true });
        video.currentTime = ${to};
      })`);
    await waitUntil("its length is known", async () => {
      return (await page.evaluate<number | null>("document.querySelector('video').duration || null")) !== null;
    });
    expect(await page.evaluate<number>("document.querySelector('video').duration")).toBeCloseTo(seconds, 0);
    for (const to of [270, 30, 150]) expect(await seek(to)).toBeCloseTo(to, 0);
    const ranges = page.takeResponses().filter(({ url, status }) => url.endsWith("/film.wav") && status === 206);
    expect(ranges.length).toBeGreaterThanOrEqual(2);
    // While a server is dead it seeks as well.
    await cluster.servers[0].kill();
    for (const to of [280, 10]) expect(await seek(to)).toBeCloseTo(to, 0);
    await cluster.servers[0].restart();
  });

  test("a listing: names are names", async () => {
    await page.open(`${site}/names/`);
    expect(await page.evaluate<number>("document.images.length")).toBe(0);
    expect(await page.evaluate<string>("document.querySelector('td a').textContent")).not.toBe("");
    expect(await page.evaluate<string>("document.querySelectorAll('td a')[1].textContent")).toBe(
      "<img src=x onerror=alert(1)>.txt",
    );
    expect(page.complaints).toEqual([]);
  });

  test("the status page refreshes itself, follows a server's death, and says when nobody answers", async () => {
    const status = await chromium.newPage();
    await status.open(`${admin}/`);
    const says = (text: string) => async () =>
      (await status.evaluate<string>("document.body?.innerText ?? ''")).includes(text);
    await waitUntil("all are well", says("All 2 servers are well"));
    await cluster.servers[1]!.kill();
    await waitUntil("one of two", says("1 of 2 servers is well"));
    expect(await status.evaluate<string>("document.title")).toBe("1/2 well · chirp-site");
    await cluster.servers[0].kill();
    await waitUntil("none", says("No server can be reached"));
    await Promise.all(cluster.servers.map((server) => server.restart()));
    await waitUntil("all are well again", says("All 2 servers are well"));
    await status.evaluate("document.querySelector('a[href=\"?compare\"]').click()");
    await waitUntil("compared", says("same names, sizes and times"));
    expect(status.complaints).toEqual([]);
    // No wider than the window of a phone.
    await status.screenshot({ width: 360, height: 740, dark: false });
    expect(await status.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    web.kill("SIGSTOP");
    await waitUntil("old", says("What you see is old"));
    web.kill("SIGCONT");
    await waitUntil("fresh", async () => !(await says("What you see is old")()));
  });
});
