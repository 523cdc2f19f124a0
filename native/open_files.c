/*
 * Files kept open between requests. libchirp opens them anew by itself after a lost connection; the linker's --wrap puts
 * __wrap_chirp_client_open in front of it, which counts, and keeps the stat that the reply carries and chirp_reli_open throws away.
 */
#include "chirp_shim.h"
#include "answer.h"
#include "call_state.h"
#include "connection.h"
#include "file_numbers.h"
#include "request_line.h"

#include <cctools/chirp_client.h>
#include <cctools/chirp_reli.h>

#include <errno.h>
#include <stdbool.h>

/* Open files of one worker; src/chirp/open_files.ts keeps far fewer. */
#define HANDLES_MAX 256

#define PERMISSIONS 07777

static struct {
	struct chirp_file *file;
	struct chirp_stat stat;
	/* libchirp says ESTALE once, and from then on reads and writes whatever has taken the file's place. */
	bool is_stale;
} handles[HANDLES_MAX];

static int64_t opens;
static struct chirp_stat open_stat;

int64_t __real_chirp_client_open(struct chirp_client *client, const char *path, int64_t flags, int64_t mode, struct chirp_stat *info,
				 time_t stoptime);

int64_t __wrap_chirp_client_open(struct chirp_client *client, const char *path, int64_t flags, int64_t mode, struct chirp_stat *info, time_t stoptime)
{
	int64_t numbers[FILE_NUMBERS];
	int64_t result = __real_chirp_client_open(client, path, flags, mode, info, stoptime);
	opens++;
	if (result < 0)
		return result;
	expect_answer(); /* to the request for which the file was opened */
	if (!file_numbers(info, numbers)) {
		fail_call(EPROTO);
		errno = ECONNRESET;
		return -1;
	}
	open_stat = *info;
	return result;
}

static int64_t free_handle(void)
{
	for (int64_t handle = 0; handle < HANDLES_MAX; handle++)
		if (!handles[handle].file)
			return handle;
	return -EMFILE;
}

/* 0, or why nothing can be done with this handle. */
static int64_t refusal(int64_t handle)
{
	if (handle < 0 || handle >= HANDLES_MAX || !handles[handle].file)
		return -EINVAL;
	return handles[handle].is_stale ? -ESTALE : 0;
}

int64_t cs_open(const char *path, int64_t flags, int64_t mode, int64_t *stat, int64_t timeout)
{
	if (!fits_into_line(path, NULL, NULL))
		return -ENAMETOOLONG;
	int64_t handle = free_handle();
	if (handle < 0)
		return handle;
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	struct chirp_file *file = chirp_reli_open(server_host(), path, flags, mode & PERMISSIONS, stoptime);
	int64_t result = end_call(file ? 0 : -1);
	if (result < 0)
		return result;
	handles[handle].file = file;
	handles[handle].stat = open_stat;
	handles[handle].is_stale = false;
	file_numbers(&open_stat, stat);
	return handle;
}

static bool is_same_version(const struct chirp_stat *a, const struct chirp_stat *b)
{
	return a->cst_size == b->cst_size && a->cst_mtime == b->cst_mtime && a->cst_ctime == b->cst_ctime;
}

/*
 * The result of a call that only reads. After a lost connection libchirp opens the file anew and accepts it when the inode is the
 * same, though it may have been changed in place meanwhile.
 */
static int64_t same_version(int64_t handle, int64_t opens_before, int64_t result)
{
	if (result >= 0 && opens != opens_before && !is_same_version(&handles[handle].stat, &open_stat))
		result = -ESTALE;
	if (result == -ESTALE)
		handles[handle].is_stale = true;
	return result;
}

int64_t cs_pread(int64_t handle, void *buffer, int64_t length, int64_t offset, int64_t timeout)
{
	int64_t total = refusal(handle);
	time_t stoptime = stoptime_after(timeout); /* of all requests together */
	while (total >= 0 && total < length) {
		int64_t before = opens;
		begin_call_until(REPEATABLE, stoptime, length - total);
		int64_t result =
		    end_call(chirp_reli_pread_unbuffered(handles[handle].file, (char *)buffer + total, length - total, offset + total, stoptime));
		result = same_version(handle, before, result);
		if (result == 0)
			break;
		total = result < 0 ? result : total + result;
	}
	return total;
}

int64_t cs_pwrite(int64_t handle, const void *buffer, int64_t length, int64_t offset, int64_t timeout)
{
	int64_t total = refusal(handle);
	time_t stoptime = stoptime_after(timeout); /* of all requests together */
	while (total >= 0 && total < length) {
		begin_call_until(REPEATABLE, stoptime, 0);
		int64_t result = end_call(
		    chirp_reli_pwrite_unbuffered(handles[handle].file, (const char *)buffer + total, length - total, offset + total, stoptime));
		if (result == 0)
			result = -EIO;
		else if (result > length - total)
			result = -EPROTO;
		if (result == -ESTALE)
			handles[handle].is_stale = true;
		total = result < 0 ? result : total + result;
	}
	return total;
}

int64_t cs_fstat(int64_t handle, int64_t *stat, int64_t timeout)
{
	struct chirp_stat info;
	int64_t refused = refusal(handle);
	if (refused)
		return refused;
	int64_t before = opens;
	time_t stoptime = begin_call(REPEATABLE, timeout, 0);
	int64_t result = same_version(handle, before, end_call(chirp_reli_fstat(handles[handle].file, &info, stoptime)));
	return result < 0 || file_numbers(&info, stat) ? result : -EPROTO;
}

int64_t cs_close(int64_t handle, int64_t timeout)
{
	int64_t refused = refusal(handle);
	if (refused == -EINVAL)
		return refused;
	time_t stoptime = begin_call(IF_CONNECTED, timeout, 0);
	bool was_connected = is_connected();
	int64_t result = end_call(chirp_reli_close(handles[handle].file, stoptime));
	handles[handle].file = NULL;
	/* Without its connection the server has closed the file already. */
	if (!was_connected || refused == -ESTALE)
		return 0;
	/* libchirp drops what the server says to a close. */
	return result == 0 && server_answered_error() ? -EIO : result;
}
