/*
 * A server may send any 64 bits. What no file can have is refused. What a strange file may have (a time of 2^62 is one `touch`
 * away) is brought to where JavaScript's numbers and dates hold it: one file must not make its whole directory fail.
 */
#include "file_numbers.h"

#include <cctools/chirp_types.h>

#define MODE_MAX 0177777
#define SIZE_MAX_EXACT ((INT64_C(1) << 53) - 1) /* Number.MAX_SAFE_INTEGER */
#define TIME_MAX INT64_C(8640000000000)		/* what a Date holds, in seconds */

static int64_t clamp(int64_t number, int64_t least, int64_t most)
{
	return number < least ? least : number > most ? most : number;
}

bool file_numbers(const struct chirp_stat *info, int64_t numbers[FILE_NUMBERS])
{
	if (info->cst_mode < 0 || info->cst_mode > MODE_MAX || info->cst_size < 0 || info->cst_nlink < 0)
		return false;
	numbers[0] = info->cst_mode;
	numbers[1] = clamp(info->cst_size, 0, SIZE_MAX_EXACT);
	numbers[2] = clamp(info->cst_mtime, -TIME_MAX, TIME_MAX);
	numbers[3] = clamp(info->cst_ctime, -TIME_MAX, TIME_MAX);
	numbers[4] = info->cst_ino;
	numbers[5] = info->cst_nlink;
	return true;
}
