/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Both imd copies of a run of groups in memory, each judged, and the rule by which data is verified against
 * them. (protocol.md: Reading)
 */
#ifndef CSUM_VOLUME_GROUPS_H
#define CSUM_VOLUME_GROUPS_H

#include "csum.h"
#include "volume/volume.h"

struct csum_group {
	uint8_t *copy[2]; /* sector_size bytes each, in the span's memory */
	enum csum_imd_verdict verdict[2];
	uint32_t generation[2]; /* meaningful where the verdict is valid */
	int newer; /* 0, 1, or -1: both invalid */
	/* The versions that count for reading, newest first. */
	const void *version[3];
	uint32_t version_count;
};

struct csum_groups {
	uint64_t first_group, group_count;
	uint64_t capacity; /* groups */
	uint8_t *copies[2]; /* capacity imd sectors each */
	struct csum_group *groups;
};

int csum_groups_init(struct csum_groups *span, const struct csum_volume *volume, uint64_t capacity) CSUM_MUST_CHECK;
void csum_groups_free(struct csum_groups *span);

/* Sets which groups it will hold; they are loaded piece by piece or all at once by the functions below. */
void csum_groups_place(struct csum_groups *span, uint64_t first_group, uint64_t group_count);

/* How many pieces there are for csum_groups_load_piece(), which several threads may call for different pieces. */
size_t csum_groups_pieces(const struct csum_volume *volume, const struct csum_groups *span);
/* 0, or the error of a device that vanished (not reported). */
int csum_groups_load_piece(const struct csum_volume *volume, struct csum_groups *span, size_t piece) CSUM_MUST_CHECK;

/* Loads one group of those that are placed, again. As csum_groups_load_piece(). */
int csum_groups_load_group(const struct csum_volume *volume, struct csum_groups *span, uint64_t number) CSUM_MUST_CHECK;

/* Places and loads, in parallel. Only a vanished device is an error, and reported. */
int csum_groups_load(struct csum_volume *volume, struct csum_groups *span, uint64_t first_group,
		     uint64_t group_count) CSUM_MUST_CHECK;

static inline struct csum_group *csum_groups_group(const struct csum_groups *span, uint64_t group)
{
	return &span->groups[group - span->first_group];
}

/* Whether both copies are valid, with equal entries and distinct generations, as invariant I1 wants. */
bool csum_group_sound(const struct csum_group *group, uint32_t sector_size);

/* Whether one of its copies cannot be read. */
bool csum_group_hidden(const struct csum_group *group);

/* The entry of the newest version for the data sector at that index; the group has a version. */
uint64_t csum_group_entry(const struct csum_group *group, uint32_t index);

/* Judges both copies and derives the rest, after their bytes have changed; unreadable and missing ones stay so. */
void csum_group_judge(const struct csum_volume *volume, uint64_t number, struct csum_group *group);

#endif
