/*
 * Whether the call that is running has failed, and whether its connection can be used on. answer.c and listing.c find out, connection.c
 * acts on it when libchirp asks for a connection and when the call ends.
 */
#include "call_state.h"

#include <cctools/link.h>

#include <poll.h>

static int failure;
static bool is_broken;

void clear_failure(void)
{
	failure = 0;
}

void fail_call(int error)
{
	failure = error;
}

int call_failure(void)
{
	return failure;
}

void break_link(void)
{
	is_broken = true;
}

bool link_is_broken(void)
{
	return is_broken;
}

void clear_link(void)
{
	is_broken = false;
}

bool has_bytes_waiting(struct link *link)
{
	struct pollfd state = {.fd = link_fd(link), .events = POLLIN};
	return !link_buffer_empty(link) || poll(&state, 1, 0) != 0;
}
