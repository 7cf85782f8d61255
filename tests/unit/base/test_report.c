/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/report.h"

struct messages {
	int count;
	enum csum_severity severity;
	enum csum_reason reason;
	int error;
	char device[64]; /* "" none */
	char text[4096];
};

static void keep(void *user, const struct csum_message *message)
{
	struct messages *messages = user;

	messages->count++;
	messages->severity = message->severity;
	messages->reason = message->reason;
	messages->error = message->error;
	snprintf(messages->device, sizeof(messages->device), "%s", message->device ? message->device : "");
	snprintf(messages->text, sizeof(messages->text), "%s", message->text);
}

static void expect(struct messages *messages, enum csum_severity severity, const char *text)
{
	assert_int_equal(messages->count, 1);
	assert_int_equal(messages->severity, severity);
	assert_string_equal(messages->text, text);
	messages->count = 0;
}

/* What a program can act upon, beside the text. */
static void expect_facts(const struct messages *messages, enum csum_reason reason, int error, const char *device)
{
	assert_int_equal(messages->reason, reason);
	assert_int_equal(messages->error, error);
	assert_string_equal(messages->device, device);
}

static void test_texts(void **state)
{
	struct messages messages = { 0 };
	const struct csum_handlers handlers = { .user = &messages, .message = keep };

	(void)state;
	assert_int_equal(csum_report_error(&handlers, -EIO, "disk", "reading %d bytes at %s", 7, "here"), -EIO);
	expect(&messages, CSUM_ERROR, "disk: reading 7 bytes at here: Input/output error");
	assert_int_equal(csum_report_error(&handlers, -ENOMEM, NULL, "preparing"), -ENOMEM);
	expect(&messages, CSUM_ERROR, "preparing: Cannot allocate memory");
	assert_int_equal(csum_report_refusal(&handlers, -EINVAL, "disk", "sector size %d", 3), -EINVAL);
	expect(&messages, CSUM_ERROR, "disk: sector size 3");
	assert_int_equal(csum_report_refusal(&handlers, -EBUSY, NULL, "in use"), -EBUSY);
	expect(&messages, CSUM_ERROR, "in use");
	csum_report_warning(&handlers, "disk", "%s", "beware");
	expect(&messages, CSUM_WARNING, "disk: beware");
	csum_report_note(&handlers, NULL, "%s%%", "100");
	expect(&messages, CSUM_NOTE, "100%");
}

static void test_reasons(void **state)
{
	struct messages messages = { 0 };
	const struct csum_handlers handlers = { .user = &messages, .message = keep };

	(void)state;
	assert_int_equal(csum_report_error_reason(&handlers, -ENODEV, CSUM_REASON_DEVICE_GONE, "disk", "reading %d", 7),
			 -ENODEV);
	expect(&messages, CSUM_ERROR, "disk: reading 7: No such device");
	expect_facts(&messages, CSUM_REASON_DEVICE_GONE, -ENODEV, "disk");
	assert_int_equal(csum_report_error_reason(&handlers, -ENODATA, CSUM_REASON_DEVICE_GONE, NULL, "x"), -EIO);
	expect_facts(&messages, CSUM_REASON_DEVICE_GONE, -ENODATA, "");
	messages.count = 0;
	assert_int_equal(csum_report_refusal_reason(&handlers, -EBUSY, CSUM_REASON_IN_USE, "disk", "in use: %s", "it"),
			 -EBUSY);
	expect(&messages, CSUM_ERROR, "disk: in use: it");
	expect_facts(&messages, CSUM_REASON_IN_USE, 0, "disk");
	csum_report_warning_reason(&handlers, CSUM_REASON_SEARCH_FULL, NULL, "%d left", 3);
	expect(&messages, CSUM_WARNING, "3 left");
	expect_facts(&messages, CSUM_REASON_SEARCH_FULL, 0, "");
}

