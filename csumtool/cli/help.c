/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints help from popt's tables. popt's own help has no description, and one usage line for all commands. */
#include "cli/help.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Column where the text on an option begins. */
#define TEXT_COLUMN 29
#define WORD_MAX 32

/* Prints text, which continues in the same column after each of its newlines. */
static void print_text(const char *text)
{
	for (; *text; text++) {
		putchar(*text);
		if (*text == '\n')
			printf("%*s", TEXT_COLUMN, "");
	}
	putchar('\n');
}

static void print_option(const struct poptOption *row)
{
	char name[TEXT_COLUMN * 2];
	bool optional = row->argInfo & POPT_ARGFLAG_OPTIONAL;
	int length;

	length = snprintf(name, sizeof(name), "  %c%c%s --%s", row->shortName ? '-' : ' ',
			  row->shortName ? row->shortName : ' ', row->shortName ? "," : " ", row->longName);
	if (row->argDescrip)
		length += snprintf(name + length, sizeof(name) - (size_t)length, "%s=%s%s", optional ? "[" : "",
				   row->argDescrip, optional ? "]" : "");
	if (length + 2 > TEXT_COLUMN)
		printf("%s\n%*s", name, TEXT_COLUMN, "");
	else
		printf("%-*s", TEXT_COLUMN, name);
	print_text(row->descrip);
}

static bool takes_size(const struct command *command)
{
	for (const struct poptOption *row = command->options; row->longName; row++) {
		if (row->argDescrip && !strcmp(row->argDescrip, "SIZE"))
			return true;
	}
	return false;
}

void help_command(const struct command *command)
{
	printf("Usage: csumtool %s [OPTION...] %s\n\n", command->name, command->operands);
	printf("%s\n\nOptions:\n", command->description);
	for (const struct poptOption *row = command->options; row->longName; row++)
		print_option(row);
	if (takes_size(command))
		printf("\nSIZE is in bytes, or has a unit: K M G T P E or KiB MiB GiB ... (powers of\n"
		       "1024), KB MB GB ... (powers of 1000), s (sectors of the volume).\n");
}

void help_general(const struct command *const *commands, size_t count)
{
	printf("Usage: csumtool COMMAND [OPTION...] VOLUME [FILE]\n"
	       "       csumtool COMMAND --help\n\n"
	       "Keeps a checksum of every sector of a disk or an image file, and verifies them.\n\n"
	       "Commands:\n");
	for (size_t i = 0; i < count; i++)
		printf("  %-12s%s\n", commands[i]->name, commands[i]->summary);
	printf("\nOptions:\n"
	       "  -h, --help     print this, or with a command its options, and exit\n"
	       "  -V, --version  print the version and exit\n\n"
	       "VOLUME is a block device, an image file, or a tag such as PARTUUID=... or\n"
	       "PARTLABEL=... . Exit status, a sum: 0 nothing wrong, 1 errors corrected,\n"
	       "4 errors left, 8 failed, 16 wrong usage, 32 cancelled by a signal. All of it is\n"
	       "in csumtool(8).\n");
}

/* Levenshtein's distance; `from` is shorter than WORD_MAX. */
static unsigned int distance(const char *from, const char *to)
{
	unsigned int row[WORD_MAX];
	size_t length = strlen(from);

	for (size_t i = 0; i <= length; i++)
		row[i] = (unsigned int)i;
	for (; *to; to++) {
		unsigned int diagonal = row[0]++;

		for (size_t i = 1; i <= length; i++) {
			unsigned int best = diagonal + (from[i - 1] != *to);

			diagonal = row[i];
			if (row[i] + 1 < best)
				best = row[i] + 1;
			if (row[i - 1] + 1 < best)
				best = row[i - 1] + 1;
			row[i] = best;
		}
	}
	return row[length];
}

const struct command *help_suggest(const struct command *const *commands, size_t count, const char *word)
{
	const struct command *nearest = NULL;
	unsigned int least = 3; /* a name with 3 wrong letters is not meant */

	for (size_t i = 0; i < count; i++) {
		unsigned int d = distance(commands[i]->name, word);

		/* The beginning of a name counts as near, however much of the name is missing. */
		if (*word && !strncmp(commands[i]->name, word, strlen(word)))
			d = 0;
		if (d < least && d < strlen(word)) {
			least = d;
			nearest = commands[i];
		}
	}
	return nearest;
}
