/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "make/blank.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uuid/uuid.h>

#include "base/report.h"
#include "base/util.h"
#include "device/probe.h"
#include "io/io.h"
#include "ondisk/layout.h"
#include "ondisk/ondisk.h"
#include "ondisk/superblock.h"

#define HEAD_BYTES (UINT64_C(16) << 20)
#define TAIL_BYTES (UINT64_C(1) << 20)

static void add_text(struct csum_found *found, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_text(struct csum_found *found, const char *format, ...)
{
	size_t used = strlen(found->text);
	va_list arguments;

	if (used && used + 2 < sizeof(found->text)) {
		memcpy(found->text + used, ", ", 3);
		used += 2;
	}
	va_start(arguments, format);
	vsnprintf(found->text + used, sizeof(found->text) - used, format, arguments);
	va_end(arguments);
}

static uint64_t microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Reads the device. A place that cannot be read counts as blank, since nothing of it can be lost. */
static bool read_piece(struct csum_device *device, uint8_t *buffer, size_t size, uint64_t offset_bytes)
{
	return csum_io_read_now(device, buffer, size, offset_bytes) == 0;
}

/* The device offset of the first byte in [begin, end) that is not zero; `end` when there is none. */
static uint64_t first_non_zero(struct csum_device *device, uint8_t *buffer, uint64_t begin, uint64_t end)
{
	size_t size;

	for (uint64_t offset = begin; offset < end; offset += size) {
		size = end - offset < CSUM_IO_PIECE_BYTES ? (size_t)(end - offset) : CSUM_IO_PIECE_BYTES;
		if (!read_piece(device, buffer, size, offset) || csum_is_zero(buffer, size))
			continue;
		for (size_t i = 0; i < size; i++) {
			if (buffer[i])
				return offset + i;
		}
	}
	return end;
}

/* The bytes behind the last whole block, which O_DIRECT cannot read of a file. */
static int look_at_rest(const struct csum_handlers *handlers, struct csum_device *device, uint8_t *buffer,
			uint32_t unit_bytes, struct csum_found *found)
{
	uint64_t end = device->size_bytes;
	uint64_t rest = end / CSUM_BLOCK_SIZE * CSUM_BLOCK_SIZE;
	uint64_t offset;
	int error;

	if (rest == end)
		return 0;
	error = csum_device_set_unit(handlers, device, 1);
	if (error)
		return error;
	offset = first_non_zero(device, buffer, rest, end);
	if (offset < end)
		add_text(found, "non-zero bytes at offset %" PRIu64, offset);
	return csum_device_set_unit(handlers, device, unit_bytes);
}

static void look_for_bytes(struct csum_device *device, uint8_t *buffer, struct csum_found *found)
{
	uint64_t size = device->size_bytes / CSUM_BLOCK_SIZE * CSUM_BLOCK_SIZE;
	uint64_t head = size < HEAD_BYTES ? size : HEAD_BYTES;
	uint64_t tail = size - head < TAIL_BYTES ? head : size - TAIL_BYTES;
	uint64_t start = microseconds();
	uint64_t offset = first_non_zero(device, buffer, 0, head);

	found->read_bytes = offset < head ? offset : head;
	if (offset == head) {
		offset = first_non_zero(device, buffer, tail, size);
		found->read_bytes += offset - tail;
	}
	found->read_microseconds = microseconds() - start;
	if (offset < size)
		add_text(found, "non-zero bytes at offset %" PRIu64, offset);
}

static bool look_at_superblock(struct csum_device *device, uint8_t *buffer, uint64_t offset_bytes,
			       struct csum_found *found)
{
	struct csum_superblock superblock;
	char uuid[UUID_STR_LEN];
	uint64_t recorded;

	if (!read_piece(device, buffer, CSUM_BLOCK_SIZE, offset_bytes) || !csum_superblock_decode(buffer, &superblock))
		return false;
	found->volume = true;
	found->internal_volume = !superblock.geometry.external;
	recorded = superblock.geometry.metadata_device_bytes;
	if (recorded >= CSUM_CLUSTERS_OFFSET + CSUM_TAIL_SIZE && recorded <= device->size_bytes)
		found->backup_offset_bytes = csum_layout_backup_offset(recorded);
	uuid_unparse_lower(superblock.uuid, uuid);
	add_text(found, "csumtool volume with UUID %s", uuid);
	return true;
}

static void look_for_volume(struct csum_device *device, uint8_t *buffer, struct csum_found *found)
{
	if (look_at_superblock(device, buffer, CSUM_SLOT_A_OFFSET, found) ||
	    look_at_superblock(device, buffer, CSUM_SLOT_B_OFFSET, found))
		return;
	if (device->size_bytes >= CSUM_CLUSTERS_OFFSET + CSUM_TAIL_SIZE)
		look_at_superblock(device, buffer, csum_layout_backup_offset(device->size_bytes), found);
}

int csum_make_look(const struct csum_handlers *handlers, struct csum_device *device, uint32_t unit_bytes,
		   struct csum_found *found)
{
	uint8_t *buffer = csum_io_alloc(CSUM_IO_PIECE_BYTES);
	char signatures[CSUM_FOUND_SIZE / 2];
	int error;

	*found = (struct csum_found){ 0 };
	if (!buffer)
		return csum_report_error(handlers, -ENOMEM, NULL, "looking for what is on the device");
	look_for_volume(device, buffer, found);
	error = csum_probe_signatures(handlers, device, signatures, sizeof(signatures));
	if (!error && signatures[0])
		add_text(found, "%s", signatures);
	if (!error) {
		look_for_bytes(device, buffer, found);
		error = look_at_rest(handlers, device, buffer, unit_bytes, found);
	}
	free(buffer);
	return error;
}
