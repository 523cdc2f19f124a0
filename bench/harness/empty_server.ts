/** The least that Bun can serve, to compare the start with. */
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") });
// Not by process.stderr, whose modules alone take longer to load than all the rest.
console.error(`listening on ${server.url.href}`);
