/*
 * libchirp's url_encode sends every byte >= 0x80 as %FF and bytes < 0x10 as "% 9". The server decodes %XX of any byte and
 * splits its line at white space, so that only these need encoding: bytes <= 0x20, 0x7F and %.
 */
#include "url_encode.h"

#include <stdbool.h>
#include <stddef.h>

static const char *raw_text;

static bool needs_encoding(unsigned char byte)
{
	return byte <= 0x20 || byte == 0x7f || byte == '%';
}

size_t encoded_length(const char *text)
{
	size_t length = 0;
	for (; *text; text++)
		length += needs_encoding(*text) ? 3 : 1;
	return length;
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
			break; /* cannot happen: chirp_shim.c measures every path first */
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
