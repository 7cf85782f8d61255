/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk in memory, for all tests but the crash tests, whose disks have caches. It fails as it is told to, logs its
 * calls, has blocks that stay unreadable until they are written, and returns to a base at a cost that depends on how
 * much was written. Hooks see the calls. A test that misuses it is ended.
 */
#ifndef CSUM_TEST_SUPPORT_MEMORY_DISK_H
#define CSUM_TEST_SUPPORT_MEMORY_DISK_H

#include <pthread.h>

#include "device/device.h"

enum memory_disk_call {
	MEMORY_DISK_READ,
	MEMORY_DISK_WRITE,
	MEMORY_DISK_FLUSH,
	MEMORY_DISK_DROP_CACHE,
	MEMORY_DISK_CALLS
};

/* A fault of calls; the first fault that fits a call counts. */
struct memory_disk_fault {
	enum memory_disk_call call;
	/* The fault fits transfers that touch these bytes; size 0: all transfers. */
	uint64_t offset_bytes, size;
	int skip; /* calls that fit and yet pass before the first hit */
	int times; /* calls that are hit after those; -1: all */
	/* The effect: one of these three. */
	int error; /* a negative errno; nothing is moved */
	bool corrupt; /* of a read: the byte at offset_bytes arrives with a bit flipped */
	size_t most; /* otherwise: bytes moved at most */
};

struct memory_disk_event {
	enum memory_disk_call call;
	uint64_t offset_bytes;
	size_t size;
};

enum { MEMORY_DISK_FAULTS = 16, MEMORY_DISK_LOG = 4096, MEMORY_DISK_BLOCK = 512, MEMORY_DISK_UNIT = 4096 };

struct memory_disk {
	struct csum_device device; /* for tests that do not close it; see also memory_disk_lend() */
	enum csum_at_work at_work; /* the use by others that the device reports */
	/* Hooks, called with the lock held; NULL: none. `user` belongs to them. */
	void (*meanwhile)(struct memory_disk *memory, const struct memory_disk_event *event); /* before a transfer */
	int64_t (*write)(struct memory_disk *memory, const uint8_t *bytes, size_t size,
			 uint64_t offset_bytes); /* replaces memory_disk_store() */
	void (*flushed)(struct memory_disk *memory);
	void *user;

	uint8_t *bytes;
	uint64_t size; /* of the disk; the device may report another size */
	uint64_t capacity; /* of `bytes`: the first size, which may be reduced later */
	uint8_t *base; /* the content that memory_disk_restore() brings back; NULL: zeros */
	uint8_t *dirty; /* per unit: may differ from the base */
	uint8_t *unreadable; /* per block: fails with -EIO until it is written */
	bool any_unreadable;
	int lent; /* devices that are not closed yet */

	struct memory_disk_fault faults[MEMORY_DISK_FAULTS];
	size_t fault_count;
	struct memory_disk_event log[MEMORY_DISK_LOG]; /* the first calls of all */
	size_t calls[MEMORY_DISK_CALLS], call_count; /* counts of all calls */
	pthread_mutex_t lock;
};

/* Makes a disk of zeros, with logical sectors of 512 bytes. `name` must outlive it. */
void memory_disk_init(struct memory_disk *memory, const char *name, uint64_t size);
void memory_disk_free(struct memory_disk *memory);
/* Returns a device that the library may close. */
struct csum_device *memory_disk_lend(struct memory_disk *memory);

void memory_disk_fault(struct memory_disk *memory, const struct memory_disk_fault *fault);
/* Adds the most common fault: `times` calls that touch those bytes end with that error. */
void memory_disk_fail(struct memory_disk *memory, enum memory_disk_call call, uint64_t offset_bytes, uint64_t size,
		      int times, int error);
/* Forgets all faults and logged calls. */
void memory_disk_reset(struct memory_disk *memory);

/* The first makes the present content the base; the second brings the base back, with everything readable. */
void memory_disk_keep(struct memory_disk *memory);
void memory_disk_restore(struct memory_disk *memory);

/* Returns bytes that the test changes in place of others, and notes them as changed. */
uint8_t *memory_disk_touch(struct memory_disk *memory, uint64_t offset_bytes, uint64_t size);
/* For a hook: stores bytes as a write does. Returns the size. */
int64_t memory_disk_store(struct memory_disk *memory, const uint8_t *bytes, size_t size, uint64_t offset_bytes);

/* Makes all blocks unreadable that the bytes touch, as far as the disk reaches. */
void memory_disk_make_unreadable(struct memory_disk *memory, uint64_t offset_bytes, uint64_t size);
/* Whether the bytes can be read; false also where the disk ends before. */
bool memory_disk_readable(const struct memory_disk *memory, uint64_t offset_bytes, uint64_t size);

#endif
