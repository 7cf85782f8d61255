/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a device once, from its start to its end, for sectors with the magic of imd sectors. These are kept until
 * there are enough of them to tell which volume they belong to, and from then on judged as they come.
 */
#include "carve/carve.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/report.h"
#include "ondisk/imd.h"

/* Some clusters of the largest interleave, and 16 MiB of memory. */
#define KEPT_CANDIDATES (1u << 19)
/* Pieces that are read at a time, in parallel. */
#define PIECES 16u
#define PIECE_BYTES CSUM_IO_PIECE_BYTES
/* Imd sectors lie at multiples of this. */
#define STEP_BYTES 512u
/* Unreadable ranges that are named one by one. */
#define RANGES_NAMED 16u

struct carve {
	struct csum_volume *volume;
	const struct csum_dump_options *options;
	struct csum_carve_crc crc;
	struct csum_carve_candidate *kept;
	size_t kept_count, kept_capacity;
	struct csum_carve_volumes volumes; /* found so far; once there is one no candidates are kept any more */
	struct csum_carve_tally tally; /* of the first volume */
	uint64_t candidates;
	uint8_t *buffer; /* PIECES of PIECE_BYTES */
	uint64_t bad_offset, bad_bytes; /* unreadable range that may go on; 0 bytes: none */
	uint64_t bad_ranges, bad_total;
};

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* ------------------------------------------------------------------ candidates */

/* Judges a candidate by the volume that it belongs to; if that is unknown, at least the magic is there. */
static void classify(struct carve *carve, const struct csum_carve_candidate *candidate, struct csum_carved *carved)
{
	const struct csum_carve_volumes *volumes = &carve->volumes;
	struct csum_carve_place place;

	carved->copy = -1;
	carved->sector_size = csum_carve_sector_size(CSUM_CARVE_512);
	for (size_t i = 0; i < volumes->count; i++) {
		if (!csum_carve_locate(&volumes->shape[i], candidate, &place))
			continue;
		carved->copy = place.copy;
		carved->sector_size = csum_carve_sector_size(volumes->shape[i].size_index);
		carved->fits = i == 0;
		if (carved->fits)
			csum_carve_tally_add(&carve->tally, &volumes->shape[0], candidate);
		return;
	}
}

static int hand_out(struct carve *carve, const struct csum_carve_candidate *candidate)
{
	struct csum_carved carved = {
		.device_offset_bytes = candidate->offset_bytes,
		.generation = candidate->generation,
		.group = candidate->group,
	};

	classify(carve, candidate, &carved);
	carve->candidates++;
	return carve->options->carved ? carve->options->carved(carve->options->user, &carved) : 0;
}

/* Decides, if that is possible, which volumes the candidates kept so far belong to, and hands the candidates out. */
static int decide(struct carve *carve)
{
	bool external_only = carve->volume->data != carve->volume->metadata;
	int error = csum_carve_find(carve->kept, carve->kept_count, external_only, &carve->volumes);

	if (error)
		return csum_report_error(&carve->volume->handlers, error, NULL, "comparing imd sectors");
	for (size_t i = 0; i < carve->kept_count && error >= 0; i++)
		error = hand_out(carve, &carve->kept[i]);
	carve->kept_count = 0;
	return error < 0 ? error : 0;
}

static uint8_t entry_bits(const void *sector, int size_index)
{
	uint8_t bits = 0;

	for (uint32_t i = 0; i < csum_carve_entries(size_index); i++) {
		uint64_t entry = csum_imd_entry(sector, i);

		if (entry >> 32 > 1)
			return 64;
		if (entry >> 32 == 1)
			bits = 32;
	}
	return bits;
}

