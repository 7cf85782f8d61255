/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/utf8.h"

#include <stddef.h>
#include <stdint.h>

#define SURROGATE_FIRST 0xd800u
#define SURROGATE_LAST 0xdfffu
#define CODE_LAST 0x10ffffu

/* Length of a sequence that begins with that byte, 1 to 4; 0: none does. */
static size_t announced_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc0 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf8 ? 4 : 0;
}

/* Length of the sequence at `bytes`, which end with NUL; 0 when it is none. */
static size_t sequence_length(const unsigned char *bytes)
{
	/* The least code of each length: a lower one has a shorter sequence. */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = announced_length(bytes[0]);
	uint32_t code;

	if (length <= 1)
		return length;
	code = bytes[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3fu);
	}
	if (code < least[length] || code > CODE_LAST || (code >= SURROGATE_FIRST && code <= SURROGATE_LAST))
		return 0;
	return length;
}

bool csum_utf8_valid(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;

	while (*bytes) {
		size_t length = sequence_length(bytes);

		if (!length)
			return false;
		bytes += length;
	}
	return true;
}
