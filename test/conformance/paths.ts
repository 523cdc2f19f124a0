/** Cases about paths: what may be in a name, what never leaves the root, where directories lead. */
import { type ConformanceCase, getCase } from "./case.ts";
import { hundred } from "./site.ts";

const hostile = [404, 400];
const notFound = { status: 404, headers: { "Content-Type": "text/html; charset=utf-8" } };
const bad = { status: 400 };
const ok = { status: 200, body: hundred };

function leads(from: string, to: string, headers: Readonly<Record<string, string>> = {}): ConformanceCase {
  return getCase(from, { status: 301, headers: { Location: to } }, headers);
}

export const nameCases: readonly ConformanceCase[] = [
  getCase("/caf%C3%A9.html", { status: 200, body: "caf\xc3\xa9" }),
  // Raw bytes are no URI: Bun.serve is kind to them, node:http is not.
  getCase("/caf\xc3\xa9.html", { status: 200, body: "caf\xc3\xa9" }, {}, { onNode: { status: 400 } }),
  getCase("/caf%c3%a9.html", { status: 200 }),
  getCase("/cafe%CC%81.html", notFound),
  getCase("/a%20b.txt", { status: 200, body: "space" }),
  getCase("/a+b.txt", { status: 200, body: "plus" }),
  getCase("/100%25.txt", { status: 200, body: "percent" }),
  getCase("/a%09b.txt", { status: 200, body: "tab" }),
  getCase("/a%5Cb.txt", { status: 200, body: "backslash" }),
  getCase("/a%3Fb%23c.txt", { status: 200, body: "marks" }),
  getCase("/%2541.txt", { status: 200, body: "percent 41" }),
  getCase("/%FF%FE.txt", { status: 200, body: "not UTF-8" }),
  getCase("/newline/a%0Ab.txt", { status: 200, body: "newline" }),
  getCase(`/${"n".repeat(251)}.txt`, { status: 200, body: "long name" }),
  getCase("/%66ile.txt", ok),
  getCase("/File.txt", notFound),
  getCase("/link.txt", ok),
];

export const pathCases: readonly ConformanceCase[] = [
  getCase("/", { status: 200, body: "<h1>home</h1>", headers: { "Content-Type": "text/html; charset=utf-8" } }),
  getCase("//", { status: 200, body: "<h1>home</h1>" }),
  getCase("//file.txt", ok),
  getCase("/dir//page.html", { status: 200, body: "page" }),
  getCase("/dir/../file.txt", ok),
  getCase("/dir/%2e%2e/file.txt", ok),
  getCase("/./file.txt", ok),
  getCase("/nothing", notFound),
  getCase("/dir/nothing", notFound),
  getCase("/file.txt/", notFound),
  getCase("/file.txt/x", notFound),
  getCase("/%00", bad),
  getCase("/file.txt%00.html", bad),
  getCase("/%", bad),
  getCase("/%2", bad),
  getCase("/%zz", bad),
  getCase("/dir%2Fpage.html", notFound),
  getCase("/..%2f..%2fetc%2fpasswd", notFound),
  getCase("/../../../etc/passwd", { status: hostile }),
  getCase("/../file.txt", { status: hostile }),
  getCase("/%2e%2E/file.txt", { status: hostile }),
  getCase("/%2e%2e/%2e%2e/etc/passwd", { status: hostile }),
  getCase("/..%5c..%5cetc%5cpasswd", { status: hostile }),
  getCase("/....//....//etc/passwd", { status: hostile }),
  getCase("/.%00./etc/passwd", { status: hostile }),
  getCase("/%c0%ae%c0%ae/etc/passwd", notFound),
  getCase(`/${"n".repeat(256)}`, notFound),
  getCase(`/${"x/".repeat(600)}`, notFound),
  getCase(`/${"%20".repeat(250)}/${"%20".repeat(250)}`, notFound),
  getCase("/.secret", notFound),
  getCase("/.git/config", notFound),
  getCase("/sub/.htaccess", notFound),
  getCase("/.__acl", notFound),
  getCase("/%2e__acl", notFound),
  getCase("/dir/.__acl", notFound),
  getCase("/.__hidden", notFound),
  getCase("/.well-known/security.txt", { status: 200, body: "well known" }),
  getCase("http://other", { status: 200, body: "<h1>home</h1>" }),
  getCase("http://other?q=/file.txt", { status: 200, body: "<h1>home</h1>" }),
  getCase("/pipe", notFound),
  getCase("/dangling", notFound),
  getCase("/loop", notFound),
  getCase("/denied/file.txt", { status: 403 }),
];

export const directoryCases: readonly ConformanceCase[] = [
  leads("/dir", "/dir/"),
  leads("/dir?a=b", "/dir/?a=b"),
  { ...leads('/dir?"<>=\xe9', "/dir/?%22%3C%3E=%EF%BF%BD"), onNode: { status: 400 } },
  leads("/noindex/sub", "/noindex/sub/"),
  leads("//dir", "/dir/"),
  leads("/linked-dir", "/linked-dir/"),
  getCase("/dir/", { status: 200, body: "<h1>dir</h1>" }),
  getCase("/dir/?a=b", { status: 200, body: "<h1>dir</h1>" }),
  getCase("/dir/.", { status: 200, body: "<h1>dir</h1>" }),
  getCase("/noindex/", notFound),
  getCase("/empty/", notFound),
  getCase("/denied/", { status: 403 }),
];

const page = { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": /default-src 'none'/ };

export const listingCases: readonly ConformanceCase[] = [
  getCase("/noindex/", { status: 200, headers: page, body: /href="sub\/"[^]*href="a\.txt"/ }, {}, { autoindex: true }),
  getCase(
    "/noindex/",
    { status: 200, body: /&lt;b&gt;&amp;&quot;&#39;\.txt/ },
    { Accept: "text/html" },
    { autoindex: true },
  ),
  getCase("/empty/", { status: 200, headers: page }, {}, { autoindex: true }),
  getCase("/dir/", { status: 200, body: "<h1>dir</h1>" }, {}, { autoindex: true }),
  getCase(
    "/noindex/",
    {
      status: 200,
      headers: { "Content-Type": /^application\/json/ },
      body: /^\[\{"name":"sub","href":"\/noindex\/sub\/"/,
    },
    { Accept: "application/json" },
    { autoindex: true },
  ),
  getCase("/noindex/.hidden", notFound, {}, { autoindex: true }),
  getCase("/denied/", { status: 403 }, {}, { autoindex: true }),
];
