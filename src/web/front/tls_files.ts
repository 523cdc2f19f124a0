/** The certificate and the private key of HTTPS, read and tried before anything is started. */
import type { KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

/** Loaded for HTTPS only: it would add a tenth to every start. */
const crypto = () => process.getBuiltinModule("node:crypto");

/** What was given for HTTPS cannot be used; the message names the option, the file and the reason. */
export class TlsFilesError extends Error {
  override readonly name = "TlsFilesError";
}

export interface TlsFiles {
  /** PEM: the server's certificate first, then those that lead to a root. */
  readonly cert: string;
  readonly key: string;
  /** What is odd about them without being an error; null when nothing is. */
  readonly warning: string | null;
}

const DAY_MS = 86_400_000;
/** Time enough to have it renewed. */
const WARN_DAYS = 7;

/** Null when neither is given. Throws TlsFilesError. */
export function readTlsFiles(certFile: string | null, keyFile: string | null, nowMs = Date.now()): TlsFiles | null {
  if (certFile === null && keyFile === null) return null;
  if (keyFile === null) throw new TlsFilesError("--tls-cert is given without --tls-key: HTTPS needs both");
  if (certFile === null) throw new TlsFilesError("--tls-key is given without --tls-cert: HTTPS needs both");
  const cert = read("--tls-cert", certFile);
  const key = read("--tls-key", keyFile);
  const certificate = parseCertificate(cert, certFile);
  if (!certificate.checkPrivateKey(parseKey(key, keyFile))) {
    throw new TlsFilesError(`--tls-key: "${keyFile}" does not belong to the certificate in "${certFile}"`);
  }
  return { cert, key, warning: warningOf(certificate, certFile, nowMs) };
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TlsFilesError(`${option}: cannot read "${file}": ${reason}`);
  }
}

function parseCertificate(pem: string, file: string): X509Certificate {
  try {
    return new (crypto().X509Certificate)(pem);
  } catch {
    throw new TlsFilesError(`--tls-cert: "${file}" holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)`);
  }
}

function parseKey(pem: string, file: string): KeyObject {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    throw new TlsFilesError(`--tls-key: "${file}" is protected by a passphrase: remove it with openssl pkey`);
  }
  try {
    return crypto().createPrivateKey(pem);
  } catch {
    throw new TlsFilesError(`--tls-key: "${file}" holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)`);
  }
}

function warningOf({ validFrom, validTo }: X509Certificate, file: string, nowMs: number): string | null {
  if (Date.parse(validFrom) > nowMs) return `--tls-cert: "${file}" is not valid before ${validFrom}`;
  const daysLeft = Math.floor((Date.parse(validTo) - nowMs) / DAY_MS);
  if (daysLeft < 0) return `--tls-cert: "${file}" expired on ${validTo}`;
  return daysLeft < WARN_DAYS ? `--tls-cert: "${file}" expires on ${validTo}` : null;
}
