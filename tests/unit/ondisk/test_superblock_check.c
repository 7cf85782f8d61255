/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reasons for which a volume is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/superblock.h"
#include "support/bytes.h"

enum { BLOCK = 4096 };

/* Makes a sound volume: S = 512, K = 2, 332 data sectors in 6 groups. */
static void sound_block(uint8_t *block)
{
	memset(block, 0, BLOCK);
	memcpy(block, "CSUMVOL\x1a", 8);
	put_le(block + 12, 2, 1);
	put_le(block + 84, 4, 512);
	put_le(block + 88, 4, 1);
	put_le(block + 92, 4, 2);
	put_le(block + 96, 8, 332);
	put_le(block + 104, 8, 1290240);
	put_le(block + 144, 8, 65536);
	put_le(block + 152, 8, 458752);
	put_le(block + 160, 8, 1048576);
}

/* Makes an external volume of the same shape: 332 data sectors on a device of their own. */
static void external_block(uint8_t *block)
{
	sound_block(block);
	put_le(block + 80, 4, 1);
	put_le(block + 104, 8, 1048576 + 65536 + 8192);
	put_le(block + 112, 8, 332 * 512 + 100);
}

static struct csum_superblock decoded(uint8_t *block)
{
	struct csum_superblock superblock;

	put_le(block + 8, 4, 0);
	put_le(block + 8, 4, zlib_crc32(0, block, BLOCK));
	assert_true(csum_superblock_decode(block, &superblock));
	return superblock;
}

static void test_sound(void **state)
{
	struct csum_superblock superblock;
	uint8_t block[BLOCK];
	char reason[200] = "untouched";

	(void)state;
	sound_block(block);
	superblock = decoded(block);
	assert_int_equal(csum_superblock_check(&superblock, reason, sizeof(reason)), 0);
	assert_int_equal(superblock.geometry.groups, 6);
	assert_int_equal(superblock.geometry.clusters, 3);
	assert_int_equal(superblock.geometry.sectors_per_group, 62);
	assert_false(superblock.geometry.external);

	external_block(block);
	superblock = decoded(block);
	assert_int_equal(csum_superblock_check(&superblock, reason, sizeof(reason)), 0);
	assert_int_equal(superblock.geometry.groups, 6);
	assert_true(superblock.geometry.external);
}

/* A change of one field of a sound superblock, or of two. */
struct change {
	int offset, size;
	uint64_t value;
};

struct refusal {
	struct change change[2];
	int error;
	const char *names; /* part of the reason */
};

/* Applies the changes to either layout and checks it; `names` NULL: it must pass. */
static void check(void (*make)(uint8_t *block), const struct refusal *refusal)
{
	struct csum_superblock superblock;
	uint8_t block[BLOCK];
	char reason[200] = "";
	int error;

	make(block);
	for (int i = 0; i < 2; i++)
		put_le(block + refusal->change[i].offset, refusal->change[i].size, refusal->change[i].value);
	superblock = decoded(block);
	error = csum_superblock_check(&superblock, reason, sizeof(reason));
	if (error != refusal->error || (refusal->names && !strstr(reason, refusal->names)))
		fail_msg("offset %d = %llu: error %d (should be %d), reason \"%s\" (should name \"%s\")",
			 refusal->change[0].offset, (unsigned long long)refusal->change[0].value, error, refusal->error,
			 reason, refusal->names ? refusal->names : "");
	if (error)
		assert_int_equal(superblock.geometry.groups, 0);
}

