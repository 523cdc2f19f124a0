/** Names are bytes: what goes out as one name lies on the server's disk as that name, and comes back as it. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { bytePath } from "../../src/chirp/byte_path.ts";
import { decodeListing } from "../../src/chirp/listing.ts";
import { ChirpError } from "../../src/errors.ts";
import { openChirp, READ, type Chirp } from "../../src/ffi.ts";
import { startCluster, type Cluster } from "../helpers/cluster.ts";

setDefaultTimeout(120_000);

/** A path may take this much of a request line; a rename's two paths together (native/request_line.c). */
const PATH_MAX_BYTES = 975;
const NAME_MAX_BYTES = 255;

let cluster: Cluster;
let chirp: Chirp;
beforeAll(async () => {
  cluster = await startCluster({ servers: 1 });
  chirp = openChirp({ host: cluster.hosts[0]!, timeoutSeconds: 30 });
});
afterAll(async () => {
  chirp[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});

function onDisk(directory: string): string[] {
  const names = readdirSync(cluster.servers[0].diskPath(Buffer.from(directory, "latin1")), { encoding: "buffer" });
  return names.map((name) => name.toString("latin1")).filter((name) => !name.startsWith(".__"));
}

function listed(directory: string): string[] {
  return decodeListing(chirp.list(directory)).map(({ name }) => name);
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof ChirpError) return error.code;
    throw error;
  }
}

/** Bytes that a path takes in a request line. */
function encodedLength(path: string): number {
  return path.replace(/[\x00-\x20\x7f%]/g, "%XX").length;
}

/** What can be done with a file. */
function useFile(path: string): void {
  const contents = Buffer.from(path, "latin1");
  chirp.putFile(path, contents, 0o644);
  expect(readFileSync(cluster.servers[0].diskPath(contents))).toEqual(contents);
  expect(chirp.stat(path).size).toBe(contents.length);
  const back = Buffer.alloc(contents.length);
  chirp.getFile(path, back);
  expect(back).toEqual(contents);
  using file = chirp.open(path, READ);
  expect(file.pread(Buffer.alloc(contents.length), 0)).toBe(contents.length);
  expect(chirp.hash(path, "sha1")).toBe(createHash("sha1").update(contents).digest("hex"));
  chirp.utime(path, 1_700_000_000);
  chirp.chmod(path, 0o600);
  expect(chirp.lstat(path)).toMatchObject({ mtime: 1_700_000_000, mode: 0o100600 });
}

const bytes = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1)).filter((byte) => byte !== "/");

describe("names", () => {
  test("of every byte but / and NUL, alone and between others", () => {
    chirp.mkdir("/bytes");
    const names = bytes.filter((byte) => byte !== ".");
    for (const name of names) chirp.putFile(`/bytes/${name}`, Buffer.from(name, "latin1"), 0o644);
    expect(onDisk("/bytes").sort()).toEqual([...names].sort());
    expect(listed("/bytes").sort()).toEqual([...names].sort());
    for (const name of names) chirp.rename(`/bytes/${name}`, `/bytes/a${name}z`);
    const longer = names.map((name) => `a${name}z`);
    expect(onDisk("/bytes").sort()).toEqual([...longer].sort());
    expect(listed("/bytes").sort()).toEqual([...longer].sort());
    const byte = Buffer.alloc(1);
    for (const name of names) {
      chirp.getFile(`/bytes/a${name}z`, byte);
      expect(byte.toString("latin1")).toBe(name);
      chirp.unlink(`/bytes/a${name}z`);
    }
    expect(onDisk("/bytes")).toEqual([]);
    chirp.rmdir("/bytes");
  });

  const odd = [
    bytePath("café.html"),
    bytePath("cafe\u0301.html"),
    "tab\there",
    "100%.txt",
    "%41",
    "%",
    "\xff",
    "caf\xff\xff",
    "two words",
    " ",
    "back\\slash",
    "\n",
    "\n\n",
    "\nfirst",
    "last\n",
    "one\ntwo\n\nfour",
    "\r",
    "carriage\r\nreturn",
    "1 2 3 4 5 6 7 8 9 10 11 12",
    "name\n1 2 3",
    "...",
    ".hidden",
    "._",
    "x".repeat(NAME_MAX_BYTES),
    "%".repeat(NAME_MAX_BYTES),
    "\n".repeat(NAME_MAX_BYTES),
    bytePath("é".repeat(127)),
  ];

  test.each(odd)("%j", (name) => {
    chirp.mkdir("/odd");
    useFile(`/odd/${name}`);
    expect(onDisk("/odd")).toEqual([name]);
    expect(listed("/odd")).toEqual([name]);
    chirp.mkdir("/odd/other");
    const move = () => chirp.rename(`/odd/${name}`, `/odd/other/${name}`);
    // Both paths travel in one line.
    if (2 * encodedLength(name) < PATH_MAX_BYTES - 20) {
      move();
      expect(listed("/odd/other")).toEqual([name]);
      chirp.rename(`/odd/other/${name}`, `/odd/${name}`);
    } else {
      expect(codeOf(move)).toBe("ENAMETOOLONG");
    }
    chirp.unlink(`/odd/${name}`);
    chirp.mkdir(`/odd/${name}`);
    expect(listed("/odd").sort()).toEqual([name, "other"].sort());
    chirp.rmdir(`/odd/${name}`);
    chirp.rmdir("/odd/other");
    chirp.rmdir("/odd");
  });

  test("many of them in one directory are all listed", () => {
    chirp.mkdir("/all");
    for (const name of odd) chirp.putFile(`/all/${name}`, Buffer.alloc(1), 0o644);
    expect(listed("/all").sort()).toEqual([...odd].sort());
  });

  test("that cannot be told from the listing's own lines are reported, and the connection is as good as before", () => {
    chirp.mkdir("/lines");
    for (const name of ["1 2 3 4 5 6 7 8 9 10 11 12 13", "a\n1 2 3 4 5 6 7 8 9 10 11 12 13"]) {
      chirp.putFile(`/lines/${name}`, Buffer.alloc(1), 0o644);
      expect(codeOf(() => chirp.list("/lines"))).toBe("EIO");
      expect(chirp.stat(`/lines/${name}`).size).toBe(1);
      chirp.unlink(`/lines/${name}`);
    }
    expect(listed("/lines")).toEqual([]);
  });

  test("that the server's disk cannot hold", () => {
    expect(codeOf(() => chirp.putFile(`/${"x".repeat(NAME_MAX_BYTES + 1)}`, Buffer.alloc(1), 0o644))).toBe(
      "ENAMETOOLONG",
    );
  });

  test.each(["nul\0", "/\u{12f}", "/caf\u{17e}", "relative", ""])("that are no byte paths: %j", (path) => {
    expect(codeOf(() => chirp.stat(path.startsWith("nul") ? `/${path}` : path))).toBe("EINVAL");
  });
});

