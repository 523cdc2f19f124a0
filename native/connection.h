/* What a call of the shim knows of its connection; see connection.c. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct chirp_client;
struct chirp_stat;
struct link;

/* May the request be sent again over a new connection when the old one breaks before the answer? */
enum repeat { ONCE, REPEATABLE };

/* No limit on what link_read may be told to read. */
#define UNLIMITED INT64_MAX

void set_connect_timeout(int64_t seconds);
int64_t rpcs_sent(void);

/* Begins a call; returns its stoptime. Throws away a connection that is closed, or has bytes waiting that nobody asked for. */
time_t begin_call(enum repeat repeat, int64_t timeout, int64_t read_limit);

/* Ends a call: `result` as it is when >= 0, else -errno, with libchirp's ECONNRESET made precise. */
int64_t end_call(int64_t result);

/* Makes the call that is running fail with this errno, whatever libchirp says, and makes no further connection. */
void fail_call(int error);

/* The call that is running uses the connection there is, or none. */
void forbid_connection(void);

/* Drops the connection, if there is one. */
void drop_connection(void);

/* getfile's answer must announce exactly this size; -1 turns the check off. */
void expect_length(int64_t size);

/* The stat that came with the last open, and how many opens there were: libchirp opens files anew by itself. */
const struct chirp_stat *last_open_stat(void);
int64_t opens_sent(void);

#endif
