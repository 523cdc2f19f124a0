/*
 * Method "unix": the server names a file that does not exist, and the client shows who it is by making it. libchirp's client makes
 * whatever file is named, so that a hostile server could have /etc/nologin made for as long as it keeps the client waiting.
 * A real server names "DIRECTORY/challenge.NUMBER.NUMBER", and nothing else is made here. Where libchirp gives up when the
 * directory does not exist on this machine, here the next method is tried.
 */
#include "unix_challenge.h"

#include <cctools/auth.h>
#include <cctools/link.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static const char prefix[] = "/challenge.";

static bool is_challenge(const char *path)
{
	const char *name = strrchr(path, '/');
	if (path[0] != '/' || strncmp(name, prefix, strlen(prefix)) != 0)
		return false;
	const char *numbers = name + strlen(prefix);
	return *numbers && numbers[strspn(numbers, "0123456789.")] == 0;
}

/* EACCES is the one errno after which libchirp tries the next method. */
static int not_this_way(void)
{
	errno = EACCES;
	return -1;
}

static int answer_challenge(struct link *link, time_t stoptime)
{
	char path[AUTH_LINE_MAX];
	char verdict[AUTH_LINE_MAX];
	if (!link_readline(link, path, sizeof(path), stoptime)) {
		errno = ECONNRESET;
		return -1;
	}
	int fd = is_challenge(path) ? open(path, O_CREAT | O_EXCL | O_WRONLY | O_NOCTTY | O_CLOEXEC, 0600) : -1;
	if (fd < 0) {
		link_putliteral(link, "no\n", stoptime);
		return not_this_way();
	}
	close(fd);
	link_putliteral(link, "yes\n", stoptime);
	int is_answered = link_readline(link, verdict, sizeof(verdict), stoptime);
	unlink(path);
	if (!is_answered) {
		errno = ECONNRESET;
		return -1;
	}
	return strcmp(verdict, "yes") == 0 ? 0 : not_this_way();
}

int unix_challenge_register(void)
{
	return auth_register("unix", answer_challenge, NULL);
}
