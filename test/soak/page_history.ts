/**
 * What every page of the site has ever been, and when each version may be seen. Pure, but for the bytes it holds.
 *
 * A version may be served from the moment it is on the master until every replica has been through a synchronisation that
 * began after the version was superseded, and what the web server remembered of the replicas has expired.
 */

export interface Version {
  readonly number: number;
  /** Null: there was no such page. */
  readonly bytes: Buffer | null;
  /** Whole seconds, of the master. */
  readonly mtime: number;
  /** Times are in milliseconds of one clock. */
  readonly bornAt: number;
  supersededAt: number;
  /** When no replica can have it any more. */
  goneAt: number;
}

export interface Page {
  /** As in a URL, and on the master's disk below the site's directory. */
  readonly url: string;
  readonly path: string;
  readonly kind: "small" | "medium" | "held" | "streamed" | "volatile";
  /** Newest last; those long gone are dropped. */
  readonly versions: Version[];
}

/** The metadata's time to live, the two seconds of the same-second rule, and the noise of a busy machine. */
const REMEMBERED_MS = 4_000;
/** A version that was gone for longer is forgotten with its bytes: it would be "wrong bytes" then, and no less. */
const KEPT_MS = 60_000;

export function createPage(url: string, path: string, kind: Page["kind"]): Page {
  return { url, path, kind, versions: [] };
}

export function currentVersion(page: Page): Version {
  const version = page.versions.at(-1);
  if (version === undefined) throw new Error(`${page.path} has no version yet`);
  return version;
}

/** bornAt: before it was written; now: after. */
export function addVersion(page: Page, bytes: Buffer | null, mtime: number, bornAt: number, now: number): void {
  const last = page.versions.at(-1);
  if (last !== undefined) last.supersededAt = now;
  const number = (last?.number ?? 0) + 1;
  page.versions.push({ number, bytes, mtime, bornAt, supersededAt: Infinity, goneAt: Infinity });
}

/** Every replica has been through a synchronisation that began at `cleanSince` or later, at `now`. */
export function retireVersions(pages: readonly Page[], cleanSince: number, now: number): void {
  for (const { versions } of pages) {
    for (const version of versions) {
      if (version.goneAt === Infinity && version.supersededAt < cleanSince) version.goneAt = now;
    }
    while (versions.length > 1 && now - versions[0]!.goneAt > KEPT_MS) versions.shift();
  }
}

/** The versions that a request between two times may be answered from. */
export function liveVersions({ versions }: Page, from: number, to: number): Version[] {
  return versions.filter(({ bornAt, goneAt }) => bornAt <= to && goneAt + REMEMBERED_MS >= from);
}
