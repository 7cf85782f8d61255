/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "show/advice.h"

/* The advice alone, malloc'ed. */
static char *advice_for(enum csum_reason reason, const char *device)
{
	const struct csum_message message = { .reason = reason, .device = device, .text = "disk: text" };
	char *text = advice_message(&message), *advice;

	assert_non_null(text);
	assert_int_equal(strncmp(text, "disk: text", 10), 0);
	advice = strdup(text + 10);
	assert_non_null(advice);
	free(text);
	return advice;
}

/* Each one goes on from the text as a clause, and names an option, a command or what to do again. */
static void test_each_reason_has_advice(void **state)
{
	(void)state;
	for (int reason = CSUM_REASON_NONE + 1; reason < CSUM_REASONS; reason++) {
		char *advice = advice_for((enum csum_reason)reason, "disk");

		if ((strncmp(advice, ": ", 2) != 0 && strncmp(advice, "; ", 2) != 0) ||
		    (!strstr(advice, "--") && !strstr(advice, "csumtool") && !strstr(advice, "the command")))
			fail_msg("reason %d: \"%s\"", reason, advice);
		free(advice);
	}
}

static void assert_no_advice(enum csum_reason reason)
{
	char *advice = advice_for(reason, "disk");

	assert_string_equal(advice, "");
	assert_string_equal(advice_finding(reason), "");
	free(advice);
}

/* Nor for those of a later library. */
static void test_no_reason(void **state)
{
	(void)state;
	assert_no_advice(CSUM_REASON_NONE);
	assert_no_advice(CSUM_REASONS);
	assert_no_advice((enum csum_reason)1000000);
}

static void test_device_in_advice(void **state)
{
	char *advice = advice_for(CSUM_REASON_FOREIGN, "/dev/100%s");

	(void)state;
	assert_non_null(strstr(advice, " 'csumtool superblock erase /dev/100%s' clears what is left of it"));
	free(advice);
	advice = advice_for(CSUM_REASON_LOCKED, "/dev/100%s");
	assert_string_equal(advice, ": --wait waits for it");
	free(advice);
}

static void assert_advised(int error, const char *text, const char *expected)
{
	const struct csum_message message = { .reason = CSUM_REASON_DEVICE_GONE, .error = error, .text = text };
	char *whole = advice_message(&message);

	assert_non_null(whole);
	assert_string_equal(whole, expected);
	free(whole);
}

/* The cause comes last, unless it is not there: the text was cut, or is just that. */
static void test_ahead_of_the_cause(void **state)
{
	(void)state;
	assert_advised(-ENODEV, "disk: reading: it is gone: No such device",
		       "disk: reading: it is gone; bring it back and run the command again: No such device");
	assert_advised(-ENODEV, "disk: reading: it is gone: No such dev",
		       "disk: reading: it is gone: No such dev; bring it back and run the command again");
	assert_advised(-EIO, "disk: No such device", "disk: No such device; bring it back and run the command again");
	assert_advised(-ENODEV, "No such device", "No such device; bring it back and run the command again");
	assert_advised(0, "disk: Success", "disk: Success; bring it back and run the command again");
}

/* Those of a finding that a scrub leaves; the others have messages only. */
static void test_findings(void **state)
{
	(void)state;
	for (int reason = CSUM_REASON_NONE; reason < CSUM_REASONS; reason++) {
		const char *expected = reason == CSUM_REASON_FOREIGN	    ? " without --allow=foreign" :
				       reason == CSUM_REASON_UNREAD_JOURNAL ? " without --allow=unread" :
									      "";

		assert_string_equal(advice_finding((enum csum_reason)reason), expected);
	}
}

/* The longest text of the library, and any name. */
static void test_nothing_is_cut(void **state)
{
	static const char end[] = "' clears what is left of it";
	char text[1024], device[5000], *whole;
	const struct csum_message message = { .reason = CSUM_REASON_FOREIGN, .device = device, .text = text };

	(void)state;
	memset(text, 't', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(device, 'd', sizeof(device) - 1);
	device[sizeof(device) - 1] = '\0';
	whole = advice_message(&message);
	assert_non_null(whole);
	assert_int_equal(strncmp(whole, text, sizeof(text) - 1), 0);
	assert_non_null(strstr(whole, device));
	assert_string_equal(whole + strlen(whole) - strlen(end), end);
	free(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_reason_has_advice), cmocka_unit_test(test_no_reason),
		cmocka_unit_test(test_device_in_advice),       cmocka_unit_test(test_findings),
		cmocka_unit_test(test_nothing_is_cut),	       cmocka_unit_test(test_ahead_of_the_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