static int add_candidate(struct carve *carve, const uint8_t *sector, size_t size, uint64_t offset_bytes)
{
	struct csum_carve_candidate candidate = {
		.offset_bytes = offset_bytes,
		.group = csum_imd_stored_group(sector),
		.generation = csum_imd_generation(sector),
	};
	int error;

	for (int i = 0; i < CSUM_CARVE_SIZES; i++) {
		uint32_t sector_size = csum_carve_sector_size(i);

		candidate.possible[i] = size >= sector_size && offset_bytes % sector_size == 0;
		if (!candidate.possible[i])
			continue;
		candidate.state[i] = csum_carve_seed_state(&carve->crc, i, candidate.group, sector);
		candidate.entry_bits[i] = entry_bits(sector, i);
	}
	if (carve->volumes.count > 0) {
		error = hand_out(carve, &candidate);
		return error < 0 ? error : 0;
	}
	carve->kept[carve->kept_count++] = candidate;
	return carve->kept_count < carve->kept_capacity ? 0 : decide(carve);
}

static int examine(struct carve *carve, const uint8_t *bytes, size_t size, uint64_t offset_bytes)
{
	int error = 0;

	for (size_t at = 0; at + STEP_BYTES <= size && !error; at += STEP_BYTES) {
		if (csum_imd_has_magic(bytes + at))
			error = add_candidate(carve, bytes + at, size - at, offset_bytes + at);
	}
	return error;
}

/* ------------------------------------------------------------------ unreadable places */

static void end_bad_range(struct carve *carve)
{
	if (carve->bad_bytes == 0)
		return;
	if (carve->bad_ranges++ < RANGES_NAMED)
		csum_report_warning(&carve->volume->handlers, carve->volume->metadata->name,
				    "%" PRIu64 " bytes at offset %" PRIu64 " cannot be read: passed over",
				    carve->bad_bytes, carve->bad_offset);
	carve->bad_total += carve->bad_bytes;
	carve->bad_bytes = 0;
}

static void add_bad_range(struct carve *carve, size_t size, uint64_t offset_bytes)
{
	if (carve->bad_offset + carve->bad_bytes != offset_bytes)
		end_bad_range(carve);
	if (carve->bad_bytes == 0)
		carve->bad_offset = offset_bytes;
	carve->bad_bytes += size;
}

static void sum_up_bad_ranges(struct carve *carve)
{
	end_bad_range(carve);
	if (carve->bad_ranges > RANGES_NAMED)
		csum_report_warning(&carve->volume->handlers, carve->volume->metadata->name,
				    "%" PRIu64 " ranges, %" PRIu64 " bytes in all, cannot be read: passed over",
				    carve->bad_ranges, carve->bad_total);
}

/* Least size of a read. */
static uint32_t unit_bytes(const struct csum_device *device)
{
	return device->logical_sector_size > STEP_BYTES ? device->logical_sector_size : STEP_BYTES;
}

/* After a failed read: reads the readable sectors of the piece; the others become zeros. */
static int read_narrowed(struct carve *carve, uint8_t *bytes, size_t size, uint64_t offset_bytes)
{
	struct csum_device *device = carve->volume->metadata;
	size_t unit = unit_bytes(device);
	size_t part = size > 65536 ? 65536 : size > CSUM_BLOCK_SIZE ? CSUM_BLOCK_SIZE : unit;
	int error = csum_io_read_now(device, bytes, size, offset_bytes);

	if (!error)
		return 0;
	if (csum_io_vanished(error))
		return csum_io_report(&carve->volume->handlers, error, device->name,
				      "reading %zu bytes at offset %" PRIu64, size, offset_bytes);
	if (size <= unit) {
		memset(bytes, 0, size);
		add_bad_range(carve, size, offset_bytes);
		return 0;
	}
	error = 0;
	for (size_t at = 0; at < size && !error; at += part)
		error = read_narrowed(carve, bytes + at, size - at < part ? size - at : part, offset_bytes + at);
	return error;
}

/* ------------------------------------------------------------------ the device */

