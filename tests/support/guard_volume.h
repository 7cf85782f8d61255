/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the tests of the guard: an external volume on files, filled with what a data disk may hold, which others then
 * change. What the guard is told of question 2 and of the sample is the test's to say.
 */
#ifndef CSUM_TEST_SUPPORT_GUARD_VOLUME_H
#define CSUM_TEST_SUPPORT_GUARD_VOLUME_H

#include "guard/guard.h"
#include "support/device_helpers.h"

#define MIB (UINT64_C(1) << 20)

struct guard_volume {
	struct recorder recorder;
	char *directory, *data, *metadata; /* files */
	uint32_t sector_size;
	enum csum_checksum_type type;
	uint64_t size; /* of the data space, bytes */
	uint8_t *content; /* what is to be written to it; then what was */
	/* For csum_guard_create_knowing(), and the volume that is opened for it. */
	struct csum_guard_facts facts;
	bool is_block;
	unsigned int allow;
	enum csum_guard_depth depth;
	struct csum_data_record record; /* put into the superblock, in memory */
	uint64_t dead_offset, dead_size; /* bytes of the data that cannot be read */
	struct csum_volume *volume;
	struct csum_guard *guard;
};

extern struct guard_volume guard_volume;

int guard_volume_set_up(void **state); /* S = 512, crc64, 8 MiB of random bytes; a block device that is not ours */
int guard_volume_tear_down(void **state);

/* Another size or sector size: all content is random again. */
void guard_volume_resize(uint64_t size, uint32_t sector_size);
/* Runs mkfs or another tool on a file that holds the content, its name for %s; where it fails, skips the test. */
void guard_volume_run(const char *command);
/* Makes the volume, and writes the content to it. */
void guard_volume_fill(void);
/* The same of the first and the last bytes only: the rest is unwritten, and as it is in the content on the disk. */
void guard_volume_fill_but(uint64_t from, uint64_t size);

/* What others do to the data: write there; put random bytes there; flip a bit of a byte; run a tool on it. */
void guard_volume_poke(uint64_t offset, const void *bytes, size_t size);
void guard_volume_garble(uint64_t offset, size_t size);
void guard_volume_flip(uint64_t offset, int bit);
void guard_volume_change(const char *command);
/* What is there now. */
void guard_volume_peek(uint64_t offset, void *bytes, size_t size);

/* Opens the volume for reading and asks the guard, after closing what was open. */
enum csum_guard_verdict guard_volume_ask(void);
void guard_volume_close(void);
/* Asserts that the reason has that in it. */
void assert_reason(const char *part);
/* The cover of the sector that holds this byte. */
enum csum_guard_cover guard_volume_cover(uint64_t offset);

/* A signature that is recorded at that offset. */
void guard_volume_record(const char *type, uint64_t offset);

/* ---- structures by hand, in memory */

/* An ext superblock (1024 bytes) of so many blocks of 1 KiB, with its checksum; `word` makes it differ. */
void put_ext(uint8_t *at, uint64_t blocks, uint32_t word);
void seal_ext(uint8_t *at);
/* A table of the old kind with one partition of that type, sectors of 512 bytes. */
void put_mbr(uint8_t *at, uint32_t first, uint32_t count, uint8_t type);

#define guard_volume_test(test) cmocka_unit_test_setup_teardown(test, guard_volume_set_up, guard_volume_tear_down)

#endif
