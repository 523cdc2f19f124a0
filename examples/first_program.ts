/**
 * A first program on Chirp: connects, writes a file, reads it back, and lists the directory.
 *
 *     bun examples/first_program.ts [host:port]
 *
 * docs/warm-up.md tells how to get a server to run it on.
 */
import { bytePath } from "../src/chirp/byte_path.ts";
import { decodeListing } from "../src/chirp/listing.ts";
import { ChirpError, displayName } from "../src/errors.ts";
import { openChirp } from "../src/ffi.ts";

function main(host: string): void {
  // Nothing is sent yet; the connection is made by the first call, and closed at the end of this function.
  using chirp = openChirp({ host, timeoutSeconds: 5 });
  console.log(`the server takes us for ${chirp.whoami()}`);

  // Names on a Chirp server are bytes; bytePath turns text into them.
  const path = bytePath("/café.txt");
  const written = Buffer.from("Hello from Bun!\n");
  chirp.putFile(path, written, 0o644);

  const { size, mtime } = chirp.stat(path);
  console.log(`wrote ${displayName(path)}: ${size} bytes, changed ${Math.round(Date.now() / 1000 - mtime)} s ago`);

  const readBack = new Uint8Array(size);
  chirp.getFile(path, readBack);
  console.log(`read back: ${Buffer.from(readBack).toString().trimEnd()}`);

  // One request brings the whole directory, with the stat of every entry.
  for (const { name, stat } of decodeListing(chirp.list("/"))) {
    console.log(`${String(stat.size).padStart(8)}  ${displayName(name)}`);
  }
  chirp.unlink(path);
}

try {
  main(process.argv[2] ?? "127.0.0.1:9094");
} catch (error) {
  if (!(error instanceof ChirpError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
