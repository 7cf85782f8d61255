/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes one hostile image (tests/images/hostile.h) through everything that the library does with a volume. */
#ifndef CSUM_TEST_SUPPORT_HOSTILE_RUN_H
#define CSUM_TEST_SUPPORT_HOSTILE_RUN_H

#include "csum.h"
#include "images/hostile.h"

/* The state of a run, for a process that watches it. */
struct hostile_progress {
	const char *at; /* points to constant text: the address is the same in every process */
	char failure[512];
};

struct hostile_run {
	struct hostile_progress *progress;
	struct hostile image;
	uint64_t number, errors, random;
	struct csum_handlers handlers;
	struct csum_volume_info info;
	bool opened, as_usual;
};

extern char hostile_paths[HOSTILE_DEVICES][300]; /* names of the files that take the images */
extern bool hostile_telling; /* print each step */

void hostile_put_image(const struct hostile_run *run);
/* Returns the path of the metadata device; NULL: metadata is on the data device. */
const char *hostile_metadata_path(const struct hostile_run *run);

/*
 * Runs an image. On a violation the process ends with status 1, and *progress has the reason. sound: take the sound
 * volume of that number, unchanged.
 */
void hostile_run_image(struct hostile_progress *progress, uint64_t number, bool sound);

#endif
