/**
 * Bounds the memory of bodies that are buffered to be sent with their Content-Length.
 *
 * Bun does not tell when a response has left. It tells how many requests are unfinished, though: when that is less than the
 * number of reservations, the difference has been sent. The smallest ones are then taken for those, so that what is still
 * in memory is never underestimated. Bodies that are streamed tell when they end: they are left out of the count, or a few slow
 * downloads would hold on to reservations of responses that have left long ago.
 */

export interface BufferBudget {
  readonly limitBytes: number;
  /** Whether `bytes` more may be buffered; if so, they are counted. */
  reserve(bytes: number): boolean;
  /** A request's body is being streamed: it needs no reservation, however long it takes. Call what is returned when it ended. */
  streams(): () => void;
  /** Bytes now counted. */
  reserved(): number;
}

/** `unfinished`: requests whose response has not left completely, those that ask now included. */
export function createBufferBudget(limitBytes: number, unfinished: () => number): BufferBudget {
  // Ascending.
  let reservations: number[] = [];
  let total = 0;
  let streaming = 0;

  /** `open`: of the unfinished requests, those that may have a reservation. */
  function settle(open: number): void {
    const done = Math.max(0, reservations.length - open);
    for (const bytes of reservations.slice(0, done)) total -= bytes;
    reservations = reservations.slice(done);
  }

  return {
    limitBytes,
    reserve(bytes) {
      // The one that asks has none yet.
      settle(unfinished() - streaming - 1);
      if (total + bytes > limitBytes) return false;
      total += bytes;
      const index = reservations.findIndex((other) => other > bytes);
      reservations.splice(index < 0 ? reservations.length : index, 0, bytes);
      return true;
    },
    streams() {
      streaming++;
      return () => void streaming--;
    },
    reserved() {
      settle(unfinished() - streaming);
      return total;
    },
  };
}
