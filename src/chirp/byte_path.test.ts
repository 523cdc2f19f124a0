import { expect, test } from "bun:test";
import { baseName, bytePath, joinPath, parentPath } from "./byte_path.ts";

test.each([
  ["/plain", "/plain"],
  ["/café", "/caf\u00c3\u00a9"],
  ["/€", "/\u00e2\u0082\u00ac"],
  ["", ""],
])("bytePath(%j)", (text, bytes) => expect(bytePath(text)).toBe(bytes));

test.each([
  ["/a", "b", "/a/b"],
  ["/", "b", "/b"],
  ["/a/", "b", "/a/b"],
])("joinPath(%j, %j)", (directory, name, path) => expect(joinPath(directory, name)).toBe(path));

test.each([
  ["/a/b", "/a", "b"],
  ["/a/b/c", "/a/b", "c"],
  ["/a", "/", "a"],
  ["/", "/", ""],
])("%j lies in %j as %j", (path, parent, name) => {
  expect(parentPath(path)).toBe(parent);
  expect(baseName(path)).toBe(name);
});
