/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show/advice.h"

#include <stdio.h>
#include <string.h>

/*
 * A clause that goes on from what the library says is wrong, ahead of the cause where it has one. Findings have a clause
 * where they can be left for that reason.
 */
struct clause {
	const char *message;
	const char *behind_device; /* not NULL: between `message` and this stands the name of the device */
	const char *finding;
};

static const struct clause clauses[CSUM_REASONS] = {
	/* Devices. */
	[CSUM_REASON_IN_USE] = { .message = ": --force reads it all the same" },
	[CSUM_REASON_LOCKED] = { .message = ": --wait waits for it" },
	[CSUM_REASON_DEVICE_GONE] = { .message = "; bring it back and run the command again" },
	/* Opening. */
	[CSUM_REASON_METADATA_ALONE] = {
		.message = ": name the data device as the volume and give this one with --metadata",
	},
	[CSUM_REASON_DATA_MISSING] = { .message = ": name that as the volume and give this one with --metadata" },
	[CSUM_REASON_NOT_EXTERNAL] = { .message = ": name it without --metadata" },
	[CSUM_REASON_JOURNAL_UNREADABLE] = { .message = "; run 'csumtool scrub'" },
	[CSUM_REASON_SLOTS_INVALID] = {
		.message = "; run 'csumtool scrub', which restores them from the backup, before writing",
	},
	[CSUM_REASON_RECOVERY_INCOMPLETE] = { .message = "; run 'csumtool scrub' before writing" },
	/* What others wrote. */
	[CSUM_REASON_FOREIGN] = {
		.message = ": where this is a volume all the same, --allow=foreign goes on; where it is none any more, "
			   "'csumtool superblock erase ",
		.behind_device = "' clears what is left of it",
		.finding = " without --allow=foreign",
	},
	[CSUM_REASON_OTHER_DEVICE] = { .message = "; --allow=identity takes it" },
	[CSUM_REASON_OTHER_DATA] = {
		.message = ": name the right device, or, if it is to be overwritten all the same, give "
			   "--allow=identity",
	},
	[CSUM_REASON_REWRITTEN] = {
		.message = ": save the present content with 'csumtool read --on-error=raw' to a file and write that "
			   "with --allow=rewritten, which also lets any other change pass",
	},
	/* Formatting. */
	[CSUM_REASON_NOT_BLANK] = { .message = "; --force formats it all the same" },
	[CSUM_REASON_DATA_NOT_BLANK] = { .message = "; --force does it all the same" },
	[CSUM_REASON_DATA_HOLDS_VOLUME] = { .message = "; --force with --wipe clears it" },
	[CSUM_REASON_SECTORS_BELOW_PHYSICAL] = { .message = "; --force does it all the same" },
	[CSUM_REASON_NOT_ALIGNED] = { .message = "; --force does it all the same" },
	[CSUM_REASON_SECTORS_ABOVE_512] = { .message = "; --sector-size=512 avoids that" },
	/* Writing. */
	[CSUM_REASON_BAD_IN_PART] = { .message = "; write all of it, or see 'csumtool scrub'" },
	[CSUM_REASON_GROUP_LOST] = {
		.message = "; write all of it, or discard all of it ('csumtool read --on-error=raw' hands out what is "
			   "stored)",
	},
	[CSUM_REASON_WRITTEN_BAD] = { .message = "; run 'csumtool check'" },
	/* Scrubbing. */
	[CSUM_REASON_UNREAD_JOURNAL] = {
		.message = "; run 'csumtool scrub' again when it can be read, or with --allow=unread, which gives up "
			   "what it may hold",
		.finding = " without --allow=unread",
	},
	[CSUM_REASON_UNREAD_SECTOR] = {
		.message = "; run 'csumtool scrub' again when it can be read, with --from=REPLICA, or with "
			   "--allow=unread, which gives up what it may hold",
	},
	[CSUM_REASON_UNREAD_IMD] = {
		.message = "; run 'csumtool scrub' again when it can be read, with --from=REPLICA, or with "
			   "--allow=unread, which gives up what it may say",
	},
	[CSUM_REASON_OUT_OF_TIME] = {
		.message = "; run 'csumtool scrub' without --time-limit, or without it looking elsewhere "
			   "(--heal=replica,bits)",
	},
	[CSUM_REASON_SEARCH_FULL] = { .message = "; run 'csumtool scrub' again for those" },
	[CSUM_REASON_UNDO_UNKEPT] = {
		.message = ": name a directory for it with --undo-dir, or do without with --no-undo",
	},
	[CSUM_REASON_UNDO_UNNAMED] = { .message = ": --no-undo repairs them all the same" },
	/* Undoing. */
	[CSUM_REASON_UNDO_MISSING] = { .message = ": name it, or its directory with --undo-dir" },
	[CSUM_REASON_UNDO_NEWEST_UNKNOWN] = { .message = "; see 'csumtool undo --list', and name one" },
	[CSUM_REASON_UNDO_VERSION_1] = { .message = "; --force puts back what still holds what a scrub wrote" },
	[CSUM_REASON_UNDO_LAST_UNKNOWN] = { .message = "; --force puts back what still holds what the scrub wrote" },
};

/* No clause for a reason that only a later version of the library has. */
static const struct clause *clause_of(enum csum_reason reason)
{
	return &clauses[reason < CSUM_REASONS ? reason : CSUM_REASON_NONE];
}

/* Where a text says what is wrong up to: the cause behind it, which the library has from strerror(3), or its end. */
static size_t length_without_cause(const struct csum_message *message)
{
	const char *cause = strerror(-message->error);
	size_t length = strlen(message->text), behind = strlen(cause) + 2;

	if (!message->error || length < behind || strcmp(message->text + length - behind + 2, cause) != 0)
		return length;
	return length - behind;
}

char *advice_message(const struct csum_message *message)
{
	const struct clause *clause = clause_of(message->reason);
	const char *behind = clause->behind_device;
	size_t length = length_without_cause(message);
	char *text;

	if (asprintf(&text, "%.*s%s%s%s%s", (int)length, message->text, clause->message ? clause->message : "",
		     behind && message->device ? message->device : "", behind ? behind : "",
		     message->text + length) < 0)
		return NULL;
	return text;
}

const char *advice_finding(enum csum_reason reason)
{
	const char *finding = clause_of(reason)->finding;

	return finding ? finding : "";
}
