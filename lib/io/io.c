/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/io.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/report.h"
#include "io/pool.h"

enum { MAX_DEVICES = 2 };
/* Of most machines; on others the advice fits less well. */
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

struct csum_io {
	const struct csum_handlers *handlers;
	struct csum_pool *pool;
	struct csum_device *devices[MAX_DEVICES]; /* distinct */
	bool written[MAX_DEVICES]; /* since its last flush */
	size_t device_count;
	atomic_bool failed;
	/* the round under way */
	const struct csum_io_policy *policy; /* NULL: the usual */
	atomic_bool refused;
	struct csum_io_request *round;
	size_t round_count;
	int flush_error;
	const struct csum_device *flush_failed;
};

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Whether the transfer goes on where the last request of the list ends, in memory and on the device. */
static bool extends_last(const struct csum_io_list *list, const struct csum_io_request *request)
{
	const struct csum_io_request *last = list->count ? &list->requests[list->count - 1] : NULL;

	return last && last->device == request->device && last->operation == request->operation &&
	       (uint8_t *)last->buffer + last->size == request->buffer &&
	       last->offset_bytes + last->size == request->offset_bytes &&
	       last->size + request->size <= CSUM_IO_PIECE_BYTES;
}

static int append(struct csum_io_list *list, const struct csum_io_request *request)
{
	if (extends_last(list, request)) {
		list->requests[list->count - 1].size += request->size;
		return 0;
	}
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 32;
		struct csum_io_request *grown = reallocarray(list->requests, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		list->requests = grown;
		list->capacity = capacity;
	}
	list->requests[list->count++] = *request;
	return 0;
}

int csum_io_list_add(struct csum_io_list *list, struct csum_device *device, enum csum_io_operation operation,
		     void *buffer, size_t size, uint64_t offset_bytes)
{
	int error = 0;

	for (size_t done = 0; done < size && !error; done += CSUM_IO_PIECE_BYTES) {
		const struct csum_io_request request = {
			.device = device,
			.operation = operation,
			.buffer = (uint8_t *)buffer + done,
			.size = min_size(size - done, CSUM_IO_PIECE_BYTES),
			.offset_bytes = offset_bytes + done,
		};

		error = append(list, &request);
	}
	return error;
}

void csum_io_list_free(struct csum_io_list *list)
{
	free(list->requests);
	*list = (struct csum_io_list){ 0 };
}

int csum_io_create(const struct csum_handlers *handlers, struct csum_device *data, struct csum_device *metadata,
		   unsigned int threads, struct csum_io **io)
{
	struct csum_io *result = calloc(1, sizeof(*result));
	int error;

	*io = NULL;
	if (!result)
		return csum_report_error(handlers, -ENOMEM, NULL, "preparing I/O");
	error = csum_pool_create(threads, &result->pool);
	if (error) {
		free(result);
		return csum_report_error(handlers, error, NULL, "preparing I/O");
	}
	result->handlers = handlers;
	result->devices[result->device_count++] = data;
	if (metadata != data)
		result->devices[result->device_count++] = metadata;
	*io = result;
	return 0;
}

void csum_io_destroy(struct csum_io *io)
{
	if (!io)
		return;
	csum_pool_destroy(io->pool);
	free(io);
}

void csum_io_end_threads(struct csum_io *io)
{
	csum_pool_end_threads(io->pool);
}

void *csum_io_alloc(size_t size)
{
	size_t alignment = size < HUGE_PAGE_BYTES ? CSUM_BUFFER_ALIGNMENT : HUGE_PAGE_BYTES;
	void *memory;

	if (posix_memalign(&memory, alignment, size ? size : 1) != 0)
		return NULL;
	if (size >= HUGE_PAGE_BYTES) {
		/* The kernel pins each page for each transfer. A refusal costs time only. */
		int ignored = madvise(memory, size / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES, MADV_HUGEPAGE);

		(void)ignored;
	}
	return memory;
}

void csum_io_background_start(struct csum_io *io, unsigned int width, size_t count,
			      void (*work)(void *argument, size_t index), void *argument)
{
	const struct csum_pool_job job = { .work = work, .argument = argument, .count = count, .width = width };

	csum_pool_start(io->pool, &job);
}

