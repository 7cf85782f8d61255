/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "guard/class.h"
#include "support/bytes.h"

static struct csum_healer *healer[2]; /* for S = 512 and 4096 */
static uint8_t right[4096], wrong[4096];
static uint64_t entry;
static const uint32_t sizes[2] = { 512, 4096 };

static int set_up(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(csum_healer_create(CSUM_CRC64, sizes[i], false, &healer[i]), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	csum_healer_free(healer[0]);
	csum_healer_free(healer[1]);
	return 0;
}

static void start(int i)
{
	fill_random(right, sizes[i], 5);
	memcpy(wrong, right, sizes[i]);
	entry = csum_checksum_entry(CSUM_CRC64, right, sizes[i]);
}

static enum csum_class class_of(int i)
{
	return csum_guard_class_of(healer[i], wrong, sizes[i], entry, CSUM_VERDICT_MISMATCH);
}

static void test_dead(void **state)
{
	(void)state;
	start(0);
	assert_int_equal(csum_guard_class_of(healer[0], NULL, 512, entry, CSUM_VERDICT_UNREADABLE), CSUM_CLASS_DEAD);
	assert_int_equal(csum_guard_class_of(NULL, NULL, 512, entry, CSUM_VERDICT_UNREADABLE), CSUM_CLASS_DEAD);
}

/* Near: one bit, two bits anywhere, a burst of 16; not a burst of 17, nor three bits. */
static void test_near(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		start(i);
		wrong[100] ^= 4;
		assert_int_equal(class_of(i), CSUM_CLASS_NEAR);
		wrong[sizes[i] - 1] ^= 1;
		assert_int_equal(class_of(i), CSUM_CLASS_NEAR);
		wrong[7] ^= 1;
		assert_int_equal(class_of(i), CSUM_CLASS_NEW);
		start(i);
		wrong[100] ^= 0x81;
		wrong[101] ^= 0x81;
		assert_int_equal(class_of(i), CSUM_CLASS_NEAR);
		wrong[102] ^= 1;
		assert_int_equal(class_of(i), CSUM_CLASS_NEW);
	}
}

static void test_blank(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		for (uint32_t unit = 1; unit <= 16; unit *= 2) {
			start(i);
			for (uint32_t at = 0; at < sizes[i]; at++)
				wrong[at] = (uint8_t)(at % unit * 7 + 1);
			assert_int_equal(class_of(i), CSUM_CLASS_BLANK);
			wrong[sizes[i] - 1] ^= 0xff;
			wrong[9] ^= 0xff;
			assert_int_equal(class_of(i), CSUM_CLASS_NEW);
		}
		start(i);
		for (uint32_t at = 0; at < sizes[i]; at++)
			wrong[at] = (uint8_t)(at % 32);
		assert_int_equal(class_of(i), CSUM_CLASS_NEW);
	}
}

/* Content that is near and blank counts as near. */
static void test_near_and_blank(void **state)
{
	(void)state;
	start(0);
	memset(right, 0, 512);
	right[300] = 1;
	memset(wrong, 0, 512);
	entry = csum_checksum_entry(CSUM_CRC64, right, 512);
	assert_int_equal(class_of(0), CSUM_CLASS_NEAR);
}

static void test_older(void **state)
{
	(void)state;
	start(0);
	fill_random(wrong, 512, 6);
	assert_int_equal(csum_guard_class_of(healer[0], wrong, 512, entry, CSUM_VERDICT_STALE), CSUM_CLASS_KNOWN);
	assert_int_equal(class_of(0), CSUM_CLASS_NEW);
}

/* With 32 bits a match may be chance, so it proves nothing. */
static void test_32_bits(void **state)
{
	(void)state;
	start(0);
	entry = csum_checksum_entry(CSUM_CRC32C, right, 512);
	wrong[100] ^= 4;
	assert_int_equal(csum_guard_class_of(NULL, wrong, 512, entry, CSUM_VERDICT_MISMATCH), CSUM_CLASS_NEW);
	assert_int_equal(csum_guard_class_of(NULL, wrong, 512, entry, CSUM_VERDICT_STALE), CSUM_CLASS_NEW);
	memset(wrong, 3, 512);
	assert_int_equal(csum_guard_class_of(NULL, wrong, 512, entry, CSUM_VERDICT_MISMATCH), CSUM_CLASS_BLANK);
}

/* An entry "bad" has no right content, so no match proves anything. */
static void test_declared_bad(void **state)
{
	(void)state;
	start(0);
	entry = CSUM_ENTRY_BAD;
	assert_int_equal(class_of(0), CSUM_CLASS_NONE);
}

/* Places of the wrong bits: none outside, none inside, at the borders. */
static void test_wrong_within(void **state)
{
	struct csum_heal_result result;

	(void)state;
	start(1);
	wrong[440] ^= 1;
	wrong[509] ^= 0x80;
	assert_int_equal(csum_guard_class_wrong(healer[1], wrong, 4096, entry, CSUM_VERDICT_MISMATCH, &result),
			 CSUM_CLASS_NEAR);
	assert_true(csum_guard_wrong_within(&result, 440, 441));
	assert_true(csum_guard_wrong_within(&result, 509, 510));
	assert_false(csum_guard_wrong_within(&result, 441, 509));
	assert_false(csum_guard_wrong_within(&result, 0, 440));
	assert_false(csum_guard_wrong_within(&result, 510, 4096));
	start(1);
	wrong[10] ^= 0x80;
	wrong[12] ^= 0x01;
	assert_int_equal(csum_guard_class_wrong(healer[1], wrong, 4096, entry, CSUM_VERDICT_MISMATCH, &result),
			 CSUM_CLASS_NEAR);
	assert_true(csum_guard_wrong_within(&result, 10, 11));
	assert_false(csum_guard_wrong_within(&result, 11, 12));
	assert_true(csum_guard_wrong_within(&result, 12, 13));
	fill_random(wrong, 4096, 9);
	assert_int_equal(csum_guard_class_wrong(healer[1], wrong, 4096, entry, CSUM_VERDICT_MISMATCH, &result),
			 CSUM_CLASS_NEW);
	assert_false(csum_guard_wrong_within(&result, 0, 4096));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dead),	     cmocka_unit_test(test_near),
		cmocka_unit_test(test_blank),	     cmocka_unit_test(test_near_and_blank),
		cmocka_unit_test(test_older),	     cmocka_unit_test(test_32_bits),
		cmocka_unit_test(test_declared_bad), cmocka_unit_test(test_wrong_within),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
