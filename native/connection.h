/* What a call of the shim knows of its connection; see connection.c. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/*
 * REPEATABLE: the request may be sent again over a new connection when the old one breaks before the answer. ONCE: it may not.
 * IF_CONNECTED: it is not even worth a first connection.
 */
enum repeat { ONCE, REPEATABLE, IF_CONNECTED };

/* The one server of this library, "address:port". false: too long, or no server's name. */
bool set_server(const char *host, int64_t connect_timeout);
const char *server_host(void);

/* Requests sent so far: one that is sent again, since its connection broke, counts again. */
int64_t rpcs_sent(void);

/*
 * Begins a call; returns its stoptime. Throws away a connection that is closed, or has bytes waiting that nobody asked for.
 * No more than read_limit bytes of data are accepted in one piece, whatever length the server announces.
 */
time_t begin_call(enum repeat repeat, int64_t timeout, int64_t read_limit);
time_t begin_call_until(enum repeat repeat, time_t stoptime, int64_t read_limit);
time_t stoptime_after(int64_t seconds);

/* Ends a call: `result` as it is when >= 0, else -errno, with libchirp's ECONNRESET made precise. */
int64_t end_call(int64_t result);

bool is_connected(void);
void drop_connection(void);

#endif
