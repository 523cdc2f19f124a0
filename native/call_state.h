/* What is known of the call that is running: shared by connection.c, answer.c and listing.c; see call_state.c. */
#ifndef CALL_STATE_H
#define CALL_STATE_H

#include <stdbool.h>

struct link;

/* A new call: nothing has failed yet. */
void clear_failure(void);

/* Makes the call that is running fail with this errno, whatever libchirp says. It makes no further connection and reads no further. */
void fail_call(int error);

/* The errno of fail_call; 0: the call has not failed. */
int call_failure(void);

/* What else may come over this connection answers no request: the connection is dropped with the end of the call. */
void break_link(void);
bool link_is_broken(void);

/* A new connection. */
void clear_link(void);

/* Closed by the server, or bytes are there to be read. */
bool has_bytes_waiting(struct link *link);

#endif
