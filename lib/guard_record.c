/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard.h"

bool csum_guard_is_ours(const struct csum_volume *volume)
{
	(void)volume;
	return true;
}

int csum_guard_record(struct csum_volume *volume)
{
	(void)volume;
	return 0;
}
