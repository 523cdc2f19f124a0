/**
 * Gives memory back that contents have left behind. JavaScriptCore frees the bytes of a Blob when it collects, and it collects
 * when its heap has grown, in which a Blob of 1 MB counts little: without this a cache of 256 MiB took 600 MB under load.
 */

/** A collection takes some 5 ms of the main thread: reading so many bytes takes ten times as long … */
const LEAST_BYTES = 16 * 1024 * 1024;
/** … and of a large cache this share may lie about. */
const SHARE = 1 / 16;

/** To be told of contents that nobody holds any more: collects when there are enough of them, once the caller has returned. */
export type Reclaim = (bytes: number) => void;

export function createReclaim(capacityBytes: number, collect: () => void = () => Bun.gc(true)): Reclaim {
  const limit = Math.max(LEAST_BYTES, capacityBytes * SHARE);
  let discarded = 0;
  let isScheduled = false;

  return (bytes) => {
    discarded += bytes;
    if (discarded < limit || isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      discarded = 0;
      collect();
    });
  };
}
