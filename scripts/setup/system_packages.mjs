/** What comes from the system: Chirp's servers and library, and a C compiler. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { excerpt, runCommand, say, SetupError, which } from "./command.mjs";

/** dpkg is waited for this long when somebody else installs at the same time. */
const lockSeconds = 300;

/**
 * Installs with apt what is missing. CCTOOLS=/prefix uses the cctools there instead of Debian's packages.
 * @returns {boolean} whether something had to be done
 */
export function installSystemPackages() {
  if (process.platform !== "linux") {
    throw new SetupError(`Chirp servers and this project run on Linux, not on ${process.platform}`);
  }
  const missing = needs().filter(({ present }) => !present());
  const own = missing.filter((need) => need.package === null);
  if (own.length > 0) {
    throw new SetupError(
      `CCTOOLS=${process.env.CCTOOLS} lacks ${own.map(({ name }) => name).join(" and ")}\n` +
        "  CCTOOLS must be the prefix of a cctools installation, with bin, lib and include in it.",
    );
  }
  const packages = [...new Set(missing.map((need) => need.package))];
  if (packages.length === 0) return false;
  installWithApt(
    packages,
    missing.map(({ name }) => name),
  );
  const still = needs().filter(({ present }) => !present());
  if (still.length === 0) return true;
  const names = still.map(({ name }) => name).join(", ");
  throw new SetupError(`apt-get installed ${packages.join(" ")}, but there still is no ${names}`);
}

/** What has to be there, how one sees that it is, and the Debian package that brings it (null: CCTOOLS has to). */
function needs() {
  const prefix = process.env.CCTOOLS;
  const inPath = (name, from) => ({ name, package: from, present: () => which(name) !== null });
  const asFile = (file, from) => ({ name: file, package: from, present: () => existsSync(file) });
  const cctools = prefix
    ? ["bin/chirp_server", "bin/chirp", "lib/libchirp.a", "lib/libdttools.a"].map((file) =>
        asFile(join(prefix, file), null),
      )
    : [
        ...["chirp_server", "chirp", "chirp_get", "chirp_put"].map((name) => inPath(name, "coop-computing-tools")),
        asFile("/usr/lib/libchirp.a", "coop-computing-tools-dev"),
        asFile("/usr/lib/libdttools.a", "coop-computing-tools-dev"),
      ];
  return [...cctools, inPath("cc", "gcc"), inPath("make", "make"), asFile("/usr/include/stdio.h", "libc6-dev")];
}

function installWithApt(packages, names) {
  const list = packages.join(" ");
  if (which("apt-get") === null) {
    throw new SetupError(
      `missing: ${names.join(", ")}; and there is no apt-get here to install them with\n` +
        "  Install a C compiler, make, and cctools (https://cctools.readthedocs.io) with your system's own means,\n" +
        "  then run this again with CCTOOLS=/prefix, where /prefix/bin/chirp_server is.",
    );
  }
  const sudo = process.getuid() === 0 ? [] : sudoCommand(list);
  say(`installing ${list} with ${sudo.length > 0 ? "sudo " : ""}apt-get`);
  if (!listsArePresent()) apt(sudo, ["update"]);
  const words = ["install", "-y", "--no-install-recommends", ...packages];
  let { ok, output } = apt(sudo, words);
  if (!ok) {
    // Lists of yesterday name files that the mirror no longer has.
    apt(sudo, ["update"]);
    ({ ok, output } = apt(sudo, words));
  }
  if (ok) return;
  throw new SetupError(
    `apt-get could not install ${list}:\n${excerpt(output)}\n` +
      `  Check the network and /etc/apt/sources.list (Debian 12 has these packages), or install them by hand:\n` +
      `      apt-get update && apt-get install ${list}`,
  );
}

function sudoCommand(list) {
  if (which("sudo") !== null) return ["sudo"];
  throw new SetupError(
    `missing: ${list}; only root can install them, and there is no sudo here\n` +
      `  As root, run: apt-get update && apt-get install -y ${list}\n  then run this again as yourself.`,
  );
}

function apt(sudo, words) {
  // Through env, since sudo drops the environment; no package may stop to ask a question.
  const command = [
    ...sudo,
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "apt-get",
    "-q",
    "-o",
    `DPkg::Lock::Timeout=${lockSeconds}`,
  ];
  const [program, ...rest] = [...command, ...words];
  return runCommand(program, rest);
}

function listsArePresent() {
  const directory = "/var/lib/apt/lists";
  return existsSync(directory) && readdirSync(directory).some((name) => name.includes("_Packages"));
}
