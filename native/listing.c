/*
 * getlongdir sends, for each entry, its name, a line break, thirteen numbers, a line break; and an empty line at the end.
 * libchirp's own reader loses carriage returns in names, and takes a name that holds a line break for two lines, after which
 * the directory cannot be listed at all. Here a name ends where a line of thirteen numbers follows. What stays ambiguous: a
 * name that begins with a line break ends the listing; begin_call then finds what is left over and drops the connection.
 */
#include "listing.h"
#include "connection.h"

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
#define RECORD_NUMBERS 6
#define ALIGNMENT 8

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
	return state != CLOSED;
}

const void *listing_bytes(void)
{
	return packed;
}

int64_t listing_length(void)
{
	return packed_length;
}

/* One line without its line break, carriage returns kept. Length, or -1 when the connection ends or the line is too long. */
static int read_raw_line(struct link *link, char *line, size_t room, time_t stoptime)
{
	for (size_t length = 0; length < room; length++) {
		if (__real_link_read(link, line + length, 1, stoptime) != 1)
			return -1;
		if (line[length] == '\n') {
			line[length] = 0;
			return (int)length;
		}
	}
	fail_call(EPROTO);
	return -1;
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

/* A name and, into pending_stat, the line of numbers behind it. 1, or 0 when the connection or the protocol broke. */
static int read_name(struct link *link, char *name, size_t room, time_t stoptime)
{
	int length = read_raw_line(link, name, room, stoptime);
	if (length < 0)
		return 0;
	if (length == 0) {
		state = CLOSED;
		return 1;
	}
	while (1) {
		int next = read_raw_line(link, pending_stat, sizeof(pending_stat), stoptime);
		if (next < 0)
			return 0;
		if (is_stat_line(pending_stat))
			break;
		if (length + 1 + next > NAME_MAX_BYTES || (size_t)(length + 1 + next) >= room) {
			fail_call(EPROTO);
			return 0;
		}
		name[length] = '\n';
		memcpy(name + length + 1, pending_stat, next + 1);
		length += 1 + next;
	}
	state = STAT;
	return 1;
}

int listing_readline(struct link *link, char *line, size_t length, time_t stoptime)
{
	switch (state) {
	case ANSWER:
		if (read_raw_line(link, line, length, stoptime) < 0)
			return 0;
		/* An error is connection.c's to judge: it sees the listing closed. */
		state = line[0] == '-' ? CLOSED : NAME;
		return 1;
	case NAME:
		return packed_length > packed_limit ? (fail_call(EFBIG), 0) : read_name(link, line, length, stoptime);
	case STAT:
		state = NAME;
		if (strlen(pending_stat) >= length)
			return 0;
		strcpy(line, pending_stat);
		return 1;
	case CLOSED:
		break;
	}
	return 0;
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

/* A record: six doubles, the name's length as a double, the name, padding to eight bytes. */
static void pack_entry(const char *name, struct chirp_stat *info, void *arg)
{
	(void)arg;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return;
	int64_t name_length = strlen(name);
	int64_t padded = (name_length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	int64_t header = (RECORD_NUMBERS + 1) * sizeof(double);
	if (!make_room(header + padded))
		return;
	double numbers[RECORD_NUMBERS + 1] = {info->cst_mode, info->cst_size,  info->cst_mtime, info->cst_ctime,
					      info->cst_ino,  info->cst_nlink, name_length};
	memcpy(packed + packed_length, numbers, header);
	memset(packed + packed_length + header, 0, padded);
	memcpy(packed + packed_length + header, name, name_length);
	packed_length += header + padded;
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
	packed_limit = max_bytes;
	return chirp_reli_getlongdir(host, path, pack_entry, NULL, stoptime);
}
