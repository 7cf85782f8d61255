/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_SIZE 1024

static void send(const struct csum_handlers *handlers, enum csum_severity severity, const char *device, int error,
		 const char *format, va_list arguments)
{
	char text[MESSAGE_SIZE];
	size_t used = 0;

	if (!handlers->message)
		return;
	if (device)
		used = (size_t)snprintf(text, sizeof(text), "%s: ", device);
	if (used < sizeof(text))
		used += (size_t)vsnprintf(text + used, sizeof(text) - used, format, arguments);
	if (error && used < sizeof(text))
		snprintf(text + used, sizeof(text) - used, ": %s", strerror(-error));
	handlers->message(handlers->user, severity, text);
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
	send(handlers, CSUM_ERROR, device, error, format, arguments);
	va_end(arguments);
	return has_own_meaning(error) ? -EIO : error;
}

int csum_report_refusal(const struct csum_handlers *handlers, int error, const char *device, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	send(handlers, CSUM_ERROR, device, 0, format, arguments);
	va_end(arguments);
	return error;
}

void csum_report_warning(const struct csum_handlers *handlers, const char *device, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	send(handlers, CSUM_WARNING, device, 0, format, arguments);
	va_end(arguments);
}

void csum_report_note(const struct csum_handlers *handlers, const char *device, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	send(handlers, CSUM_NOTE, device, 0, format, arguments);
	va_end(arguments);
}

bool csum_report_cancelled(const struct csum_handlers *handlers)
{
	return handlers->cancelled && handlers->cancelled(handlers->user);
}
