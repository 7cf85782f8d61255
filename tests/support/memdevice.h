/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device in memory that fails as it is told to and keeps a list of the calls it got. */
#ifndef CSUM_TEST_SUPPORT_MEMDEVICE_H
#define CSUM_TEST_SUPPORT_MEMDEVICE_H

#include <pthread.h>

#include "device/device.h"

enum memdevice_call { MEMDEVICE_READ, MEMDEVICE_WRITE, MEMDEVICE_FLUSH, MEMDEVICE_DROP_CACHE, MEMDEVICE_CALLS };

/* What goes wrong with a call; the first fault that fits it counts. */
struct memdevice_fault {
	enum memdevice_call call;
	/* Which transfers: those that touch these bytes; size 0: any. */
	uint64_t offset_bytes, size;
	int skip; /* calls that fit and are let pass before */
	int times; /* calls hit after those; -1: all */
	/* How: one of the three. */
	int error; /* a negative errno, and nothing is moved */
	bool corrupt; /* a read: the byte at offset_bytes arrives with a bit flipped */
	size_t most; /* else: bytes moved at most */
};

struct memdevice_event {
	enum memdevice_call call;
	uint64_t offset_bytes;
	size_t size;
};

enum { MEMDEVICE_FAULTS = 16, MEMDEVICE_LOG = 4096 };

struct memdevice {
	struct csum_device device; /* to be borrowed, not closed */
	enum csum_at_work at_work; /* what others are said to do with it */
	/* Called before each read and write, with the lock held: others change `bytes` there. NULL: none. */
	void (*meanwhile)(struct memdevice *memory, const struct memdevice_event *event);
	uint8_t *bytes;
	uint64_t size; /* of `bytes`; what the device says it has may differ */
	struct memdevice_fault faults[MEMDEVICE_FAULTS];
	size_t fault_count;
	struct memdevice_event log[MEMDEVICE_LOG]; /* the first calls */
	size_t calls[MEMDEVICE_CALLS], call_count; /* all calls */
	pthread_mutex_t lock;
};

/* Zeros, with logical sectors of 512 bytes. `name` is borrowed. */
void memdevice_init(struct memdevice *memory, const char *name, uint64_t size);
void memdevice_free(struct memdevice *memory);
void memdevice_fault(struct memdevice *memory, const struct memdevice_fault *fault);
/* The commonest one: `times` calls that touch those bytes end with that error. */
void memdevice_fail(struct memdevice *memory, enum memdevice_call call, uint64_t offset_bytes, uint64_t size, int times,
		    int error);
/* Forgets faults and calls. */
void memdevice_reset(struct memdevice *memory);

#endif
