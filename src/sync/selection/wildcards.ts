/**
 * Matches names against wildcards in time proportional to the length of both, whatever they are: all ways in which the pattern can
 * go on are followed side by side. A regular expression tries them one after the other, and a pattern with many stars would
 * keep it busy for hours on a name that somebody chose to that end. Pure.
 */
import type { BytePath } from "../../protocol.ts";

export type Wildcard =
  /** One byte: those for which the table has a 1. */
  | { readonly kind: "byte"; readonly table: Uint8Array }
  /** Any bytes but slashes. */
  | { readonly kind: "star" }
  /** Any bytes. */
  | { readonly kind: "globstar" };

export interface Extent {
  /** The match may begin behind any slash. */
  readonly anywhere: boolean;
  /** The match may end before any slash. */
  readonly andBelow: boolean;
}

const SLASH = 0x2f;

/** A function that tells whether the wildcards match a path, all of it unless the extent says otherwise. */
export function compileWildcards(wildcards: readonly Wildcard[], extent: Extent): (path: BytePath) => boolean {
  const end = wildcards.length;

  /** A star may also match nothing: whoever stands before it stands behind it as well. */
  function enter(states: Uint8Array, first: number): void {
    for (let state = first; ; state++) {
      states[state] = 1;
      if (state === end || wildcards[state]!.kind === "byte") return;
    }
  }

  return (path) => {
    let states = new Uint8Array(end + 1);
    enter(states, 0);
    for (let index = 0; index < path.length; index++) {
      const byte = path.charCodeAt(index);
      if (extent.andBelow && byte === SLASH && states[end] === 1) return true;
      const next = new Uint8Array(end + 1);
      for (let state = 0; state < end; state++) {
        if (states[state] === 0) continue;
        const wildcard = wildcards[state]!;
        if (wildcard.kind === "byte") {
          if (wildcard.table[byte] === 1) enter(next, state + 1);
        } else if (wildcard.kind === "globstar" || byte !== SLASH) {
          enter(next, state);
        }
      }
      if (extent.anywhere && byte === SLASH) enter(next, 0);
      states = next;
    }
    return states[end] === 1;
  };
}

/** The table of the bytes for which a test holds. */
export function byteTable(holds: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (holds(byte) ? 1 : 0));
}
