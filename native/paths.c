/* Requests about names: what they are, and their change. */
#include "chirp_shim.h"
#include "call_state.h"
#include "connection.h"
#include "file_numbers.h"
#include "listing.h"
#include "request_line.h"

#include <cctools/chirp_reli.h>

#include <errno.h>
#include <string.h>

#define PERMISSIONS 07777

static int64_t give_stat(int64_t result, const struct chirp_stat *info, int64_t *stat)
{
	if (result < 0)
		return result;
	return file_numbers(info, stat) ? 0 : -EPROTO;
}

int64_t cs_stat(const char *path, int64_t *stat, int64_t timeout)
{
	struct chirp_stat info;
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	return give_stat(end_call(chirp_reli_stat(server_host(), path, &info, stoptime)), &info, stat);
}

int64_t cs_lstat(const char *path, int64_t *stat, int64_t timeout)
{
	struct chirp_stat info;
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	return give_stat(end_call(chirp_reli_lstat(server_host(), path, &info, stoptime)), &info, stat);
}

int64_t cs_list(const char *path, int64_t max_bytes, int64_t timeout)
{
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	int64_t result = end_call(listing_read(server_host(), path, max_bytes, stoptime));
	return result < 0 ? result : listing_length();
}

const void *cs_listing(void)
{
	return listing_bytes();
}

int64_t cs_utime(const char *path, int64_t mtime, int64_t timeout)
{
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	return end_call(chirp_reli_utime(server_host(), path, mtime, mtime, stoptime));
}

int64_t cs_rename(const char *path, const char *new_path, int64_t timeout)
{
	if (!fits_into_line(path, new_path, NULL))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(ONCE, timeout, 0);
	return end_call(chirp_reli_rename(server_host(), path, new_path, stoptime));
}

int64_t cs_unlink(const char *path, int64_t timeout)
{
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(ONCE, timeout, 0);
	return end_call(chirp_reli_unlink(server_host(), path, stoptime));
}

int64_t cs_mkdir(const char *path, int64_t mode, int64_t timeout)
{
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(ONCE, timeout, 0);
	return end_call(chirp_reli_mkdir(server_host(), path, mode & PERMISSIONS, stoptime));
}

int64_t cs_rmdir(const char *path, int64_t timeout)
{
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(ONCE, timeout, 0);
	return end_call(chirp_reli_rmdir(server_host(), path, stoptime));
}

int64_t cs_chmod(const char *path, int64_t mode, int64_t timeout)
{
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	return end_call(chirp_reli_chmod(server_host(), path, mode & PERMISSIONS, stoptime));
}

int64_t cs_symlink(const char *path, const char *target, int64_t timeout)
{
	if (!is_one_word(target))
		return -EINVAL;
	if (!fits_into_line(path, NULL, target))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(ONCE, timeout, 0);
	send_raw(target);
	int64_t result = end_call(chirp_reli_symlink(server_host(), target, path, stoptime));
	send_raw(NULL);
	return result;
}

int64_t cs_readlink(const char *path, char *buffer, int64_t size, int64_t timeout)
{
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(REPEATABLE, timeout, size);
	int64_t result = end_call(chirp_reli_readlink(server_host(), path, buffer, size, stoptime));
	/* The server cuts off what does not fit. */
	return result >= size ? -ENAMETOOLONG : result;
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

int64_t cs_getacl(const char *path, char *buffer, int64_t size, int64_t timeout)
{
	struct text text = {.bytes = buffer, .size = size};
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	/* ONCE, since a second try would append to what the first one brought. */
	time_t stoptime = begin_call(ONCE, timeout, 0);
	int64_t result = end_call(chirp_reli_getacl(server_host(), path, append_line, &text, stoptime));
	return result < 0 ? result : text.used;
}

int64_t cs_setacl(const char *path, const char *subject, const char *rights, int64_t timeout)
{
	if (!is_one_word(subject) || !is_one_word(rights))
		return -EINVAL;
	if (!fits_into_line(path, rights, subject))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	return end_call(chirp_reli_setacl(server_host(), path, subject, rights, stoptime));
}

int64_t cs_thirdput(const char *path, const char *third_host, const char *third_path, int64_t timeout)
{
	if (!is_one_word(third_host))
		return -EINVAL;
	if (!fits_into_line(path, third_path, third_host))
		return -ENAMETOOLONG;
	time_t stoptime = begin_call(ONCE, timeout, 0);
	return end_call(chirp_reli_thirdput(server_host(), path, third_host, third_path, stoptime));
}
