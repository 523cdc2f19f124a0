/** Error pages, --spa, --cache-control, and listings with names that want to do harm. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startCluster, type Cluster } from "../helpers/cluster.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";

setDefaultTimeout(60_000);

const mtime = 1_700_000_000;
/** What is in a name must stay a name: in HTML, in JSON, in a terminal, in a URL. */
const wicked = [
  `<script>alert(1)`,
  `<img src=x onerror=alert(1)>`,
  `"onmouseover="alert(1)`,
  `'single'`,
  `&amp;`,
  `tab\there`,
  `escape\x1b[31mred`,
  `100%25`,
  `#hash?query`,
  `javascript:alert(1)`,
  `\u202egnp.exe`,
  ` leading and trailing `,
  `back\\slash`,
];
const notUtf8 = Buffer.from("/wicked/\xff\xfe.txt", "latin1");

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ servers: 2 });
  for (const server of cluster.servers) {
    server.plant("/index.html", "<h1>home</h1>", { mtime });
    server.plant("/404.html", "<h1>site's 404</h1>", { mtime });
    server.plant("/403.html", "<h1>site's 403</h1>", { mtime });
    server.plant("/assets/app.abc123.js", "let a;", { mtime });
    server.plant("/assets/deep/x.css", "p{}", { mtime });
    server.plant("/page.html", "page", { mtime });
    server.plant("/denied/x", "secret", { mtime });
    server.plantDirectory("/denied", { acl: [] });
    for (const name of wicked) server.plant(`/wicked/${name}`, `contents of ${name}`, { mtime });
    server.plant(notUtf8, "bytes", { mtime });
  }
});

afterAll(() => cluster?.[Symbol.asyncDispose]());

function start(...options: readonly string[]): Promise<WebServer> {
  return startWebServer(["--servers", cluster.serversFile, "--access-log", "off", ...options]);
}

async function get({ port }: WebServer, path: string, headers: Record<string, string> = {}, method = "GET") {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, redirect: "manual" });
  return { status: response.status, header: (name: string) => response.headers.get(name), body: await response.text() };
}

test("the site's own error pages, read from the servers", async () => {
  await using web = await start("--error-page", "404=/404.html", "--error-page", "403=/403.html", "--autoindex");
  for (const path of ["/nothing", "/.git/config", "/page.html/", "/nothing/"]) {
    const answer = await get(web, path);
    expect([path, answer.status, answer.body]).toEqual([path, 404, "<h1>site's 404</h1>"]);
    expect(answer.header("content-type")).toBe("text/html; charset=utf-8");
    // That of our own pages would forbid the site's style sheets.
    expect(answer.header("content-security-policy")).toBeNull();
    expect(answer.header("etag")).toBeNull();
  }
  expect((await get(web, "/nothing", { Range: "bytes=0-1", "If-None-Match": "*" })).status).toBe(404);
  const head = await get(web, "/nothing", {}, "HEAD");
  expect([head.status, head.header("content-length"), head.body]).toEqual([404, "19", ""]);
  const denied = await get(web, "/denied/x");
  expect([denied.status, denied.body]).toEqual([403, "<h1>site's 403</h1>"]);
  expect((await get(web, "/%00")).body).not.toContain("site's");
});

test("an error page that is missing itself is ours", async () => {
  await using web = await start("--error-page", "404=/no-such-page.html");
  const answer = await get(web, "/nothing");
  expect([answer.status, answer.header("content-security-policy")]).toEqual([404, expect.stringContaining("'none'")]);
});

test("--spa answers with /index.html where there is nothing", async () => {
  await using web = await start("--spa");
  for (const path of ["/users/17", "/users/17/", "/no.such.js"]) {
    const answer = await get(web, path);
    expect([path, answer.status, answer.body]).toEqual([path, 200, "<h1>home</h1>"]);
    expect(answer.header("content-type")).toBe("text/html; charset=utf-8");
  }
  expect((await get(web, "/page.html")).body).toBe("page");
  expect((await get(web, "/assets")).status).toBe(301);
  // What is hidden or denied is not there for an application either.
  expect((await get(web, "/.git/config")).status).toBe(404);
  expect((await get(web, "/denied/x")).status).toBe(403);
  const etag = (await get(web, "/users/17")).header("etag")!;
  expect((await get(web, "/users/18", { "If-None-Match": etag })).status).toBe(304);
});

test("--cache-control by pattern, the first that matches", async () => {
  const immutable = "public, max-age=31536000, immutable";
  const rules = [`/assets/*.js=${immutable}`, "*.css=max-age=3600", "/assets/**=no-store", "*.html=no-cache"];
  await using web = await start(...rules.flatMap((rule) => ["--cache-control", rule]));
  const values = async (path: string) => {
    const whole = await get(web, path);
    const again = await get(web, path, { "If-None-Match": whole.header("etag")! });
    const part = await get(web, path, { Range: "bytes=0-0" });
    expect([whole.status, again.status, part.status]).toEqual([200, 304, 206]);
    return new Set([whole, again, part].map((answer) => answer.header("cache-control")));
  };
  expect(await values("/assets/app.abc123.js")).toEqual(new Set([immutable]));
  expect(await values("/assets/deep/x.css")).toEqual(new Set(["max-age=3600"]));
  expect(await values("/page.html")).toEqual(new Set(["no-cache"]));
  expect((await get(web, "/")).header("cache-control")).toBe("no-cache");
  expect((await get(web, "/nothing.css")).header("cache-control")).toBeNull();
});

describe("names that want to do harm", () => {
  test("in a listing as HTML: only names, and each leads to its file", async () => {
    await using web = await start("--autoindex");
    const { status, body, header } = await get(web, "/wicked/");
    expect(status).toBe(200);
    expect(header("content-security-policy")).toMatch(/^default-src 'none'/);
    expect(body).not.toMatch(/<script|<img|\x1b|\u202e|javascript:alert\(1\)"/);
    const links: string[] = [];
    const attributes = new Set<string>();
    const rewriter = new HTMLRewriter().on("*", {
      element(element) {
        for (const [name] of element.attributes) attributes.add(name);
        if (element.tagName === "a") links.push(element.getAttribute("href")!.replaceAll("&amp;", "&"));
      },
    });
    await rewriter.transform(new Response(body)).text();
    expect([...attributes].filter((name) => name.startsWith("on"))).toEqual([]);
    const bodies: string[] = [];
    for (const link of links.filter((one) => one !== "../")) {
      const { href, origin } = new URL(link, `http://127.0.0.1:${web.port}/wicked/`);
      expect(origin).toBe(`http://127.0.0.1:${web.port}`);
      bodies.push(await (await fetch(href)).text());
    }
    expect(bodies.toSorted()).toEqual([...wicked.map((name) => `contents of ${name}`), "bytes"].toSorted());
  });

  test("in a listing as JSON: it parses, and its addresses lead to the files", async () => {
    await using web = await start("--autoindex");
    const { body, header } = await get(web, "/wicked/", { Accept: "application/json" });
    expect(header("content-type")).toBe("application/json; charset=utf-8");
    const entries = JSON.parse(body) as { name: string; href: string; size: number }[];
    expect(entries).toHaveLength(wicked.length + 1);
    for (const { href, size } of entries) {
      const file = await get(web, href);
      expect([file.status, Buffer.byteLength(file.body)]).toEqual([200, size]);
    }
  });
});
