/*
 * A copy of a file in memory, to be loaded as a library of its own: see src/chirp/library.ts. Done here rather than in JavaScript, where it would
 * need node:fs, which takes each new worker half as long again to start.
 */
#ifndef PRIVATE_COPY_H
#define PRIVATE_COPY_H

#include <stdint.h>

#include "chirp_shim.h"

/* The copy's file descriptor, which children do not inherit. */
SHIM_EXPORT int64_t cs_private_copy(const char *path);

/* Once the copy is loaded. */
SHIM_EXPORT int64_t cs_private_copy_close(int64_t descriptor);

#endif
