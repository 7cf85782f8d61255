/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk in memory that goes back to a base image cheaply, has unreadable blocks, and can lose power. */
#ifndef DAMDISK_H
#define DAMDISK_H

#include "device/device.h"

#define DAMDISK_BLOCK 512u
#define DAMDISK_UNIT 4096u

struct damdisk {
	struct csum_device device; /* what lend gives out copies of */
	uint8_t *bytes, *base; /* size bytes each; base may be written to between damdisk_keep() calls only */
	uint64_t size;
	uint8_t *dirty; /* per unit: differs from base, perhaps */
	uint8_t *unreadable; /* per block: EIO until it is rewritten */
	uint64_t unreadable_count;
	uint64_t writes; /* since damdisk_count() */
	uint64_t changes; /* writes that changed something outside the slots [0, 4096) and [524288, 528384) */
	/* Power is lost behind so many flushes of all disks, half of what is written until the next is kept; 0: never. */
	uint64_t cut_after;
	uint64_t *flushes; /* of all disks, which have power together; borrowed */
	uint32_t sector_size;
	uint64_t random;
};

void damdisk_init(struct damdisk *disk, const char *name, uint64_t size);
void damdisk_free(struct damdisk *disk);
/* A device that the library may close. */
struct csum_device *damdisk_lend(struct damdisk *disk);
/* What is there now is the base; and back to it. */
void damdisk_keep(struct damdisk *disk);
void damdisk_restore(struct damdisk *disk);
/* Counts from zero. */
void damdisk_count(struct damdisk *disk);
/* For damage: the bytes, noted as changed. */
uint8_t *damdisk_touch(struct damdisk *disk, uint64_t offset_bytes, uint64_t size);
void damdisk_make_unreadable(struct damdisk *disk, uint64_t offset_bytes, uint64_t size);
bool damdisk_readable(const struct damdisk *disk, uint64_t offset_bytes, uint64_t size);

#endif
