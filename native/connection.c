/*
 * The connection under a call, and why it failed.
 *
 * libchirp retries a call until stoptime and then says ECONNRESET. That is right for a batch job and wrong for a web
 * server, which has other replicas: a refused port would cost the full timeout, and a symbolic link loop (which the
 * server reports as "unknown error") would look like a dead server. The linker's --wrap puts the functions below between
 * libchirp's retry loop (chirp_reli.c) and its connection (chirp_client.c, link.c):
 *
 *   chirp_client_connect      one new connection a call, and the reason when there is none. Its failure is given
 *                             to the retry loop as ENOENT, the one code that ends every loop of chirp_reli.c at once.
 *   auth_assert               tells "refused", "no Chirp server" and "no answer" apart
 *   link_readline             remembers whether the server itself answered with an error; takes listings apart (listing.c)
 *   link_read                 never reads more than the caller has room for, whatever length the server announces
 *   chirp_client_disconnect   keeps the connection when the "loss" was in truth an answer
 *   chirp_client_open         keeps the stat that the reply carries, which chirp_reli_open throws away
 */
#include "connection.h"
#include "listing.h"

#include <cctools/auth.h>
#include <cctools/chirp_client.h>
#include <cctools/chirp_protocol.h>
#include <cctools/chirp_reli.h>
#include <cctools/link.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the call that is running knows of itself. */
static struct {
	int connects_left;
	bool authenticating;
	bool first_auth_line;
	int64_t read_limit;
	int64_t expected_length; /* of getfile; -1: any */
	int reason;		 /* errno that outranks libchirp's; 0: none */
	time_t stoptime;
} call;

/* The connection of this library's one host. */
static char current_host[CHIRP_LINE_MAX];
static struct link *current_link;
static struct chirp_client *kept_client; /* taken out of libchirp's table for an answer that was no loss */
static bool server_answered_error;	 /* the last line read was an answer "unknown error" */
static bool last_read_failed;

static int64_t connect_timeout = 10;
static int64_t rpcs;
static int64_t opens;
static struct chirp_stat open_stat;

struct chirp_client *__real_chirp_client_connect(const char *hostport, int negotiate_auth, time_t stoptime);
void __real_chirp_client_disconnect(struct chirp_client *client);
int64_t __real_chirp_client_open(struct chirp_client *client, const char *path, int64_t flags, int64_t mode, struct chirp_stat *info,
				 time_t stoptime);
struct link *__real_link_connect(const char *address, int port, time_t stoptime);
int __real_auth_assert(struct link *link, char **type, char **subject, time_t stoptime);
int __real_link_readline(struct link *link, char *line, size_t length, time_t stoptime);
ssize_t __real_link_read(struct link *link, char *data, size_t count, time_t stoptime);

void set_connect_timeout(int64_t seconds)
{
	connect_timeout = seconds;
}

int64_t rpcs_sent(void)
{
	return rpcs;
}

int64_t opens_sent(void)
{
	return opens;
}

const struct chirp_stat *last_open_stat(void)
{
	return &open_stat;
}

/* Closed by the server, or bytes that belong to no answer: the next answer could not be trusted. */
static bool is_out_of_step(struct link *link)
{
	struct pollfd state = {.fd = link_fd(link), .events = POLLIN};
	return !link_buffer_empty(link) || poll(&state, 1, 0) != 0;
}

void drop_connection(void)
{
	server_answered_error = false;
	if (kept_client) {
		/* It is not in libchirp's table, so that chirp_reli_disconnect would not find it. */
		struct chirp_client *client = kept_client;
		kept_client = NULL;
		current_link = NULL;
		__real_chirp_client_disconnect(client);
	} else if (current_link) {
		chirp_reli_disconnect(current_host);
	}
}

time_t begin_call(enum repeat repeat, int64_t timeout, int64_t read_limit)
{
	server_answered_error = false;
	if (current_link && is_out_of_step(current_link))
		drop_connection();
	call.connects_left = current_link && repeat == ONCE ? 0 : 1;
	call.authenticating = false;
	call.read_limit = read_limit;
	call.expected_length = -1;
	call.reason = 0;
	call.stoptime = time(NULL) + timeout;
	rpcs++;
	return call.stoptime;
}

int64_t end_call(int64_t result)
{
	int error = errno;
	call.expected_length = -1;
	if (result >= 0 && !call.reason)
		return result;
	if (call.reason)
		error = call.reason;
	else if (error == ECONNRESET && server_answered_error)
		error = EREMOTEIO;
	else if (error == ECONNRESET && time(NULL) >= call.stoptime)
		error = ETIMEDOUT;
	return error > 0 ? -error : -EIO;
}

void fail_call(int error)
{
	call.reason = error;
	call.connects_left = 0;
}

