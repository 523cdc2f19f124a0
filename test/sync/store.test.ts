/** One suite for all stores: what holds for a Chirp server holds for a local directory. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytePath } from "../../src/chirp/byte_path.ts";
import { fileType } from "../../src/chirp/file_stat.ts";
import { ChirpError } from "../../src/errors.ts";
import { createConnections } from "../../src/sync/store/connections.ts";
import { parseEndpoint } from "../../src/sync/store/endpoint.ts";
import { listDirectory, lstatOrNull, readOnly, type Store } from "../../src/sync/store/store.ts";
import { type Cluster, startCluster } from "../helpers/cluster.ts";
import { connectionOptions } from "./sync_run.ts";

const connections = createConnections(connectionOptions);
const directory = mkdtempSync(join(tmpdir(), "chirp-site-store-"));
let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ servers: 1 });
  cluster.servers[0].plantDirectory("/store");
  mkdirSync(join(directory, "store"));
});

afterAll(async () => {
  await connections.close();
  await cluster[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const bytes = (text: string) => new TextEncoder().encode(text);

for (const kind of ["chirp", "local"] as const) {
  describe(kind, () => {
    const open = (): { store: Store; at: (name: string) => string } => {
      const server = kind === "chirp" ? cluster.servers[0].host : "local";
      const root = kind === "chirp" ? "/store" : bytePath(join(directory, "store"));
      const endpoint = parseEndpoint(server, root, "/");
      return { store: connections.store(endpoint), at: (name) => `${root}/${name}` };
    };

    const failure = async (promise: Promise<unknown>): Promise<string> => {
      try {
        await promise;
        return "none";
      } catch (error) {
        if (!(error instanceof ChirpError)) throw error;
        return error.code;
      }
    };

    test("store, lstat, read whole and in part", async () => {
      const { store, at } = open();
      const path = at("caf\u00c3\u00a9 \u00ff");
      await store.call({
        kind: "store",
        staging: at("s1"),
        path,
        rename: true,
        bytes: bytes("hello"),
        mode: 0o644,
        chmod: false,
        mtime: 1234,
        hash: null,
      });
      expect(await lstatOrNull(store, at("s1"))).toBeNull();
      expect(await lstatOrNull(store, path)).toMatchObject({ size: 5, mtime: 1234 });
      const buffer = new SharedArrayBuffer(5);
      await store.call({ kind: "getFileInto", path, buffer });
      expect(Buffer.from(buffer).toString()).toBe("hello");
      expect(await failure(store.call({ kind: "getFileInto", path, buffer: new SharedArrayBuffer(6) }))).toBe("ESTALE");
      expect(await failure(store.call({ kind: "getFileInto", path, buffer: new SharedArrayBuffer(4) }))).toBe("ESTALE");
      const whole = await store.call({ kind: "getFile", path, size: 5, hash: true });
      const sha256 = new Bun.CryptoHasher("sha256").update("hello").digest("base64url");
      expect([Buffer.from(whole.bytes).toString(), whole.hash]).toEqual(["hello", sha256]);
      expect((await store.call({ kind: "getFile", path, size: 5 })).hash).toBeNull();
      const part = new SharedArrayBuffer(3);
      const read = await store.call({ kind: "read", path, offset: 2, length: 3, buffer: part });
      expect([read.length, Buffer.from(part).toString()]).toEqual([3, "llo"]);
      const wrong = { ...read.version, size: 6 };
      expect(await failure(store.call({ kind: "read", path, offset: 0, length: 1, version: wrong }))).toBe("ESTALE");
      await store.call({ kind: "unlink", path });
    });

    test("write in pieces, close, and beyond the end", async () => {
      const { store, at } = open();
      const path = at("pieces");
      const write = async (offset: number, text: string, truncate: boolean) =>
        await store.call({ kind: "write", path, offset, bytes: bytes(text), mode: 0o644, truncate });
      await write(0, "first version", true);
      await store.call({ kind: "close", path });
      await write(0, "abc", true);
      await write(3, "def", false);
      await store.call({ kind: "close", path });
      const stat = await store.call({ kind: "lstat", path });
      expect(stat.size).toBe(6);
      await store.call({ kind: "unlink", path });
    });

    test("a wrong hash is EILSEQ and leaves the old file", async () => {
      const { store, at } = open();
      const path = at("verified");
      await store.call({ kind: "putFile", path, bytes: bytes("old"), mode: 0o644 });
      const hash = { algorithm: "sha1", hex: "0".repeat(40) } as const;
      const storing = store.call({
        kind: "store",
        staging: at("s2"),
        path,
        rename: true,
        bytes: bytes("new"),
        mode: 0o644,
        chmod: false,
        mtime: null,
        hash,
      });
      expect(await failure(storing)).toBe("EILSEQ");
      expect(await store.call({ kind: "hash", path, algorithm: "sha1" })).toBe(
        new Bun.CryptoHasher("sha1").update("old").digest("hex"),
      );
      await store.call({ kind: "unlink", path });
      await store.call({ kind: "unlink", path: at("s2") });
    });

    test("directories, links, hidden names, renames", async () => {
      const { store, at } = open();
      await store.call({ kind: "mkdir", path: at("d"), mode: 0o755 });
      expect(await failure(store.call({ kind: "mkdir", path: at("d"), mode: 0o755 }))).toBe("EEXIST");
      await store.call({ kind: "symlink", path: at("d/link"), target: "nowhere" });
      await store.call({ kind: "putFile", path: at("d/f"), bytes: bytes("f"), mode: 0o644 });
      await store.call({ kind: "mkdir", path: at("d/.__hidden"), mode: 0o755 });
      const entries = await listDirectory(store, at("d"));
      expect(entries.map(({ name, stat }) => `${name} ${fileType(stat)}`)).toEqual(["f file", "link link"]);
      expect(await store.call({ kind: "readlink", path: at("d/link") })).toBe("nowhere");
      await store.call({ kind: "rename", path: at("d/f"), newPath: at("d/link") });
      expect((await listDirectory(store, at("d"))).map(({ name, stat }) => `${name} ${fileType(stat)}`)).toEqual([
        "link file",
      ]);
      expect(await failure(store.call({ kind: "rmdir", path: at("d") }))).toBe("ENOTEMPTY");
      await store.call({ kind: "unlink", path: at("d/link") });
      await store.call({ kind: "rmdir", path: at("d/.__hidden") });
      await store.call({ kind: "utime", path: at("d"), mtime: 777 });
      expect((await lstatOrNull(store, at("d")))?.mtime).toBe(777);
      await store.call({ kind: "rmdir", path: at("d") });
      expect(await lstatOrNull(store, at("d"))).toBeNull();
    });

    test("what is missing is ENOENT, below a file too nothing is there", async () => {
      const { store, at } = open();
      await store.call({ kind: "putFile", path: at("file"), bytes: bytes("f"), mode: 0o644 });
      expect(await failure(store.call({ kind: "lstat", path: at("missing") }))).toBe("ENOENT");
      expect(await failure(store.call({ kind: "unlink", path: at("missing") }))).toBe("ENOENT");
      expect(await lstatOrNull(store, at("file/below"))).toBeNull();
      expect(["ENOENT", "ENOTDIR"]).toContain(await failure(listDirectory(store, at("file"))));
      await store.call({ kind: "unlink", path: at("file") });
    });

    test("what is only read refuses to write before anything is sent", async () => {
      const { store, at } = open();
      const source = readOnly(store);
      expect(() => source.call({ kind: "unlink", path: at("x") })).toThrow("only read");
      expect(await source.call({ kind: "whoami" })).not.toBe("");
    });
  });
}
