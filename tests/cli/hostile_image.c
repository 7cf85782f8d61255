/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes hostile image NUMBER (see tests/images/hostile.h), or with "base" the sound volume of that number:
 *
 *   hostile_image [base] NUMBER DATA METADATA
 *
 * For an external volume METADATA is written, too, and "external" printed; else "internal".
 */
#include <stdio.h>

#include "images/hostile.h"

static int put(const char *name, const struct hostile_device *device)
{
	FILE *file = fopen(name, "wb");
	size_t done;

	if (!file)
		return -1;
	done = fwrite(device->bytes, 1, device->size, file);
	return fclose(file) == 0 && done == device->size ? 0 : -1;
}

int main(int argc, char **argv)
{
	bool base = argc == 5 && !strcmp(argv[1], "base");
	struct hostile image;
	uint64_t number;
	int status;

	if (argc != 4 + base) {
		fprintf(stderr, "usage: hostile_image [base] NUMBER DATA METADATA\n");
		return 16;
	}
	argv += base;
	number = strtoull(argv[1], NULL, 0);
	if (!(base ? hostile_make_base(&image, (unsigned int)number) : hostile_make(&image, number)))
		return 8;
	status = put(argv[2], &image.device[0]);
	if (image.external)
		status |= put(argv[3], &image.device[1]);
	puts(image.external ? "external" : "internal");
	hostile_free(&image);
	return status ? 8 : 0;
}
