/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

/* The name of the option on the command line. */
static const char *option_name(const struct command *command, enum option option)
{
	for (const struct poptOption *row = command->options; row->longName; row++) {
		if (row->val == (int)option)
			return row->longName;
	}
	return "?";
}

/*
 * popt takes the word after an option with an optional argument for that argument. Only --wait=TIME has an argument, so
 * a word after a bare --wait goes back and is read as the operand that it is.
 */
static char *give_back(struct options *options, int argc, const char **argv, char *value)
{
	for (int i = 1; value && i + 1 < argc; i++) {
		const char *stuffed[] = { argv[i + 1], NULL };

		if (strcmp(argv[i], "--wait") || strcmp(argv[i + 1], value))
			continue;
		if (poptStuffArgs(options->popt, stuffed) == 0) {
			free(value);
			return NULL;
		}
	}
	return value;
}

/* Keeps a --from, the only option that may be repeated. */
static int take_from(struct options *options, char *value)
{
	char **from;

	if (value && !*value) {
		free(value);
		return report_usage(options->report, "--from: the name of the replica is empty");
	}
	from = reallocarray(options->from, options->from_count + 1, sizeof(*from));
	if (from)
		options->from = from;
	if (!from || !value) {
		free(value);
		report_error(options->report, "cannot read the options: %s", strerror(ENOMEM));
		return STATUS_FAILED;
	}
	from[options->from_count++] = value;
	options->given[OPT_FROM] = true;
	return 0;
}

static int take_option(struct options *options, int argc, const char **argv, enum option option)
{
	char *value = poptGetOptArg(options->popt);

	if (option == OPT_FROM)
		return take_from(options, value);
	if (option == OPT_WAIT)
		value = give_back(options, argc, argv, value);
	if (options->given[option]) {
		free(value);
		return report_usage(options->report, "--%s is given more than once",
				    option_name(options->command, option));
	}
	options->given[option] = true;
	options->value[option] = value;
	return 0;
}

static int bad_option(const struct options *options, int error)
{
	const char *word = poptBadOption(options->popt, POPT_BADOPTION_NOALIAS);

	switch (error) {
	case POPT_ERROR_BADOPT:
		return report_usage(options->report, "%s: there is no such option", word);
	case POPT_ERROR_NOARG:
		return report_usage(options->report, "%s: the argument is missing", word);
	case POPT_ERROR_UNWANTEDARG:
		return report_usage(options->report, "%s: the option takes no argument", word);
	default:
		return report_usage(options->report, "%s: %s", word, poptStrerror(error));
	}
}

static int take_operands(struct options *options)
{
	const struct command *command = options->command;
	const char **rest = poptGetArgs(options->popt);
	int count = 0;

	for (; rest && rest[count]; count++) {
		if (count == command->operands_max)
			return report_usage(options->report, "'%s' is one operand too many: '%s' takes %s", rest[count],
					    command->name, command->operands);
		if (!*rest[count])
			return report_usage(options->report, "an operand is empty: '%s' takes %s", command->name,
					    command->operands);
		options->operand[count] = rest[count];
	}
	if (count < command->operands_min)
		return report_usage(options->report, "an operand is missing: '%s' takes %s", command->name,
				    command->operands);
	return 0;
}

static int take_allow(struct options *options)
{
	/* names[] is in the order of the bits of enum csum_allow. */
	static const char *const names[] = { "foreign", "identity", "rewritten", "unread" };

	if (options_set(options, OPT_ALLOW, names, sizeof(names) / sizeof(names[0]), &options->allow))
		return STATUS_USAGE;
	if (options->given[OPT_FORCE])
		options->allow = CSUM_ALLOW_ALL;
	return 0;
}

static const char *volume_operand(const struct options *options)
{
	int last = OPERANDS_MAX - 1;

	if (options->command->volume_operand != OPERAND_LAST)
		return options->operand[options->command->volume_operand];
	while (last > 0 && !options->operand[last])
		last--;
	return options->operand[last];
}

/* Takes the values of options that every command has. */
static int take_common(struct options *options)
{
	struct report *report = options->report;
	const char *wait = options->value[OPT_WAIT];
	const char *metadata = options->value[OPT_METADATA];
	const char *wrong = NULL;

	if (options_exclude(options, OPT_QUIET, OPT_VERBOSE) || options_exclude(options, OPT_QUIET, OPT_JSON))
		return STATUS_USAGE;
	if (metadata && !*metadata)
		return report_usage(report, "--metadata: the name of the device is empty");
	if (take_allow(options))
		return STATUS_USAGE;
	if (options->given[OPT_WAIT])
		options->wait_ms = -1;
	if (wait)
		wrong = args_time(wait, &options->wait_ms);
	if (wrong)
		return report_usage(report, "--wait: '%s' %s", wait, wrong);
	report->quiet = options->given[OPT_QUIET];
	report->verbose = options->given[OPT_VERBOSE];
	report->json = options->given[OPT_JSON];
	options->volume = volume_operand(options);
	report->volume = options->volume;
	return 0;
}

