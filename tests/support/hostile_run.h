/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One hostile image (tests/images/hostile.h) through everything the library does with a volume. */
#ifndef CSUM_TEST_SUPPORT_HOSTILE_RUN_H
#define CSUM_TEST_SUPPORT_HOSTILE_RUN_H

#include "csum.h"
#include "images/hostile.h"

/* What a run is at, for who looks at it from outside. */
struct hostile_progress {
	const char *at; /* into our own text: the same in every process */
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

extern char hostile_paths[HOSTILE_DEVICES][300]; /* of the files that images are put in */
extern bool hostile_telling; /* print what is done */

void hostile_put_image(const struct hostile_run *run);
/* NULL: it is on the data device. */
const char *hostile_metadata_path(const struct hostile_run *run);

/* On a violation the process ends with status 1, and *progress says why. sound: the base of that number, unchanged. */
void hostile_run_image(struct hostile_progress *progress, uint64_t number, bool sound);

#endif
