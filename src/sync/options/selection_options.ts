/** The options of chirp_synchronize that say what is copied. */
import type { OptionTable } from "../../cli/arguments.ts";
import { parseSize, parseText } from "../../cli/values.ts";
import { parseDepth, parseSettle, parseWindow } from "./option_values.ts";

export const selectionOptions = {
  checksum: {
    type: "flag",
    letter: "c",
    group: "What is copied",
    description: "compare by the servers' hashes where sizes are equal",
  },
  "size-only": { type: "flag", group: "What is copied", description: "equal sizes count as unchanged" },
  "ignore-times": {
    type: "flag",
    letter: "I",
    group: "What is copied",
    description: "copy all, also what seems unchanged",
  },
  update: {
    type: "flag",
    letter: "u",
    group: "What is copied",
    description: "leave files that are newer on the target",
  },
  existing: { type: "flag", group: "What is copied", description: "make nothing that the target does not have" },
  "ignore-existing": { type: "flag", group: "What is copied", description: "leave files that the target has" },
  "modify-window": {
    type: "value",
    hint: "SECONDS",
    default: "0",
    parse: parseWindow,
    group: "What is copied",
    description: "times that differ by no more are equal",
  },
  exclude: {
    type: "list",
    hint: "PATTERN",
    parse: parseText,
    group: "What is copied",
    description: "leave out, and protect from deletion; rsync's patterns, the first match decides",
  },
  include: {
    type: "list",
    hint: "PATTERN",
    parse: parseText,
    group: "What is copied",
    description: "do not leave out",
  },
  "exclude-from": {
    type: "list",
    hint: "FILE",
    parse: parseText,
    group: "What is copied",
    description: "exclude patterns, one a line",
  },
  "include-from": {
    type: "list",
    hint: "FILE",
    parse: parseText,
    group: "What is copied",
    description: "include patterns, one a line",
  },
  "files-from": {
    type: "value",
    hint: "FILE",
    parse: parseText,
    group: "What is copied",
    description: "only these paths, one a line; - is standard input",
  },
  "max-size": {
    type: "value",
    hint: "SIZE",
    parse: parseSize,
    group: "What is copied",
    description: "leave out larger files",
  },
  "min-size": {
    type: "value",
    hint: "SIZE",
    default: "0",
    parse: parseSize,
    group: "What is copied",
    description: "leave out smaller files",
  },
  "max-depth": {
    type: "value",
    hint: "N",
    parse: parseDepth,
    group: "What is copied",
    description: "levels of directories; 1 is the top alone",
  },
  settle: {
    type: "value",
    hint: "TIME",
    default: "2",
    parse: parseSettle,
    group: "What is copied",
    description: "wait until a file has been left alone so long",
  },
} as const satisfies OptionTable;
