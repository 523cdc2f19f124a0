/** The ways to say who we are to a Chirp server that the native library has (native/chirp_shim.c), in the order to be tried unless told. */
export const authMethods = ["unix", "hostname", "address", "ticket"] as const;
