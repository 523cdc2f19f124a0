/** The status page of the admin listener: every server at a glance, and what the web server is doing. */
import { escapeHtml, htmlPage, htmlPageHeaders } from "./html.ts";
import { formatSize } from "./listing.ts";
import type {
  CacheStatus,
  ConnectionStatus,
  DifferenceStatus,
  ReplicaDifference,
  ServerState,
  ServerStatus,
  StatusSnapshot,
} from "./status_snapshot.ts";
import { refreshSeconds, statusScript, statusScriptHash, statusStyle } from "./status_style.ts";

/** Headers of the page: it runs its own script and nothing else, and is never kept. */
export const statusPageHeaders: Readonly<Record<string, string>> = {
  ...htmlPageHeaders(statusScriptHash),
  "Cache-Control": "no-store",
};

/** The query that asks for a comparison of the replicas. */
export const compareQuery = "?compare";

/** A sign beside the word, since not everybody sees the colour, and what the state means. */
const states: Readonly<Record<ServerState, readonly [sign: string, meaning: string]>> = {
  well: ["✓", "answers"],
  suspect: ["…", "slow"],
  ejected: ["✕", "out of use"],
  trial: ["↻", "back, being tried"],
};

export function statusPage(snapshot: StatusSnapshot): string {
  const well = snapshot.servers.filter(({ state }) => state === "well").length;
  const title = `${well}/${snapshot.servers.length} well · chirp-site`;
  const body = `<noscript><meta http-equiv="refresh" content="${refreshSeconds}"></noscript>
<div id="stale" role="alert">The web server does not answer. What you see is old.</div>
<main>
${bannerHtml(snapshot, well)}
<div class="cards">${snapshot.servers.map((server) => serverHtml(server, snapshot.nowMs)).join("")}</div>
<h2>Requests</h2>
<div class="tiles">${requestTiles(snapshot)}</div>
<h2>Memory and cache</h2>
<div class="tiles">${memoryTiles(snapshot)}</div>
<h2>Do the copies agree?</h2>
${differencesHtml(snapshot.differences, snapshot.nowMs)}
<footer>Serving <b>${escapeHtml(snapshot.root)}</b> of each server. Up for ${duration(snapshot.nowMs - snapshot.startedAtMs)}.
<a href="/status.json">JSON</a> · <a href="/metrics">metrics</a></footer>
</main>
<script>${statusScript}</script>`;
  return htmlPage(title, statusStyle, body);
}

function bannerHtml({ servers, nowMs, serveStaleSeconds }: StatusSnapshot, well: number): string {
  const time = new Date(nowMs).toISOString().slice(11, 19);
  const usable = servers.filter(({ state }) => state !== "ejected").length;
  const all = servers.length;
  const [state, headline] =
    well === all
      ? ["well", all === 1 ? "The server is well" : `All ${all} servers are well`]
      : well > 0
        ? [
            "suspect",
            `${well} of ${all} servers ${well === 1 ? "is" : "are"} well: the site is served, with less in reserve`,
          ]
        : usable > 0
          ? ["suspect", "No server is well; those that are slow or on trial are being asked"]
          : [
              "ejected",
              `No server can be reached: visitors see ${serveStaleSeconds > 0 ? "what is in memory, or " : ""}an error page`,
            ];
  return `<div class="banner ${state}"><h1>${headline}</h1><p>as of ${time} UTC</p></div>`;
}

