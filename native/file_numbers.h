/* What a server says of a file, as JavaScript takes it; see file_numbers.c. */
#ifndef FILE_NUMBERS_H
#define FILE_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

struct chirp_stat;

#define FILE_NUMBERS 6

/* mode, size, mtime, ctime, inode, links. false: no file system says that; the server breaks the protocol. */
bool file_numbers(const struct chirp_stat *info, int64_t numbers[FILE_NUMBERS]);

#endif
