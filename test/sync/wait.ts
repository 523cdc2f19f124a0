/** Waits until something is so, looking every few milliseconds; fails after the limit. */
export async function waitUntil(what: string, isSo: () => Promise<boolean> | boolean, limitMs = 15_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not so after ${limitMs} ms: ${what}`);
    await Bun.sleep(5);
  }
}
