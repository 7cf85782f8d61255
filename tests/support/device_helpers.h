/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of devices: messages, temporary and fake trees, loop devices. */
#ifndef CSUM_TEST_SUPPORT_DEVICE_HELPERS_H
#define CSUM_TEST_SUPPORT_DEVICE_HELPERS_H

#include <sys/types.h>

#include "csum.h"

/* Counts of reports, and the texts. */
struct recorder {
	struct csum_handlers handlers;
	int errors, warnings, notes;
	char last_error[1024], last_note[1024], last_warning[1024];
	enum csum_reason error_reason, warning_reason; /* of those two */
	int cancel_after; /* cancelled() answers false so many times; -1: always */
	int asked;
};
void recorder_init(struct recorder *recorder);
/* Asserts that exactly one error was reported, with `part` in its text. */
void assert_one_error(const struct recorder *recorder, const char *part);

/* Makes a directory; temporary_remove() removes it with everything in it. malloc'ed. */
char *temporary_directory(void);
void temporary_remove(char *directory);

/* Returns "DIRECTORY/NAME" in a malloc'ed string. */
char *path_in(const char *directory, const char *name);
/* Writes a file, and makes its directories. */
void put_file(const char *directory, const char *name, const char *content);
/* Makes a symbolic link, and its directories. */
void put_link(const char *directory, const char *name, const char *target);
/* Makes a sparse file of that size. */
void put_image(const char *path, off_t size);

struct loop {
	int descriptor;
	char path[32];
	dev_t rdev;
};
/*
 * Attaches the file. The kernel detaches it with the last close, so even when a test dies. Returns false where this
 * process can have no loop device, with the reason printed.
 */
bool loop_attach(struct loop *loop, const char *file, uint32_t sector_size, bool read_only);
void loop_detach(struct loop *loop);

/* Prints "skipped: REASON" and skips the running test. */
#define skip_because(...)                               \
	do {                                            \
		print_message("skipped: " __VA_ARGS__); \
		print_message("\n");                    \
		skip();                                 \
	} while (0)

#endif
