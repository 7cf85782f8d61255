/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of csum_dump(): an image, and everything that the callbacks received. */
#ifndef CSUM_TEST_SUPPORT_DUMP_SEEN_H
#define CSUM_TEST_SUPPORT_DUMP_SEEN_H

#include "support/device_helpers.h"
#include "support/dump_image.h"

enum { DUMP_SEEN_GROUPS = 64 };

struct dump_seen {
	int infos, journals, stop_after; /* stop_after: groups after which the dump ends with -EPIPE; 0: never */
	enum csum_state state;
	struct csum_dump_journal journal;
	char journal_reason[128];
	size_t groups;
	struct dump_seen_group {
		struct csum_dump_group shown; /* pointers are stale, except for being NULL or not */
		uint64_t entry[2], journal_entry, data_offset, data_entry; /* of the sector at `index` */
		enum csum_data_verdict data;
	} group[DUMP_SEEN_GROUPS];
	uint32_t index; /* index in each group of the sector that is looked at */
};

struct dump_fixture {
	char *directory;
	struct recorder recorder;
	struct dump_image image;
	struct dump_seen seen;
	struct csum_dump_options options;
};

int dump_set_up(void **state);
int dump_tear_down(void **state);

/* Sectors of 512 bytes, internal, four clusters of at most 3 groups. */
extern const struct dump_image_options dump_small;

void dump_create(struct dump_fixture *fixture, const struct dump_image_options *options);
/* Calls csum_dump() with the fixture's options. */
int dump_run(struct dump_fixture *fixture, const char *data, const char *metadata);
/* Asserts that the dump succeeds on the image, with info and journal. */
void dump_expect(struct dump_fixture *fixture);
/* Asserts that every group was shown in the state that dump_image_create() gave it. */
void dump_check_sound(const struct dump_fixture *fixture);

#endif
