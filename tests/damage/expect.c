/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "damage/expect.h"

#include <string.h>

bool damage_described(const struct judging *j, uint64_t sector)
{
	uint64_t group = damage_group_of(j, sector);

	if (j->base->shape.state == DAMAGE_CLEAN)
		return !j->before.lost[group];
	if (j->base->shape.state == DAMAGE_RECOVERING && (j->run.journal || j->run.slots))
		return false;
	return !j->run.imd[2 * group] && !j->run.imd[2 * group + 1];
}

static bool may_be_bits(const struct judging *j, uint64_t sector)
{
	uint64_t first = sector, last = sector;

	if (j->base->shape.checksum_type != CSUM_CRC64 || j->run.data[sector] != 1)
		return false;
	while (first > 0 && j->before.meaning[first - 1])
		first--;
	while (last + 1 < j->base->geometry.data_sectors && j->before.meaning[last + 1])
		last++;
	if (last - first >= 64)
		return false;
	for (uint32_t i = 0; i < j->run.count; i++) {
		if (j->run.damage[i].kind <= DAMAGE_TWO_BITS && j->run.damage[i].sector[0] == sector)
			return true;
	}
	return false;
}

/* Whether the damage swapped two sectors that no other damage touched. */
static bool is_swapped(const struct judging *j, const struct damage_damage *damage)
{
	return damage->kind == DAMAGE_SWAPPED && damage->sector_count == 2 && j->run.data[damage->sector[0]] == 1 &&
	       j->run.data[damage->sector[1]] == 1 && j->before.meaning[damage->sector[0]] &&
	       j->before.meaning[damage->sector[1]];
}

static bool lies_elsewhere(const struct judging *j, uint64_t sector)
{
	const struct damage_volume *base = j->base;
	uint32_t size = base->geometry.sector_size;
	const uint8_t *content = base->after + sector * size;

	if (base->shape.checksum_type != CSUM_CRC64 || base->shape.state != DAMAGE_CLEAN)
		return false;
	for (uint32_t i = 0; i < j->run.count; i++) {
		const struct damage_damage *damage = &j->run.damage[i];

		if (is_swapped(j, damage) && (damage->sector[0] == sector || damage->sector[1] == sector))
			return true;
	}
	/* In `after` unwritten sectors are zeros too, but no scrub takes content from them. */
	for (uint64_t i = 0; i < base->geometry.data_sectors; i++) {
		if (i != sector && !j->run.data[i] && !j->before.lost[damage_group_of(j, i)] && content[0] &&
		    memcmp(base->after + i * size, content, size) == 0)
			return true;
	}
	return false;
}

bool damage_must_heal(const struct judging *j, uint64_t sector)
{
	enum damage_replica replica = j->options->replica;

	if (!damage_described(j, sector))
		return false;
	if (replica == DAMAGE_RAW || replica == DAMAGE_VOLUME)
		return true;
	if (replica != DAMAGE_NO_REPLICA && !j->base->replica_bad[sector])
		return true;
	return may_be_bits(j, sector) || lies_elsewhere(j, sector);
}
