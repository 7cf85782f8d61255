/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that the user gets: messages on stderr, results on stdout, and the exit status. */
#ifndef CSUMTOOL_SHOW_REPORT_H
#define CSUMTOOL_SHOW_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "csum.h"

/* Exit statuses; they add up, as in fsck(8). */
enum status {
	STATUS_CORRECTED = 1, /* errors corrected */
	STATUS_ERRORS = 4, /* errors left uncorrected */
	STATUS_FAILED = 8, /* operational error */
	STATUS_USAGE = 16, /* the command line alone is wrong */
	STATUS_CANCELLED = 32, /* ended by a signal */
};

/* Version of the JSON that --json prints; it grows when a name goes or changes its meaning. */
#define REPORT_SCHEMA 1

struct report {
	const char *command; /* NULL until it is known */
	const char *volume; /* as typed; NULL until it is known */
	bool quiet, verbose, json;
	int stdout_error; /* errno of the first failed write to stdout */
	char *last_error; /* text of the last error message */
	struct csum_handlers handlers; /* for the library, whose messages come here */
};

void report_init(struct report *report);
/* Flushes and closes stdout; a failure of that changes the status that it returns. */
int report_end(struct report *report, int status);

void report_error(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_warning(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Reports a usage error with a hint, and returns STATUS_USAGE. */
int report_usage(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Flushes stdout. 0, or a negative errno when stdout has failed, now or before. */
int report_flush(struct report *report);
/* Prints one JSON object on a line of its own and releases it; NULL is taken as lack of memory. */
int report_object(struct report *report, json_t *object);

/* Returns the exit status of a command that ended with `error` and left `errors` findings that are errors. */
int report_status(const struct report *report, int error, uint64_t errors);

/*
 * Ends a command: says that it was cancelled, if it was, and with --json prints its summary object. The object has
 * `fields` (released; NULL: none) and the members that all summaries have. Returns status.
 */
int report_summary(struct report *report, json_t *fields, int status);

/* Seconds on a clock that only goes forward. */
double report_clock(void);

/* Make JSON values. Integers beyond jansson's (INT64_MAX) become strings; text becomes valid UTF-8. */
json_t *report_count(uint64_t number);
/* Seconds since 1970; negative for a time before that. */
json_t *report_time(uint64_t seconds);
json_t *report_hex(uint64_t number, int digits);
json_t *report_text(const char *text);
json_t *report_uuid(const uint8_t *uuid);

#endif