void forbid_connection(void)
{
	call.connects_left = 0;
}

void expect_length(int64_t size)
{
	call.expected_length = size;
}

/* Gives a reason to libchirp's retry loop in the one form that ends it. */
static struct chirp_client *no_connection(int reason)
{
	fail_call(call.reason ? call.reason : reason);
	errno = ENOENT;
	return NULL;
}

struct chirp_client *__wrap_chirp_client_connect(const char *hostport, int negotiate_auth, time_t stoptime)
{
	if (server_answered_error)
		return no_connection(EREMOTEIO);
	if (kept_client) {
		struct chirp_client *client = kept_client;
		kept_client = NULL;
		return client;
	}
	if (call.connects_left <= 0)
		return no_connection(time(NULL) >= stoptime ? ETIMEDOUT : ECONNRESET);
	call.connects_left--;
	snprintf(current_host, sizeof(current_host), "%s", hostport);

	time_t limit = time(NULL) + connect_timeout;
	int64_t read_limit = call.read_limit;
	call.read_limit = UNLIMITED;
	struct chirp_client *client = __real_chirp_client_connect(hostport, negotiate_auth, limit < stoptime ? limit : stoptime);
	call.read_limit = read_limit;
	call.authenticating = false;
	if (client)
		return client;
	current_link = NULL;
	/* ENOENT is an unknown host name here, and must not be taken for a missing file. */
	return no_connection(errno == ENOENT ? EHOSTUNREACH : errno ? errno : ECONNRESET);
}

struct link *__wrap_link_connect(const char *address, int port, time_t stoptime)
{
	current_link = __real_link_connect(address, port, stoptime);
	return current_link;
}

int __wrap_auth_assert(struct link *link, char **type, char **subject, time_t stoptime)
{
	call.authenticating = true;
	call.first_auth_line = true;
	/* auth_assert gives back errno as its result, so that a failure with errno 0 passes for success with both of these unset. */
	*type = NULL;
	*subject = NULL;
	int accepted = __real_auth_assert(link, type, subject, stoptime) && *type && *subject;
	if (!accepted && !call.reason) {
		if (last_read_failed)
			call.reason = time(NULL) >= stoptime ? ETIMEDOUT : ECONNRESET;
		else
			call.reason = EKEYREJECTED;
	}
	return accepted;
}

void __wrap_chirp_client_disconnect(struct chirp_client *client)
{
	if (server_answered_error && !kept_client) {
		kept_client = client;
		return;
	}
	current_link = NULL;
	__real_chirp_client_disconnect(client);
}

int64_t __wrap_chirp_client_open(struct chirp_client *client, const char *path, int64_t flags, int64_t mode, struct chirp_stat *info, time_t stoptime)
{
	int64_t result = __real_chirp_client_open(client, path, flags, mode, info, stoptime);
	opens++;
	if (result >= 0)
		open_stat = *info;
	return result;
}

/* The answers that libchirp cannot tell from a lost connection. */
static bool is_unknown_error(const char *line)
{
	long code = strtol(line, NULL, 10);
	return code == CHIRP_ERROR_UNKNOWN || code == CHIRP_ERROR_TIMED_OUT || code == CHIRP_ERROR_DISCONNECTED ||
	       code == CHIRP_ERROR_GRP_UNREACHABLE;
}

int __wrap_link_readline(struct link *link, char *line, size_t length, time_t stoptime)
{
	server_answered_error = false;
	int result = listing_is_open() ? listing_readline(link, line, length, stoptime) : __real_link_readline(link, line, length, stoptime);
	last_read_failed = !result;
	if (!result) {
		errno = ECONNRESET;
		return 0;
	}
	if (call.authenticating) {
		/* The first thing a Chirp server says is yes or no. */
		if (call.first_auth_line && strcmp(line, "yes") != 0 && strcmp(line, "no") != 0) {
			fail_call(EPROTO);
			errno = ECONNRESET;
			return 0;
		}
		call.first_auth_line = false;
		return result;
	}
	if (listing_is_open())
		return result;
	server_answered_error = is_unknown_error(line);
	if (call.expected_length >= 0 && line[0] != '-' && strtoll(line, NULL, 10) != call.expected_length) {
		/* The bytes that follow are of no use; leaving them unread costs the connection. */
		fail_call(ESTALE);
		return 0;
	}
	return result;
}

ssize_t __wrap_link_read(struct link *link, char *data, size_t count, time_t stoptime)
{
	if (count > (uint64_t)call.read_limit) {
		fail_call(EPROTO);
		errno = ECONNRESET;
		return -1;
	}
	ssize_t result = __real_link_read(link, data, count, stoptime);
	last_read_failed = result < 0 || (size_t)result < count;
	return result;
}
