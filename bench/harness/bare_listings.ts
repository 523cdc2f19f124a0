/** What a synchronisation without changes cannot do without: `bun bare_listings.ts DIR SERVER…` lists a tree, server by server. */
import { fileType } from "../../src/chirp/file_stat.ts";
import { decodeListing } from "../../src/chirp/listing.ts";
import { openChirp } from "../../src/ffi.ts";

const [directory, ...hosts] = process.argv.slice(2) as [string, ...string[]];
for (const host of hosts) {
  using chirp = openChirp({ host });
  const queue = [directory];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const { name, stat } of decodeListing(chirp.list(path)))
      if (fileType(stat) === "directory") queue.push(`${path}/${name}`);
  }
}
