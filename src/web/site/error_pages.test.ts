import { expect, test } from "bun:test";
import type { Resource } from "../content/resource.ts";
import { newTrace } from "../content/trace.ts";
import { createErrorPages } from "./error_pages.ts";

const paths = new Map<403 | 404 | 503, string>([
  [404, "/404.html"],
  [503, "/503.html"],
]);

/** What the site has at /index.html, as it is found under every path with --spa. */
const fallback = {
  kind: "file",
  path: "/index.html",
  file: { content: { hash: "h", blob: new Blob(["application"]) } },
} as unknown as Resource;

test("servers that come and go in one moment cause one reading, and one more for the last of them", async () => {
  let underway = 0;
  let most = 0;
  let readings = 0;
  const pages = createErrorPages(paths, {
    async find() {
      readings++;
      most = Math.max(most, ++underway);
      await Bun.sleep(1);
      underway--;
      return { kind: "missing" };
    },
  });
  await Promise.all(Array.from({ length: 100 }, () => pages.prepare()));
  expect([most, readings]).toEqual([1, 2]);
  await pages.prepare();
  expect(readings).toBe(3);
});

test("the application of --spa is not the page of an error", async () => {
  const pages = createErrorPages(paths, { find: () => Promise.resolve(fallback) });
  expect(await pages.find(404, newTrace(), performance.now() + 1000)).toBeNull();
});
