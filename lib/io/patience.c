/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bad reads tried again, and whether a whole device is gone. Some errors say so. But a disk that was pulled out, or whose link broke, may also end
 * every read with the EIO that a bad sector has: then places that could be read before tell the two apart.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/report.h"
#include "base/util.h"
#include "io/io.h"

/* Sectors that fail one after the other before the device is asked whether it is still there. */
#define FAILED_IN_A_ROW 16u
/* Bytes that are read again of a place that could be read before: the largest sector in use. */
#define PLACE_BYTES CSUM_BUFFER_ALIGNMENT
/* A place is its offset, which is a multiple of this, plus its size in such units; 0 is none. */
#define PLACE_UNIT 512u
/* Size of the text in a message that says what was being done. */
#define DOING_SIZE 512

bool csum_io_vanished(int error)
{
	switch (-error) {
	case ENODEV: /* a disk that was removed */
	case ENXIO:
	case ENOMEDIUM:
	case ENOTCONN: /* a FUSE file system whose server has ended, */
	case ECONNABORTED: /* while it had our request */
	case ESTALE: /* a file that its server does not have any more */
		return true;
	default:
		return false;
	}
}

/* ------------------------------------------------------------------ places that could be read */

void csum_io_note_read(struct csum_device *device, size_t size, uint64_t offset_bytes)
{
	uint64_t units = csum_min_u64(size, PLACE_BYTES) / PLACE_UNIT;
	uint_least64_t none = 0;

	if (atomic_load_explicit(&device->reads_failed, memory_order_relaxed))
		atomic_store(&device->reads_failed, 0);
	if (units == 0 || offset_bytes % PLACE_UNIT != 0)
		return;
	atomic_store_explicit(&device->read_last, offset_bytes + units, memory_order_relaxed);
	if (!atomic_load_explicit(&device->read_first, memory_order_relaxed))
		atomic_compare_exchange_strong(&device->read_first, &none, offset_bytes + units);
}

static int read_place(struct csum_device *device, void *buffer, uint64_t place)
{
	uint64_t units = place % PLACE_UNIT;
	int error = 0;

	for (int tried = 0; tried < CSUM_IO_READ_ATTEMPTS; tried++) {
		error = csum_io_read_now(device, buffer, (size_t)units * PLACE_UNIT, place - units);
		if (!error || csum_io_vanished(error))
			break;
	}
	return error;
}

/* Reads both: the last place lies near those that cannot be read, and the first, a superblock, may be bad by now. */
static int read_places(struct csum_device *device, void *buffer)
{
	uint64_t last = atomic_load(&device->read_last), first = atomic_load(&device->read_first);
	int error;

	/* Nothing could ever be read: the opening has reported that. */
	if (!first)
		return 0;
	/* A cache would answer for a device that is gone. A failure shows when the places are read. */
	if (!device->direct)
		(void)device->ops->drop_cache(device->context);
	error = read_place(device, buffer, last);
	if (error && !csum_io_vanished(error) && first != last)
		error = read_place(device, buffer, first);
	if (error && !csum_io_vanished(error))
		error = -ENODEV;
	return error;
}

int csum_io_still_there(struct csum_device *device)
{
	void *buffer;
	int error;

	if (!atomic_load(&device->reads_failed))
		return 0;
	buffer = csum_io_alloc(PLACE_BYTES);
	if (!buffer)
		return 0;
	error = read_places(device, buffer);
	free(buffer);
	if (!error)
		atomic_store(&device->reads_failed, 0);
	return error;
}

/* ------------------------------------------------------------------ */

static bool may_pass(int error)
{
	return error && error != CSUM_IO_PAST_END && !csum_io_vanished(error);
}

int csum_io_read_patiently(struct csum_device *device, void *buffer, size_t size, uint64_t offset_bytes, int *attempts)
{
	int error, tried = 0, gone = 0;

	do {
		error = csum_io_read_now(device, buffer, size, offset_bytes);
		tried++;
	} while (may_pass(error) && tried < CSUM_IO_READ_ATTEMPTS);
	if (attempts)
		*attempts = tried;
	if (may_pass(error) && atomic_fetch_add(&device->reads_failed, 1) + 1 >= FAILED_IN_A_ROW)
		gone = csum_io_still_there(device);
	return gone ? gone : error;
}

int csum_io_report(const struct csum_handlers *handlers, int error, const char *device, const char *format, ...)
{
	char doing[DOING_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(doing, sizeof(doing), format, arguments);
	va_end(arguments);
	if (!csum_io_vanished(error))
		return csum_report_error(handlers, error, device, "%s", doing);
	return csum_report_error_reason(handlers, error, CSUM_REASON_DEVICE_GONE, device, "%s: the device is gone",
					doing);
}
