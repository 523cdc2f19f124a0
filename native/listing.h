/* Directory listings: taken apart line by line, packed for JavaScript; see listing.c. */
#ifndef LISTING_H
#define LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct link;

/* Lists a directory within the call that is running. */
int64_t listing_read(const char *host, const char *path, int64_t max_bytes, time_t stoptime);
const void *listing_bytes(void);
int64_t listing_length(void);

/* For answer.c: the server's answer has come; from now on and while a listing is open, lines are read with listing_readline. */
void listing_is_answered(int64_t answer);
bool listing_is_open(void);
int listing_readline(struct link *link, char *line, size_t length, time_t stoptime);

#endif
