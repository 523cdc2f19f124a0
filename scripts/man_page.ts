/** Builds docs/chirp_synchronize.1 from docs/chirp_synchronize.md: bun scripts/man_page.ts */
import { renderManPage } from "./render_man_page.ts";

const docs = new URL("../docs/", import.meta.url);
const markdown = await Bun.file(new URL("chirp_synchronize.md", docs)).text();
await Bun.write(new URL("chirp_synchronize.1", docs), renderManPage(markdown));
