/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The meaning that the description of the format gives to the image on the disks: whether it is a volume, its state,
 * and how each sector reads. Written from that description and without the library's code, so that where model and
 * library differ one of them is wrong.
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
	uint64_t hash; /* of the bytes that it reads as; 0 when bad */
	uint64_t disk_offset; /* on the data disk */
	/* Right, but not by the journal image in force for its group, which replaces the copies in a replay. */
	bool not_by_image;
};

struct model_group {
	bool valid[2];
	bool sound; /* both copies valid, equal entries, generations that tell which is newer */
	bool in_intent;
	bool in_force; /* the group has a journal image in force */
};

struct model {
	bool opens; /* can be opened for reading */
	bool small; /* the members below are set, which takes a volume without too many sectors */
	bool read_only; /* because of a feature, or because the devices are smaller than recorded */
	uint32_t sector_size, entries, interleave, checksum_type;
	uint64_t data_sectors, groups;
	enum model_state state;
	bool slot_valid[3];
	bool backup_behind; /* a change of the identity has not reached C, or may have torn it */
	uint64_t generation;
	uint64_t backup_offset; /* place of slot C */
	bool foreign; /* something that is not the volume's lies there, so writing is refused */
	bool journal_unreadable; /* in an active volume, which may thus have an image in force or not */
	uint64_t intent_first, intent_count;
	struct model_group group[MODEL_GROUPS];
	struct model_sector sector[MODEL_SECTORS];
};

void model_load(struct model *model);
/* Sets the kinds of all places on the disks. */
void model_set_kinds(const struct model *model);
/* Hashes the bytes of a sector. */
uint64_t model_hash(const uint8_t *bytes, uint32_t size);
/* Puts the bytes that a sector reads as into `bytes`; zeros when bad. */
void model_content(const struct model *model, uint64_t sector, uint8_t *bytes);
/* Returns the place of an imd sector on the metadata disk. */
uint64_t model_imd_offset(const struct model *model, uint64_t group, int copy);
/* Counts the valid copies of all groups. */
uint64_t model_valid_copies(const struct model *model);

#endif
