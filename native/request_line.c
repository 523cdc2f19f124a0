/*
 * libchirp's url_encode sends every byte >= 0x80 as %FF and bytes < 0x10 as "% 9". The server decodes %XX of any byte and
 * splits its line at white space, so that only these need encoding: bytes <= 0x20, 0x7F and %.
 */
#include "request_line.h"

#include <cctools/chirp_protocol.h>

#include <string.h>

/*
 * What a request line holds besides its texts, at most: "putfile", a mode, a size, spaces, the line break. The server reads
 * lines of CHIRP_LINE_MAX, takes a longer one for two requests, and libchirp aborts the process at four times that.
 */
#define LINE_OVERHEAD 48

static const char *raw_text;

static bool needs_encoding(unsigned char byte)
{
	return byte <= 0x20 || byte == 0x7f || byte == '%';
}

static size_t encoded_length(const char *text)
{
	size_t length = 0;
	for (; *text; text++)
		length += needs_encoding(*text) ? 3 : 1;
	return length;
}

bool fits_into_line(const char *path, const char *other, const char *word)
{
	size_t length = encoded_length(path) + (other ? encoded_length(other) : 0) + (word ? strlen(word) : 0);
	return length + LINE_OVERHEAD < CHIRP_LINE_MAX;
}

bool is_one_word(const char *text)
{
	for (const char *s = text; *s; s++)
		if ((unsigned char)*s <= 0x20)
			return false;
	return *text != 0;
}

void send_raw(const char *text)
{
	raw_text = text;
}

void __wrap_url_encode(const char *text, char *encoded, int room)
{
	static const char digits[] = "0123456789ABCDEF";
	for (const char *s = text; s && *s; s++) {
		unsigned char byte = *s;
		bool encode = needs_encoding(byte) && text != raw_text;
		int needed = encode ? 3 : 1;
		if (room <= needed)
			break; /* cannot happen: every path is measured first */
		if (encode) {
			*encoded++ = '%';
			*encoded++ = digits[byte >> 4];
			*encoded++ = digits[byte & 15];
		} else {
			*encoded++ = byte;
		}
		room -= needed;
	}
	*encoded = 0;
}