void csum_io_background_extend(struct csum_io *io, size_t count)
{
	csum_pool_extend(io->pool, count);
}

void csum_io_background_wait(struct csum_io *io)
{
	csum_pool_wait(io->pool);
}

void csum_io_parallel(struct csum_io *io, unsigned int width, size_t count, void (*work)(void *argument, size_t index),
		      void *argument)
{
	csum_io_background_start(io, width, count, work, argument);
	csum_io_background_wait(io);
}

/* Bytes moved, or a negative errno, never -EINTR. */
static int64_t transfer_once(const struct csum_io_request *request, size_t done)
{
	const struct csum_device *device = request->device;
	uint8_t *buffer = (uint8_t *)request->buffer + done;
	uint64_t offset_bytes = request->offset_bytes + done;
	int64_t moved;

	do {
		if (request->operation == CSUM_IO_READ)
			moved = device->ops->pread(device->context, buffer, request->size - done, offset_bytes);
		else
			moved = device->ops->pwrite(device->context, buffer, request->size - done, offset_bytes);
	} while (moved == -EINTR);
	return moved;
}

/* Bytes of the request that are done then: a sector that O_DIRECT moved in part is moved again as a whole. */
static size_t whole_sectors(const struct csum_io_request *request, size_t done, size_t moved)
{
	if (done + moved == request->size)
		return request->size;
	return done + moved - moved % request->device->logical_sector_size;
}

static int transfer(const struct csum_io_request *request)
{
	struct csum_device *device = request->device;
	size_t done = 0;
	int stuck = 0; /* parts of one sector, one after the other */

	if (request->offset_bytes > device->size_bytes || request->size > device->size_bytes - request->offset_bytes)
		return request->operation == CSUM_IO_READ ? CSUM_IO_PAST_END : -ENOSPC;
	while (done < request->size) {
		int64_t moved = transfer_once(request, done);
		size_t before = done;

		if (moved < 0)
			return (int)moved;
		done = whole_sectors(request, done, (size_t)moved);
		stuck = done > before ? 0 : stuck + 1;
		if (moved == 0 || stuck == CSUM_IO_READ_ATTEMPTS)
			return request->operation == CSUM_IO_READ ? CSUM_IO_PAST_END : -EIO;
	}
	if (request->operation == CSUM_IO_READ)
		csum_io_note_read(device, request->size, request->offset_bytes);
	return 0;
}

int csum_io_read_now(struct csum_device *device, void *buffer, size_t size, uint64_t offset_bytes)
{
	const struct csum_io_request request = {
		.device = device,
		.operation = CSUM_IO_READ,
		.buffer = buffer,
		.size = size,
		.offset_bytes = offset_bytes,
	};

	return transfer(&request);
}

static void read_work(void *argument, size_t index)
{
	struct csum_io_request *request = (struct csum_io_request *)argument + index;

	request->error = transfer(request);
}

int csum_io_read(struct csum_io *io, struct csum_io_request *requests, size_t count)
{
	csum_io_parallel(io, 0, count, read_work, requests);
	for (size_t i = 0; i < count; i++) {
		if (csum_io_vanished(requests[i].error))
			return csum_io_report(io->handlers, requests[i].error, requests[i].device->name,
					      "reading %zu bytes at offset %" PRIu64, requests[i].size,
					      requests[i].offset_bytes);
	}
	return 0;
}

/* Writes a refused request again in pieces, so that one bad place does not cost its neighbours; the last error. */
static int write_pieces(const struct csum_io_request *request, size_t piece_bytes)
{
	int error = 0;

	for (size_t done = 0; done < request->size; done += piece_bytes) {
		struct csum_io_request piece = *request;
		int piece_error;

		piece.buffer = (uint8_t *)request->buffer + done;
		piece.offset_bytes += done;
		piece.size = min_size(request->size - done, piece_bytes);
		piece_error = transfer(&piece);
		if (csum_io_vanished(piece_error))
			return piece_error;
		if (piece_error)
			error = piece_error;
	}
	return error;
}

/* Whether the round goes on after a write that failed like this. */
static bool is_tolerated(const struct csum_io *io, int error)
{
	return io->policy && io->policy->tolerant_bytes && !csum_io_vanished(error);
}