function serverHtml(server: ServerStatus, nowMs: number): string {
  const { name, state, sinceMs, lastError, inFlight, requests, failures, ejections, p50Ms, p99Ms } = server;
  const numbers: [string, string][] = [
    ["median", milliseconds(p50Ms)],
    ["p99", milliseconds(p99Ms)],
    ["in flight", count(inFlight)],
    ["requests", count(requests)],
    ["failures", count(failures)],
    ["ejections", count(ejections)],
  ];
  const error =
    lastError === null
      ? ""
      : `<p class="error"><b>${escapeHtml(lastError.message)}</b><br>${duration(nowMs - lastError.atMs)} ago</p>`;
  const [sign, meaning] = states[state];
  return `<section class="card ${state}"><div class="name">${escapeHtml(name)}</div>
<p class="state"><span class="pill">${sign} ${state}</span> ${meaning}, for ${duration(nowMs - sinceMs)}</p>
<dl>${numbers.map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`).join("")}</dl>${error}</section>`;
}

function requestTiles(snapshot: StatusSnapshot): string {
  const { requests, requestsPerSecond, requestHistory, p50Ms, p99Ms, inFlight, connections, queue } = snapshot;
  const { unavailable, resets, switches, hedges, hedgesWon } = snapshot;
  return [
    `<div class="tile wide"><div class="label">Requests a second</div><div class="value">${rate(requestsPerSecond)}</div>${sparkline(requestHistory)}<p class="note">${compact(requests)} since the start</p></div>`,
    tile("Median", milliseconds(p50Ms), `p99 ${milliseconds(p99Ms)}`),
    tile("In flight", count(inFlight), `${count(queue.waiting)} waiting, at most ${count(queue.limit)}`),
    tile("Connections", count(connections.open), cutNote(connections)),
    tile("Failed", count(unavailable + resets), `${count(unavailable)} with 503, ${count(resets)} cut off`),
    tile(
      "Saved",
      count(switches + hedgesWon),
      `${count(switches)} mid-body, ${count(hedgesWon)} of ${count(hedges)} hedges`,
    ),
  ].join("");
}

function cutNote({ limit, slowRequests, tooMany }: ConnectionStatus): string {
  if (slowRequests + tooMany === 0) return `at most ${count(limit)}`;
  return `ended: ${compact(slowRequests)} too slow, ${compact(tooMany)} too many`;
}

function memoryTiles({ cache, memory }: StatusSnapshot): string {
  return [
    tile("Process", formatSize(memory.residentBytes), "resident"),
    meterTile("Bodies collected", memory.bufferedBytes, memory.bufferLimitBytes),
    tile("Bodies streamed", count(memory.openStreams), "now"),
    ...(cache === null ? [tile("Cache", "off", "--cache-size 0")] : cacheTiles(cache)),
  ].join("");
}

function cacheTiles({ entries, bytes, limitBytes, hits, misses, coalesced }: CacheStatus): string[] {
  const looked = hits + misses + coalesced;
  const share = looked === 0 ? "–" : `${(((hits + coalesced) / looked) * 100).toFixed(1)} %`;
  return [
    meterTile("Cache", bytes, limitBytes),
    tile("From the cache", share, `${compact(hits)} hits, ${compact(misses)} misses`),
    tile("Files in it", count(entries), `${compact(coalesced)} requests shared`),
  ];
}

function tile(label: string, value: string, note: string): string {
  return `<div class="tile"><div class="label">${label}</div><div class="value">${value}</div><p class="note">${note}</p></div>`;
}

function meterTile(label: string, bytes: number, limitBytes: number): string {
  const percent = limitBytes === 0 ? 0 : Math.min(100, (bytes / limitBytes) * 100);
  return `<div class="tile"><div class="label">${label}</div><div class="value">${formatSize(bytes)}</div><div class="meter"><i style="width:${percent.toFixed(1)}%"></i></div><p class="note">of ${formatSize(limitBytes)}</p></div>`;
}

/** One bar a second. */
function sparkline(history: readonly number[]): string {
  const most = Math.max(1, ...history);
  const first = 60 - history.length;
  const bars = history.map((value, index) => {
    const height = (value / most) * 40;
    return `<rect x="${(first + index) * 5}" y="${(40 - height).toFixed(1)}" width="4" height="${height.toFixed(1)}"/>`;
  });
  return `<svg viewBox="0 0 300 40" preserveAspectRatio="none" role="img" aria-label="Requests in each of the last 60 seconds, at most ${count(most)}">${bars.join("")}</svg>`;
}

function differencesHtml(differences: DifferenceStatus | null, nowMs: number): string {
  if (differences === null) {
    return `<p class="note">Not compared yet. <a href="${compareQuery}">Compare the listings now</a></p>`;
  }
  const { atMs, reference, files, replicas } = differences;
  return `<p class="note">Compared with <b>${escapeHtml(reference)}</b> (${count(files)} files) ${duration(nowMs - atMs)} ago. <a href="${compareQuery}">Compare again</a></p>
<ul class="copies">${replicas.map(replicaHtml).join("")}</ul>`;
}

function replicaHtml({ server, missing, extra, changed, unlisted, error, examples }: ReplicaDifference): string {
  const parts = [
    missing > 0 ? `${count(missing)} missing` : "",
    extra > 0 ? `${count(extra)} extra` : "",
    changed > 0 ? `${count(changed)} changed` : "",
  ].filter((part) => part !== "");
  const notListed =
    unlisted === 0 ? "" : `${count(unlisted)} ${unlisted === 1 ? "directory" : "directories"} may not be listed`;
  const [state, verdict, more] =
    error !== null
      ? ["ejected", "✕ not compared", escapeHtml(error)]
      : parts.length === 0
        ? ["well", "✓ same names, sizes and times", notListed]
        : ["suspect", `≠ ${parts.join(", ")}`, [...examples.map(escapeHtml), notListed].filter(Boolean).join("<br>")];
  const details = more === "" ? "" : `<p>${more}</p>`;
  return `<li><span class="name">${escapeHtml(server)}</span><span class="verdict ${state}">${verdict}</span>${details}</li>`;
}

/** "1,234,567" */
function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** "9,999", "123 k", "1.44 M": what fits in a tile. */
function compact(value: number): string {
  if (value < 100_000) return count(value);
  return value < 1e6 ? `${Math.floor(value / 1000)} k` : `${(value / 1e6).toFixed(value < 1e7 ? 2 : 1)} M`;
}

function rate(value: number): string {
  return value === 0 || value >= 10 ? count(value) : value.toFixed(1);
}

function milliseconds(value: number | null): string {
  if (value === null) return "–";
  // Answers from memory take microseconds; "0.00 ms" would read like a fault.
  if (value < 0.01) return "under 0.01 ms";
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return `${value >= 10 ? Math.round(value) : value.toFixed(value >= 1 ? 1 : 2)} ms`;
}

/** The two largest units: "3 d 4 h", "2 min 5 s", "0 s". */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}
