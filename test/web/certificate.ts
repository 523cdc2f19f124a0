import { join } from "node:path";
import { run } from "../helpers/run.ts";

export const hasOpenssl = Bun.which("openssl") !== null;

/** A self-signed certificate for localhost and 127.0.0.1: `name.cert` and `name.key` in the directory. */
export async function makeCertificate(directory: string, name: string): Promise<{ cert: string; key: string }> {
  const cert = join(directory, `${name}.cert`);
  const key = join(directory, `${name}.key`);
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const how = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"];
  const { exitCode, stderr } = await run(["openssl", ...how, "-keyout", key, "-out", cert, ...subject]);
  if (exitCode !== 0) throw new Error(`openssl: ${stderr}`);
  return { cert, key };
}
