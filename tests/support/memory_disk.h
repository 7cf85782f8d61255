/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk in memory, the one that all tests have but the crash tests, whose disks have caches. It fails as it is told
 * to, keeps a list of the calls it got, has blocks that stay unreadable until they are written, and goes back to a
 * base at a price that depends on what was written. Hooks see the calls. It ends the program when a test uses it amiss.
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

/* What goes wrong with a call; the first fault that fits it counts. */
struct memory_disk_fault {
	enum memory_disk_call call;
	/* Which transfers: those that touch these bytes; size 0: any. */
	uint64_t offset_bytes, size;
	int skip; /* calls that fit and are let pass before */
	int times; /* calls hit after those; -1: all */
	/* How: one of the three. */
	int error; /* a negative errno, and nothing is moved */
	bool corrupt; /* a read: the byte at offset_bytes arrives with a bit flipped */
	size_t most; /* else: bytes moved at most */
};

struct memory_disk_event {
	enum memory_disk_call call;
	uint64_t offset_bytes;
	size_t size;
};

enum { MEMORY_DISK_FAULTS = 16, MEMORY_DISK_LOG = 4096, MEMORY_DISK_BLOCK = 512, MEMORY_DISK_UNIT = 4096 };

struct memory_disk {
	struct csum_device device; /* to be borrowed, not closed; see memory_disk_lend() */
	enum csum_at_work at_work; /* what others are said to do with it */
	/* Hooks, called with the lock held; NULL: none. `user` is theirs. */
	void (*meanwhile)(struct memory_disk *memory, const struct memory_disk_event *event); /* before a transfer */
	int64_t (*write)(struct memory_disk *memory, const uint8_t *bytes, size_t size,
			 uint64_t offset_bytes); /* in place of memory_disk_store() */
	void (*flushed)(struct memory_disk *memory);
	void *user;

	uint8_t *bytes;
	uint64_t size; /* of the disk; what the device says it has may differ */
	uint64_t capacity; /* of `bytes`: the size at first, which may be made less */
	uint8_t *base; /* what memory_disk_restore() goes back to; NULL: zeros */
	uint8_t *dirty; /* per unit: differs from the base, perhaps */
	uint8_t *unreadable; /* per block: -EIO until it is written */
	bool any_unreadable;
	int lent; /* devices that are not closed yet */

	struct memory_disk_fault faults[MEMORY_DISK_FAULTS];
	size_t fault_count;
	struct memory_disk_event log[MEMORY_DISK_LOG]; /* the first calls */
	size_t calls[MEMORY_DISK_CALLS], call_count; /* all calls */
	pthread_mutex_t lock;
};

/* Zeros, with logical sectors of 512 bytes. `name` is borrowed. */
void memory_disk_init(struct memory_disk *memory, const char *name, uint64_t size);
void memory_disk_free(struct memory_disk *memory);
/* A device that the library may close. */
struct csum_device *memory_disk_lend(struct memory_disk *memory);

void memory_disk_fault(struct memory_disk *memory, const struct memory_disk_fault *fault);
/* The commonest one: `times` calls that touch those bytes end with that error. */
void memory_disk_fail(struct memory_disk *memory, enum memory_disk_call call, uint64_t offset_bytes, uint64_t size,
		      int times, int error);
/* Forgets faults and calls. */
void memory_disk_reset(struct memory_disk *memory);

/* What is there now is the base; and back to it, with everything readable. */
void memory_disk_keep(struct memory_disk *memory);
void memory_disk_restore(struct memory_disk *memory);

/* For changes by others than the library: the bytes, noted as changed. */
uint8_t *memory_disk_touch(struct memory_disk *memory, uint64_t offset_bytes, uint64_t size);
/* For a hook: what a write does. Returns the size. */
int64_t memory_disk_store(struct memory_disk *memory, const uint8_t *bytes, size_t size, uint64_t offset_bytes);

/* All blocks that the bytes touch, as far as the disk goes. */
void memory_disk_make_unreadable(struct memory_disk *memory, uint64_t offset_bytes, uint64_t size);
/* false also where the disk ends before. */
bool memory_disk_readable(const struct memory_disk *memory, uint64_t offset_bytes, uint64_t size);

#endif
