/*
 * getlongdir sends, for each entry, its name, a line break, thirteen numbers, a line break; and an empty line at the end.
 * libchirp's own reader loses carriage returns in names, and takes a name that holds a line break for two lines, after which
 * the directory cannot be listed at all. Here a name ends where a line of thirteen numbers follows, and an empty line is the
 * end unless more has come with it (the server sends an entry in one piece). What stays ambiguous is a name that holds
 * thirteen numbers on a line: such a directory cannot be listed (EIO).
 */
#include "listing.h"
#include "call_state.h"
#include "file_numbers.h"

#include <cctools/chirp_client.h>
#include <cctools/chirp_reli.h>
#include <cctools/link.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STAT_FIELDS 13
#define NAME_MAX_BYTES 255
#define LINE_MAX_BYTES 1024
#define ALIGNMENT 8
/* A larger buffer is given back when the next listing begins. */
#define KEPT_ROOM (1 << 20)

static enum { CLOSED, ANSWER, NAME, STAT } state;
static char pending_stat[LINE_MAX_BYTES];

static char *packed;
static int64_t packed_length;
static int64_t packed_room;
static int64_t packed_limit;

int64_t __real_chirp_client_getlongdir(struct chirp_client *client, const char *path, chirp_longdir_t callback, void *arg, time_t stoptime);
ssize_t __real_link_read(struct link *link, char *data, size_t count, time_t stoptime);

bool listing_is_open(void)
{
	return state == NAME || state == STAT;
}

void listing_is_answered(int64_t answer)
{
	if (state == ANSWER && answer >= 0)
		state = NAME;
}

const void *listing_bytes(void)
{
	return packed;
}

int64_t listing_length(void)
{
	return packed_length;
}

/* The call fails; what libchirp is told then is only that the connection is of no use. */
static int fail(int error)
{
	fail_call(error);
	return -1;
}

/* One line without its line break, carriage returns kept. Length, or -1 when the connection ends or no name can be like this. */
static int read_raw_line(struct link *link, char *line, size_t room, time_t stoptime)
{
	for (size_t length = 0; length < room; length++) {
		if (__real_link_read(link, line + length, 1, stoptime) != 1)
			return -1;
		if (line[length] == '\n') {
			line[length] = 0;
			return (int)length;
		}
		if (line[length] == 0 || line[length] == '/')
			return fail(EPROTO);
	}
	return fail(EPROTO);
}

static bool is_stat_line(const char *line)
{
	int fields = 0;
	while (*line) {
		if (*line == '-')
			line++;
		if (!isdigit((unsigned char)*line))
			return false;
		while (isdigit((unsigned char)*line))
			line++;
		fields++;
		if (*line == ' ' && line[1])
			line++;
		else if (*line)
			return false;
	}
	return fields == STAT_FIELDS;
}

/* A name and, into pending_stat, the line of numbers behind it. Length; 0 at the end; -1 when the connection or the protocol broke. */
static int read_name(struct link *link, char *name, size_t room, time_t stoptime)
{
	int length = read_raw_line(link, name, room, stoptime);
	if (length < 0 || (length == 0 && !has_bytes_waiting(link)))
		return length;
	if (is_stat_line(name))
		return fail(EIO);
	while (1) {
		int next = read_raw_line(link, pending_stat, sizeof(pending_stat), stoptime);
		if (next < 0)
			return -1;
		if (is_stat_line(pending_stat))
			return length > 0 ? length : fail(EPROTO);
		if (length + 1 + next > NAME_MAX_BYTES || (size_t)(length + 1 + next) >= room)
			return fail(EPROTO);
		name[length] = '\n';
		memcpy(name + length + 1, pending_stat, next + 1);
		length += 1 + next;
	}
}

/* As link_readline; a name and its line breaks are one line. */
int listing_readline(struct link *link, char *line, size_t length, time_t stoptime)
{
	if (state == STAT) {
		state = NAME;
		if (strlen(pending_stat) >= length)
			return 0;
		strcpy(line, pending_stat);
		return 1;
	}
	if (packed_length > packed_limit) {
		fail_call(EFBIG);
		return 0;
	}
	int name_length = read_name(link, line, length, stoptime);
	state = name_length > 0 ? STAT : CLOSED;
	return name_length >= 0;
}

static bool make_room(int64_t bytes)
{
	if (packed_length + bytes <= packed_room)
		return true;
	int64_t room = packed_room ? packed_room : 65536;
	while (room < packed_length + bytes)
		room *= 2;
	char *larger = realloc(packed, room);
	if (!larger) {
		fail_call(ENOMEM);
		return false;
	}
	packed = larger;
	packed_room = room;
	return true;
}

/* Servers name these too; names that begin with ".__" are Chirp's own, and only a hostile server would name them. */
static bool is_left_out(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..") || !strncmp(name, ".__", 3);
}

/* A record: six doubles, the name's length as a double, the name, padding to eight bytes. */
static void pack_entry(const char *name, struct chirp_stat *info, void *arg)
{
	(void)arg;
	if (is_left_out(name))
		return;
	int64_t numbers[FILE_NUMBERS];
	if (!file_numbers(info, numbers)) {
		fail_call(EPROTO);
		return;
	}
	int64_t name_length = strlen(name);
	int64_t padded = (name_length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	double header[FILE_NUMBERS + 1];
	for (int i = 0; i < FILE_NUMBERS; i++)
		header[i] = numbers[i];
	header[FILE_NUMBERS] = name_length;
	if (!make_room(sizeof(header) + padded))
		return;
	memcpy(packed + packed_length, header, sizeof(header));
	packed_length += sizeof(header);
	memset(packed + packed_length, 0, padded);
	memcpy(packed + packed_length, name, name_length);
	packed_length += padded;
}

/* Also called for each try of libchirp's: what an earlier try collected does not count. */
int64_t __wrap_chirp_client_getlongdir(struct chirp_client *client, const char *path, chirp_longdir_t callback, void *arg, time_t stoptime)
{
	packed_length = 0;
	state = ANSWER;
	int64_t result = __real_chirp_client_getlongdir(client, path, callback, arg, stoptime);
	state = CLOSED;
	return result;
}

int64_t listing_read(const char *host, const char *path, int64_t max_bytes, time_t stoptime)
{
	if (packed_room > KEPT_ROOM) {
		free(packed);
		packed = NULL;
		packed_room = 0;
	}
	packed_length = 0;
	packed_limit = max_bytes;
	return chirp_reli_getlongdir(host, path, pack_entry, NULL, stoptime);
}
