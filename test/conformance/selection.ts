/** Cases about what is sent of a file: conditions, ranges, types and encodings. */
import { type ConformanceCase, type Expected, getCase, headCase } from "./case.ts";
import { big, hundred, lastModified } from "./site.ts";

const etag = "{etag}";
const earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
const ok = { status: 200, body: hundred };
const changed = { status: 412 };
const notModified = {
  status: 304,
  body: "",
  headers: {
    ETag: /^"[^"]+"$/,
    "Last-Modified": lastModified,
    "Content-Length": null,
    "Content-Type": null,
    "Content-Encoding": null,
  },
};

function file(headers: Readonly<Record<string, string>>, expected: Expected): ConformanceCase {
  return getCase("/file.txt", expected, headers);
}

export const conditionCases: readonly ConformanceCase[] = [
  file({}, { ...ok, headers: { ETag: /^"[^"]+"$/, "Last-Modified": lastModified, "Accept-Ranges": "bytes" } }),
  file({ "If-None-Match": etag }, notModified),
  file({ "If-None-Match": `W/${etag}` }, notModified),
  file({ "If-None-Match": `"x", ${etag}` }, notModified),
  file({ "If-None-Match": "*" }, notModified),
  file({ "If-None-Match": '"x"' }, ok),
  file({ "If-None-Match": "nonsense" }, ok),
  file({ "If-Modified-Since": lastModified }, notModified),
  file({ "If-Modified-Since": "Sunday, 06-Nov-94 08:49:37 GMT" }, notModified),
  file({ "If-Modified-Since": "Sun Nov  6 08:49:37 1994" }, notModified),
  file({ "If-Modified-Since": earlier }, ok),
  file({ "If-Modified-Since": "nonsense" }, ok),
  file({ "If-None-Match": '"x"', "If-Modified-Since": lastModified }, ok),
  file({ "If-None-Match": etag, "If-Modified-Since": earlier }, notModified),
  file({ "If-Match": etag }, ok),
  file({ "If-Match": "*" }, ok),
  file({ "If-Match": '"x"' }, changed),
  file({ "If-Match": `W/${etag}` }, changed),
  file({ "If-Unmodified-Since": lastModified }, ok),
  file({ "If-Unmodified-Since": earlier }, changed),
  file({ "If-Unmodified-Since": "nonsense" }, ok),
  file({ "If-Match": etag, "If-Unmodified-Since": earlier }, ok),
  file({ "If-Match": etag, "If-None-Match": etag }, notModified),
  file({ "If-Match": '"x"', "If-None-Match": etag }, changed),
  headCase("/file.txt", notModified, { "If-None-Match": etag }),
  headCase("/file.txt", { status: 412, body: "" }, { "If-Match": '"x"' }),
  getCase("/nothing", { status: 404 }, { "If-None-Match": "*" }),
  getCase("/nothing", { status: 404 }, { "If-Match": "*" }),
];

function part(range: string, start: number, end: number, headers: Readonly<Record<string, string>> = {}) {
  const described = { "Content-Range": `bytes ${start}-${end - 1}/100`, "Content-Length": String(end - start) };
  return file({ Range: range, ...headers }, { status: 206, body: hundred.slice(start, end), headers: described });
}

function several(range: string, ...ranges: readonly (readonly [start: number, end: number])[]): ConformanceCase {
  // The boundary is the server's choice.
  const delimiter = "--[A-Za-z0-9]+";
  const parts = ranges.map(([start, end]) => {
    const head = `\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes ${start}-${end - 1}/100\r\n\r\n`;
    return delimiter + RegExp.escape(`${head}${hundred.slice(start, end)}\r\n`);
  });
  const body = new RegExp(`^${parts.join("")}${delimiter}--\r\n$`);
  const headers = { "Content-Type": /^multipart\/byteranges; boundary=[A-Za-z0-9]+$/, "Content-Range": null };
  return file({ Range: range }, { status: 206, body, headers });
}

const unsatisfiable = { status: 416, headers: { "Content-Range": "bytes */100" } };
const whole = { ...ok, headers: { "Content-Range": null, "Content-Length": "100" } };

export const rangeCases: readonly ConformanceCase[] = [
  part("bytes=0-0", 0, 1),
  part("bytes=10-19", 10, 20),
  part("bytes=90-", 90, 100),
  part("bytes=-7", 93, 100),
  part("bytes=-500", 0, 100),
  part("bytes=95-500", 95, 100),
  part("BYTES=0-4", 0, 5),
  part(`bytes=0-${"9".repeat(40)}`, 0, 100),
  part("bytes=0-1,2-3", 0, 4),
  part("bytes=0-5,3-8", 0, 9),
  part("bytes=0-1,500-", 0, 2),
  part("bytes=0-4", 0, 5, { "If-Range": etag }),
  part("bytes=0-4", 0, 5, { "If-Range": lastModified }),
  part("bytes=0-4", 0, 5, { "If-None-Match": '"x"' }),
  several("bytes=0-1,10-11", [0, 2], [10, 12]),
  several("bytes=-2,0-1", [98, 100], [0, 2]),
  several("bytes=50-,0-9,5-14", [50, 100], [0, 15]),
  ...["bytes=100-", "bytes=500-600", "bytes=-0", `bytes=${"9".repeat(40)}-`].map((range) =>
    file({ Range: range }, unsatisfiable),
  ),
  ...[
    "bytes=5-2",
    "bytes=alpha",
    "bytes=10",
    "bytes=-",
    "bytes=--6",
    "lines=1-2",
    "bytes=",
    "bytes=0-1,5-2",
    "nonsense",
  ].map((range) => file({ Range: range }, whole)),
  file({ Range: `bytes=${Array.from({ length: 17 }, (_, i) => `${2 * i}-${2 * i}`).join(",")}` }, whole),
  file({ Range: "bytes=0-,0-,0-" }, whole),
  file({ Range: "bytes=0-4", "If-Range": '"x"' }, whole),
  file({ Range: "bytes=0-4", "If-Range": `W/${etag}` }, whole),
  file({ Range: "bytes=0-4", "If-Range": earlier }, whole),
  file({ Range: "bytes=500-", "If-Range": '"x"' }, whole),
  file({ Range: "bytes=0-4", "If-None-Match": etag }, notModified),
  file({ Range: "bytes=0-4", "If-Match": '"x"' }, changed),
  getCase("/empty.txt", { status: 200, body: "", headers: { "Content-Length": "0" } }),
  getCase("/empty.txt", { status: 200, body: "" }, { Range: "bytes=0-0" }),
  getCase("/empty.txt", { status: 200, body: "" }, { Range: "bytes=-5" }),
  getCase("/nothing", { status: 404, headers: { "Content-Range": null } }, { Range: "bytes=0-1" }),
  headCase(
    "/file.txt",
    { status: 200, headers: { "Content-Length": "100", "Content-Range": null } },
    { Range: "bytes=0-1" },
  ),
  getCase("/big.bin", { status: 200, body: big }),
  getCase(
    "/big.bin",
    { status: 206, body: big.slice(1_000_000, 3_000_000), headers: { "Content-Length": "2000000" } },
    { Range: "bytes=1000000-2999999" },
  ),
];

function type(path: string, mediaType: string): ConformanceCase {
  return headCase(path, { status: 200, headers: { "Content-Type": mediaType, "X-Content-Type-Options": "nosniff" } });
}

export const typeCases: readonly ConformanceCase[] = [
  type("/index.html", "text/html; charset=utf-8"),
  type("/UPPER.HTML", "text/html; charset=utf-8"),
  type("/file.txt", "text/plain; charset=utf-8"),
  type("/style.css", "text/css; charset=utf-8"),
  type("/app.js", "text/javascript; charset=utf-8"),
  type("/data.json", "application/json; charset=utf-8"),
  type("/image.svg", "image/svg+xml"),
  type("/photo.png", "image/png"),
  type("/module.wasm", "application/wasm"),
  type("/archive.tar.gz", "application/gzip"),
  type("/noextension", "application/octet-stream"),
];

function encoded(accept: string | null, encoding: string | null, body: string): ConformanceCase {
  const headers = {
    "Content-Encoding": encoding,
    Vary: "Accept-Encoding",
    "Content-Type": "text/javascript; charset=utf-8",
  };
  return getCase("/app.js", { status: 200, body, headers }, accept === null ? {} : { "Accept-Encoding": accept });
}

export const encodingCases: readonly ConformanceCase[] = [
  encoded(null, null, "let plain;"),
  encoded("identity", null, "let plain;"),
  encoded("gzip", "gzip", "gz bytes"),
  encoded("gzip, deflate, br", "br", "br bytes"),
  encoded("zstd", "zstd", "zst bytes"),
  encoded("br;q=0.5, gzip;q=0.9", "gzip", "gz bytes"),
  encoded("br;q=0, zstd;q=0, gzip;q=0", null, "let plain;"),
  encoded("*", "br", "br bytes"),
  encoded("identity, gzip;q=0.1", null, "let plain;"),
  getCase(
    "/style.css",
    { status: 200, body: "p{}", headers: { "Content-Encoding": null } },
    { "Accept-Encoding": "br" },
  ),
  getCase(
    "/style.css",
    { status: 200, body: "gz css", headers: { "Content-Encoding": "gzip" } },
    { "Accept-Encoding": "br, gzip" },
  ),
  getCase(
    "/app.js",
    { status: 206, body: "br", headers: { "Content-Range": "bytes 0-1/8" } },
    { "Accept-Encoding": "br", Range: "bytes=0-1" },
  ),
  getCase("/file.txt", { ...ok, headers: { "Content-Encoding": null } }, { "Accept-Encoding": "gzip, br" }),
];
