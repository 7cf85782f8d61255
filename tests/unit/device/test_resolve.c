/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/resolve.h"
#include "support/device_helpers.h"

/* Knows every tag with the value "known", and answers with the tag and value that it was asked for. */
static char *evaluate(const char *tag, const char *value)
{
	char *path;

	if (strncmp(value, "known", 5) != 0)
		return NULL;
	assert_true(asprintf(&path, "/dev/by/%s/%s", tag, value) > 0);
	return path;
}

static char *evaluate_never(const char *tag, const char *value)
{
	fail_msg("%s=%s was taken for a tag", tag, value);
	return NULL;
}

static void test_tags(void **state)
{
	static const struct {
		const char *name, *path;
	} cases[] = {
		{ "PARTUUID=known", "/dev/by/PARTUUID/known" },
		{ "PARTLABEL=known", "/dev/by/PARTLABEL/known" },
		{ "UUID=known", "/dev/by/UUID/known" },
		{ "LABEL=known", "/dev/by/LABEL/known" },
		{ "LABEL=known = a b", "/dev/by/LABEL/known = a b" },
	};
	struct recorder recorder;
	char *path;

	(void)state;
	recorder_init(&recorder);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(csum_resolve_name(&recorder.handlers, cases[i].name, evaluate, &path), 0);
		assert_string_equal(path, cases[i].path);
		free(path);
	}
	assert_int_equal(recorder.errors, 0);
}

static void test_paths(void **state)
{
	static const char *const names[] = {
		"/dev/sda1", "image",	      "./PARTUUID=known", "dir/LABEL=known", "",
		"UUID",	     "uuid=known",    "XUUID=known",	  "UUID =known",     "TYPE=known",
		"=known",    "PARTUUI=known", "PARTUUIDS=known",
	};
	struct recorder recorder;
	char *path;

	(void)state;
	recorder_init(&recorder);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(csum_resolve_name(&recorder.handlers, names[i], evaluate_never, &path), 0);
		assert_string_equal(path, names[i]);
		free(path);
	}
	assert_int_equal(recorder.errors, 0);
}

static void test_refusals(void **state)
{
	struct recorder recorder;
	char *path;

	(void)state;
	recorder_init(&recorder);
	assert_int_equal(csum_resolve_name(&recorder.handlers, "PARTUUID=", evaluate_never, &path), -EINVAL);
	assert_null(path);
	assert_one_error(&recorder, "PARTUUID=: the tag has no value");

	recorder_init(&recorder);
	assert_int_equal(csum_resolve_name(&recorder.handlers, "LABEL=other", evaluate, &path), -ENOENT);
	assert_null(path);
	assert_one_error(&recorder, "LABEL=other: no device with this tag");
}

static void test_libblkid_knows_no_such_tag(void **state)
{
	const char *name = "PARTUUID=7d2f3c1e-5a0b-4c56-9f0e-1b8a3d5c7e99";
	struct recorder recorder;
	char *path;

	(void)state;
	recorder_init(&recorder);
	assert_int_equal(csum_resolve_name(&recorder.handlers, name, NULL, &path), -ENOENT);
	assert_null(path);
	assert_one_error(&recorder, name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_libblkid_knows_no_such_tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
