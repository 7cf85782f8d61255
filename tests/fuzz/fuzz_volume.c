/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The library over arbitrary images: see volume_body.h. In the environment:
 *
 *   CSUM_FUZZ_SEEDS=DIRECTORY  puts inputs to begin with there, before anything else
 *   CSUM_FUZZ_SAVE=PREFIX      writes the image of each input to PREFIX.data (and PREFIX.metadata) before it is tried:
 *                              for a crash, to look at with csumtool
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "volume_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

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

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct seeding seeding = { .directory = getenv("CSUM_FUZZ_SEEDS") };

	(void)argc;
	(void)argv;
	if (seeding.directory)
		volume_body_seeds(write_seed, &seeding);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *save = getenv("CSUM_FUZZ_SAVE");

	if (save && volume_body_save(data, size, save)) {
		fprintf(stderr, "%s: the image cannot be saved\n", save);
		exit(1);
	}
	volume_body(data, size);
	return 0;
}
