import { describe, expect, test } from "bun:test";
import type { DirectoryEntry } from "../../protocol.ts";
import { formatSize, listingHtml, listingJson, prefersJson } from "./listing.ts";

function entry(name: string, mode: number, size = 0, mtime = 784_111_777): DirectoryEntry {
  return { name, stat: { mode, size, mtime, ctime: 0, inode: 1, links: 1 } };
}
const file = (name: string, size = 0) => entry(name, 0o100_644, size);
const directory = (name: string) => entry(name, 0o040_755);

const entries = [
  file("b.txt", 1536),
  file("a.txt", 3),
  entry("link", 0o120_777, 5),
  directory("z"),
  directory("A"),
  file("caf\xc3\xa9"),
  file("\xff\xfe"),
  file('<script>alert("1")</script>'),
  file("a\nb\x1b[31m"),
  file("x:y"),
  file("?q#f%20"),
  file(".htaccess"),
  directory(".git"),
  file(".__acl"),
  entry("pipe", 0o010_644),
  entry("socket", 0o140_644),
  entry("device", 0o060_644),
  entry("unknown", 0),
];

describe("listingHtml", () => {
  const html = listingHtml("/d<b>/caf\xc3\xa9", entries);
  const links = [...html.matchAll(/href="([^"]*)">([^<]*)</g)].map((match) => [match[1], match[2]]);

  test("directories first, then by bytes; what is not served is not shown", () => {
    expect(links).toEqual([
      ["../", "../"],
      ["A/", "A/"],
      ["z/", "z/"],
      ["%3Cscript%3Ealert(%221%22)%3C%2Fscript%3E", "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"],
      ["%3Fq%23f%2520", "?q#f%20"],
      ["a%0Ab%1B%5B31m", "a\\x0ab\\x1b[31m"],
      ["a.txt", "a.txt"],
      ["b.txt", "b.txt"],
      ["caf%C3%A9", "café"],
      ["link", "link"],
      ["x%3Ay", "x:y"],
      ["%FF%FE", "\\xff\\xfe"],
    ]);
  });

  test("the title is escaped, sizes and dates are shown", () => {
    expect(html).toContain("<title>Index of /d&lt;b&gt;/café/</title>");
    expect(html).toContain("<h1>Index of /d&lt;b&gt;/café/</h1>");
    expect(html).toContain('<td title="1536 bytes">1.5 KiB<td>1994-11-06 08:49');
    expect(html).not.toContain("<script");
    expect(html).not.toContain("\x1b");
  });

  test("the root has nothing above it", () => {
    expect(listingHtml("/", [])).not.toContain("../");
    expect(listingHtml("/", [])).toContain("<title>Index of /</title>");
  });
});

test("listingJson gives names, addresses, types, sizes and dates", () => {
  const mtime = "1994-11-06T08:49:37Z";
  expect(JSON.parse(listingJson("/a b", [file("\xff"), directory("d"), entry("l", 0o120_777), file(".x")]))).toEqual([
    { name: "d", href: "/a%20b/d/", type: "directory", mtime },
    { name: "l", href: "/a%20b/l", type: "link", mtime },
    { name: "\\xff", href: "/a%20b/%FF", type: "file", size: 0, mtime },
  ]);
  expect(JSON.parse(listingJson("/", [file("a", 7)]))).toMatchObject([{ href: "/a", size: 7 }]);
});

test.each([
  [null, false],
  ["*/*", false],
  ["text/html,application/xhtml+xml,*/*;q=0.8", false],
  ["text/html, application/json", false],
  ["application/json", true],
  ["Application/JSON, */*;q=0.5", true],
  ["application/json;q=0.9", true],
  ["application/json;q=0.5, text/html", false],
  ["application/jsonp", false],
])("prefersJson(%p) is %p", (accept, json) => {
  expect(prefersJson(accept)).toBe(json);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [1536, "1.5 KiB"],
  [10 * 1024, "10 KiB"],
  [1024 * 1024 - 1, "1.0 MiB"],
  [20 * 1024 * 1024, "20 MiB"],
  [1024 ** 4 * 3, "3.0 TiB"],
])("formatSize(%d) is %s", (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});
