import manifest from "../package.json" with { type: "json" };

/** What --version prints: the version of the project and what it runs on. */
export const version = `chirp-site ${manifest.version} (Bun ${Bun.version})`;
