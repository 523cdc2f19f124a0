/*
 * The library as a whole: its version, its server, its connection. The other exported functions are in paths.c, contents.c and
 * open_files.c; each is one chirp_reli call between begin_call and end_call. No policy here.
 */
#include "chirp_shim.h"
#include "connection.h"
#include "unix_challenge.h"

#include <cctools/auth.h>
#include <cctools/auth_address.h>
#include <cctools/auth_hostname.h>
#include <cctools/auth_ticket.h>
#include <cctools/chirp_reli.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* libchirp hands a ticket's name to a shell's environment, and aborts the process at 8192. */
#define TICKETS_MAX 4096

int64_t cs_version(void)
{
	return SHIM_VERSION;
}

static int register_method(const char *method)
{
	if (!strcmp(method, "unix"))
		return unix_challenge_register();
	if (!strcmp(method, "hostname"))
		return auth_hostname_register();
	if (!strcmp(method, "address"))
		return auth_address_register();
	if (!strcmp(method, "ticket"))
		return auth_ticket_register();
	return 0;
}

static pthread_key_t thread_key;

static void thread_ends(void *unused)
{
	(void)unused;
	drop_connection();
	pthread_key_delete(thread_key);
}

/* A worker that is terminated has no time to say goodbye, and would leave its connection open until the process ends. */
static void end_with_thread(void)
{
	static int is_registered;
	if (!is_registered && pthread_key_create(&thread_key, thread_ends) == 0) {
		is_registered = 1;
		pthread_setspecific(thread_key, &thread_key);
	}
}

int64_t cs_init(const char *host, const char *auth, const char *tickets, int64_t connect_timeout)
{
	drop_connection();
	if (!set_server(host, connect_timeout) || strlen(tickets) > TICKETS_MAX)
		return -EINVAL;
	char *list = strdup(auth);
	if (!list)
		return -ENOMEM;
	auth_clear();
	char *rest = NULL;
	int registered = 1;
	for (char *method = strtok_r(list, ",", &rest); method && registered; method = strtok_r(NULL, ",", &rest))
		registered = register_method(method);
	free(list);
	if (!registered)
		return -EINVAL;
	if (*tickets)
		auth_ticket_load(tickets);
	end_with_thread();
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

int64_t cs_whoami(char *buffer, int64_t size, int64_t timeout)
{
	/* libchirp puts a NUL behind the name. */
	time_t stoptime = begin_call(REPEATABLE, timeout, size - 1);
	return end_call(chirp_reli_whoami(server_host(), buffer, size - 1, stoptime));
}
