export interface AdviceServer {
  /** "127.0.0.1:port" */
  readonly host: string;
  readonly processGroup: number;
}

export interface AdviceInput {
  readonly url: string;
  /** The status page's. */
  readonly adminUrl: string;
  /** Where the servers live. */
  readonly directory: string;
  /** The local copy of the site, for editing. */
  readonly site: string;
  /** The first is the master. */
  readonly servers: readonly AdviceServer[];
  /** The words that synchronise the master with the others: program and arguments. */
  readonly synchronise: readonly string[];
}

/** What there is to try once the site is up, every line that begins with four blanks ready for a shell. */
export function advice({ url, adminUrl, directory, site, servers, synchronise }: AdviceInput): string {
  const [master, ...copies] = servers;
  const groups = copies.map(({ processGroup }) => `-${processGroup}`).join(" ");
  const list = servers.map(({ host, processGroup }, index) => {
    return `  ${index + 1}  ${host}  process group ${processGroup}${index === 0 ? "  (the master)" : ""}`;
  });
  return `
The site is on ${url}/ and lives on these servers:

${list.join("\n")}

How each of them fares is on ${adminUrl}/

To try in another terminal, in this directory, with Bun at hand:

    export PATH="$PWD/node_modules/.bin:$PATH"

See who answers: a different server each time.

    for i in 1 2 3 4 5 6; do curl -sI ${url}/ | grep -i x-served-by; done

Download the large file, and while that runs kill two of the three servers. It arrives whole.

    curl -s --limit-rate 20M ${url}/large.bin | sha256sum & curl -s ${url}/large.bin.sha256
    kill -9 -- ${groups}

Say who is alive, and bring the dead back.

    bun bin/chirp_cluster.ts status --dir ${directory}
    bun bin/chirp_cluster.ts up --dir ${directory}

Edit a page on the first server. Until you synchronise, the answers differ; then they are all new.

    sed -i 's/Nothing has happened yet./Somebody pulled a plug./' ${site}/news.html
    chirp_put ${site}/news.html ${master?.host} /site/news.html
    for i in 1 2 3 4 5 6; do curl -s ${url}/news.html | grep lead; done
    bun ${synchronise.join(" ")}

Ctrl-C here stops everything and removes ${directory}.
`;
}
