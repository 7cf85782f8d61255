/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Batches of I/O over the devices of a volume. A batch runs on a small pool of threads; a round is a batch of
 * writes that ends with one flush of every device written since its last one. Short transfers and EINTR are
 * handled here, and nowhere else.
 *
 * A failed write or flush fails the io for good: every later write and flush returns -EIO without being tried.
 */
#ifndef CSUM_IO_H
#define CSUM_IO_H

#include "csum.h"
#include "device/device.h"

/* Alignment of every buffer that reaches a device: the largest logical sector in use. */
#define CSUM_BUFFER_ALIGNMENT 4096u
/* How often a read is tried that fails or does not verify, and a transfer that moves only a part of a sector. */
#define CSUM_IO_READ_ATTEMPTS 3
/* Largest single transfer, bytes. */
#define CSUM_IO_PIECE_BYTES (1u << 20)
/* Enough to keep a device busy with small strided writes; reads that verify need fewer. */
#define CSUM_IO_THREADS 16u
/*
 * Reading past the end of the device. Beyond MAX_ERRNO of Linux (4095), so no device can return it; -ENODATA would not
 * do, as Linux gives it to an O_DIRECT reader for a medium error. It is never reported, nor does it leave the library.
 */
#define CSUM_IO_PAST_END (-10000)

struct csum_io;

enum csum_io_operation { CSUM_IO_READ, CSUM_IO_WRITE };

struct csum_io_request {
	struct csum_device *device;
	enum csum_io_operation operation;
	void *buffer; /* aligned to CSUM_BUFFER_ALIGNMENT or to the sector size */
	size_t size;
	uint64_t offset_bytes;
	int error; /* result: 0, a negative errno, or CSUM_IO_PAST_END */
};

/* A growing list of requests; zero-initialised, reused by setting count to 0, freed by csum_io_list_free(). */
struct csum_io_list {
	struct csum_io_request *requests;
	size_t count, capacity;
};

/*
 * Appends a transfer: joined to the last one where it continues it, in memory and on the device, and cut into
 * pieces of CSUM_IO_PIECE_BYTES. -ENOMEM, not reported.
 */
int csum_io_list_add(struct csum_io_list *list, struct csum_device *device, enum csum_io_operation operation,
		     void *buffer, size_t size, uint64_t offset_bytes) CSUM_MUST_CHECK;
void csum_io_list_free(struct csum_io_list *list);

/*
 * threads: 0 runs everything in the calling thread, in order (for tests); otherwise that many, which the first batch
 * starts. The devices are borrowed; pass one twice when data and metadata share it.
 */
int csum_io_create(const struct csum_handlers *handlers, struct csum_device *data, struct csum_device *metadata,
		   unsigned int threads, struct csum_io **io) CSUM_MUST_CHECK;
/* Waits for the I/O under way, then frees. NULL is allowed. */
void csum_io_destroy(struct csum_io *io);

/* Ends the threads until the next batch: no round is under way. For a caller that may fork, as servers do. */
void csum_io_end_threads(struct csum_io *io);

/* Uninitialised memory aligned to CSUM_BUFFER_ALIGNMENT, to be freed with free(); NULL when there is none. */
void *csum_io_alloc(size_t size);

/*
 * Runs work(argument, index) for every index below count, in several threads (at most `width`; 0: all), and
 * waits. For reading and verifying in one go.
 */
void csum_io_parallel(struct csum_io *io, unsigned int width, size_t count, void (*work)(void *argument, size_t index),
		      void *argument);

/* The same in two halves, for a caller that has something else to do meanwhile. */
void csum_io_background_start(struct csum_io *io, unsigned int width, size_t count,
			      void (*work)(void *argument, size_t index), void *argument);
/* Adds `count` indexes to the job that was started last, ended or not; from the same thread, or from its work(). */
void csum_io_background_extend(struct csum_io *io, size_t count);
void csum_io_background_wait(struct csum_io *io);

/* One read in the calling thread (any thread); its error, or CSUM_IO_PAST_END, is returned, not reported. */
int csum_io_read_now(struct csum_device *device, void *buffer, size_t size, uint64_t offset_bytes) CSUM_MUST_CHECK;

/*
 * The same, tried up to CSUM_IO_READ_ATTEMPTS times: an error may pass. One that cannot pass, as the device is gone or
 * ends before, is returned at once. *attempts, unless NULL, is the number of reads. When one place after the other
 * fails, and places fail that could be read before, the error is -ENODEV: not the places are bad, the device is gone.
 */
int csum_io_read_patiently(struct csum_device *device, void *buffer, size_t size, uint64_t offset_bytes,
			   int *attempts) CSUM_MUST_CHECK;

/* Whether an error means that the whole device is gone, not only that one place of it cannot be used. */
bool csum_io_vanished(int error);

/*
 * Whether a device on which the latest patient reads failed still reads something: 0, or an error that says vanished,
 * not reported. csum_io_read_patiently() asks by itself after a row of failures; a caller that judges the data asks at
 * the end. Costs nothing when the latest read did not fail. Callable from any thread.
 */
int csum_io_still_there(struct csum_device *device) CSUM_MUST_CHECK;

/* As csum_report_error(), for an error of a read, write or flush: of a vanished device it says what that means. */
int csum_io_report(const struct csum_handlers *handlers, int error, const char *device, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* For io.c: a place was read. */
void csum_io_note_read(struct csum_device *device, size_t size, uint64_t offset_bytes);

/*
 * Reads of any number, in parallel; each request has its error, nothing is reported. Returns 0, or the error of a device
 * that vanished (reported).
 */
int csum_io_read(struct csum_io *io, struct csum_io_request *requests, size_t count) CSUM_MUST_CHECK;

/*
 * Starts a round: the writes in any order, then a flush of every device written since its last flush. The
 * requests and their buffers stay untouched by the caller until csum_io_round_wait(). One round at a time, and
 * no other call but csum_io_read_now() meanwhile.
 */
void csum_io_round_start(struct csum_io *io, struct csum_io_request *requests, size_t count);
/* Ends the round. 0: everything written by it and before it is durable. Failures are reported. */
int csum_io_round_wait(struct csum_io *io) CSUM_MUST_CHECK;
/* How a scrub wants its rounds done. */
struct csum_io_policy {
	/* Called before the round writes, in the calling thread; an error, reported, ends the round. May be NULL. */
	int (*before)(void *user, const struct csum_io_request *requests, size_t count);
	void *user;
	/*
	 * Not 0: a write that the device refuses does not fail the io. It is tried again in pieces of that many bytes;
	 * a refusal in the end is not reported: the request has the error. A failed flush fails the io as ever, and so
	 * does a device that vanished.
	 */
	size_t tolerant_bytes;
};

/*
 * Starts and ends a round, for the requests of the list, which stay in it. policy: NULL for the usual. *refused:
 * whether a write was refused in the end, which only a tolerant policy lets pass; NULL where the caller reads back its
 * writes.
 */
int csum_io_round(struct csum_io *io, const struct csum_io_list *list, const struct csum_io_policy *policy,
		  bool *refused) CSUM_MUST_CHECK;

/* Flushes every device, written or not: a process that was killed may have left data in the cache. */
int csum_io_flush_all(struct csum_io *io) CSUM_MUST_CHECK;

/* Fails the io as a failed write does: for an operation that had to stop where only a recovery can go on. */
void csum_io_fail(struct csum_io *io);

/* Whether a write or flush has failed. */
bool csum_io_failed(const struct csum_io *io);

#endif
