/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/args.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <uuid/uuid.h>

#define KIB (UINT64_C(1) << 10)
#define KB UINT64_C(1000)
#define SMALLEST_SECTOR 512

static const struct {
	const char *name;
	uint64_t unit;
} units[] = {
	{ "", 1 },
	{ "s", 0 },
	{ "K", KIB },
	{ "M", KIB *KIB },
	{ "G", KIB *KIB *KIB },
	{ "T", KIB *KIB *KIB *KIB },
	{ "P", KIB *KIB *KIB *KIB *KIB },
	{ "E", KIB *KIB *KIB *KIB *KIB *KIB },
	{ "k", KIB },
	{ "m", KIB *KIB },
	{ "g", KIB *KIB *KIB },
	{ "t", KIB *KIB *KIB *KIB },
	{ "p", KIB *KIB *KIB *KIB *KIB },
	{ "e", KIB *KIB *KIB *KIB *KIB *KIB },
	{ "KiB", KIB },
	{ "MiB", KIB *KIB },
	{ "GiB", KIB *KIB *KIB },
	{ "TiB", KIB *KIB *KIB *KIB },
	{ "PiB", KIB *KIB *KIB *KIB *KIB },
	{ "EiB", KIB *KIB *KIB *KIB *KIB *KIB },
	{ "KB", KB },
	{ "MB", KB *KB },
	{ "GB", KB *KB *KB },
	{ "TB", KB *KB *KB *KB },
	{ "PB", KB *KB *KB *KB *KB },
	{ "EB", KB *KB *KB *KB *KB *KB },
};

/* Reads decimal digits at *text and moves *text behind them. */
static const char *digits(const char **text, uint64_t *number)
{
	uint64_t n = 0;

	if (**text == '-')
		return "is negative";
	if (!isdigit((unsigned char)**text))
		return "does not begin with a digit";
	for (; isdigit((unsigned char)**text); (*text)++) {
		uint64_t digit = (uint64_t)(**text - '0');

		if (n > (INT64_MAX - digit) / 10)
			return "is too large";
		n = n * 10 + digit;
	}
	*number = n;
	return NULL;
}

const char *args_size(const char *text, struct size *size)
{
	const char *wrong = digits(&text, &size->number);
	uint64_t unit;

	if (wrong)
		return wrong;
	if (*text == '.' || *text == ',')
		return "has a fraction: only whole numbers are taken";
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text, units[i].name))
			continue;
		size->unit = units[i].unit;
		unit = size->unit ? size->unit : SMALLEST_SECTOR;
		return size->number > INT64_MAX / unit ? "is too large" : NULL;
	}
	return "has an unknown unit: use K M G T P E, KiB MiB ... (1024), KB MB ... (1000) or s (sectors)";
}

int args_size_bytes(const struct size *size, uint32_t sector_size, uint64_t *bytes)
{
	uint64_t unit = size->unit ? size->unit : sector_size;

	if (size->number > INT64_MAX / unit)
		return -EOVERFLOW;
	*bytes = size->number * unit;
	return 0;
}

const char *args_number(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
	const char *wrong = digits(&text, number);

	if (wrong)
		return wrong;
	if (*text)
		return "is not a whole number";
	if (*number < min)
		return "is too small";
	return *number > max ? "is too large" : NULL;
}

const char *args_span(const char *text, uint64_t *first, uint64_t *count)
{
	const char *wrong = digits(&text, first);
	uint64_t last;

	if (wrong)
		return wrong;
	last = *first;
	if (*text == '-') {
		text++;
		wrong = digits(&text, &last);
	}
	if (wrong)
		return wrong;
	if (*text)
		return "is neither N nor N-M";
	if (last < *first)
		return "ends before it begins";
	*count = last - *first + 1;
	return NULL;
}

const char *args_time(const char *text, int64_t *milliseconds)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} times[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 } };
	uint64_t number;
	const char *wrong = digits(&text, &number);

	if (wrong)
		return wrong;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		if (strcmp(text, times[i].name))
			continue;
		if (number > INT64_MAX / 1000 / times[i].seconds)
			return "is too large";
		*milliseconds = (int64_t)(number * times[i].seconds * 1000);
		return NULL;
	}
	return "has an unknown unit: use s, m or h";
}

const char *args_uuid(const char *text, uint8_t *uuid)
{
	if (uuid_parse(text, uuid))
		return "is not a UUID such as 01234567-89ab-cdef-0123-456789abcdef";
	return NULL;
}
