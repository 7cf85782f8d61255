/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finding imd sectors without a superblock, and the geometry they imply. (format.md: imd sector, Carving)
 *
 * A CRC runs backwards: taken as a copy of its group, a sector with the magic yields the CRC state that the seed
 * must leave behind. Sectors of one volume agree on that state, but for the question which copy is which; the answer
 * and the layout follow from where the sectors lie. With o the sectors from the start of the clusters and g the group,
 *
 *   internal:  o - g of copy 0 is cluster * K * (E + 1), at most g * (E + 1); o - g of copy 1 is greater:
 *              groups up to the cluster's end * (E + 1), less the sectors that a short last group has less than E;
 *   external:  the same with 1 instead of E + 1, and nothing is subtracted.
 */
#ifndef CSUM_CARVE_H
#define CSUM_CARVE_H

#include "csum.h"
#include "volume/volume.h"

/* ------------------------------------------------------------------ crc.c: one sector */

enum { CSUM_CARVE_512, CSUM_CARVE_4096, CSUM_CARVE_SIZES };

/* The sector size of an index, bytes. */
static inline uint32_t csum_carve_sector_size(int size_index)
{
	return size_index == CSUM_CARVE_512 ? 512 : 4096;
}

/* Entries of an imd sector of that size. */
static inline uint32_t csum_carve_entries(int size_index)
{
	return (csum_carve_sector_size(size_index) - CSUM_IMD_HEADER_SIZE) / (uint32_t)sizeof(le64);
}

/* For each sector size and bit of a CRC: the state before the input from which that bit comes. */
struct csum_carve_crc {
	uint32_t before[CSUM_CARVE_SIZES][32];
};

void csum_carve_crc_init(struct csum_carve_crc *crc);

/* The seed state with which the sector would be valid as copy 0 of the group. */
uint32_t csum_carve_seed_state(const struct csum_carve_crc *crc, int size_index, uint64_t group, const void *sector);

/* The difference (exclusive or) of the seed state when the sector is taken as copy 1 instead of copy 0. */
uint32_t csum_carve_copy_difference(void);
/* The difference when the group is higher by so many times 2^32. */
uint32_t csum_carve_high_difference(uint32_t high);

/* ------------------------------------------------------------------ shape.c: where sectors lie */

/* A sector with the magic. Arrays: by sector size. */
struct csum_carve_candidate {
	uint64_t offset_bytes;
	uint32_t group, generation; /* as stored */
	uint32_t state[CSUM_CARVE_SIZES]; /* seed state as copy 0 of `group`; meaningful where possible */
	bool possible[CSUM_CARVE_SIZES]; /* it lies where a sector of that size can lie */
	uint8_t entry_bits[CSUM_CARVE_SIZES]; /* 32 or 64: how wide its entries look; 0: none is written */
};

/* Values that decide which imd sectors are a volume's and where they lie, except where the volume ends. */
struct csum_carve_shape {
	int size_index;
	bool external;
	uint32_t seed_state;
	uint32_t interleave; /* 0: not known yet */
	uint32_t copy_difference; /* csum_carve_copy_difference() */
};

/* The place of a candidate, taken as an imd sector of a volume of that shape. */
struct csum_carve_place {
	int copy;
	bool in_area; /* among the clusters; else it is a duplicate, as in the journal, and the other fields are 0 */
	uint64_t group;
	uint64_t distance; /* o - g */
	uint64_t groups; /* distance in groups, rounded up */
	uint32_t lacking; /* by how much it was rounded up: sectors that the last group has less than E */
};

/* False when the candidate does not have the shape's seed state. */
bool csum_carve_locate(const struct csum_carve_shape *shape, const struct csum_carve_candidate *candidate,
		       struct csum_carve_place *place);

/* The whole number of a group, from its low 32 bits and the place of its imd sector in a volume of that shape. */
uint64_t csum_carve_group(const struct csum_carve_shape *shape, const struct csum_carve_candidate *candidate);

/*
 * Finds, with little memory, a value that gets many of the votes: a vote for a value without a place in the table takes
 * one vote away from each value in it.
 */
struct csum_carve_poll {
	struct {
		uint64_t value, votes;
	} option[8];
};

void csum_carve_vote(struct csum_carve_poll *poll, uint64_t value);

/* The evidence that candidates give for a shape. */
struct csum_carve_tally {
	uint64_t fitting; /* candidates with its seed state, in any place */
	uint64_t in_place; /* of these: copies 0, and copies 1 of clusters with K full groups, where they should lie */
	uint64_t group_limit; /* groups there must be, by the candidates in place */
	uint64_t full_limit; /* groups up to the end of the last cluster with a copy 1 in place */
	bool past_first_cluster; /* a candidate in place lies behind the first cluster */
	struct csum_carve_poll ends; /* by the other copies 1: distances that the end of the volume implies */
	uint64_t entries_32, entries_64; /* fitting candidates whose entries look 32 or 64 bits wide */
};

/* Adds a candidate, if it belongs to the volume. */
void csum_carve_tally_add(struct csum_carve_tally *tally, const struct csum_carve_shape *shape,
			  const struct csum_carve_candidate *candidate);

/* Candidates in place, with those that agree on the end. */
uint64_t csum_carve_tally_score(const struct csum_carve_tally *tally, const struct csum_carve_shape *shape);

/*
 * Fills all of *geometry but `candidates` from all candidates of a metadata device of that size; data device 0:
 * not known. A geometry that the format does not allow counts as not known.
 */
void csum_carve_geometry(const struct csum_carve_shape *shape, const struct csum_carve_tally *tally,
			 uint64_t metadata_device_bytes, uint64_t data_device_bytes,
			 struct csum_carved_geometry *geometry);

/* ------------------------------------------------------------------ find.c: which volume */

/* Beside the volume in use there may be leftovers of earlier ones and images of others in the data. */
enum { CSUM_CARVE_VOLUMES = 8 };

struct csum_carve_volumes {
	size_t count;
	struct csum_carve_shape shape[CSUM_CARVE_VOLUMES];
};

/*
 * The volumes that two candidates or more agree on, by the seed state and by where they lie. The first volume has
 * the candidates in place that describe the most data. Candidates come in ascending order of offset. external_only:
 * the metadata is known to have a device of its own. -ENOMEM, not reported.
 */
int csum_carve_find(const struct csum_carve_candidate *candidates, size_t count, bool external_only,
		    struct csum_carve_volumes *volumes) CSUM_MUST_CHECK;

/* ------------------------------------------------------------------ carve.c: the device */

/*
 * Reads the whole metadata device and calls options->carved and options->carved_geometry; *geometry is the one that
 * the latter got. Errors: of the callbacks, -ECANCELED, of a device that vanished, -ENOMEM; reported.
 */
int csum_carve(struct csum_volume *volume, const struct csum_dump_options *options,
	       struct csum_carved_geometry *geometry) CSUM_MUST_CHECK;

#endif
