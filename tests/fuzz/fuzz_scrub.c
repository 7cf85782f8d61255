/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding imd sectors in arbitrary images, without a superblock: see volume_body.h, and target.h. */
#include "target.h"
#include "volume_body.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_target_begin(volume_body_seeds);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_target_save(data, size);
	volume_body_scrub(data, size);
	return 0;
}
