/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "os/signals.h"
#include "show/advice.h"
#include "show/text.h"

static const char *const prefixes[] = {
	[CSUM_ERROR] = "",
	[CSUM_WARNING] = "warning: ",
	[CSUM_NOTE] = "note: ",
};

static void print(struct report *report, enum csum_severity severity, const char *text)
{
	if (severity == CSUM_NOTE && !report->verbose)
		return;
	/* Where both streams are one terminal or file, results printed so far come first. */
	report_flush(report);
	fprintf(stderr, "csumtool: %s", prefixes[severity]);
	text_put(stderr, text);
	fputc('\n', stderr);
	if (severity == CSUM_ERROR) {
		free(report->last_error);
		report->last_error = strdup(text);
	}
}

static void on_message(void *user, const struct csum_message *message)
{
	char *text = advice_message(message);

	print(user, message->severity, text ? text : message->text);
	free(text);
}

static bool on_cancelled(void *user)
{
	const struct report *report = user;

	return signals_pending() || report->stdout_error;
}

void report_init(struct report *report)
{
	*report = (struct report){
		.handlers = { .user = report, .message = on_message, .cancelled = on_cancelled },
	};
}

int report_end(struct report *report, int status)
{
	report_flush(report);
	if (fclose(stdout) && !report->stdout_error)
		report->stdout_error = errno;
	if (report->stdout_error) {
		report_error(report, "cannot write to standard output: %s", strerror(report->stdout_error));
		status |= STATUS_FAILED;
	}
	free(report->last_error);
	report->last_error = NULL;
	return status;
}

static void message(struct report *report, enum csum_severity severity, const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0) {
		print(report, severity, strerror(ENOMEM));
		return;
	}
	print(report, severity, text);
	free(text);
}

void report_error(struct report *report, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(report, CSUM_ERROR, format, args);
	va_end(args);
}

void report_warning(struct report *report, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(report, CSUM_WARNING, format, args);
	va_end(args);
}

int report_usage(struct report *report, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(report, CSUM_ERROR, format, args);
	va_end(args);
	fprintf(stderr, "Try 'csumtool %s%s--help'.\n", report->command ? report->command : "",
		report->command ? " " : "");
	return STATUS_USAGE;
}

int report_flush(struct report *report)
{
	if (report->stdout_error)
		return -report->stdout_error;
	errno = 0;
	if (fflush(stdout) || ferror(stdout))
		report->stdout_error = errno ? errno : EIO;
	return -report->stdout_error;
}

int report_object(struct report *report, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (!text) {
		report_error(report, "cannot print JSON: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	puts(text);
	free(text);
	return report_flush(report);
}

/* The only table that turns errors into exit statuses; any error not in it is STATUS_FAILED. */
static const struct {
	int error;
	int status;
} outcomes[] = {
	{ 0, 0 },
	{ -EBADMSG, STATUS_ERRORS },
	{ -ECANCELED, STATUS_CANCELLED },
};

int report_status(const struct report *report, int error, uint64_t errors)
{
	int status = STATUS_FAILED;

	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (outcomes[i].error == error)
			status = outcomes[i].status;
	}
	/* When stdout is dead, a command ends as after a signal, but the status is that of an operational error. */
	if (error == -ECANCELED && !signals_pending())
		status = STATUS_FAILED;
	if (report->stdout_error)
		status |= STATUS_FAILED;
	return errors ? status | STATUS_ERRORS : status;
}

int report_summary(struct report *report, json_t *fields, int status)
{
	json_t *object;

	if (status & STATUS_CANCELLED)
		report_error(report, "%s: cancelled by a signal", report->volume);
	if (!report->json) {
		json_decref(fields);
		return status;
	}
	object = json_pack("{s:s,s:i,s:s,s:o}", "type", "summary", "schema", REPORT_SCHEMA, "command", report->command,
			   "volume", report->volume ? report_text(report->volume) : json_null());
	if (object && fields)
		json_object_update(object, fields);
	json_decref(fields);
	if (object && report->last_error)
		json_object_set_new(object, "error", report_text(report->last_error));
	if (object)
		json_object_set_new(object, "exit_status", json_integer(status));
	return report_object(report, object) ? status | STATUS_FAILED : status;
}

double report_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

json_t *report_count(uint64_t number)
{
	char text[24];

	if (number <= INT64_MAX)
		return json_integer((json_int_t)number);
	snprintf(text, sizeof(text), "%" PRIu64, number);
	return json_string(text);
}

json_t *report_time(uint64_t seconds)
{
	return json_integer((json_int_t)(int64_t)seconds);
}

json_t *report_hex(uint64_t number, int digits)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%0*" PRIx64, digits, number);
	return json_string(text);
}

json_t *report_text(const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
	char *clean = malloc(strlen(text) * strlen(replacement) + 1);
	char *end = clean;
	json_t *value;

	if (!clean)
		return NULL;
	while (*text) {
		size_t length = text_utf8_sequence((const unsigned char *)text);

		end = length ? mempcpy(end, text, length) : stpcpy(end, replacement);
		text += length ? length : 1;
	}
	value = json_stringn(clean, (size_t)(end - clean));
	free(clean);
	return value;
}

json_t *report_uuid(const uint8_t *uuid)
{
	char text[TEXT_MAX];

	return json_string(text_uuid(text, uuid));
}
