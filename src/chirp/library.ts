/**
 * The native library, loaded as a private copy.
 *
 * libchirp keeps one process-wide connection table and is not thread safe, so that every worker needs a library of its own.
 * dlopen gives the same instance for the same file: each load copies the file into memory (memfd_create(2)) and loads the copy.
 * On disk, a copy would be left behind by whoever is stopped at the wrong moment, and could be tampered with.
 *
 * Without node:fs and node:path, which would take each worker half as long again to start.
 */
import { dlopen, FFIType, type FFIFunction } from "bun:ffi";
import { codeOfErrno } from "../errors.ts";
import { utf8Text } from "./c_text.ts";

export const LIBRARY_PATH = Bun.fileURLToPath(new URL("../../native/build/libchirp_shim.so", import.meta.url));

/** native/chirp_shim.h, SHIM_VERSION. */
const EXPECTED_VERSION = 4;

/** Comes back as a number wherever it fits into one, which all results of the shim do. */
const I64 = FFIType.i64_fast;
const POINTER = FFIType.ptr;

const shimSignatures = {
  cs_version: { args: [], returns: I64 },
  cs_init: { args: [POINTER, POINTER, POINTER, I64], returns: I64 },
  cs_rpcs: { args: [], returns: I64 },
  cs_disconnect: { args: [], returns: I64 },
  cs_stat: { args: [POINTER, POINTER, I64], returns: I64 },
  cs_lstat: { args: [POINTER, POINTER, I64], returns: I64 },
  cs_list: { args: [POINTER, I64, I64], returns: I64 },
  cs_listing: { args: [], returns: POINTER },
  cs_get_file: { args: [POINTER, POINTER, I64, I64], returns: I64 },
  cs_put_file: { args: [POINTER, POINTER, I64, I64, I64], returns: I64 },
  cs_open: { args: [POINTER, I64, I64, POINTER, I64], returns: I64 },
  cs_pread: { args: [I64, POINTER, I64, I64, I64], returns: I64 },
  cs_pwrite: { args: [I64, POINTER, I64, I64, I64], returns: I64 },
  cs_fstat: { args: [I64, POINTER, I64], returns: I64 },
  cs_close: { args: [I64, I64], returns: I64 },
  cs_utime: { args: [POINTER, I64, I64], returns: I64 },
  cs_rename: { args: [POINTER, POINTER, I64], returns: I64 },
  cs_unlink: { args: [POINTER, I64], returns: I64 },
  cs_mkdir: { args: [POINTER, I64, I64], returns: I64 },
  cs_rmdir: { args: [POINTER, I64], returns: I64 },
  cs_chmod: { args: [POINTER, I64, I64], returns: I64 },
  cs_symlink: { args: [POINTER, POINTER, I64], returns: I64 },
  cs_readlink: { args: [POINTER, POINTER, I64, I64], returns: I64 },
  cs_whoami: { args: [POINTER, I64, I64], returns: I64 },
  cs_getacl: { args: [POINTER, POINTER, I64, I64], returns: I64 },
  cs_setacl: { args: [POINTER, POINTER, POINTER, I64], returns: I64 },
  cs_hash: { args: [POINTER, POINTER, POINTER, I64], returns: I64 },
  cs_thirdput: { args: [POINTER, POINTER, POINTER, I64], returns: I64 },
} as const;

/** Of the library as it lies on disk. */
const versionSignature = { cs_version: shimSignatures.cs_version };

/** native/private_copy.h */
const copySignatures = {
  cs_private_copy: { args: [POINTER], returns: I64 },
  cs_private_copy_close: { args: [I64], returns: I64 },
} as const;

/** The native library is missing, or is not the one that this code was written for. The message says what to do. */
export class LibraryError extends Error {
  override readonly name = "LibraryError";
}

/** Throws LibraryError when there is no library, or an old one: said at the start rather than with every call. */
export function requireLibrary(): void {
  const { cs_version: versionOf } = load(() => dlopen(LIBRARY_PATH, versionSignature).symbols);
  if (Number(versionOf()) === EXPECTED_VERSION) return;
  throw new LibraryError(`The native library ${LIBRARY_PATH} is out of date: build it anew with "npm run setup"`);
}

/**
 * Functions of the library as it lies on disk, the same instance for everybody in this process: for what has nothing to do with
 * libchirp. Throws LibraryError.
 */
export function loadShared<Signatures extends Record<string, FFIFunction>>(signatures: Signatures) {
  requireLibrary();
  return load(() => dlopen(LIBRARY_PATH, signatures).symbols);
}

/** The functions of native/chirp_shim.h in a library instance of the caller's own. It stays loaded until the process ends. */
export function loadPrivateCopy() {
  const copier = loadShared(copySignatures);
  const symbols = load(() => {
    const file = Number(copier.cs_private_copy(utf8Text(LIBRARY_PATH)));
    if (file < 0) {
      const { code, detail = code } = codeOfErrno(-file);
      throw new Error(`it cannot be copied into memory (${detail})`);
    }
    try {
      return dlopen(`/proc/self/fd${newSpelling()}${file}`, shimSignatures).symbols;
    } finally {
      copier.cs_private_copy_close(file);
    }
  });
  // What was looked at before is the library as it was first loaded; the copy is of what lies there now. An update may have put another one there.
  if (Number(symbols.cs_version()) === EXPECTED_VERSION) return symbols;
  throw new LibraryError(
    `The native library ${LIBRARY_PATH} was replaced by one of another version: start this program anew`,
  );
}

function load<Symbols>(open: () => Symbols): Symbols {
  try {
    return open();
  } catch (error) {
    if (!process.getBuiltinModule("node:fs").existsSync(LIBRARY_PATH)) {
      throw new LibraryError(`The native library ${LIBRARY_PATH} is missing: build it with "npm run setup"`);
    }
    throw new LibraryError(
      `The native library ${LIBRARY_PATH} cannot be loaded: ${String(error)}. Build it anew with "npm run setup"`,
      { cause: error },
    );
  }
}

/**
 * A slash, spelt as no other: "/", "//" and "/./" mean the same to the kernel, while dlopen takes a second load of the same
 * name (the number of a file descriptor comes again) for the library that it has under that name.
 */
function newSpelling(): string {
  const bits = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return `${bits.replaceAll("0", "/").replaceAll("1", "/.")}/`;
}
