/* The exported functions: each is one chirp_reli call between begin_call and end_call. No policy here. */
#define _GNU_SOURCE
#include "chirp_shim.h"
#include "connection.h"
#include "listing.h"
#include "url_encode.h"

#include <cctools/auth.h>
#include <cctools/auth_address.h>
#include <cctools/auth_hostname.h>
#include <cctools/auth_ticket.h>
#include <cctools/auth_unix.h>
#include <cctools/chirp_protocol.h>
#include <cctools/chirp_reli.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Open files of one worker; src/chirp/open_files.ts keeps far fewer. */
#define HANDLES_MAX 256

/* What a request line holds besides its paths, at most: the verb, spaces, numbers, the line break. */
#define LINE_OVERHEAD 48

static struct {
	struct chirp_file *file;
	struct chirp_stat stat;
} handles[HANDLES_MAX];

/* libchirp aborts the process on a line that is too long, and copies paths into buffers of this size. */
static bool fits_into_line(const char *path, const char *other)
{
	return encoded_length(path) + (other ? encoded_length(other) : 0) + LINE_OVERHEAD < CHIRP_LINE_MAX;
}

static int64_t too_long(void)
{
	return -ENAMETOOLONG;
}

static int64_t give_stat(int64_t result, const struct chirp_stat *info, int64_t *stat)
{
	if (result < 0)
		return result;
	stat[0] = info->cst_mode;
	stat[1] = info->cst_size;
	stat[2] = info->cst_mtime;
	stat[3] = info->cst_ctime;
	stat[4] = info->cst_ino;
	stat[5] = info->cst_nlink;
	return 0;
}

int64_t cs_version(void)
{
	return SHIM_VERSION;
}

static int register_method(const char *method)
{
	if (!strcmp(method, "unix"))
		return auth_unix_register();
	if (!strcmp(method, "hostname"))
		return auth_hostname_register();
	if (!strcmp(method, "address"))
		return auth_address_register();
	if (!strcmp(method, "ticket"))
		return auth_ticket_register();
	return 0;
}

int64_t cs_init(const char *auth, const char *tickets, int64_t timeout)
{
	char *list = strdup(auth);
	if (!list)
		return -ENOMEM;
	auth_clear();
	char *rest = NULL;
	for (char *method = strtok_r(list, ",", &rest); method; method = strtok_r(NULL, ",", &rest)) {
		if (!register_method(method)) {
			free(list);
			return -EINVAL;
		}
	}
	free(list);
	if (*tickets)
		auth_ticket_load(tickets);
	set_connect_timeout(timeout);
	return 0;
}

int64_t cs_rpcs(void)
{
	return rpcs_sent();
}

int64_t cs_disconnect(void)
{
	drop_connection();
	return 0;
}

int64_t cs_stat(const char *host, const char *path, int64_t *stat, int64_t timeout)
{
	struct chirp_stat info;
	if (!fits_into_line(path, NULL))
		return too_long();
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	return give_stat(end_call(chirp_reli_stat(host, path, &info, stoptime)), &info, stat);
}

int64_t cs_lstat(const char *host, const char *path, int64_t *stat, int64_t timeout)
{
	struct chirp_stat info;
	if (!fits_into_line(path, NULL))
		return too_long();
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	return give_stat(end_call(chirp_reli_lstat(host, path, &info, stoptime)), &info, stat);
}

int64_t cs_list(const char *host, const char *path, int64_t max_bytes, int64_t timeout)
{
	if (!fits_into_line(path, NULL))
		return too_long();
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	int64_t result = end_call(listing_read(host, path, max_bytes, stoptime));
	return result < 0 ? result : listing_length();
}

const void *cs_listing(void)
{
	return listing_bytes();
}

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

int64_t cs_get_file(const char *host, const char *path, void *buffer, int64_t size, int64_t timeout)
{
	if (!fits_into_line(path, NULL))
		return too_long();
	struct memory memory = {.bytes = buffer, .size = size};
	FILE *stream = fopencookie(&memory, "w", (cookie_io_functions_t){.write = memory_write, .seek = memory_seek});
	if (!stream)
		return -ENOMEM;
	setvbuf(stream, NULL, _IONBF, 0);
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	expect_length(size);
	int64_t result = end_call(chirp_reli_getfile(host, path, stream, stoptime));
	fclose(stream);
	if (result >= 0 && memory.used != size) {
		drop_connection();
		return -ESTALE;
	}
	return result;
}

