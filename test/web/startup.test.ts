/** What keeps the web server from starting: a message that names the thing and the remedy, exit code 2, nothing started. And what does not. */
import { createServer, type Server } from "node:net";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { freePort } from "../../src/cluster/free_port.ts";
import { run } from "../helpers/run.ts";
import { startCluster, type Cluster } from "../helpers/cluster.ts";
import { startWebServer } from "../helpers/web_server.ts";
import { waitUntil } from "../sync/wait.ts";
import { hasOpenssl, makeCertificate } from "./certificate.ts";

setDefaultTimeout(60_000);

const program = new URL("../../src/http.ts", import.meta.url).pathname;
let directory: string;
let occupied: Server;
let occupiedPort: number;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "chirp-site-startup-"));
  const file = (name: string, text: string) => writeFileSync(join(directory, name), text);
  file("good.txt", "127.0.0.1:1\n");
  file("empty.txt", "");
  file("comments.txt", "# nothing but words\n\n");
  file("bad.txt", "127.0.0.1:9094\nhost:port:again\n");
  file("badport.txt", "127.0.0.1:99999\n");
  file("duplicate.txt", "127.0.0.1:9094\n# again:\n127.0.0.1\n");
  mkdirSync(join(directory, "directory.txt"));
  if (hasOpenssl) await makeCertificate(directory, "a");
  if (hasOpenssl) await makeCertificate(directory, "b");
  file("garbage.pem", "no PEM\n");
  occupied = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => occupied.once("listening", resolve));
  occupiedPort = (occupied.address() as { port: number }).port;
});