int options_parse(struct report *report, const struct command *command, int argc, const char **argv,
		  struct options *options)
{
	int option, status = 0;

	*options = (struct options){ .report = report, .command = command };
	options->popt = poptGetContext(NULL, argc, argv, command->options, 0);
	if (!options->popt) {
		report_error(report, "cannot read the options: %s", strerror(ENOMEM));
		return STATUS_FAILED;
	}
	while ((option = poptGetNextOpt(options->popt)) > 0) {
		status = take_option(options, argc, argv, (enum option)option);
		if (status)
			return status;
		if (option == OPT_HELP || option == OPT_VERSION)
			return 0;
	}
	if (option < -1)
		return bad_option(options, option);
	status = take_operands(options);
	return status ? status : take_common(options);
}

void options_free(struct options *options)
{
	for (int i = 0; i < OPT_COUNT; i++)
		free(options->value[i]);
	for (size_t i = 0; i < options->from_count; i++)
		free(options->from[i]);
	free(options->from);
	poptFreeContext(options->popt);
}

int options_exclude(const struct options *options, enum option one, enum option other)
{
	if (!options->given[one] || !options->given[other])
		return 0;
	return report_usage(options->report, "--%s and --%s exclude each other", option_name(options->command, one),
			    option_name(options->command, other));
}

int options_size(const struct options *options, enum option option, bool zero_allowed, struct size *size)
{
	const char *text = options->value[option];
	const char *wrong;

	if (!text)
		return 0;
	wrong = args_size(text, size);
	if (!wrong && !zero_allowed && !size->number)
		wrong = "is too small";
	if (wrong)
		return report_usage(options->report, "--%s: '%s' %s", option_name(options->command, option), text,
				    wrong);
	return 0;
}

static bool set_word(const char *word, size_t length, const char *const *names, unsigned int count, unsigned int *set)
{
	for (unsigned int i = 0; i < count; i++) {
		if (strlen(names[i]) != length || memcmp(names[i], word, length) != 0)
			continue;
		*set |= 1u << i;
		return true;
	}
	return false;
}

/* Joins names to a text such as "foreign, identity or unread". */
static void join_names(const char *const *names, unsigned int count, char *text, size_t size)
{
	size_t used = 0;

	for (unsigned int i = 0; i < count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 i == 0		? "" :
					 i == count - 1 ? " or " :
							  ", ",
					 names[i]);
}

int options_set(const struct options *options, enum option option, const char *const *names, unsigned int count,
		unsigned int *set)
{
	const char *text = options->value[option];
	char known[256];
	size_t length;

	*set = 0;
	join_names(names, count, known, sizeof(known));
	for (const char *word = text; word; word = word[length] ? word + length + 1 : NULL) {
		length = strcspn(word, ",");
		if (!set_word(word, length, names, count, set))
			return report_usage(options->report, "--%s: '%.*s' is not %s",
					    option_name(options->command, option), (int)length, word, known);
	}
	return 0;
}

int options_number(const struct options *options, enum option option, uint64_t min, uint64_t max, uint64_t *number)
{
	const char *text = options->value[option];
	const char *wrong = text ? args_number(text, min, max, number) : NULL;

	if (wrong)
		return report_usage(options->report, "--%s: '%s' %s", option_name(options->command, option), text,
				    wrong);
	return 0;
}

int options_time(const struct options *options, enum option option, int64_t *milliseconds)
{
	const char *text = options->value[option];
	const char *wrong = text ? args_time(text, milliseconds) : NULL;

	if (text && !wrong && !*milliseconds)
		wrong = "is too small";
	if (wrong)
		return report_usage(options->report, "--%s: '%s' %s", option_name(options->command, option), text,
				    wrong);
	return 0;
}

int options_range(const struct options *options, struct range *range)
{
	*range = (struct range){ .has_length = options->given[OPT_LENGTH], .offset.unit = 1 };
	if (options_size(options, OPT_OFFSET, true, &range->offset))
		return STATUS_USAGE;
	return options_size(options, OPT_LENGTH, false, &range->length);
}

int range_bytes(struct report *report, const struct range *range, uint32_t sector_size, uint64_t *offset,
		uint64_t *length)
{
	int error = args_size_bytes(&range->offset, sector_size, offset);

	*length = CSUM_TO_END;
	if (!error && range->has_length)
		error = args_size_bytes(&range->length, sector_size, length);
	if (error)
		report_error(report, "%s: the range is past the end of any volume", report->volume);
	return error;
}

bool range_in_sectors(const struct range *range)
{
	return !range->offset.unit || (range->has_length && !range->length.unit);
}
