/* Whole files in one request. */
#define _GNU_SOURCE
#include "chirp_shim.h"
#include "answer.h"
#include "connection.h"
#include "request_line.h"

#include <cctools/chirp_protocol.h>
#include <cctools/chirp_reli.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PERMISSIONS 07777

/* "md5", "sha1": not worth counting in the request line. */
#define ALGORITHM_MAX 16

/* Where chirp_reli_getfile writes to: memory instead of a file. */
struct memory {
	char *bytes;
	int64_t size;
	int64_t used;
};

static ssize_t memory_write(void *cookie, const char *bytes, size_t count)
{
	struct memory *memory = cookie;
	if ((int64_t)count > memory->size - memory->used)
		return 0;
	memcpy(memory->bytes + memory->used, bytes, count);
	memory->used += count;
	return count;
}

/* libchirp seeks to where it began before each try. */
static int memory_seek(void *cookie, off64_t *offset, int whence)
{
	struct memory *memory = cookie;
	int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? memory->used : memory->size;
	if (base + *offset < 0 || base + *offset > memory->size)
		return -1;
	memory->used = *offset = base + *offset;
	return 0;
}

int64_t cs_get_file(const char *path, void *buffer, int64_t size, int64_t timeout)
{
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	struct memory memory = {.bytes = buffer, .size = size};
	FILE *stream = fopencookie(&memory, "w", (cookie_io_functions_t){.write = memory_write, .seek = memory_seek});
	if (!stream)
		return -ENOMEM;
	setvbuf(stream, NULL, _IONBF, 0);
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	limit_answers(0, size);
	int64_t result = end_call(chirp_reli_getfile(server_host(), path, stream, stoptime));
	fclose(stream);
	return result;
}

int64_t cs_put_file(const char *path, const void *buffer, int64_t size, int64_t mode, int64_t timeout)
{
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	return end_call(chirp_reli_putfile_buffer(server_host(), path, buffer, mode & PERMISSIONS, size, stoptime));
}

int64_t cs_hash(const char *path, const char *algorithm, void *digest, int64_t timeout)
{
	/* libchirp sends this path as it is, where every other is encoded. */
	char encoded[CHIRP_LINE_MAX];
	if (!is_one_word(algorithm) || strlen(algorithm) > ALGORITHM_MAX)
		return -EINVAL;
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	__wrap_url_encode(path, encoded, sizeof(encoded));
	time_t stoptime = begin_call(REPEATABLE, timeout, CHIRP_DIGEST_MAX);
	return end_call(chirp_reli_hash(server_host(), encoded, algorithm, digest, stoptime));
}