static void write_work(void *argument, size_t index)
{
	struct csum_io *io = argument;
	struct csum_io_request *request = &io->round[index];

	if (atomic_load(&io->failed))
		return;
	request->error = transfer(request);
	if (request->error && is_tolerated(io, request->error))
		request->error = write_pieces(request, io->policy->tolerant_bytes);
	if (!request->error)
		return;
	if (is_tolerated(io, request->error))
		atomic_store(&io->refused, true);
	else
		atomic_store(&io->failed, true);
}

static int flush_device(const struct csum_device *device)
{
	int error;

	do {
		error = device->ops->flush(device->context);
	} while (error == -EINTR);
	return error;
}

static void flush_written(void *argument)
{
	struct csum_io *io = argument;

	for (size_t i = 0; i < io->device_count && !atomic_load(&io->failed); i++) {
		if (!io->written[i])
			continue;
		io->flush_error = flush_device(io->devices[i]);
		io->written[i] = false;
		if (io->flush_error) {
			io->flush_failed = io->devices[i];
			atomic_store(&io->failed, true);
		}
	}
}

static void start(struct csum_io *io, struct csum_io_request *requests, size_t count,
		  const struct csum_io_policy *policy)
{
	const struct csum_pool_job job = {
		.work = write_work,
		.finish = flush_written,
		.argument = io,
		.count = count,
	};

	io->round = requests;
	io->round_count = count;
	io->policy = policy;
	atomic_store(&io->refused, false);
	for (size_t i = 0; i < count; i++) {
		requests[i].error = 0;
		for (size_t d = 0; d < io->device_count; d++)
			io->written[d] |= io->devices[d] == requests[i].device;
	}
	csum_pool_start(io->pool, &job);
}

void csum_io_round_start(struct csum_io *io, struct csum_io_request *requests, size_t count)
{
	start(io, requests, count, NULL);
}

static int report_round(struct csum_io *io)
{
	for (size_t i = 0; i < io->round_count; i++) {
		const struct csum_io_request *request = &io->round[i];

		if (request->error && !is_tolerated(io, request->error))
			return csum_io_report(io->handlers, request->error, request->device->name,
					      "writing %zu bytes at offset %" PRIu64, request->size,
					      request->offset_bytes);
	}
	if (io->flush_failed) {
		const char *name = io->flush_failed->name;

		io->flush_failed = NULL;
		return csum_io_report(io->handlers, io->flush_error, name, "flushing written data");
	}
	/* Nothing of this round was tried: an earlier one failed, and said so. */
	return -EIO;
}

int csum_io_round_wait(struct csum_io *io)
{
	int error = 0;

	csum_pool_wait(io->pool);
	if (atomic_load(&io->failed))
		error = report_round(io);
	io->round = NULL;
	io->round_count = 0;
	return error;
}

int csum_io_round(struct csum_io *io, const struct csum_io_list *list, const struct csum_io_policy *policy,
		  bool *refused)
{
	int error = 0;

	if (refused)
		*refused = false;
	if (policy && policy->before && !atomic_load(&io->failed))
		error = policy->before(policy->user, list->requests, list->count);
	if (error)
		return error;
	start(io, list->requests, list->count, policy);
	error = csum_io_round_wait(io);
	if (refused)
		*refused = atomic_load(&io->refused);
	return error;
}

int csum_io_flush_all(struct csum_io *io)
{
	int error;

	/* The earlier failure has been reported. */
	if (atomic_load(&io->failed))
		return -EIO;
	for (size_t i = 0; i < io->device_count; i++) {
		const struct csum_device *device = io->devices[i];

		error = flush_device(device);
		if (!error)
			error = device->ops->drop_cache(device->context);
		if (error) {
			atomic_store(&io->failed, true);
			return csum_io_report(io->handlers, error, device->name, "flushing the device");
		}
		io->written[i] = false;
	}
	return 0;
}

void csum_io_fail(struct csum_io *io)
{
	atomic_store(&io->failed, true);
}

bool csum_io_failed(const struct csum_io *io)
{
	return atomic_load(&io->failed);
}
