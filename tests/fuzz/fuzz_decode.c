/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decodes bytes as superblocks, journal records and imd sectors: see decode_body.h and target.h. */
#include "fuzz/decode_body.h"
#include "fuzz/target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_target_begin(decode_body_seeds);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	decode_body(data, size);
	return 0;
}
