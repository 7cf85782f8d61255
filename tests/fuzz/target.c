/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/target.h"

#include <stdio.h>
#include <stdlib.h>

#include "fuzz/volume_body.h"

struct seeding {
	const char *directory;
	unsigned int count;
};

static void write_seed(void *user, const uint8_t *input, size_t size)
{
	struct seeding *seeding = user;
	char name[4096];
	FILE *file;

	snprintf(name, sizeof(name), "%s/seed-%04u", seeding->directory, seeding->count++);
	file = fopen(name, "wb");
	if (!file || fwrite(input, 1, size, file) != size || fclose(file)) {
		fprintf(stderr, "%s: cannot be written\n", name);
		exit(1);
	}
}

void fuzz_target_begin(void (*seeds)(void (*seed)(void *user, const uint8_t *input, size_t size), void *user))
{
	struct seeding seeding = { .directory = getenv("CSUM_FUZZ_SEEDS") };

	if (seeding.directory)
		seeds(write_seed, &seeding);
}

void fuzz_target_save(const uint8_t *data, size_t size)
{
	const char *save = getenv("CSUM_FUZZ_SAVE");

	if (save && volume_body_save(data, size, save)) {
		fprintf(stderr, "%s: the image cannot be saved\n", save);
		exit(1);
	}
}
