/** `--autoindex`: a directory as a page, or as JSON for programs. */
import { fileType } from "../../chirp/file_stat.ts";
import { displayName } from "../../errors.ts";
import type { BytePath, DirectoryEntry } from "../../protocol.ts";
import { escapeHtml, escapeName, htmlPage } from "./html.ts";
import { encodePath, encodeSegment } from "../http/request_path.ts";

interface Row {
  readonly type: "directory" | "file" | "link";
  readonly name: BytePath;
  readonly size: number;
  readonly mtime: number;
}

/**
 * What is shown: directories first, then by name as bytes. Names with a leading dot are not served, so they are not shown
 * (`.well-known` neither); devices, pipes and sockets are not, and what the server could not tell the type of.
 */
function rowsOf(entries: readonly DirectoryEntry[]): Row[] {
  const rows: Row[] = [];
  for (const { name, stat } of entries) {
    const type = fileType(stat);
    if (type === "special" || type === "unknown" || name.startsWith(".")) continue;
    rows.push({ type, name, size: stat.size, mtime: stat.mtime });
  }
  return rows.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

function rank({ type }: Row): number {
  return type === "directory" ? 0 : 1;
}

const style = `
main{max-width:56rem;margin:0 auto;padding:2rem 1rem}
h1{font-size:1.25rem;font-weight:600;margin:0 0 1rem;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th{text-align:left;font-size:.8rem;font-weight:500;color:var(--dim)}
th,td{padding:.35rem .5rem;border-bottom:1px solid var(--line)}
td:first-child{overflow-wrap:anywhere}
th:nth-child(n+2),td:nth-child(n+2){text-align:right;white-space:nowrap;color:var(--dim)}
tbody tr:hover{background:var(--card)}
.d{font-weight:600}
@media(max-width:34rem){th:nth-child(3),td:nth-child(3){display:none}}
`;

/** The page of a directory. `path` is the one in the URL, "/" or "/a/b", without a slash at its end. */
export function listingHtml(path: BytePath, entries: readonly DirectoryEntry[]): string {
  const rows = rowsOf(entries);
  const title = `Index of ${displayName(path === "/" ? "/" : `${path}/`)}`;
  const up = path === "/" ? "" : `<tr><td><a class="d" href="../">../</a><td><td>\n`;
  const table = `<table><thead><tr><th>Name<th>Size<th>Changed (UTC)</thead><tbody>\n${up}${rows.map(rowHtml).join("")}</tbody></table>`;
  return htmlPage(title, style, `<main><h1>${escapeHtml(title)}</h1>\n${table}</main>`);
}

function rowHtml({ type, name, size, mtime }: Row): string {
  const slash = type === "directory" ? "/" : "";
  const link = `<a${slash === "" ? "" : ' class="d"'} href="${escapeHtml(encodeSegment(name))}${slash}">${escapeName(name)}${slash}</a>`;
  const bytes = type === "file" ? `<td title="${size} bytes">${formatSize(size)}` : "<td>";
  return `<tr><td>${link}${bytes}<td>${formatTime(mtime)}\n`;
}

/**
 * The same as JSON: an array of objects as nginx and Caddy give them, with the address of each entry beside its name, since
 * a name that is not UTF-8 can only be shown, not used.
 *
 *     [{"name":"a.txt","href":"/d/a.txt","type":"file","size":3,"mtime":"2026-11-22T16:00:00Z"}]
 */
export function listingJson(path: BytePath, entries: readonly DirectoryEntry[]): string {
  const base = path === "/" ? "/" : `${encodePath(path)}/`;
  const items = rowsOf(entries).map(({ type, name, size, mtime }) => ({
    name: displayName(name),
    href: `${base}${encodeSegment(name)}${type === "directory" ? "/" : ""}`,
    type,
    ...(type === "file" ? { size } : {}),
    mtime: new Date(mtime * 1000).toISOString().replace(".000Z", "Z"),
  }));
  return `${JSON.stringify(items)}\n`;
}

/** Whether the client asks for JSON rather than a page. Only when it names it: browsers send a wildcard. */
export function prefersJson(accept: string | null): boolean {
  return accept !== null && /^\s*application\/json\b/i.test(accept) && !/\btext\/html\b/i.test(accept);
}

/** For people, in powers of 1024: "999 B", "1.5 KiB", "20 MiB". */
export function formatSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  // 1023.95 would be shown as 1024.
  while (value >= (unit === 0 ? 1024 : 1023.5) && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
}