int64_t cs_put_file(const char *host, const char *path, const void *buffer, int64_t size, int64_t mode, int64_t timeout)
{
	if (!fits_into_line(path, NULL))
		return too_long();
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	return end_call(chirp_reli_putfile_buffer(host, path, buffer, mode, size, stoptime));
}

static int64_t free_handle(void)
{
	for (int64_t handle = 0; handle < HANDLES_MAX; handle++)
		if (!handles[handle].file)
			return handle;
	return -EMFILE;
}

static bool is_handle(int64_t handle)
{
	return handle >= 0 && handle < HANDLES_MAX && handles[handle].file;
}

int64_t cs_open(const char *host, const char *path, int64_t flags, int64_t mode, int64_t *stat, int64_t timeout)
{
	if (!fits_into_line(path, NULL))
		return too_long();
	int64_t handle = free_handle();
	if (handle < 0)
		return handle;
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	struct chirp_file *file = chirp_reli_open(host, path, flags, mode, stoptime);
	int64_t result = end_call(file ? 0 : -1);
	if (result < 0)
		return result;
	handles[handle].file = file;
	handles[handle].stat = *last_open_stat();
	give_stat(0, last_open_stat(), stat);
	return handle;
}

/*
 * After a lost connection libchirp opens the file anew and accepts it when the inode is the same, though it may have been
 * changed in place meanwhile.
 */
static int64_t same_version(int64_t handle, int64_t opens_before, int64_t result)
{
	const struct chirp_stat *then = &handles[handle].stat;
	const struct chirp_stat *now = last_open_stat();
	if (result < 0 || opens_sent() == opens_before)
		return result;
	bool same = then->cst_size == now->cst_size && then->cst_mtime == now->cst_mtime && then->cst_ctime == now->cst_ctime;
	return same ? result : -ESTALE;
}

int64_t cs_pread(int64_t handle, void *buffer, int64_t length, int64_t offset, int64_t timeout)
{
	if (!is_handle(handle))
		return -EINVAL;
	int64_t total = 0;
	int64_t before = opens_sent();
	while (total < length) {
		time_t stoptime = begin_call(REPEATABLE, timeout, length - total);
		int64_t result =
		    end_call(chirp_reli_pread_unbuffered(handles[handle].file, (char *)buffer + total, length - total, offset + total, stoptime));
		result = same_version(handle, before, result);
		if (result < 0)
			return result;
		if (result == 0)
			break;
		total += result;
	}
	return total;
}

int64_t cs_pwrite(int64_t handle, const void *buffer, int64_t length, int64_t offset, int64_t timeout)
{
	if (!is_handle(handle))
		return -EINVAL;
	int64_t total = 0;
	while (total < length) {
		time_t stoptime = begin_call(REPEATABLE, timeout, 0);
		int64_t result = end_call(
		    chirp_reli_pwrite_unbuffered(handles[handle].file, (const char *)buffer + total, length - total, offset + total, stoptime));
		if (result < 0)
			return result;
		if (result == 0)
			return -EIO;
		total += result;
	}
	return total;
}

int64_t cs_fstat(int64_t handle, int64_t *stat, int64_t timeout)
{
	struct chirp_stat info;
	if (!is_handle(handle))
		return -EINVAL;
	int64_t before = opens_sent();
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	int64_t result = end_call(chirp_reli_fstat(handles[handle].file, &info, stoptime));
	return give_stat(same_version(handle, before, result), &info, stat);
}

int64_t cs_close(int64_t handle, int64_t timeout)
{
	if (!is_handle(handle))
		return -EINVAL;
	time_t stoptime = begin_call(ONCE, timeout, 0);
	/* Without the connection the server has closed the file already: it is not worth a new one. */
	forbid_connection();
	int64_t result = chirp_reli_close(handles[handle].file, stoptime);
	handles[handle].file = NULL;
	return result < 0 ? end_call(result) : 0;
}

int64_t cs_utime(const char *host, const char *path, int64_t mtime, int64_t timeout)
{
	if (!fits_into_line(path, NULL))
		return too_long();
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	return end_call(chirp_reli_utime(host, path, mtime, mtime, stoptime));
}

int64_t cs_rename(const char *host, const char *path, const char *new_path, int64_t timeout)
{
	if (!fits_into_line(path, new_path))
		return too_long();
	time_t stoptime = begin_call(ONCE, timeout, 0);
	return end_call(chirp_reli_rename(host, path, new_path, stoptime));
}

