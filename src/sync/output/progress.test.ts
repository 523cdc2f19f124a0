import { expect, test } from "bun:test";
import { createProgress, formatLiveLine } from "./progress.ts";
import { emptyCounts } from "./report.ts";

const counts = { ...emptyCounts(), copied: 3, plannedFiles: 10, bytes: 1024, plannedBytes: 4096 };

test("all replicas stand in one line that fits the terminal, in few words where it is narrow", () => {
  const watched = ["hostA:9094", "hostB:9094"].map((replica) => ({ replica, counts }));
  expect(formatLiveLine(watched, 1, 200)).toBe(
    "hostA:9094: 3/10 files, 1.0 KiB of 4.0 KiB, 1.0 KiB/s, 0:03 left  |  " +
      "hostB:9094: 3/10 files, 1.0 KiB of 4.0 KiB, 1.0 KiB/s, 0:03 left",
  );
  expect(formatLiveLine(watched, 1, 80)).toBe("hostA:9094 25% 0:03 | hostB:9094 25% 0:03");
  expect(formatLiveLine(watched, 1, 20)).toBe("hostA:9094 25% 0:03");
});

test("no terminal: a line for each replica, also for two directories of one server, and nothing after the end", () => {
  const lines: string[] = [];
  const progress = createProgress({ write: (text: string) => lines.push(text) });
  progress.watch("host:1", counts);
  progress.watch("host:1", { ...counts, copied: 4 });
  progress.end();
  expect(lines.map((line) => line.split(",")[0])).toEqual(["host:1: 3/10 files", "host:1: 4/10 files"]);
  progress.end();
  expect(lines.length).toBe(2);
});

test("each cycle has a clock of its own", async () => {
  const lines: string[] = [];
  const progress = createProgress({ write: (text: string) => lines.push(text) });
  const GIB = 1024 ** 3;
  // The pause of --every: at the old clock's time a GiB would be less than two a second.
  await Bun.sleep(600);
  progress.watch("hostB:9094", { ...emptyCounts(), bytes: GIB, plannedBytes: GIB });
  progress.end();
  const [, rate, unit] = /([\d.]+) (\S+)\/s/.exec(lines[0]!)!;
  expect(unit === "TiB" || unit === "PiB" || (unit === "GiB" && Number(rate) > 2)).toBe(true);
});

test("the live line ends with the cycle", async () => {
  const written: string[] = [];
  const progress = createProgress({ isTTY: true, write: (text: string) => written.push(text) });
  progress.watch("hostB:9094", emptyCounts());
  const deadline = performance.now() + 5_000;
  while (written.length === 0 && performance.now() < deadline) await Bun.sleep(10);
  expect(written[0]).toContain("hostB:9094: 0/0 files");
  progress.end();
  const told = written.length;
  // Two of its beats.
  await Bun.sleep(450);
  expect(written).toHaveLength(told);
});
