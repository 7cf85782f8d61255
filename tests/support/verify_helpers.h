/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of verify: a volume whose data matches its imd, and runs over it. */
#ifndef CSUM_TEST_SUPPORT_VERIFY_HELPERS_H
#define CSUM_TEST_SUPPORT_VERIFY_HELPERS_H

#include "support/memory_volume.h"
#include "volume/verify.h"

enum { VERIFY_MOST = 1024, VERIFY_GROUPS = 5 };

struct verified {
	struct memory_volume memory; /* K = 3, five groups, the last of them short */
	struct csum_groups span; /* all groups */
	/* Results of the last run. Behind them lie many bytes 0xee and verdicts 0x77, which the run must not touch. */
	uint8_t *data;
	csum_verdict8 verdicts[VERIFY_MOST];
	uint64_t computed[VERIFY_MOST];
};

extern struct verified verified;

void verify_start(uint32_t sector_size, bool external, enum csum_checksum_type checksum_type);
void verify_stop(void);
/* Fixtures that make the volume with S = 512, internal, CRC-32. */
int verify_set_up(void **state);
int verify_tear_down(void **state);

/* Loads the span anew, after imd sectors were changed, and forgets calls and faults. */
void verify_reload(void);
/* Puts that entry for a sector into both copies (S = 512), and reloads. */
void verify_set_entry(uint64_t data_sector, uint64_t entry);

int verify_run(enum csum_need need, uint64_t first_sector, uint32_t sector_count);
/* Asserts the verdicts of a run of `count` sectors: `bad` for bad_count sectors from index `first` on, else good. */
void assert_verdicts(uint32_t count, uint32_t first, uint32_t bad_count, enum csum_verdict bad);

/* Add faults of reads of a data sector, an error or a flipped bit: `skip` reads pass, then `times` fail (-1: all). */
void verify_fail_reads(uint64_t data_sector, int skip, int times, int error);
void verify_corrupt_reads(uint64_t data_sector, int skip, int times);
uint64_t verify_offset_of(uint64_t data_sector);

#endif