int64_t cs_unlink(const char *host, const char *path, int64_t timeout)
{
	if (!fits_into_line(path, NULL))
		return too_long();
	time_t stoptime = begin_call(ONCE, timeout, 0);
	return end_call(chirp_reli_unlink(host, path, stoptime));
}

int64_t cs_mkdir(const char *host, const char *path, int64_t mode, int64_t timeout)
{
	if (!fits_into_line(path, NULL))
		return too_long();
	time_t stoptime = begin_call(ONCE, timeout, 0);
	return end_call(chirp_reli_mkdir(host, path, mode, stoptime));
}

int64_t cs_rmdir(const char *host, const char *path, int64_t timeout)
{
	if (!fits_into_line(path, NULL))
		return too_long();
	time_t stoptime = begin_call(ONCE, timeout, 0);
	return end_call(chirp_reli_rmdir(host, path, stoptime));
}

int64_t cs_chmod(const char *host, const char *path, int64_t mode, int64_t timeout)
{
	if (!fits_into_line(path, NULL))
		return too_long();
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	return end_call(chirp_reli_chmod(host, path, mode, stoptime));
}

/* A target is stored byte for byte as it travels: white space would end it. */
static bool travels_raw(const char *target)
{
	for (; *target; target++)
		if ((unsigned char)*target <= 0x20)
			return false;
	return true;
}

int64_t cs_symlink(const char *host, const char *path, const char *target, int64_t timeout)
{
	if (!travels_raw(target))
		return -EINVAL;
	if (!fits_into_line(path, target))
		return too_long();
	time_t stoptime = begin_call(ONCE, timeout, 0);
	send_raw(target);
	int64_t result = end_call(chirp_reli_symlink(host, target, path, stoptime));
	send_raw(NULL);
	return result;
}

int64_t cs_readlink(const char *host, const char *path, char *buffer, int64_t size, int64_t timeout)
{
	if (!fits_into_line(path, NULL))
		return too_long();
	time_t stoptime = begin_call(REPEATABLE, timeout, size - 1);
	int64_t result = end_call(chirp_reli_readlink(host, path, buffer, size - 1, stoptime));
	return result >= size - 1 ? too_long() : result;
}

int64_t cs_whoami(const char *host, char *buffer, int64_t size, int64_t timeout)
{
	time_t stoptime = begin_call(REPEATABLE, timeout, size - 1);
	return end_call(chirp_reli_whoami(host, buffer, size - 1, stoptime));
}

struct text {
	char *bytes;
	int64_t size;
	int64_t used;
};

static void append_line(const char *line, void *arg)
{
	struct text *text = arg;
	int64_t length = strlen(line);
	if (text->used + length + 1 > text->size) {
		fail_call(EFBIG);
		return;
	}
	memcpy(text->bytes + text->used, line, length);
	text->bytes[text->used + length] = '\n';
	text->used += length + 1;
}

int64_t cs_getacl(const char *host, const char *path, char *buffer, int64_t size, int64_t timeout)
{
	struct text text = {.bytes = buffer, .size = size};
	if (!fits_into_line(path, NULL))
		return too_long();
	time_t stoptime = begin_call(ONCE, timeout, 0);
	int64_t result = end_call(chirp_reli_getacl(host, path, append_line, &text, stoptime));
	return result < 0 ? result : text.used;
}

int64_t cs_setacl(const char *host, const char *path, const char *subject, const char *rights, int64_t timeout)
{
	if (!fits_into_line(path, subject) || strlen(rights) > 16)
		return too_long();
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	return end_call(chirp_reli_setacl(host, path, subject, rights, stoptime));
}

int64_t cs_hash(const char *host, const char *path, const char *algorithm, void *digest, int64_t timeout)
{
	/* libchirp sends this path as it is, where every other is encoded. */
	char encoded[CHIRP_LINE_MAX];
	if (!fits_into_line(path, NULL))
		return too_long();
	__wrap_url_encode(path, encoded, sizeof(encoded));
	time_t stoptime = begin_call(REPEATABLE, timeout, CHIRP_DIGEST_MAX);
	return end_call(chirp_reli_hash(host, encoded, algorithm, digest, stoptime));
}

int64_t cs_thirdput(const char *host, const char *path, const char *third_host, const char *third_path, int64_t timeout)
{
	if (encoded_length(third_host) + encoded_length(path) + encoded_length(third_path) + LINE_OVERHEAD >= CHIRP_LINE_MAX)
		return too_long();
	time_t stoptime = begin_call(ONCE, timeout, 0);
	return end_call(chirp_reli_thirdput(host, path, third_host, third_path, stoptime));
}
