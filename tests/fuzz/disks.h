/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two disks in memory of the fuzz targets, which make thousands of images a second. Each knows what lies where,
 * and ends the program on a write to a place that is not to be written; on a write past its end always.
 */
#ifndef CSUM_TEST_FUZZ_DISKS_H
#define CSUM_TEST_FUZZ_DISKS_H

#include "support/memory_disk.h"

#define FUZZ_DISK_MAX (UINT64_C(4) << 20)
#define FUZZ_DISK_BLOCK UINT64_C(512)

enum fuzz_disk_kind { FUZZ_RESERVED, FUZZ_SLOT_AB, FUZZ_SLOT_C, FUZZ_JOURNAL, FUZZ_IMD, FUZZ_DATA };

#define FUZZ_MAY(kind) (1u << (kind))

struct fuzz_disks {
	struct memory_disk disk[2]; /* data; metadata when external. Of FUZZ_DISK_MAX bytes, or made smaller */
	uint8_t kind[2][FUZZ_DISK_MAX / FUZZ_DISK_BLOCK]; /* enum fuzz_disk_kind */
	bool external;
	unsigned int may_write; /* FUZZ_MAY() of each kind */
	/* Called after each write and flush, for making histories; may be NULL. */
	void (*wrote)(struct fuzz_disks *disks, int disk, uint64_t offset_bytes, size_t size);
	void (*flushed)(struct fuzz_disks *disks);
	uint64_t blocks_until_killed; /* writes take so many blocks more, then fail; UINT64_MAX: no end */
};

/* The one there is: static, as it is large. */
extern struct fuzz_disks fuzz_disks;

/* All zeros, everything readable and of kind reserved; sizes stay. */
void fuzz_disk_clear(void);
/* Changes bytes from outside; cut at the end of the disk. */
void fuzz_disk_put(int disk, uint64_t offset_bytes, const void *bytes, size_t size);
/* A place to be changed by the caller; NULL when it is not inside the disk. */
uint8_t *fuzz_disk_at(int disk, uint64_t offset_bytes, size_t size);
void fuzz_disk_make_unreadable(int disk, uint64_t offset_bytes, uint64_t size);
bool fuzz_disk_readable(int disk, uint64_t offset_bytes, size_t size);
/* Says what lies in whole blocks of that range; cut at the end of the memory. */
void fuzz_disk_set_kind(int disk, uint64_t offset_bytes, uint64_t size, enum fuzz_disk_kind kind);
/* Nothing but reserved places. */
void fuzz_disk_clear_kinds(void);

/* As csum_volume_open_devices() wants it. */
struct csum_device *fuzz_disk_device(int disk, bool writable);
int fuzz_disk_open_devices(void);
/* The number of the metadata disk. */
static inline int fuzz_disk_metadata(void)
{
	return fuzz_disks.external ? 1 : 0;
}

/* Prints why and aborts: what a fuzzer takes for a crash. */
void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Called by it in between; may be NULL. */
extern void (*fuzz_before_failing)(void);

#endif
