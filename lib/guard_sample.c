/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard.h"

int csum_guard_take_sample(struct csum_volume *volume, struct csum_guard_sample *sample)
{
	(void)volume;
	*sample = (struct csum_guard_sample){ 0 };
	return 0;
}

bool csum_guard_is_blank_entry(const struct csum_volume *volume, uint64_t entry)
{
	(void)volume;
	(void)entry;
	return false;
}
