/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_SIZE 1024

/* The message but for its text, which is made here. */
static void send(const struct csum_handlers *handlers, struct csum_message message, const char *format,
		 va_list arguments)
{
	char text[MESSAGE_SIZE];
	size_t used = 0;

	if (!handlers->message)
		return;
	if (message.device)
		used = (size_t)snprintf(text, sizeof(text), "%s: ", message.device);
	if (used < sizeof(text))
		used += (size_t)vsnprintf(text + used, sizeof(text) - used, format, arguments);
	if (message.error && used < sizeof(text))
		snprintf(text + used, sizeof(text) - used, ": %s", strerror(-message.error));
	message.text = text;
	handlers->message(handlers->user, &message);
}

/* Those of csum.h that tell the caller in which state the volume is. */
static bool has_own_meaning(int error)
{
	return error == -EBADMSG || error == -ECANCELED || error == -ENODATA || error == -ENOSPC;
}

int csum_report_error(const struct csum_handlers *handlers, int error, const char *device, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	send(handlers, (struct csum_message){ CSUM_ERROR, CSUM_REASON_NONE, error, device, NULL }, format, arguments);
	va_end(arguments);
	return has_own_meaning(error) ? -EIO : error;
}

int csum_report_refusal(const struct csum_handlers *handlers, int error, const char *device, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	send(handlers, (struct csum_message){ CSUM_ERROR, CSUM_REASON_NONE, 0, device, NULL }, format, arguments);
	va_end(arguments);
	return error;
}

void csum_report_warning(const struct csum_handlers *handlers, const char *device, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	send(handlers, (struct csum_message){ CSUM_WARNING, CSUM_REASON_NONE, 0, device, NULL }, format, arguments);
	va_end(arguments);
}

void csum_report_note(const struct csum_handlers *handlers, const char *device, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	send(handlers, (struct csum_message){ CSUM_NOTE, CSUM_REASON_NONE, 0, device, NULL }, format, arguments);
	va_end(arguments);
}

int csum_report_error_reason(const struct csum_handlers *handlers, int error, enum csum_reason reason,
			     const char *device, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	send(handlers, (struct csum_message){ CSUM_ERROR, reason, error, device, NULL }, format, arguments);
	va_end(arguments);
	return has_own_meaning(error) ? -EIO : error;
}

int csum_report_refusal_reason(const struct csum_handlers *handlers, int error, enum csum_reason reason,
			       const char *device, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	send(handlers, (struct csum_message){ CSUM_ERROR, reason, 0, device, NULL }, format, arguments);
	va_end(arguments);
	return error;
}

void csum_report_warning_reason(const struct csum_handlers *handlers, enum csum_reason reason, const char *device,
				const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	send(handlers, (struct csum_message){ CSUM_WARNING, reason, 0, device, NULL }, format, arguments);
	va_end(arguments);
}

bool csum_report_cancelled(const struct csum_handlers *handlers)
{
	return handlers->cancelled && handlers->cancelled(handlers->user);
}