/* The first piece from this one on that may hold data: an image file has holes. */
static uint64_t skip_hole(const struct csum_device *device, uint64_t offset_bytes)
{
	off_t data;

	if (device->is_block || device->descriptor < 0)
		return offset_bytes;
	data = lseek(device->descriptor, (off_t)offset_bytes, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? UINT64_MAX : offset_bytes;
	/* Never backwards: a file may have some bytes behind its last whole sector. */
	return max_u64(offset_bytes, (uint64_t)data / PIECE_BYTES * PIECE_BYTES);
}

/* Reads and examines up to PIECES pieces from *offset_bytes on, and moves *offset_bytes behind them. */
static int carve_pieces(struct carve *carve, uint64_t *offset_bytes, uint64_t end_bytes)
{
	struct csum_io_request requests[PIECES];
	size_t count = 0;
	int error;

	for (; count < PIECES && *offset_bytes < end_bytes; count++) {
		uint64_t left = end_bytes - *offset_bytes;

		requests[count] = (struct csum_io_request){
			.device = carve->volume->metadata,
			.operation = CSUM_IO_READ,
			.buffer = carve->buffer + count * PIECE_BYTES,
			.size = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES,
			.offset_bytes = *offset_bytes,
		};
		*offset_bytes += requests[count].size;
	}
	error = csum_io_read(carve->volume->io, requests, count);
	for (size_t i = 0; i < count && !error; i++) {
		if (requests[i].error)
			error = read_narrowed(carve, requests[i].buffer, requests[i].size, requests[i].offset_bytes);
		if (!error)
			error = examine(carve, requests[i].buffer, requests[i].size, requests[i].offset_bytes);
	}
	return error;
}

static int carve_device(struct carve *carve)
{
	const struct csum_device *device = carve->volume->metadata;
	uint64_t end = device->size_bytes / unit_bytes(device) * unit_bytes(device);
	int error = 0;

	for (uint64_t offset = skip_hole(device, 0); offset < end && !error; offset = skip_hole(device, offset)) {
		if (csum_report_cancelled(&carve->volume->handlers))
			return -ECANCELED;
		error = carve_pieces(carve, &offset, end);
	}
	if (!error && carve->volumes.count == 0)
		error = decide(carve);
	sum_up_bad_ranges(carve);
	return error;
}

static int finish(const struct carve *carve, struct csum_carved_geometry *geometry)
{
	const struct csum_volume *volume = carve->volume;
	int error = 0;

	*geometry = (struct csum_carved_geometry){ 0 };
	if (carve->volumes.count > 0)
		csum_carve_geometry(&carve->volumes.shape[0], &carve->tally, volume->metadata->size_bytes,
				    volume->data != volume->metadata ? volume->data->size_bytes : 0, geometry);
	geometry->candidates = carve->candidates;
	if (carve->options->carved_geometry)
		error = carve->options->carved_geometry(carve->options->user, geometry);
	return error < 0 ? error : 0;
}

int csum_carve(struct csum_volume *volume, const struct csum_dump_options *options,
	       struct csum_carved_geometry *geometry)
{
	struct carve carve = { .volume = volume, .options = options };
	uint64_t device_bytes = volume->metadata->size_bytes;
	int error = -ENOMEM;

	csum_carve_crc_init(&carve.crc);
	carve.kept_capacity = device_bytes / STEP_BYTES < KEPT_CANDIDATES ? (size_t)(device_bytes / STEP_BYTES + 1) :
									    KEPT_CANDIDATES;
	carve.kept = calloc(carve.kept_capacity, sizeof(*carve.kept));
	carve.buffer = csum_io_alloc(device_bytes < (uint64_t)PIECES * PIECE_BYTES ? (size_t)device_bytes :
										     (size_t)PIECES * PIECE_BYTES);
	if (carve.kept && carve.buffer)
		error = carve_device(&carve);
	else
		csum_report_error(&volume->handlers, error, NULL, "looking for imd sectors");
	if (!error)
		error = finish(&carve, geometry);
	free(carve.kept);
	free(carve.buffer);
	return error;
}
