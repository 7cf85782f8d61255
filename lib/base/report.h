/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages to the caller: every failure passes through here once, where it is known best. */
#ifndef CSUM_BASE_REPORT_H
#define CSUM_BASE_REPORT_H

#include "csum.h"

/*
 * Reports "DEVICE: text: strerror(-error)" as CSUM_ERROR and returns `error`, a negative errno. device may be
 * NULL (then without it). For a failed system call; what the library itself refuses goes through
 * csum_report_refusal(). What csum.h gives a meaning of its own is returned as -EIO: a device or a file system may fail
 * with any errno, and that says nothing of the kind.
 */
int csum_report_error(const struct csum_handlers *handlers, int error, const char *device, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Reports "DEVICE: text" as CSUM_ERROR and returns `error`, a negative errno. */
int csum_report_refusal(const struct csum_handlers *handlers, int error, const char *device, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

void csum_report_warning(const struct csum_handlers *handlers, const char *device, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void csum_report_note(const struct csum_handlers *handlers, const char *device, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The same where a program has advice to give: it has it for that reason. The text says what is wrong, and is a whole
 * sentence without the advice; it names no option or command (`make lint-words`).
 */
int csum_report_error_reason(const struct csum_handlers *handlers, int error, enum csum_reason reason,
			     const char *device, const char *format, ...) __attribute__((format(printf, 5, 6)));
int csum_report_refusal_reason(const struct csum_handlers *handlers, int error, enum csum_reason reason,
			       const char *device, const char *format, ...) __attribute__((format(printf, 5, 6)));
void csum_report_warning_reason(const struct csum_handlers *handlers, enum csum_reason reason, const char *device,
				const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Whether the caller wants the operation to end at this safe point. */
bool csum_report_cancelled(const struct csum_handlers *handlers);

#endif
