/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the description of the format says of the image on the disks: whether it is a volume, what state it is
 * in, and how each sector reads. Written from that description and with nothing of the library's code, so that
 * where the two differ one of them is wrong.
 */
#ifndef CSUM_TEST_MODEL_H
#define CSUM_TEST_MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum { MODEL_SECTORS = 8192, MODEL_GROUPS = 512 };

enum model_state { MODEL_CLEAN, MODEL_ACTIVE, MODEL_UNKNOWN };

enum model_reading { MODEL_UNWRITTEN, MODEL_GOOD, MODEL_OLDER, MODEL_BAD };

struct model_sector {
	enum model_reading reading;
	uint64_t hash; /* of what it reads as; 0 when bad */
	uint64_t disk_offset; /* on the data disk */
	/* Right, but not by the journal's image in force for its group, which replay goes by. */
	bool not_by_image;
};

struct model_group {
	bool valid[2];
	bool sound; /* both valid, equal entries, generations that tell which is newer */
	bool in_intent;
	bool in_force; /* a journal image is */
};

struct model {
	bool opens; /* for reading */
	bool small; /* what follows has been filled in: not done when there are too many sectors */
	bool read_only; /* for a feature, or because the devices are smaller than recorded */
	uint32_t sector_size, entries, interleave, checksum_type;
	uint64_t data_sectors, groups;
	enum model_state state;
	bool slot_valid[3];
	bool backup_behind; /* a change of the identity has not come to C, or may have torn it */
	uint64_t generation;
	uint64_t backup_offset; /* where slot C lies */
	bool foreign; /* something is there that is not the volume's, so it is not written */
	bool journal_unreadable; /* of an active volume: nobody knows whether there is an image in force */
	uint64_t intent_first, intent_count;
	struct model_group group[MODEL_GROUPS];
	struct model_sector sector[MODEL_SECTORS];
};

void model_load(struct model *model);
/* Tells the disks what lies where. */
void model_set_kinds(const struct model *model);
/* Of the bytes of a sector. */
uint64_t model_hash(const uint8_t *bytes, uint32_t size);
/* The bytes that a sector reads as, into `bytes`; zeros when bad. */
void model_content(const struct model *model, uint64_t sector, uint8_t *bytes);
/* Where an imd sector lies on the metadata disk. */
uint64_t model_imd_offset(const struct model *model, uint64_t group, int copy);
/* Copies of all groups that are valid. */
uint64_t model_valid_copies(const struct model *model);

#endif