afterAll(() => {
  occupied?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Options, with {dir} and {port} filled in; and what the message must say. */
const refused: readonly (readonly [name: string, options: string, ...says: RegExp[]])[] = [
  ["no such servers file", "--servers {dir}/none.txt", /cannot read .*none\.txt.*ENOENT/, /--servers/],
  ["a directory as servers file", "--servers {dir}/directory.txt", /cannot read .*directory\.txt.*EISDIR/, /--servers/],
  ["an empty servers file", "--servers {dir}/empty.txt", /empty\.txt: no servers/, /at least one line host:port/],
  ["nothing but comments", "--servers {dir}/comments.txt", /comments\.txt: no servers/],
  ["a bad line", "--servers {dir}/bad.txt", /bad\.txt:2: "host:port:again"|bad\.txt:2:/, /host|port/],
  ["a bad port in it", "--servers {dir}/badport.txt", /badport\.txt:1: "99999" is no port/],
  ["a duplicate", "--servers {dir}/duplicate.txt", /duplicate\.txt:3: 127\.0\.0\.1:9094 stands in line 1 already/],
  ["an unknown option", "--prot 8080", /unknown option --prot/, /did you mean --port\?/, /--help/],
  ["a missing value", "--port", /--port needs a value: --port N/],
  ["a missing value before an option", "--port --autoindex", /--port needs a value, but "--autoindex" follows/],
  ["an extra word", "hello", /unexpected argument "hello"/],
  ["a bad port", "--port 65536", /--port "65536" is no port/],
  ["a bad time", "--timeout soon", /--timeout "soon" is no time/],
  ["a time beyond Bun's limits", "--timeout 500", /--timeout "500" is no time from 0.1 to 240 s/],
  ["a bad size", "--cache-size big", /--cache-size "big" is no size/],
  ["a bad rate", "--rate-limit 0", /--rate-limit "0" is not a whole number of at least 1/],
  ["a bad method of authentication", "--auth unix,kerberos", /--auth "kerberos"/, /unix, hostname, address, ticket/],
  ["a bad root", "--root www", /--root "www"/, /begin with \//],
  ["a bad admin address", "--admin 8081", /--admin "8081" is not ADDR:PORT/],
  ["a bad access log", "--access-log xml", /--access-log "xml" is none of combined, json, off/],
  ["a bad Cache-Control", "--cache-control *.css", /--cache-control "\*\.css" is not GLOB=VALUE/],
  ["an error page without path", "--error-page 404", /--error-page "404" is not STATUS=PATH/],
  ["an error page for what has none", "--error-page 418=/x.html", /"418=\/x\.html"/, /403, 404, 503/],
  ["an option given twice", "--port 0 --port 1", /--port is given twice/],
  ["HTTP/2 where there is none", "--http2 --front node", /--http2 needs --front bun/],
  ["HTTP/2 in the clear", "--http2", /--http2 needs --tls-cert and --tls-key/],
  ["a port in use", "--port {port}", /--port: cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\)/, /another port/],
  ["the same for the other listener", "--port {port} --front node", /--port: .*EADDRINUSE/, /another port/],
  ["an admin port in use", "--port 0 --admin 127.0.0.1:{port}", /--admin: cannot listen on .*EADDRINUSE/],
  [
    "somebody else's address",
    "--port 0 --host 192.0.2.1",
    /--port: cannot listen on 192\.0\.2\.1.*EADDRNOTAVAIL|--port:/,
  ],
  ["a certificate without key", "--tls-cert {dir}/a.cert", /--tls-cert is given without --tls-key/],
  ["a key without certificate", "--tls-key {dir}/a.key", /--tls-key is given without --tls-cert/],
  ["no such certificate", "--tls-cert {dir}/none --tls-key {dir}/a.key", /--tls-cert: cannot read ".*none".*ENOENT/],
  ["no such key", "--tls-cert {dir}/a.cert --tls-key {dir}/none", /--tls-key: cannot read ".*none".*ENOENT/],
  [
    "no certificate in the file",
    "--tls-cert {dir}/garbage.pem --tls-key {dir}/a.key",
    /--tls-cert: .* holds no certificate/,
  ],
  ["no key in the file", "--tls-cert {dir}/a.cert --tls-key {dir}/garbage.pem", /--tls-key: .* holds no private key/],
  [
    "another certificate's key",
    "--tls-cert {dir}/a.cert --tls-key {dir}/b.key",
    /b\.key" does not belong to .*a\.cert/,
  ],
];

describe("does not start with", () => {
  const possible = refused.filter(([, options]) => hasOpenssl || !options.includes("{dir}/a."));
  if (!hasOpenssl) console.log("skipped: cases about certificates need openssl (Debian package openssl)");

  test.each(possible)("%s", async (_, options, ...says) => {
    const words = options.replaceAll("{dir}", directory).replaceAll("{port}", String(occupiedPort)).split(" ");
    // A good list, unless the case is about the list; and a port that is never opened.
    const servers = words.includes("--servers") ? [] : ["--servers", join(directory, "good.txt")];
    const { exitCode, stdout, stderr } = await run([process.execPath, program, ...servers, ...words]);
    for (const pattern of says) expect(stderr).toMatch(pattern);
    expect(stderr).not.toMatch(/^listening/m);
    // A message, and nothing of the inside.
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });

  test("a servers file that may not be read", async () => {
    const file = join(directory, "secret.txt");
    writeFileSync(file, "127.0.0.1:9094\n");
    chmodSync(file, 0);
    // root may read everything: somebody else asks then.
    const asNobody = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--clear-groups"] : [];
    chmodSync(directory, 0o755);
    const { exitCode, stderr } = await run([...asNobody, process.execPath, program, "--servers", file]);
    expect(stderr).toMatch(/cannot read .*secret\.txt.*EACCES/);
    expect(exitCode).toBe(2);
  });

  test("a native library that is missing", async () => {
    // The same sources without native/build beside them.
    const copy = join(directory, "copy");
    const project = new URL("../..", import.meta.url).pathname;
    const link = `mkdir -p "${copy}" && cp -r "${project}/src" "${copy}/" && ln -s "${project}/node_modules" "${copy}/"`;
    await run(["sh", "-c", `${link} && cp "${project}/package.json" "${project}/tsconfig.json" "${copy}/"`]);
    const command = [process.execPath, join(copy, "src/http.ts"), "--servers", join(directory, "good.txt")];
    const { exitCode, stderr } = await run(command);
    expect(stderr).toMatch(/native library .*libchirp_shim\.so is missing: build it with "npm run setup"/);
    expect(exitCode).toBe(2);
  });
});

describe("starts, and says what is wrong with which server:", () => {
  let cluster: Cluster;
  let web: Server;
  let silent: Server;
  const portOf = (server: Server) => (server.address() as { port: number }).port;

  beforeAll(async () => {
    cluster = await startCluster({ servers: 1 });
    cluster.servers[0].plant("/index.html", "served");
    web = createServer((socket) => {
      socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).on("error", () => undefined);
    }).listen(0, "127.0.0.1");
    silent = createServer((socket) => void socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  });

  afterAll(async () => {
    web?.close();
    silent?.close();
    await cluster?.[Symbol.asyncDispose]();
  });

  const cases: readonly (readonly [string, () => string | Promise<string>, RegExp])[] = [
    ["nobody there", async () => `127.0.0.1:${await freePort()}`, / is not used: connection refused$/],
    ["an unknown name", () => "no-such-host.invalid:9094", /host name not found/],
    ["a web server", () => `127.0.0.1:${portOf(web)}`, /does not speak Chirp/],
    ["one that never answers", () => `127.0.0.1:${portOf(silent)}`, /no answer to a sign of life|slow to answer/],
  ];

  test.each(cases)("%s", async (_, makeHost, reason) => {
    const host = await makeHost();
    const file = join(cluster.directory, "some.txt");
    writeFileSync(file, `${host}\n${cluster.hosts[0]}\n`);
    await using server = await startWebServer(["--servers", file, "--access-log", "off"]);
    const said = () =>
      server
        .stderr()
        .split("\n")
        .filter((line) => line.startsWith(`${host} `));
    await waitUntil(`a line about ${host} in ${server.stderr()}`, () => said().some((line) => reason.test(line)));
    await waitUntil("the good one is well", () => server.stderr().includes(`${cluster.hosts[0]} is well`));
    for (let index = 0; index < 10; index++) {
      expect(await (await fetch(`http://127.0.0.1:${server.port}/`)).text()).toBe("served");
    }
  });

  test("a list that comes through a pipe is read once", async () => {
    const pipe = join(cluster.directory, "pipe");
    await run(["mkfifo", pipe]);
    await using writer = Bun.spawn(["sh", "-c", `echo ${cluster.hosts[0]} > "${pipe}"`]);
    await using server = await startWebServer(["--servers", pipe, "--access-log", "off"]);
    expect(await writer.exited).toBe(0);
    const signal = AbortSignal.timeout(10_000);
    expect(await (await fetch(`http://127.0.0.1:${server.port}/`, { signal })).text()).toBe("served");
    expect(server.stderr()).not.toContain("the old list stays in use");
  });

  test("authentication that the server refuses", async () => {
    await using server = await startWebServer(["--servers", cluster.serversFile, "--auth", "ticket"]);
    const line = `${cluster.hosts[0]} is not used`;
    await waitUntil("a line about it", () => server.stderr().includes(line));
    expect(server.stderr()).toMatch(/authentication refused/);
    expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(503);
  });
});
