/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard.h"

#include <stdlib.h>

struct csum_guard {
	struct csum_volume *volume;
};

int csum_guard_create(struct csum_volume *volume, enum csum_guard_depth depth, unsigned int allow,
		      struct csum_guard **guard)
{
	(void)depth;
	(void)allow;
	*guard = calloc(1, sizeof(**guard));
	(*guard)->volume = volume;
	return 0;
}

void csum_guard_free(struct csum_guard *guard)
{
	free(guard);
}

enum csum_guard_verdict csum_guard_verdict(const struct csum_guard *guard)
{
	(void)guard;
	return CSUM_GUARD_DECAY;
}

const char *csum_guard_reason(const struct csum_guard *guard)
{
	(void)guard;
	return "";
}

bool csum_guard_ours(const struct csum_guard *guard)
{
	return csum_guard_is_ours(guard->volume);
}

bool csum_guard_same_time(const struct csum_guard *guard)
{
	(void)guard;
	return true;
}

bool csum_guard_on_file(const struct csum_guard *guard)
{
	return !guard->volume->data->is_block;
}

enum csum_guard_cover csum_guard_cover(const struct csum_guard *guard, uint64_t data_sector)
{
	(void)guard;
	(void)data_sector;
	return CSUM_COVER_ALL;
}

bool csum_guard_permits(const struct csum_guard *guard, enum csum_guard_cover cover, enum csum_class class, bool blank,
			enum csum_means means)
{
	(void)guard;
	(void)cover;
	(void)class;
	(void)blank;
	(void)means;
	return true;
}

bool csum_guard_permits_undecided(const struct csum_guard *guard, uint64_t data_sector, enum csum_class class,
				  bool blank)
{
	(void)guard;
	(void)data_sector;
	(void)class;
	(void)blank;
	return true;
}

int csum_guard_refresh(struct csum_guard *guard)
{
	(void)guard;
	return 0;
}

bool csum_guard_is_witness_place(const struct csum_guard *guard, uint64_t data_sector)
{
	(void)guard;
	(void)data_sector;
	return false;
}

int csum_guard_refuse(const struct csum_guard *guard)
{
	(void)guard;
	return 0;
}
