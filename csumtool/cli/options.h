/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options and operands of a command, read with popt; commands take their values from here. */
#ifndef CSUMTOOL_CLI_OPTIONS_H
#define CSUMTOOL_CLI_OPTIONS_H

#include <popt.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/args.h"
#include "csum.h"
#include "show/report.h"

enum option {
	OPT_NONE,
	OPT_HELP,
	OPT_VERSION,
	OPT_FORCE,
	OPT_DRY_RUN,
	OPT_QUIET,
	OPT_VERBOSE,
	OPT_JSON,
	OPT_METADATA,
	OPT_OFFSET,
	OPT_LENGTH,
	OPT_WAIT,
	OPT_SECTOR_SIZE,
	OPT_CHECKSUM,
	OPT_INTERLEAVE,
	OPT_LABEL,
	OPT_UUID,
	OPT_WIPE,
	OPT_SIZE,
	OPT_DATA_SIZE,
	OPT_VERIFY,
	OPT_ON_ERROR,
	OPT_SPARSE,
	OPT_METADATA_ONLY,
	OPT_GROUPS,
	OPT_DIFFER,
	OPT_DATA,
	OPT_CARVE,
	OPT_RAW,
	OPT_FROM,
	OPT_HEAL,
	OPT_UNDO,
	OPT_RATE,
	OPT_TIME_LIMIT,
	OPT_RESTART,
	OPT_MAX_ERRORS,
	OPT_IDLE,
	OPT_ALLOW,
	OPT_UNDO_DIR,
	OPT_NO_UNDO,
	OPT_LIST,
	OPT_EXCLUSIVE,
	OPT_HEALTH,
	OPT_COUNT
};

/* Rows of a command's popt table that several commands share. */
#define OPTION_FLAG(name, letter, id, text)                       \
	{                                                         \
		name, letter, POPT_ARG_NONE, NULL, id, text, NULL \
	}
#define OPTION_VALUE(name, letter, id, text, value)                  \
	{                                                            \
		name, letter, POPT_ARG_STRING, NULL, id, text, value \
	}

#define OPTION_RANGE                                                                         \
	OPTION_VALUE("offset", 'o', OPT_OFFSET, "begin at this byte of data space", "SIZE"), \
		OPTION_VALUE("length", 'l', OPT_LENGTH, "that many bytes of data space", "SIZE")
#define OPTION_FORCE_MOUNTED OPTION_FLAG("force", 'f', OPT_FORCE, "go on although the volume is mounted or attached")
/* For commands that write to a volume. */
#define OPTION_ALLOW                                                                                             \
	OPTION_VALUE("allow", '\0', OPT_ALLOW,                                                                   \
		     "go on in spite of what is named, joined by\ncommas: foreign, identity, rewritten, unread", \
		     "LIST")
#define OPTIONS_ALLOW OPTION_ALLOW, OPTION_FLAG("force", 'f', OPT_FORCE, "all that --allow can name")
#define OPTION_METADATA OPTION_VALUE("metadata", 'm', OPT_METADATA, "the metadata is on DEVICE", "DEVICE")
#define OPTION_JSON OPTION_FLAG("json", 'J', OPT_JSON, "print JSON, one object on each line")
#define OPTION_QUIET(text) OPTION_FLAG("quiet", 'q', OPT_QUIET, text)
#define OPTION_WAIT                                                                                                    \
	{                                                                                                              \
		"wait", '\0', POPT_ARG_STRING | POPT_ARGFLAG_OPTIONAL, NULL, OPT_WAIT,                                 \
			"wait while the volume is in use (without\nTIME: for ever) instead of failing at once", "TIME" \
	}
/* Every command ends its table with these. */
#define OPTIONS_END                                                        \
	OPTION_FLAG("verbose", 'v', OPT_VERBOSE, "print notes"),           \
		OPTION_FLAG("help", 'h', OPT_HELP, "print this and exit"), \
		OPTION_FLAG("version", 'V', OPT_VERSION, "print the version and exit"), POPT_TABLEEND

#define OPERANDS_MAX 2

struct command;

struct options {
	struct report *report; /* takes reports of mistakes */
	const struct command *command; /* the command that the options belong to */
	bool given[OPT_COUNT];
	char *value[OPT_COUNT];
	const char *operand[OPERANDS_MAX]; /* NULL where the operand is missing */
	const char *volume; /* the operand that names the volume */
	char **from; /* each --from, in order */
	size_t from_count;
	int64_t wait_ms; /* csum_open_options.wait_ms */
	unsigned int allow; /* bits of enum csum_allow that --allow and --force set, for a command that writes */
	poptContext popt; /* owns the operands */
};

/*
 * Reads argv, whose first string is the command's name. 0, or STATUS_USAGE after reporting the mistake. With --help or
 * --version given, the other words are not looked at. Call options_free() in any case.
 */
int options_parse(struct report *report, const struct command *command, int argc, const char **argv,
		  struct options *options);
void options_free(struct options *options);

/* Refuses two options that exclude each other: 0, or STATUS_USAGE after reporting that both are given. */
int options_exclude(const struct options *options, enum option one, enum option other);

/*
 * Parses the value of an option where it is given; else leaves the result alone. 0, or STATUS_USAGE after reporting. A
 * size is at least 1 byte unless zero_allowed.
 */
int options_size(const struct options *options, enum option option, bool zero_allowed, struct size *size);

/*
 * Parses a list, joined by commas, of some of the `count` words in names[], at least one: bit i of *set stands for word
 * i. 0, or STATUS_USAGE after reporting.
 */
int options_set(const struct options *options, enum option option, const char *const *names, unsigned int count,
		unsigned int *set);

/*
 * Parse a number from min to max, and a time that is not 0 into milliseconds, where the option is given; else the
 * result is left alone. 0, or STATUS_USAGE after reporting.
 */
int options_number(const struct options *options, enum option option, uint64_t min, uint64_t max, uint64_t *number);
int options_time(const struct options *options, enum option option, int64_t *milliseconds);

/* The values of -o and -l. */
struct range {
	bool has_length;
	struct size offset, length;
};

int options_range(const struct options *options, struct range *range);
/* Bytes of *range; *length is CSUM_TO_END without -l. 0, or -EOVERFLOW after reporting. */
int range_bytes(struct report *report, const struct range *range, uint32_t sector_size, uint64_t *offset,
		uint64_t *length);
/* Whether a size was given in sectors. */
bool range_in_sectors(const struct range *range);

#endif
