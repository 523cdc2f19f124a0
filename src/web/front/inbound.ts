/** The connections that clients have made to a listener of this process, from the kernel: native/inbound.h says how and why. */
import { FFIType } from "bun:ffi";
import { loadShared } from "../../chirp/library.ts";
import type { Connection } from "./connection_policy.ts";

export interface InboundList {
  readonly connections: readonly Connection[];
  /** For how long other work had to wait, all together: what it did in its turns is not counted. */
  readonly busyMs: number;
}

export interface Inbound {
  /** All connections; other work gets its turn in between. */
  list(): Promise<InboundList>;
  /** Ends a connection as if the client had; one that has ended already is none of ours any more. */
  cut(connection: Connection): void;
}

/** Looked at in one go, before others get their turn: about half a millisecond. */
const ROOM = 128;

/** struct inbound: six numbers of 64 bits, then the address in 24 bytes. */
const WORDS = 9;
const ADDRESS_OFFSET = 48;
const FAMILY_OFFSET = 16;

const I64 = FFIType.i64_fast;

/** Called with what belongs to the listener at `port`, by the thread that listens. Throws when the library cannot be loaded. */
export function openInbound(port: number): Inbound {
  const symbols = loadShared({
    cs_inbound_list: { args: [I64, I64, FFIType.ptr, I64], returns: I64 },
    cs_inbound_cut: { args: [I64, I64], returns: I64 },
  });
  const words = new BigInt64Array(ROOM * WORDS);
  const bytes = new Uint8Array(words.buffer);

  function connectionAt(index: number): Connection {
    const word = (offset: number) => Number(words[index * WORDS + offset]);
    const address = index * WORDS * 8 + ADDRESS_OFFSET;
    return {
      descriptor: word(0),
      cookie: word(1),
      clientPort: word(2),
      receivedMs: word(3),
      sentMs: word(4),
      hasUnsent: word(5) > 0,
      client: clientText(bytes.subarray(address, address + 24)),
    };
  }

  return {
    async list() {
      const connections: Connection[] = [];
      let busyMs = 0;
      for (let first = 0; ;) {
        const startedAt = performance.now();
        const count = Number(symbols.cs_inbound_list(port, first, words, ROOM));
        for (let index = 0; index < count; index++) connections.push(connectionAt(index));
        busyMs += performance.now() - startedAt;
        if (count < ROOM) return { connections, busyMs };
        first = connections.at(-1)!.descriptor + 1;
        await Bun.sleep(0);
      }
    },
    cut({ descriptor, cookie }) {
      symbols.cs_inbound_cut(descriptor, cookie);
    },
  };
}

/** As networkOf() in http/client_address.ts writes it: an IPv4 address, or the first 64 bits of an IPv6 address. */
function clientText(address: Uint8Array): string {
  if (address[FAMILY_OFFSET] === 4) return address.subarray(0, 4).join(".");
  const groups = [0, 2, 4, 6].map((at) => ((address[at]! << 8) | address[at + 1]!).toString(16));
  return groups.join(":");
}
