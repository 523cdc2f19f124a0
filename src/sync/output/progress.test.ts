import { expect, test } from "bun:test";
import { createProgress, formatProgress } from "./progress.ts";
import { emptyCounts } from "./report.ts";

const GIB = 1024 ** 3;

/** A stream that remembers what was written. */
function recorder(isTTY: boolean) {
  const written: string[] = [];
  return { written, stream: { isTTY, write: (text: string) => void written.push(text) } };
}

test("tells how far, how fast, how long", () => {
  const counts = { ...emptyCounts(), copied: 1, plannedFiles: 4, bytes: 1024, plannedBytes: 4096 };
  expect(formatProgress("hostB:9094", counts, 2)).toBe("hostB:9094: 1/4 files, 1.0 KiB of 4.0 KiB, 512 B/s, 0:06 left");
  expect(formatProgress("hostB:9094", emptyCounts(), 2)).toContain("? left");
});

test("each cycle has a clock of its own, and between two of them nothing is told", async () => {
  const { written, stream } = recorder(false);
  const progress = createProgress(stream);
  // The pause of --every: at the old clock's time a GiB would be less than two a second.
  await Bun.sleep(600);
  progress.watch("hostB:9094", { ...emptyCounts(), bytes: GIB, plannedBytes: GIB });
  progress.end();
  expect(written).toHaveLength(1);
  const [, rate, unit] = /([\d.]+) (\S+)\/s/.exec(written[0]!)!;
  expect(unit === "TiB" || unit === "PiB" || (unit === "GiB" && Number(rate) > 2)).toBe(true);
  progress.end();
  expect(written).toHaveLength(1);
});

test("the live line ends with the cycle", async () => {
  const { written, stream } = recorder(true);
  const progress = createProgress(stream);
  progress.watch("hostB:9094", emptyCounts());
  const deadline = performance.now() + 5_000;
  while (written.length === 0 && performance.now() < deadline) await Bun.sleep(10);
  expect(written[0]).toStartWith("\r\x1b[KhostB:9094: 0/0 files");
  progress.end();
  const told = written.length;
  // Two of its beats.
  await Bun.sleep(450);
  expect(written).toHaveLength(told);
});
