/*
 * What a server says, judged before libchirp sees it: link_readline and link_read by way of the linker's --wrap.
 *
 * An answer begins with one number on a line: 0 or more, or an error. libchirp makes ECONNRESET of the errors that it has no errno
 * for, disconnects and tries again; on "try again" it does so until stoptime; and for codes that it does not know, -12
 * ("bad file descriptor", which real servers send) among them, it leaves errno as it was, which mostly is EAGAIN.
 */
#include "answer.h"
#include "call_state.h"
#include "listing.h"

#include <cctools/chirp_protocol.h>
#include <cctools/link.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An error that libchirp hands to its caller at once, whatever it was doing. */
#define HARMLESS_ERROR CHIRP_ERROR_DOESNT_EXIST

static enum { FIRST_OF_AUTHENTICATION, AUTHENTICATION, FIRST_OF_ANSWER, ANSWER } expected;
static bool answered_error;
static int64_t read_limit;
static int64_t expected_length;

int __real_link_readline(struct link *link, char *line, size_t length, time_t stoptime);
ssize_t __real_link_read(struct link *link, char *data, size_t count, time_t stoptime);

void expect_authentication(void)
{
	expected = FIRST_OF_AUTHENTICATION;
}

void expect_answer(void)
{
	expected = FIRST_OF_ANSWER;
	answered_error = false;
}

void limit_answers(int64_t limit, int64_t length)
{
	read_limit = limit < 0 ? 0 : limit;
	expected_length = length;
}

bool server_answered_error(void)
{
	return answered_error;
}

/* The errno of an answer that libchirp would not pass on as it is; 0: it does, or it is no error. */
static int error_of(int64_t number)
{
	switch (number) {
	case CHIRP_ERROR_TRY_AGAIN:
		return EAGAIN;
	case CHIRP_ERROR_BAD_FD:
	case CHIRP_ERROR_OFFLINE:
	case CHIRP_ERROR_TIMED_OUT:
	case CHIRP_ERROR_DISCONNECTED:
	case CHIRP_ERROR_GRP_UNREACHABLE:
		return EREMOTEIO;
	default:
		return number < CHIRP_ERROR_NAME_TOO_LONG ? EREMOTEIO : 0; /* "unknown error", and what newer servers may send */
	}
}

/* The result of link_readline when nothing can be made of what comes. */
static int refuse(int error)
{
	fail_call(error);
	break_link();
	return 0;
}

static int judge_answer(char *line, size_t length)
{
	char *end;
	int64_t number = strtoll(line, &end, 10);
	if (end == line || *end)
		return expected == FIRST_OF_ANSWER ? refuse(EPROTO) : 1; /* 1: the numbers of a stat, a line of an ACL */
	expected = ANSWER;
	answered_error = number < 0;
	if (expected_length != ANY_LENGTH && number >= 0 && number != expected_length)
		return refuse(ESTALE);
	int error = error_of(number);
	if (error) {
		fail_call(error);
		snprintf(line, length, "%d", HARMLESS_ERROR);
	}
	listing_is_answered(number);
	return 1;
}

/* The first thing a Chirp server says is yes or no. */
static int judge_authentication(const char *line)
{
	if (expected == FIRST_OF_AUTHENTICATION && strcmp(line, "yes") != 0 && strcmp(line, "no") != 0)
		return refuse(EPROTO);
	expected = AUTHENTICATION;
	return 1;
}

int __wrap_link_readline(struct link *link, char *line, size_t length, time_t stoptime)
{
	bool is_listing = listing_is_open();
	/* link_readline looks at the time only when it has to wait: some servers never stop talking. */
	if (call_failure() || time(NULL) > stoptime ||
	    !(is_listing ? listing_readline(link, line, length, stoptime) : __real_link_readline(link, line, length, stoptime))) {
		break_link();
		return 0;
	}
	if (is_listing)
		return 1;
	return expected == FIRST_OF_ANSWER || expected == ANSWER ? judge_answer(line, length) : judge_authentication(line);
}

ssize_t __wrap_link_read(struct link *link, char *data, size_t count, time_t stoptime)
{
	/* libchirp reads as many bytes as the server says that it sends, into the room that its caller has. */
	if (expected == ANSWER && count > (uint64_t)read_limit) {
		refuse(EPROTO);
		errno = ECONNRESET;
		return -1;
	}
	ssize_t result = __real_link_read(link, data, count, stoptime);
	if (result < 0 || (size_t)result < count)
		break_link();
	return result;
}