/* In the internal layout and, unless they change its feature bit, in the external one. */
static const struct refusal refused[] = {
	{ { { 12, 2, 0 } }, -ENOTSUP, "version 0.0" },
	{ { { 12, 2, 2 } }, -ENOTSUP, "version 2.0" },
	{ { { 12, 4, 0x00070003 } }, -ENOTSUP, "version 3.7" },
	{ { { 80, 4, 2 } }, -ENOTSUP, "0x2" },
	{ { { 80, 4, 0x80000000 } }, -ENOTSUP, "0x80000000" },
	{ { { 80, 4, 0x41 } }, -ENOTSUP, "0x40" },
	{ { { 84, 4, 0 } }, -EINVAL, "sector size 0 " },
	{ { { 84, 4, 3 } }, -EINVAL, "sector size 3 " },
	{ { { 84, 4, 1024 } }, -EINVAL, "sector size 1024 " },
	{ { { 84, 4, UINT32_MAX } }, -EINVAL, "sector size 4294967295 " },
	{ { { 88, 4, 0 } }, -ENOTSUP, "checksum type 0" },
	{ { { 88, 4, 4 } }, -ENOTSUP, "checksum type 4" },
	{ { { 88, 4, UINT32_MAX } }, -ENOTSUP, "checksum type 4294967295" },
	{ { { 92, 4, 0 } }, -EINVAL, "interleave 0 " },
	{ { { 92, 4, 65537 } }, -EINVAL, "interleave 65537 " },
	{ { { 92, 4, UINT32_MAX } }, -EINVAL, "interleave 4294967295 " },
	{ { { 144, 8, 65535 } }, -EINVAL, "65535" },
	{ { { 152, 8, 458753 } }, -EINVAL, "458753" },
	{ { { 160, 8, 1048577 } }, -EINVAL, "1048577" },
	{ { { 160, 8, UINT64_MAX } }, -EINVAL, "18446744073709551615" },
	{ { { 256, 4, 2 } }, -EINVAL, "state 2" },
	{ { { 256, 4, UINT32_MAX } }, -EINVAL, "state 4294967295" },
	/* An intent past the last group, on a clean volume too; its sum overflows. */
	{ { { 272, 8, 6 }, { 280, 8, 1 } }, -EINVAL, "groups from 6, 1 of" },
	{ { { 272, 8, 0 }, { 280, 8, 7 } }, -EINVAL, "groups from 0, 7 of" },
	{ { { 272, 8, 5 }, { 280, 8, 2 } }, -EINVAL, "groups from 5, 2 of" },
	{ { { 272, 8, 7 }, { 280, 8, 0 } }, -EINVAL, "groups from 7, 0 of" },
	{ { { 272, 8, 1 }, { 280, 8, UINT64_MAX } }, -EINVAL, "18446744073709551615" },
	{ { { 272, 8, UINT64_MAX }, { 280, 8, 2 } }, -EINVAL, "18446744073709551615" },
	{ { { 272, 8, UINT64_MAX }, { 280, 8, UINT64_MAX } }, -EINVAL, "18446744073709551615" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		check(sound_block, &refused[i]);
		if (refused[i].change[0].offset != 80)
			check(external_block, &refused[i]);
	}
}

