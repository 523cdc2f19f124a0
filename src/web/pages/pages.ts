/** The pages that the server writes itself when there is nothing else to send. They tell the visitor what to do, and nothing about the inside. */
import { htmlPage, htmlPageHeaders } from "./html.ts";

const texts = {
  400: ["Bad request", "The server could not understand this address or request."],
  403: ["Forbidden", "This page is not open to the public."],
  404: ["Not found", "There is no page at this address. The link may be old, or the address mistyped."],
  405: ["Method not allowed", "Pages here can only be read."],
  412: ["Precondition failed", "The page has changed since it was last looked at."],
  413: ["Content too large", "Pages here can only be read; nothing can be sent to them."],
  416: ["Range not satisfiable", "The file has no such part."],
  429: ["Too many requests", "That was a little fast. Please wait a moment and try again."],
  500: ["Internal server error", "Something went wrong here, and it was written down. Please try again later."],
  501: ["Not implemented", "The server does not know this kind of request."],
  503: ["Temporarily unavailable", "The site cannot be reached at the moment. Please try again in a few seconds."],
} as const satisfies Record<number, readonly [title: string, text: string]>;

export type ErrorStatus = keyof typeof texts;

/** The errors of a site; all others are about the request, and are answered before anybody looks at the site. */
export const siteErrorStatuses = [403, 404, 503] as const satisfies readonly ErrorStatus[];
export type SiteErrorStatus = (typeof siteErrorStatuses)[number];

export interface Page {
  readonly status: number;
  /** Content-Length included. */
  readonly headers: Readonly<Record<string, string>>;
  readonly html: string;
}

/** What the methods of a static site are; the value of Allow. */
export const allowedMethods = "GET, HEAD, OPTIONS";
/** Seconds after which a client that was turned away may come back: about what an ejected server needs to be tried again. */
const retryAfterSeconds = 2;

const style = `
main{min-height:100vh;display:grid;place-content:center;justify-items:center;padding:2rem;text-align:center}
h1{margin:0 0 .25rem;font-size:1.5rem;font-weight:600}
p{margin:0;max-width:28rem;color:var(--dim)}
.code{font-size:4.5rem;line-height:1;font-weight:700;letter-spacing:-.03em;color:var(--line);margin-bottom:1rem}
`;

const pages = new Map(
  Object.entries(texts).map(([status, [title, text]]) => [Number(status), render(Number(status), title, text)]),
);

/** The page of an error status, rendered once. 503 asks to come back and not to be kept. */
export function errorPage(status: ErrorStatus): Page {
  return pages.get(status)!;
}

function render(status: number, title: string, text: string): Page {
  const body = `<main><div class="code">${status}</div><h1>${title}</h1><p>${text}</p></main>`;
  const html = htmlPage(`${status} ${title}`, style, body);
  return {
    status,
    html,
    headers: {
      ...htmlPageHeaders(),
      "Content-Length": String(html.length),
      ...(status === 405 ? { Allow: allowedMethods } : {}),
      ...(status >= 500 || status === 429 ? { "Cache-Control": "no-store" } : {}),
      ...(status === 503 || status === 429 ? { "Retry-After": String(retryAfterSeconds) } : {}),
    },
  };
}
