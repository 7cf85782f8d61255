/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands. --help is made of these tables and of the popt tables. */
#ifndef CSUMTOOL_CLI_COMMAND_H
#define CSUMTOOL_CLI_COMMAND_H

#include "cli/options.h"
#include "show/report.h"

#define OPERAND_LAST (-1)

struct command {
	const char *name;
	const char *operands; /* "VOLUME [FILE]" */
	const char *summary; /* one line, in lower case */
	const char *description; /* paragraphs, wrapped, no newline at the end */
	int operands_min, operands_max;
	int volume_operand; /* index of the volume among the operands, from 0; OPERAND_LAST: the last one given */
	const struct poptOption *options;
	/* Returns the exit status. Finds every usage error before it opens anything. */
	int (*run)(struct report *report, const struct options *options);
};

extern const struct command command_format;
extern const struct command command_info;
extern const struct command command_write;
extern const struct command command_read;
extern const struct command command_check;
extern const struct command command_scrub;
extern const struct command command_undo;
extern const struct command command_discard;
extern const struct command command_dump_imd;
extern const struct command command_superblock;

#endif
