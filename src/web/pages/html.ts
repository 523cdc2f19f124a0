/** HTML of our own pages: escaping, the frame around them, and the headers that make them harmless. */
import { displayName } from "../../errors.ts";
import type { BytePath } from "../../protocol.ts";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for an element's content or for an attribute in quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** A name or path on a server as escaped HTML; bytes that are not UTF-8 and control characters show as \\xNN. */
export function escapeName(path: BytePath): string {
  return escapeHtml(displayName(path));
}

/** One look for errors, listings and status: the system's fonts, light or dark as the reader's screen is. */
const pageStyle = `
:root{color-scheme:light dark;--ink:#1c2024;--dim:#60646c;--paper:#fcfcfd;--card:#fff;--line:#e0e1e6;--link:#0b68cb}
@media(prefers-color-scheme:dark){:root{--ink:#edeef0;--dim:#a1a7b0;--paper:#111113;--card:#18191b;--line:#33363c;--link:#70b8ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
a{color:var(--link);text-decoration:none}
a:hover{text-decoration:underline}
`;

/** A whole document. `title` is plain text; `style` and `body` are trusted HTML and CSS of ours. */
export function htmlPage(title: string, style: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${pageStyle}${style}</style>
${body}
</html>
`;
}

/**
 * Headers of a page of ours: it may load nothing, run nothing but what `scriptHash` names ("'sha256-…'"), send no forms,
 * and stand in no frame.
 */
export function htmlPageHeaders(scriptHash?: string): Readonly<Record<string, string>> {
  const script = scriptHash === undefined ? "" : ` script-src ${scriptHash}; connect-src 'self';`;
  return {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": `default-src 'none'; style-src 'unsafe-inline';${script} base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
  };
}
