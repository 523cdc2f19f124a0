/**
 * A clock that jumps from event to event, so that minutes of a thousand servers pass in seconds. While it is installed,
 * setTimeout, clearTimeout and performance.now are its own: the code of src/ runs on it as it stands.
 */

export interface VirtualTime {
  /** Milliseconds since the start. */
  now(): number;
  after(ms: number, act: () => void): Alarm;
  /** Runs what is due up to this time, and what that causes. Promises settle between two events. */
  runUntil(ms: number): Promise<void>;
  /** Takes the place of the process's timers until disposed of. */
  install(): Disposable;
}

export interface Alarm {
  readonly at: number;
  /** Of two at one time, the one set first comes first. */
  readonly order: number;
  act: (() => void) | null;
}

const realImmediate = setImmediate;

export function createVirtualTime(): VirtualTime {
  const heap: Alarm[] = [];
  let time = 0;
  let order = 0;

  function after(ms: number, act: () => void): Alarm {
    const alarm: Alarm = { at: time + Math.max(0, ms), order: order++, act };
    push(heap, alarm);
    return alarm;
  }

  return {
    now: () => time,
    after,
    async runUntil(ms) {
      for (let alarm = heap[0]; alarm !== undefined && alarm.at <= ms; alarm = heap[0]) {
        pop(heap);
        const { act } = alarm;
        if (act === null) continue;
        time = alarm.at;
        act();
        // A turn of the real event loop: by then all that follows from the event by way of promises has happened.
        await new Promise<void>((resolve) => void realImmediate(resolve));
      }
      time = ms;
    },
    install() {
      const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
      const realNow = performance.now;
      globalThis.setTimeout = ((act: () => void, ms = 0) => after(ms, act)) as unknown as typeof setTimeout;
      globalThis.clearTimeout = ((alarm: Alarm | undefined) => {
        if (alarm !== undefined) alarm.act = null;
      }) as unknown as typeof clearTimeout;
      performance.now = () => time;
      return {
        [Symbol.dispose]() {
          globalThis.setTimeout = realSet;
          globalThis.clearTimeout = realClear;
          performance.now = realNow;
        },
      };
    },
  };
}

function isBefore(a: Alarm, b: Alarm): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Alarm[], alarm: Alarm): void {
  let index = heap.length;
  heap.push(alarm);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(alarm, heap[parent]!)) break;
    heap[index] = heap[parent]!;
    index = parent;
  }
  heap[index] = alarm;
}

/** Removes the first. */
function pop(heap: Alarm[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, last)) break;
    heap[index] = heap[child]!;
    index = child;
  }
  heap[index] = last;
}
