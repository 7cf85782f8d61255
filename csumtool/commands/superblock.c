/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/command.h"
#include "os/signals.h"
#include "show/finding.h"
#include "show/text.h"
#include "show/view.h"

/* One run of the command. */
struct erasing {
	struct report *report;
	bool dry_run, force;
	uint64_t found, erased;
};

/* Reads a line of the user's, without its end; "" at the end of the input. */
static int read_answer(char *answer, size_t size)
{
	size_t used = 0;
	char byte;

	for (;;) {
		if (signals_wait(STDIN_FILENO, POLLIN))
			return -ECANCELED;
		if (read(STDIN_FILENO, &byte, 1) != 1 || byte == '\n')
			break;
		if (used + 1 < size)
			answer[used++] = byte;
	}
	answer[used] = '\0';
	return 0;
}

static int ask(const struct erasing *erasing)
{
	struct report *report = erasing->report;
	char answer[8];
	int error;

	fputs("Erase ", stderr);
	if (erasing->found == 1)
		fputs("the superblock of ", stderr);
	else
		fprintf(stderr, "%" PRIu64 " superblocks of ", erasing->found);
	text_put(stderr, report->volume);
	fputs(", so that it is no csumtool volume any more, and its checksums are lost? (yes or no) ", stderr);
	error = read_answer(answer, sizeof(answer));
	if (!error && strcasecmp(answer, "yes") != 0) {
		report_error(report, "%s: nothing was erased", report->volume);
		error = -EPERM;
	}
	return error;
}

/* Erasing cannot be taken back, so it needs a yes, typed at the terminal or given on the command line. */
static int confirm(const struct erasing *erasing)
{
	struct report *report = erasing->report;

	if (erasing->dry_run || erasing->force)
		return 0;
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		return ask(erasing);
	report_error(report, "%s: its superblocks are erased only with --force, where no terminal can be asked",
		     report->volume);
	return -EPERM;
}

static json_t *slot_json(void *run, const void *thing)
{
	const struct csum_erase_slot *slot = thing;

	(void)run;
	return json_pack("{s:s,s:s,s:o,s:o,s:o,s:b}", "type", "superblock", "slot", slot_name(slot->slot), "device",
			 report_text(slot->device), "device_offset", report_count(slot->device_offset_bytes), "uuid",
			 report_uuid(slot->uuid), "erased", slot->erased);
}

static void print_slot(void *run, const void *thing)
{
	const struct erasing *erasing = run;
	const struct csum_erase_slot *slot = thing;
	char uuid[TEXT_MAX];

	if (erasing->report->quiet && (slot->erased || erasing->dry_run))
		return;
	if (slot->erased)
		fputs("erased", stdout);
	else
		fputs(erasing->dry_run ? "would be erased" : "LEFT", stdout);
	printf(": superblock %s, ", slot_name(slot->slot));
	text_put(stdout, slot->device);
	printf(" offset %" PRIu64 ", of volume %s\n", slot->device_offset_bytes, text_uuid(uuid, slot->uuid));
}

static int erase_slots(struct erasing *erasing, struct csum_erase *erase)
{
	static const struct view view = { print_slot, slot_json };
	const struct csum_erase_slot *slots;
	size_t count;
	int error;

	slots = csum_erase_slots(erase, &count);
	erasing->found = count;
	error = confirm(erasing);
	if (error)
		return error;
	if (!erasing->dry_run)
		error = csum_erase_run(erase);
	for (size_t i = 0; i < count; i++) {
		erasing->erased += slots[i].erased;
		view_show(erasing->report, &view, erasing, &slots[i]);
	}
	if (error && erasing->erased < count)
		report_warning(erasing->report, "%s: %" PRIu64 " of %zu superblocks are left", erasing->report->volume,
			       count - erasing->erased, count);
	return error;
}

static int erase(struct erasing *erasing, const struct options *options)
{
	const struct csum_erase_options how = { .dry_run = erasing->dry_run, .wait_ms = options->wait_ms };
	struct csum_erase *erase;
	int error, free_error;

	error = csum_erase_prepare(&erasing->report->handlers, options->volume, options->value[OPT_METADATA], &how,
				   &erase);
	if (error)
		return error;
	error = erase_slots(erasing, erase);
	free_error = csum_erase_free(erase);
	return error ? error : free_error;
}

static void print_end(void *run, int error)
{
	const struct erasing *erasing = run;

	if (!error && !erasing->report->quiet)
		printf(erasing->dry_run ? "nothing was written: --dry-run\n" :
					  "no csumtool volume any more; everything else is as it was\n");
}

static json_t *end_json(void *run, int error)
{
	const struct erasing *erasing = run;

	(void)error;
	return json_pack("{s:b,s:o,s:o}", "dry_run", erasing->dry_run, "found", report_count(erasing->found), "erased",
			 report_count(erasing->erased));
}

static int run(struct report *report, const struct options *options)
{
	static const struct view_end view = { print_end, end_json };
	struct erasing erasing = {
		.report = report,
		.dry_run = options->given[OPT_DRY_RUN],
		.force = options->given[OPT_FORCE],
	};
	int error;

	if (strcmp(options->operand[0], "erase") != 0)
		return report_usage(report, "'superblock' does not know '%s': it takes 'erase'", options->operand[0]);
	error = erase(&erasing, options);
	return view_end(report, &view, &erasing, error, report_status(report, error, 0));
}

static const struct poptOption table[] = {
	OPTION_FLAG("dry-run", 'n', OPT_DRY_RUN, "only say what would be erased"),
	OPTION_FLAG("force", 'f', OPT_FORCE, "do not ask"),
	OPTION_METADATA,
	OPTION_WAIT,
	OPTION_JSON,
	OPTION_QUIET("print only what is left"),
	OPTIONS_END,
};

const struct command command_superblock = {
	.name = "superblock",
	.operands = "erase VOLUME",
	.summary = "erase superblocks where a device is no volume any more",
	.description = "Zeroes those of the superblocks A, B and C that are valid, and nothing else: for\n"
		       "a disk that was put to another use, which would pass for a volume otherwise.\n"
		       "Asks first, on a terminal; elsewhere it needs --force. VOLUME may also be the\n"
		       "metadata device of a volume by itself.",
	.operands_min = 2,
	.operands_max = 2,
	.volume_operand = 1,
	.options = table,
	.run = run,
};
