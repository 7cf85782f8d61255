/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/image_volume.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "ondisk/superblock.h"

void image_volume_format(const struct csum_handlers *handlers, const char *image, uint64_t data_bytes)
{
	const struct csum_format_options options = { .checksum_type = CSUM_CRC64, .create_data_bytes = data_bytes };
	struct csum_format *format;

	assert_int_equal(csum_format_prepare(handlers, image, NULL, &options, &format), 0);
	assert_int_equal(csum_format_run(format), 0);
	assert_int_equal(csum_format_free(format), 0);
}

void image_volume_make_active(const char *image)
{
	static const off_t offsets[] = { CSUM_SLOT_A_OFFSET, CSUM_SLOT_B_OFFSET };
	int file = open(image, O_RDWR);

	for (int i = 0; i < 2; i++) {
		uint8_t block[CSUM_BLOCK_SIZE];
		struct csum_superblock superblock;

		assert_int_equal(pread(file, block, sizeof(block), offsets[i]), sizeof(block));
		assert_true(csum_superblock_decode(block, &superblock));
		superblock.state = CSUM_STATE_ACTIVE;
		superblock.intent_first = 0;
		superblock.intent_count = superblock.geometry.groups;
		csum_superblock_encode(&superblock, block);
		assert_int_equal(pwrite(file, block, sizeof(block), offsets[i]), sizeof(block));
	}
	close(file);
}
