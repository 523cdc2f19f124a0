/** A Chirp server that answers by chance: mostly as it should, sometimes not at all like that. */
import { startLyingServer, type Client, type LyingServer } from "../helpers/lying_server.ts";
import type { SeededRandom } from "../helpers/seeded_random.ts";
import { mutate } from "./fuzz_run.ts";

export interface LiarFile {
  readonly name: string;
  readonly contents: string;
}

export interface RandomLiarOptions {
  readonly random: SeededRandom;
  /** What it has in every directory. */
  readonly files: readonly LiarFile[];
  /** The share of answers that are lies. */
  readonly lies: number;
}

const FILE_MODE = 0o100644;
const DIRECTORY_MODE = 0o040755;
const errors = ["-1", "-2", "-3", "-4", "-10", "-11", "-12", "-13", "-14", "-17", "-127", "-9999"];

export async function startRandomLiar({ random, files, lies }: RandomLiarOptions): Promise<LyingServer> {
  return await startLyingServer((line, client) => {
    const [command = "", ...words] = line.split(" ");
    const truth = answerTo(command, words, client);
    if (!random.chance(lies)) return client.send(truth);
    lie(truth, client);
  });

  function lie(truth: string, client: Client): void {
    const choice = random.next();
    if (choice < 0.3) client.send(mutate(random, truth));
    else if (choice < 0.4) client.send(`${random.pick(errors)}\n`);
    else if (choice < 0.5)
      client.send(truth.replace(/\d+/, () => String(random.pick([0, -1, 1, 2 ** 31, 2 ** 53, "4611686018427387904"]))));
    else if (choice < 0.6) client.send(truth.slice(0, random.int(0, truth.length)));
    else if (choice < 0.7) client.send(truth + random.bytes(random.int(1, 200)).toString("latin1"));
    else if (choice < 0.8) client.send(random.bytes(random.int(1, 500)).toString("latin1"));
    else if (choice < 0.9) client.send(hostileListing());
    if (choice > 0.95 || random.chance(0.2)) client.close();
  }

  /** Names that would lead elsewhere if somebody joined them to a path. */
  function hostileListing(): string {
    const names = [
      "..",
      ".",
      "../escaped",
      "/escaped",
      "a/../../escaped",
      "",
      "x\0y",
      ".__acl",
      ".__chirpsync",
      "x".repeat(300),
      "\r",
      "\x1b[2J",
    ];
    return `0\n${[random.pick(names), random.pick(names)].map((name) => `${name}\n${statLine(FILE_MODE, 3)}\n`).join("")}\n`;
  }

  function answerTo(command: string, words: readonly string[], client: Client): string {
    const path = decodeURIComponent((words[0] ?? "").replace(/%(?![0-9A-Fa-f]{2})/g, "%25"));
    const file = files.find(({ name }) => path.endsWith(`/${name}`));
    switch (command) {
      case "whoami":
        return "17\naddress:127.0.0.1";
      case "stat":
      case "lstat":
        return `0\n${file === undefined ? statLine(DIRECTORY_MODE, 4096) : statLine(FILE_MODE, file.contents.length)}\n`;
      case "getlongdir":
        return `0\n${files.map(({ name, contents }) => `${name}\n${statLine(FILE_MODE, contents.length)}\n`).join("")}\n`;
      case "getfile":
        return file === undefined ? "-3\n" : `${file.contents.length}\n${file.contents}`;
      case "open":
        return file === undefined ? "-3\n" : `7\n${statLine(FILE_MODE, file.contents.length)}\n`;
      case "pread": {
        const text = (files[0]?.contents ?? "").slice(Number(words[2]), Number(words[2]) + Number(words[1]));
        return `${text.length}\n${text}`;
      }
      case "fstat":
        return `0\n${statLine(FILE_MODE, files[0]?.contents.length ?? 0)}\n`;
      case "putfile":
        client.skip(Number(words[2]));
        return `0\n${Number(words[2])}\n`;
      case "pwrite":
        client.skip(Number(words[1]));
        return `${Number(words[1])}\n`;
      default:
        return "0\n";
    }
  }
}

/** dev ino mode nlink uid gid rdev size blksize blocks atime mtime ctime */
function statLine(mode: number, size: number): string {
  return `1 2 ${mode} 1 0 0 0 ${size} 4096 8 1600000000 1600000000 1600000000`;
}
