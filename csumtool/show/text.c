/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show/text.h"

#include <assert.h>
#include <inttypes.h>
#include <time.h>
#include <uuid/uuid.h>

/* Smallest code point of a sequence of that length; a smaller one has a shorter encoding. */
static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };

static size_t announced_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

size_t text_utf8_sequence(const unsigned char *bytes)
{
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
	if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return length;
}

bool text_is_utf8(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		size_t length = text_utf8_sequence(p);

		if (!length)
			return false;
		p += length;
	}
	return true;
}

/* Whether it is a control character: C0, DEL or, in UTF-8, C1. */
static bool is_control(const unsigned char *p)
{
	return p[0] < 0x20 || p[0] == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0);
}

void text_put(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		size_t length = text_utf8_sequence(p);

		if (!length || is_control(p)) {
			fprintf(out, "\\x%02x", *p);
			p++;
			/* The second byte of a C1 control is no sequence by itself, so the next turn escapes it. */
			continue;
		}
		fwrite(p, 1, length, out);
		p += length;
	}
}

const char *text_size(char buffer[static TEXT_MAX], uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(buffer, TEXT_MAX, "%" PRIu64 " byte%s", bytes, text_plural(bytes));
		return buffer;
	}
	/* 1023.95 would be rounded to "1024.0" of the smaller unit. */
	while (value >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(buffer, TEXT_MAX, "%.1f %s", value, units[unit]);
	return buffer;
}

const char *text_bytes(char buffer[static TEXT_MAX], uint64_t bytes)
{
	char size[TEXT_MAX];

	if (bytes < 1024)
		return text_size(buffer, bytes);
	snprintf(buffer, TEXT_MAX, "%" PRIu64 " bytes (%.16s)", bytes, text_size(size, bytes));
	return buffer;
}

const char *text_rate(char buffer[static TEXT_MAX], uint64_t bytes, double seconds)
{
	char size[TEXT_MAX];

	/* A clock may show that no time has passed, which gives no useful rate. */
	if (seconds < 1e-6)
		seconds = 1e-6;
	text_size(size, (uint64_t)((double)bytes / seconds));
	snprintf(buffer, TEXT_MAX, "%.40s/s", size);
	return buffer;
}

const char *text_seconds(char buffer[static TEXT_MAX], uint64_t seconds)
{
	if (seconds < 120)
		snprintf(buffer, TEXT_MAX, "%" PRIu64 " s", seconds);
	else if (seconds < 7200)
		snprintf(buffer, TEXT_MAX, "%" PRIu64 " min %" PRIu64 " s", seconds / 60, seconds % 60);
	else
		snprintf(buffer, TEXT_MAX, "%" PRIu64 " h %" PRIu64 " min", seconds / 3600, seconds % 3600 / 60);
	return buffer;
}

const char *text_duration(char buffer[static TEXT_MAX], double seconds)
{
	if (seconds >= 10)
		return text_seconds(buffer, (uint64_t)(seconds + 0.5));
	snprintf(buffer, TEXT_MAX, "%.2f s", seconds);
	return buffer;
}

const char *text_time(char buffer[static TEXT_MAX], uint64_t seconds)
{
	/* A clock before 1970 leaves a negative number in `seconds`. */
	time_t time = (time_t)(int64_t)seconds;
	struct tm tm;

	if (!seconds)
		snprintf(buffer, TEXT_MAX, "never");
	else if ((int64_t)time != (int64_t)seconds || !gmtime_r(&time, &tm) ||
		 !strftime(buffer, TEXT_MAX, "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(buffer, TEXT_MAX, "%" PRId64 " s after 1970", (int64_t)seconds);
	return buffer;
}

const char *text_uuid(char buffer[static TEXT_MAX], const uint8_t *uuid)
{
	static_assert(TEXT_MAX >= UUID_STR_LEN, "a UUID as text");
	uuid_unparse_lower(uuid, buffer);
	return buffer;
}

const char *text_entry(char buffer[static TEXT_MAX], uint64_t entry)
{
	if (entry <= 1)
		snprintf(buffer, TEXT_MAX, "%s", entry ? "bad" : "unwritten");
	else
		snprintf(buffer, TEXT_MAX, "0x%016" PRIx64, entry);
	return buffer;
}

const char *text_span(char buffer[static TEXT_MAX], uint64_t first, uint64_t count)
{
	if (count <= 1)
		snprintf(buffer, TEXT_MAX, "%" PRIu64, first);
	else
		snprintf(buffer, TEXT_MAX, "%" PRIu64 "-%" PRIu64, first, first + count - 1);
	return buffer;
}

const char *text_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}
