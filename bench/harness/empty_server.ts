/** The least that Bun can serve, to compare the start with. */
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") });
process.stderr.write(`listening on ${server.url.href}\n`);
