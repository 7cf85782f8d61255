/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share. In the environment:
 *
 *   CSUM_FUZZ_SEEDS=DIRECTORY  puts inputs to begin with there, before anything else
 *   CSUM_FUZZ_SAVE=PREFIX      those that take images: writes the image of each input to PREFIX.data (and
 *                              PREFIX.metadata) before it is tried:
 *                              for a crash, to look at with csumtool
 */
#ifndef CSUM_TEST_TARGET_H
#define CSUM_TEST_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer calls. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Defines them for a target that takes images: each input goes to body(). */
#define FUZZ_IMAGE_TARGET(body)                                      \
	int LLVMFuzzerInitialize(int *argc, char ***argv)            \
	{                                                            \
		(void)argc;                                          \
		(void)argv;                                          \
		fuzz_target_begin(volume_body_seeds);                \
		return 0;                                            \
	}                                                            \
                                                                     \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) \
	{                                                            \
		fuzz_target_save(data, size);                        \
		body(data, size);                                    \
		return 0;                                            \
	}

void fuzz_target_begin(void (*seeds)(void (*seed)(void *user, const uint8_t *input, size_t size), void *user));
void fuzz_target_save(const uint8_t *data, size_t size);

#endif
