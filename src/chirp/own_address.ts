/** Whether a server is on this machine. */

/** Of an IP address as resolveHost gives it: "127.0.0.1", "::1", "192.168.1.7". */
export function isOwnAddress(address: string): boolean {
  if (address.startsWith("127.") || address === "::1") return true;
  // Loaded when it is needed: most runs have to do with other machines or with 127.0.0.1.
  const { networkInterfaces } = process.getBuiltinModule("node:os");
  return Object.values(networkInterfaces()).some((each) => each?.some((own) => own.address === address));
}