describe("targets of symbolic links", () => {
  const targets = [
    "plain",
    "../up/%41%zz%",
    bytePath("café"),
    "\xff\x80",
    "back\\slash",
    "/absolute",
    "\x7f",
    "x".repeat(900),
  ];

  test.each(targets)("%j", (target) => {
    chirp.symlink("/link", target);
    const disk = readlinkSync(cluster.servers[0].diskPath("/link"), { encoding: "buffer" });
    expect(disk.toString("latin1")).toBe(target);
    expect(chirp.readlink("/link")).toBe(target);
    chirp.unlink("/link");
  });

  test.each(["two words", "a\nb", "tab\t", "\x01", ""])("that the protocol cannot carry: %j", (target) => {
    expect(codeOf(() => chirp.symlink("/link", target))).toBe("EINVAL");
  });
});

describe("lengths of paths", () => {
  /** Directories of 255 bytes, made on the way. */
  function pathOfLength(length: number, makeDirectories: boolean): string {
    let path = "";
    while (length - path.length > NAME_MAX_BYTES + 1) {
      path += `/${"d".repeat(Math.min(NAME_MAX_BYTES, length - path.length - 2))}`;
      if (makeDirectories && codeOf(() => chirp.stat(path)) === "ENOENT") chirp.mkdir(path);
    }
    return `${path}/`.padEnd(length, "f");
  }

  test.each([500, PATH_MAX_BYTES - 1, PATH_MAX_BYTES])("%d bytes work", (length) => {
    const path = pathOfLength(length, true);
    expect(path.length).toBe(length);
    useFile(path);
    const directory = path.slice(0, path.lastIndexOf("/"));
    expect(listed(directory)).toContain(path.slice(directory.length + 1));
    expect(onDisk(directory)).toContain(path.slice(directory.length + 1));
    chirp.unlink(path);
  });

  test.each([PATH_MAX_BYTES + 1, 1023, 1024, 4096, 10_000])(
    "%d bytes are refused before anything is sent",
    (length) => {
      const path = pathOfLength(length, false);
      const before = chirp.rpcs();
      const calls = [
        () => chirp.stat(path),
        () => chirp.list(path),
        () => chirp.open(path, READ),
        () => chirp.putFile(path, Buffer.alloc(1), 0o644),
        () => chirp.getFile(path, Buffer.alloc(1)),
        () => chirp.rename("/", path),
        () => chirp.rename(path, "/"),
        () => chirp.symlink("/link", path),
        () => chirp.hash(path, "md5"),
        () => chirp.setAcl("/", path, "rl"),
        () => chirp.thirdput("/", "host", path),
        () => chirp.thirdput("/", path, "/"),
      ];
      for (const call of calls) expect(codeOf(call)).toBe("ENAMETOOLONG");
      expect(chirp.rpcs()).toBe(before);
    },
  );

  test("a byte that is encoded counts three", () => {
    const path = `/${"%".repeat(324)}xx`;
    expect(encodedLength(path)).toBe(PATH_MAX_BYTES);
    const before = chirp.rpcs();
    // Sent, and too long for the disk; then not sent.
    expect(codeOf(() => chirp.stat(path))).toBe("ENAMETOOLONG");
    expect(chirp.rpcs()).toBe(before + 1);
    expect(codeOf(() => chirp.stat(`${path}x`))).toBe("ENAMETOOLONG");
    expect(chirp.rpcs()).toBe(before + 1);
  });

  test("a rename's two paths share one line", () => {
    const [a, b] = [pathOfLength(480, true), pathOfLength(495, true)];
    chirp.putFile(a, Buffer.alloc(1), 0o644);
    chirp.rename(a, b);
    expect(chirp.stat(b).size).toBe(1);
    expect(codeOf(() => chirp.rename(b, `${a}f`))).toBe("ENAMETOOLONG");
    chirp.unlink(b);
  });
});
