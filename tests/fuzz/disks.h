/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two disks in memory of the fuzz targets, which make thousands of images a second. Each disk knows what lies at
 * each place, and ends the program on a write to a place that must not be written, and always on a write past its end.
 */
#ifndef CSUM_TEST_FUZZ_DISKS_H
#define CSUM_TEST_FUZZ_DISKS_H

#include "support/memory_disk.h"

#define FUZZ_DISK_MAX (UINT64_C(4) << 20)
#define FUZZ_DISK_BLOCK UINT64_C(512)

enum fuzz_disk_kind { FUZZ_RESERVED, FUZZ_SLOT_AB, FUZZ_SLOT_C, FUZZ_JOURNAL, FUZZ_IMD, FUZZ_DATA };

#define FUZZ_MAY(kind) (1u << (kind))

struct fuzz_disks {
	struct memory_disk disk[2]; /* data; metadata when external. FUZZ_DISK_MAX bytes, or made smaller */
	uint8_t kind[2][FUZZ_DISK_MAX / FUZZ_DISK_BLOCK]; /* enum fuzz_disk_kind */
	bool external;
	unsigned int may_write; /* FUZZ_MAY() of each kind that may be written */
	/* Called after each write and flush, to record histories; may be NULL. */
	void (*wrote)(struct fuzz_disks *disks, int disk, uint64_t offset_bytes, size_t size);
	void (*flushed)(struct fuzz_disks *disks);
	uint64_t blocks_until_killed; /* writes fail after so many more blocks; UINT64_MAX: never */
};

/* The only instance; static, as it is large. */
extern struct fuzz_disks fuzz_disks;

/* Makes all bytes zero, readable and of kind reserved; sizes stay. */
void fuzz_disk_clear(void);
/* Changes bytes behind the library's back; cut at the end of the disk. */
void fuzz_disk_put(int disk, uint64_t offset_bytes, const void *bytes, size_t size);
/* Returns bytes for the caller to change; NULL when they do not lie inside the disk. */
uint8_t *fuzz_disk_at(int disk, uint64_t offset_bytes, size_t size);
void fuzz_disk_make_unreadable(int disk, uint64_t offset_bytes, uint64_t size);
bool fuzz_disk_readable(int disk, uint64_t offset_bytes, size_t size);
/* Sets the kind of whole blocks in that range; cut at the end of the memory. */
void fuzz_disk_set_kind(int disk, uint64_t offset_bytes, uint64_t size, enum fuzz_disk_kind kind);
/* Makes all places reserved. */
void fuzz_disk_clear_kinds(void);

/* Returns a device for csum_volume_open_devices(). */
struct csum_device *fuzz_disk_device(int disk, bool writable);
int fuzz_disk_open_devices(void);
/* Returns the number of the metadata disk. */
static inline int fuzz_disk_metadata(void)
{
	return fuzz_disks.external ? 1 : 0;
}

/* Prints the reason and aborts, which a fuzzer takes for a crash. */
void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* fuzz_fail() calls it before it aborts; may be NULL. */
extern void (*fuzz_before_failing)(void);

#endif
