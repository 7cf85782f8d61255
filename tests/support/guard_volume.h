/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the tests of the guard: an external volume on files, filled with the content of a data disk, which the test then
 * changes as others would. Facts for question 2 and for the sample come from the test.
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
	uint8_t *content; /* content to be written to the volume; later, the content written */
	/* Arguments of csum_guard_create_knowing(), and the volume that was opened for it. */
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

int guard_volume_set_up(void **state); /* S = 512, crc64, 8 MiB of random bytes; a block device, not exclusive */
int guard_volume_tear_down(void **state);

/* Chooses another size or sector size, and makes all content random anew. */
void guard_volume_resize(uint64_t size, uint32_t sector_size);
/* Runs mkfs or another tool on a file with the content; %s stands for its name. Skips the test where that fails. */
void guard_volume_run(const char *command);
/* Makes the volume, and writes the content to it. */
void guard_volume_fill(void);
/*
 * Fills the volume except for `size` bytes from `from` on, which stay unwritten; the disk holds the content there too.
 */
void guard_volume_fill_but(uint64_t from, uint64_t size);

/*
 * Change the data as others would: write bytes there; put random bytes there; flip a bit of a byte; run a tool on it.
 */
void guard_volume_poke(uint64_t offset, const void *bytes, size_t size);
void guard_volume_garble(uint64_t offset, size_t size);
void guard_volume_flip(uint64_t offset, int bit);
void guard_volume_change(const char *command);
/* Reads the bytes that are there now. */
void guard_volume_peek(uint64_t offset, void *bytes, size_t size);

/* Closes an open volume, opens it for reading and asks the guard. */
enum csum_guard_verdict guard_volume_ask(void);
void guard_volume_close(void);
/* Asserts that the reason contains `part`. */
void assert_reason(const char *part);
/* Returns the cover of the sector that holds this byte. */
enum csum_guard_cover guard_volume_cover(uint64_t offset);

/* Adds a signature to the volume's record, as found at that offset. */
void guard_volume_record(const char *type, uint64_t offset);

/* ---- structures by hand, in memory */

/* Makes an ext superblock (1024 bytes) for `blocks` blocks of 1 KiB, with its checksum; `word` makes it differ. */
void put_ext(uint8_t *at, uint64_t blocks, uint32_t word);
void seal_ext(uint8_t *at);
/* Makes a partition table of DOS type with one partition of that type, for sectors of 512 bytes. */
void put_mbr(uint8_t *at, uint32_t first, uint32_t count, uint8_t type);

#define guard_volume_test(test) cmocka_unit_test_setup_teardown(test, guard_volume_set_up, guard_volume_tear_down)

#endif
