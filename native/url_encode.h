/* How paths travel in a request line; see url_encode.c. */
#ifndef URL_ENCODE_H
#define URL_ENCODE_H

#include <stddef.h>

/* Bytes that a path takes in a request line. */
size_t encoded_length(const char *text);

/* The target of a symbolic link is stored as it is sent: text at this address is not encoded. NULL ends it. */
void send_raw(const char *text);

void __wrap_url_encode(const char *text, char *encoded, int room);

#endif
