/** parseRequestPath with a memory: most requests are for a few URLs. Pure but for that. */
import { parseRequestPath, type RequestPath } from "./request_path.ts";

/** URLs remembered; when there are more, all are forgotten, which costs less than knowing which were used. */
const URLS_MAX = 4_096;
/** Longer ones are rare, and could fill 64 MB. */
const URL_LENGTH_MAX = 512;

/** `limit`: see parseRequestPath. The same URL gives the same object, as long as it is remembered. */
export function createPathMemo(limit: number, urlsMax: number = URLS_MAX): (url: string) => RequestPath {
  const known = new Map<string, RequestPath>();
  return (url) => {
    const last = known.get(url);
    if (last !== undefined) return last;
    const parsed = parseRequestPath(url, limit);
    if (url.length > URL_LENGTH_MAX) return parsed;
    if (known.size >= urlsMax) known.clear();
    known.set(url, parsed);
    return parsed;
  };
}
