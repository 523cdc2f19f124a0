/*
 * The connections that clients have made to a listener of this process, as the kernel knows them. Bun.serve tells nobody of a
 * connection before a whole request has come over it; whoever wants to limit connections, or to end one whose request never
 * becomes whole, finds them here.
 *
 * Both functions belong to the thread that accepts the connections: it alone closes them, so that between a look and the end
 * of the call no descriptor can change its meaning.
 */
#ifndef INBOUND_H
#define INBOUND_H

#include <stdint.h>

#include "chirp_shim.h"

/* Nine 64-bit words each; src/web/front/inbound.ts reads them. */
struct inbound {
	int64_t descriptor;
	int64_t cookie; /* the kernel's name for the connection, never given twice (SO_COOKIE) */
	int64_t client_port;
	int64_t received_ms; /* since the last byte came */
	int64_t sent_ms;     /* since the last byte of ours left */
	int64_t unsent;	     /* segments and bytes of ours that the client has not taken; 0: it has all */
	char client[24];     /* 4 bytes of IPv4 or 16 of IPv6; client[16] says which: 4 or 6 */
};

/*
 * Connections to local port `port`, in order of descriptors from `first` on; how many were written, at most `room`. When all the
 * room is used there may be more, from the last descriptor + 1.
 */
SHIM_EXPORT int64_t cs_inbound_list(int64_t port, int64_t first, struct inbound *connections, int64_t room);

/* Ends a connection as if the client had: -ESRCH when the descriptor no longer is that connection. */
SHIM_EXPORT int64_t cs_inbound_cut(int64_t descriptor, int64_t cookie);

#endif