static void test_refused_sizes(void **state)
{
	static const struct refusal internal[] = {
		{ { { 96, 8, 331 } }, -EINVAL, "331" },
		{ { { 96, 8, 333 } }, -EINVAL, "333" },
		{ { { 96, 8, 0 } }, -EINVAL, "0 data sectors" },
		{ { { 96, 8, UINT64_MAX } }, -EINVAL, "18446744073709551615" },
		{ { { 104, 8, 1290240 - 1 } }, -EINVAL, "332" },
		{ { { 104, 8, 1290240 + 4096 } }, -EINVAL, "332" },
		{ { { 104, 8, 0 } }, -EINVAL, "sizes of 0 " },
		{ { { 104, 8, 4096 } }, -EINVAL, "4096" },
		{ { { 104, 8, UINT64_C(1) << 63 } }, -EINVAL, "9223372036854775808" },
		{ { { 104, 8, UINT64_MAX } }, -EINVAL, "18446744073709551615" },
		/* Only external volumes have a size of the data device. */
		{ { { 112, 8, 1 } }, -EINVAL, "of 1 bytes" },
		{ { { 112, 8, 169984 } }, -EINVAL, "169984" },
		{ { { 112, 8, UINT64_MAX } }, -EINVAL, "18446744073709551615" },
	};
	static const struct refusal external[] = {
		{ { { 96, 8, 331 } }, -EINVAL, "331" },
		{ { { 104, 8, 1048576 + 65536 + 8191 } }, -EINVAL, "1122303" },
		{ { { 112, 8, 331 * 512 + 511 } }, -EINVAL, "331" },
		{ { { 112, 8, 333 * 512 } }, -EINVAL, "333" },
		{ { { 112, 8, 0 } }, -EINVAL, "and 0 bytes" },
		{ { { 112, 8, UINT64_MAX } }, -EINVAL, "18446744073709551615" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(internal) / sizeof(internal[0]); i++)
		check(sound_block, &internal[i]);
	for (size_t i = 0; i < sizeof(external) / sizeof(external[0]); i++)
		check(external_block, &external[i]);
}

/* Changes that a later minor version may make. */
static void test_accepted(void **state)
{
	static const struct refusal passes[] = {
		{ { { 14, 2, 9 } }, 0, NULL }, /* minor version */
		{ { { 72, 4, UINT32_MAX } }, 0, NULL }, /* compat bits */
		{ { { 76, 4, UINT32_MAX } }, 0, NULL }, /* ro_compat bits */
		{ { { 88, 4, 2 } }, 0, NULL },
		{ { { 88, 4, 3 } }, 0, NULL },
		{ { { 256, 4, 1 } }, 0, NULL }, /* active */
		{ { { 172, 4, UINT32_MAX } }, 0, NULL }, /* reserved */
		{ { { 260, 4, UINT32_MAX } }, 0, NULL },
		{ { { 272, 8, 0 }, { 280, 8, 6 } }, 0, NULL }, /* intent over everything */
		{ { { 272, 8, 6 }, { 280, 8, 0 } }, 0, NULL },
		{ { { 272, 8, 5 }, { 280, 8, 1 } }, 0, NULL },
		{ { { 360, 8, UINT64_MAX } }, 0, NULL }, /* only a scrub looks at it */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
		check(sound_block, &passes[i]);
		check(external_block, &passes[i]);
	}
}

/* Bytes behind the last whole block of the device are not used. */
static void test_odd_device_size(void **state)
{
	static const struct refusal odd = { { { 104, 8, 1290240 + 4095 } }, 0, NULL };

	(void)state;
	check(sound_block, &odd);
}

static void test_read_only(void **state)
{
	struct csum_superblock superblock;
	uint8_t block[BLOCK];

	(void)state;
	sound_block(block);
	put_le(block + 72, 4, UINT32_MAX);
	superblock = decoded(block);
	assert_false(csum_superblock_read_only(&superblock));
	for (int bit = 0; bit < 32; bit++) {
		put_le(block + 76, 4, UINT64_C(1) << bit);
		superblock = decoded(block);
		assert_true(csum_superblock_read_only(&superblock));
	}
}

static void test_exhausted(void **state)
{
	static const uint64_t offsets[] = { 16, 264 }; /* generation, session */
	struct csum_superblock superblock;
	uint8_t block[BLOCK];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		sound_block(block);
		put_le(block + offsets[i], 8, UINT64_MAX - (UINT64_C(2) << 32));
		superblock = decoded(block);
		assert_false(csum_superblock_exhausted(&superblock));
		put_le(block + offsets[i], 8, UINT64_MAX - (UINT64_C(2) << 32) + 1);
		superblock = decoded(block);
		assert_true(csum_superblock_exhausted(&superblock));
		put_le(block + offsets[i], 8, UINT64_MAX);
		superblock = decoded(block);
		assert_true(csum_superblock_exhausted(&superblock));
	}
}

static void test_reason_is_cut_to_its_buffer(void **state)
{
	struct csum_superblock superblock;
	uint8_t block[BLOCK];
	char reason[16];

	(void)state;
	sound_block(block);
	put_le(block + 84, 4, 3);
	superblock = decoded(block);
	memset(reason, 'x', sizeof(reason));
	assert_int_equal(csum_superblock_check(&superblock, reason, 12), -EINVAL);
	assert_string_equal(reason, "sector size");
	assert_int_equal(reason[12], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_sizes),	cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_odd_device_size), cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_exhausted),	cmocka_unit_test(test_reason_is_cut_to_its_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
