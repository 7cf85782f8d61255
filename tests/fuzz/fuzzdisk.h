/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two disks in memory that go back to zeros at a price that depends on what was written, not on their size: a fuzz
 * target makes thousands of images a second. Each knows what lies where, and ends the program on a write to a
 * place that is not to be written; on a write past its end always.
 */
#ifndef CSUM_TEST_FUZZDISK_H
#define CSUM_TEST_FUZZDISK_H

#include "device/device.h"

#define FUZZDISK_MAX (UINT64_C(4) << 20)
#define FUZZDISK_BLOCK UINT64_C(512)

enum fuzzdisk_kind { FUZZ_RESERVED, FUZZ_SLOT_AB, FUZZ_SLOT_C, FUZZ_JOURNAL, FUZZ_IMD, FUZZ_DATA };

#define FUZZ_MAY(kind) (1u << (kind))

struct fuzzdisk {
	uint8_t bytes[FUZZDISK_MAX];
	uint64_t size_bytes;
	uint8_t dirty[FUZZDISK_MAX / 4096]; /* blocks that may not be zero */
	uint8_t kind[FUZZDISK_MAX / FUZZDISK_BLOCK]; /* enum fuzzdisk_kind */
	uint8_t unreadable[FUZZDISK_MAX / FUZZDISK_BLOCK]; /* until it is written */
	bool any_unreadable;
};

/* What is true of both. */
struct fuzzdisks {
	struct fuzzdisk disk[2]; /* data; metadata when external */
	bool external;
	unsigned int may_write; /* FUZZ_MAY() of each kind */
	int open_devices;
	/* Called after each write and flush, for making histories; may be NULL. */
	void (*wrote)(struct fuzzdisks *disks, int disk, uint64_t offset_bytes, size_t size);
	void (*flushed)(struct fuzzdisks *disks);
	uint64_t blocks_until_killed; /* writes take so many blocks more, then fail; UINT64_MAX: no end */
};

/* The one there is: static, as it is large. */
extern struct fuzzdisks fuzzdisks;

/* All zeros, everything readable and of kind reserved. */
void fuzzdisk_clear(void);
/* Changes bytes from outside; cut at the end of the disk. */
void fuzzdisk_put(int disk, uint64_t offset_bytes, const void *bytes, size_t size);
/* A place to be changed by the caller; NULL when it is not inside the disk. */
uint8_t *fuzzdisk_at(int disk, uint64_t offset_bytes, size_t size);
void fuzzdisk_make_unreadable(int disk, uint64_t offset_bytes, uint64_t size);
bool fuzzdisk_readable(int disk, uint64_t offset_bytes, size_t size);
/* Says what lies in whole blocks of that range; cut at the end of the memory. */
void fuzzdisk_set_kind(int disk, uint64_t offset_bytes, uint64_t size, enum fuzzdisk_kind kind);
/* Nothing but reserved places. */
void fuzzdisk_clear_kinds(void);

/* As csum_volume_open_devices() wants it. */
struct csum_device *fuzzdisk_device(int disk, bool writable);
/* The number of the metadata disk. */
static inline int fuzzdisk_metadata(void)
{
	return fuzzdisks.external ? 1 : 0;
}

/* Prints why and aborts: what a fuzzer takes for a crash. */
void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Called by it in between; may be NULL. */
extern void (*fuzz_before_failing)(void);

#endif
