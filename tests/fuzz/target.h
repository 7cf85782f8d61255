/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the fuzz targets. In the environment:
 *
 *   CSUM_FUZZ_SEEDS=DIRECTORY  first writes the inputs that begin a search into that directory
 *   CSUM_FUZZ_SAVE=PREFIX      for targets that take images: writes the image of each input to PREFIX.data (and
 *                              PREFIX.metadata) before it is tried, so that csumtool can show it after a crash
 */
#ifndef CSUM_TEST_TARGET_H
#define CSUM_TEST_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer calls these. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Defines both for a target that takes images: each input goes to body(). */
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
