import { type DirectoryNode, recordFailure, sourcePath, type TargetRun, targetPath } from "./target_run.ts";

/** Makes the access list of a directory equal to the source's (--acls): only the lines that differ are sent. */
export async function copyRights(run: TargetRun, node: DirectoryNode): Promise<void> {
  const path = targetPath(run, node.path);
  const directory = sourcePath(run, node.path);
  try {
    const [wanted, found] = await Promise.all([
      run.sourceStore.call({ kind: "getAcl", path: directory }).then(parseRights),
      run.store.call({ kind: "getAcl", path }).then(parseRights),
    ]);
    const changes: (readonly [subject: string, rights: string])[] = [];
    // What is taken away comes last: it may be what allows us to change the list.
    for (const [subject, rights] of wanted) if (found.get(subject) !== rights) changes.push([subject, rights]);
    for (const subject of found.keys()) if (!wanted.has(subject)) changes.push([subject, "none"]);
    if (changes.length === 0) return;
    await run.staging.open();
    for (const [subject, rights] of changes) await run.store.call({ kind: "setAcl", path, subject, rights });
    node.touched = true;
  } catch (error) {
    recordFailure(run, node.path, "copy rights", error);
  }
}

/** Lines "subject rights". */
function parseRights(lines: readonly string[]): Map<string, string> {
  const rights = new Map<string, string>();
  for (const line of lines) {
    const end = line.lastIndexOf(" ");
    if (end > 0) rights.set(line.slice(0, end), line.slice(end + 1));
  }
  return rights;
}
