/** The part of the benchmarks that is exact: how often the servers are asked. Times are left to "npm run bench". */
import { expect, setDefaultTimeout, test } from "bun:test";
import { countDownload } from "./download.ts";
import { countFirstByte } from "./first_byte.ts";
import { sum } from "./harness/site.ts";
import { countSyncSmall } from "./sync_small.ts";
import { countUncached } from "./uncached_small.ts";
import { countWarmUp } from "./warm_up.ts";

setDefaultTimeout(60_000);

/** A fifth of what the figures are of: enough to count with. */
const files = 200;
const directories = 10;
const size = { files, directories };

test("without a cache a request costs one getfile, and nothing else once its directory is known", async () => {
  expect(await countUncached(size)).toEqual({ getfile: files });
});

test("a server is asked for each listing and each file once within a TTL, and then for nothing more", async () => {
  const { first, again } = await countWarmUp(size, 1, 2);
  expect(first).toEqual({ getlongdir: directories, getfile: files });
  expect(again).toEqual({});
});

test("of several servers none is asked for more than that", async () => {
  const { first, listingsPerServer } = await countWarmUp(size, 3, 3);
  expect(listingsPerServer).toBe(directories);
  expect(Object.keys(first).toSorted()).toEqual(["getfile", "getlongdir"]);
  expect(first["getfile"]).toBeLessThanOrEqual(3 * files);
});

test("the first byte of a 1 GB file comes with the third RPC", async () => {
  expect((await countFirstByte()).rpcs).toEqual(["getlongdir", "open", "pread"]);
});

test("a download asks for 4 MiB at a time, and now and then whether the file is still the same", async () => {
  const { pread = 0, fstat = 0, ...others } = await countDownload();
  // 200 MB in pieces of 4 MiB, and the few smaller ones it begins with.
  expect(pread).toBeLessThanOrEqual(Math.ceil(200_000_000 / (4 * 1024 * 1024)) + 4);
  expect(fstat).toBeLessThanOrEqual(8);
  expect(others).toEqual({ getlongdir: 1, open: 1 });
});

test("a first copy costs 3 RPCs a file, 5 a directory and a few at both ends; a second run writes nothing", async () => {
  const { first, again } = await countSyncSmall(size);
  expect(first).toMatchObject({ getfile: files });
  expect(sum(first)).toBeLessThanOrEqual(3 * files + 5 * directories + 30);
  expect(again["getlongdir"]).toBeLessThanOrEqual(2 * directories + 4);
  for (const command of ["putfile", "utime", "rename", "mkdir", "unlink", "rmdir"]) {
    expect(again).not.toHaveProperty(command);
  }
});
