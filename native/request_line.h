/* How paths and words travel in a request line; see request_line.c. */
#ifndef REQUEST_LINE_H
#define REQUEST_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* Do these texts (path and other encoded, word as it is; NULL: none) fit into one request line? */
bool fits_into_line(const char *path, const char *other, const char *word);

/* Is this text one word of a request line as it stands, with nothing in it that would end the word or the line? */
bool is_one_word(const char *text);

/* The target of a symbolic link is stored as it is sent: text at this address is not encoded. NULL ends it. */
void send_raw(const char *text);

void __wrap_url_encode(const char *text, char *encoded, int room);

#endif
