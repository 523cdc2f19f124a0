/* See private_copy.h. */
#define _GNU_SOURCE
#include "private_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define PIECE (1 << 20)

/* 0, or -errno. The file may shrink or grow meanwhile: its end is where nothing more comes. */
static int copy_all(int from, int to)
{
	ssize_t moved;
	do {
		moved = sendfile(to, from, NULL, PIECE);
	} while (moved > 0 || (moved < 0 && errno == EINTR));
	return moved < 0 ? -errno : 0;
}

int64_t cs_private_copy(const char *path)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return -errno;
	int to = memfd_create("libchirp_shim.so", MFD_CLOEXEC);
	int result = to < 0 ? -errno : copy_all(from, to);
	close(from);
	if (result == 0)
		return to;
	if (to >= 0)
		close(to);
	return result;
}

int64_t cs_private_copy_close(int64_t descriptor)
{
	return close((int)descriptor) == 0 ? 0 : -errno;
}
