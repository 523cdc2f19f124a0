/*
 * The connection under a call, and why it failed.
 *
 * libchirp retries a call until stoptime and then says ECONNRESET. That is right for a batch job and wrong for a web
 * server, which has other replicas: a refused port would cost the full timeout, and a symbolic link loop (which the
 * server reports as "unknown error") would look like a dead server. The linker's --wrap puts functions of ours between
 * libchirp's retry loop (chirp_reli.c) and its connection (chirp_client.c, link.c). Those in this file:
 *
 *   chirp_client_connect      one new connection a call, and the reason when there is none. Its failure is given
 *                             to the retry loop as ENOENT, the one code that ends every loop of chirp_reli.c at once.
 *   sleep_until               does not sleep: the loop's next turn is the new connection, or the end
 *   auth_assert               tells "refused", "no Chirp server" and "no answer" apart
 *   link_connect, link_close  tell when there is a connection
 */
#include "connection.h"
#include "answer.h"
#include "call_state.h"

#include <cctools/auth.h>
#include <cctools/chirp_client.h>
#include <cctools/chirp_reli.h>
#include <cctools/link.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* libchirp copies the host's name into a buffer of DOMAIN_NAME_MAX. */
#define HOST_MAX 256
/* libchirp counts milliseconds in an int. */
#define TIMEOUT_MAX (24 * 3600)

/* Of the call that is running. */
static int connects_left;
static bool was_sent;
static time_t call_stoptime;

static char current_host[HOST_MAX];
static int64_t connect_timeout;

static struct link *current_link;

static int64_t rpcs;

struct chirp_client *__real_chirp_client_connect(const char *hostport, int negotiate_auth, time_t stoptime);
struct link *__real_link_connect(const char *address, int port, time_t stoptime);
void __real_link_close(struct link *link);
int __real_auth_assert(struct link *link, char **type, char **subject, time_t stoptime);
void __wrap_sleep_until(time_t stoptime);

bool set_server(const char *host, int64_t timeout)
{
	/* For libchirp a name that begins with CONDOR means: read chirp.config in the current directory. */
	if (!*host || strlen(host) >= sizeof(current_host) || !strncmp(host, "CONDOR", strlen("CONDOR")))
		return false;
	strcpy(current_host, host);
	connect_timeout = timeout;
	return true;
}

const char *server_host(void)
{
	return current_host;
}

int64_t rpcs_sent(void)
{
	return rpcs;
}

bool is_connected(void)
{
	return current_link != NULL;
}

void drop_connection(void)
{
	if (current_link)
		chirp_reli_disconnect(current_host);
}

/* libchirp counts whole seconds: the nearest, or one second might be none. */
time_t stoptime_after(int64_t seconds)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec + (seconds < TIMEOUT_MAX ? seconds : TIMEOUT_MAX) + (now.tv_nsec >= 500000000 ? 1 : 0);
}

time_t begin_call(enum repeat repeat, int64_t timeout, int64_t read_limit)
{
	return begin_call_until(repeat, stoptime_after(timeout), read_limit);
}

time_t begin_call_until(enum repeat repeat, time_t stoptime, int64_t read_limit)
{
	if (current_link && has_bytes_waiting(current_link))
		drop_connection();
	connects_left = repeat == REPEATABLE || (repeat == ONCE && !current_link) ? 1 : 0;
	was_sent = current_link != NULL;
	call_stoptime = stoptime;
	clear_failure();
	limit_answers(read_limit, ANY_LENGTH);
	expect_answer();
	rpcs++;
	return stoptime;
}

int64_t end_call(int64_t result)
{
	int error = errno;
	bool lost = current_link && link_is_broken();
	if (lost)
		drop_connection();
	if (call_failure())
		return -call_failure();
	if (result >= 0 && !lost)
		return result;
	if (lost || error == ECONNRESET)
		return time(NULL) >= call_stoptime ? -ETIMEDOUT : -ECONNRESET;
	return error > 0 ? -error : -EIO;
}

void __wrap_sleep_until(time_t stoptime)
{
	(void)stoptime;
}

/* Gives a reason to libchirp's retry loop in the one form that ends it. */
static struct chirp_client *no_connection(int reason)
{
	if (!call_failure())
		fail_call(reason);
	errno = ENOENT;
	return NULL;
}

/* The ways to have no connection that src/errors.ts tells apart; all others say as much as "unreachable". */
static int connect_error(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ECONNRESET:
	case ENETUNREACH:
	case ETIMEDOUT:
	case EMFILE:
	case ENOMEM:
		return error;
	default:
		/* ENOENT among them: an unknown host name, not to be taken for a missing file. */
		return EHOSTUNREACH;
	}
}

struct chirp_client *__wrap_chirp_client_connect(const char *hostport, int negotiate_auth, time_t stoptime)
{
	if (call_failure() || connects_left <= 0)
		return no_connection(time(NULL) >= stoptime ? ETIMEDOUT : ECONNRESET);
	connects_left--;
	time_t limit = stoptime_after(connect_timeout);
	struct chirp_client *client = __real_chirp_client_connect(hostport, negotiate_auth, limit < stoptime ? limit : stoptime);
	expect_answer();
	if (!client)
		return no_connection(connect_error(errno));
	/* It goes out once more. */
	if (was_sent)
		rpcs++;
	was_sent = true;
	return client;
}

struct link *__wrap_link_connect(const char *address, int port, time_t stoptime)
{
	clear_link();
	current_link = __real_link_connect(address, port, stoptime);
	return current_link;
}

void __wrap_link_close(struct link *link)
{
	if (link == current_link)
		current_link = NULL;
	__real_link_close(link);
}

int __wrap_auth_assert(struct link *link, char **type, char **subject, time_t stoptime)
{
	*type = *subject = NULL;
	expect_authentication();
	int accepted = __real_auth_assert(link, type, subject, stoptime);
	if (accepted)
		return accepted;
	/* libchirp forgets them. */
	free(*type);
	free(*subject);
	if (link_is_broken() || has_bytes_waiting(link))
		no_connection(time(NULL) >= stoptime ? ETIMEDOUT : ECONNRESET);
	else
		no_connection(EKEYREJECTED);
	return 0;
}