/* A message without a reason has nothing of the message before it. */
static void test_no_reason(void **state)
{
	struct messages messages = { 0 };
	const struct csum_handlers handlers = { .user = &messages, .message = keep };

	(void)state;
	messages.reason = CSUM_REASON_IN_USE;
	assert_int_equal(csum_report_error(&handlers, -ENOSPC, "disk", "flushing"), -EIO);
	expect_facts(&messages, CSUM_REASON_NONE, -ENOSPC, "disk");
	messages.reason = CSUM_REASON_IN_USE;
	assert_int_equal(csum_report_refusal(&handlers, -EINVAL, "disk", "no"), -EINVAL);
	expect_facts(&messages, CSUM_REASON_NONE, 0, "disk");
	messages.reason = CSUM_REASON_IN_USE;
	csum_report_warning(&handlers, NULL, "beware");
	expect_facts(&messages, CSUM_REASON_NONE, 0, "");
	messages.reason = CSUM_REASON_IN_USE;
	csum_report_note(&handlers, "disk", "by the way");
	expect_facts(&messages, CSUM_REASON_NONE, 0, "disk");
}

/* A device may fail with any error: the message names that error, but it never counts as one of the library's own. */
static void test_issue8_b5_errors_with_a_meaning_of_our_own(void **state)
{
	static const struct {
		int error;
		const char *text;
	} cases[] = {
		{ -EBADMSG, "disk: flushing: Bad message" },
		{ -ECANCELED, "disk: flushing: Operation canceled" },
		{ -ENODATA, "disk: flushing: No data available" },
		{ -ENOSPC, "disk: flushing: No space left on device" },
	};
	struct messages messages = { 0 };
	const struct csum_handlers handlers = { .user = &messages, .message = keep };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(csum_report_error(&handlers, cases[i].error, "disk", "flushing"), -EIO);
		expect(&messages, CSUM_ERROR, cases[i].text);
		assert_int_equal(csum_report_refusal(&handlers, cases[i].error, "disk", "no"), cases[i].error);
		messages.count = 0;
	}
}

/* The name of a device is not a format string. */
static void test_percent_in_a_name(void **state)
{
	struct messages messages = { 0 };
	const struct csum_handlers handlers = { .user = &messages, .message = keep };

	(void)state;
	csum_report_warning(&handlers, "100%s%n", "full");
	expect(&messages, CSUM_WARNING, "100%s%n: full");
}

/* A text that is too long is cut, wherever the cut falls, and stays a string. */
static void test_cut(void **state)
{
	struct messages messages = { 0 };
	const struct csum_handlers handlers = { .user = &messages, .message = keep };
	char device[3000], expected[7000];

	(void)state;
	for (size_t length = 900; length < 1200; length++) {
		memset(device, 'd', length);
		device[length] = '\0';
		assert_int_equal(csum_report_error(&handlers, -EIO, device, "reading at %d", 12345), -EIO);
		snprintf(expected, sizeof(expected), "%s: reading at 12345: Input/output error", device);
		expected[1023] = '\0';
		expect(&messages, CSUM_ERROR, expected);
		csum_report_note(&handlers, NULL, "%s", device);
		device[length < 1023 ? length : 1023] = '\0';
		expect(&messages, CSUM_NOTE, device);
	}
}

static void test_nobody_listens(void **state)
{
	const struct csum_handlers handlers = { 0 };

	(void)state;
	assert_int_equal(csum_report_error(&handlers, -EIO, "disk", "reading"), -EIO);
	assert_int_equal(csum_report_refusal(&handlers, -EINVAL, "disk", "no"), -EINVAL);
	csum_report_warning(&handlers, "disk", "beware");
	csum_report_note(&handlers, "disk", "by the way");
	assert_int_equal(csum_report_error_reason(&handlers, -EIO, CSUM_REASON_DEVICE_GONE, "disk", "reading"), -EIO);
	assert_int_equal(csum_report_refusal_reason(&handlers, -EBUSY, CSUM_REASON_IN_USE, "disk", "no"), -EBUSY);
	csum_report_warning_reason(&handlers, CSUM_REASON_SEARCH_FULL, "disk", "beware");
	assert_false(csum_report_cancelled(&handlers));
}

static bool answer(void *user)
{
	return *(bool *)user;
}

static void test_cancelled(void **state)
{
	bool wanted = false;
	const struct csum_handlers handlers = { .user = &wanted, .cancelled = answer };

	(void)state;
	assert_false(csum_report_cancelled(&handlers));
	wanted = true;
	assert_true(csum_report_cancelled(&handlers));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),	  cmocka_unit_test(test_percent_in_a_name),
		cmocka_unit_test(test_cut),	  cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_reasons),	  cmocka_unit_test(test_no_reason),
		cmocka_unit_test(test_cancelled), cmocka_unit_test(test_issue8_b5_errors_with_a_meaning_of_our_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
