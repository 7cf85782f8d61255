/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The entry of a sector of an interrupted update that is right by no version. It gets that of the newest version that
 * it can be made right by. Where there is none it gets the newest entry, unless a content of an older one may still be
 * there, which would be given up.
 */
#include "scrub/choose.h"

#include <inttypes.h>
#include <string.h>

#include "base/checksum.h"
#include "base/report.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "scrub/heal.h"
#include "scrub/search.h"
#include "scrub/table.h"

static bool in_long_stretch(const struct csum_verify *verified, uint32_t i)
{
	uint32_t begin = i, end = i + 1;

	while (begin > 0 && csum_verdict_is_bad(verified->verdict[begin - 1]))
		begin--;
	while (end < verified->sector_count && csum_verdict_is_bad(verified->verdict[end]))
		end++;
	return end - begin > CSUM_SCRUB_ADJACENT_MAX;
}

static bool cannot_be_read(enum csum_verdict verdict)
{
	return verdict == CSUM_VERDICT_UNREADABLE || verdict == CSUM_VERDICT_MISSING;
}

/* Whether the sector could be made right by that entry. Its content is not needed yet. */
static bool can_be(struct csum_scrub_choosing *choosing, const struct csum_verify *verified, uint32_t i, uint64_t entry)
{
	struct csum_scrub *scrub = choosing->scrub;
	enum csum_verdict verdict = verified->verdict[i];
	struct csum_outcome outcome = { 0 };

	if (!csum_entry_has_content(entry))
		return false;
	if (csum_scrub_heal_from_replica(scrub, verified->first_sector + i, entry, choosing->data, &outcome) ||
	    csum_scrub_search_read(scrub, entry, choosing->data, &outcome.source_sector))
		return true;
	if ((verdict != CSUM_VERDICT_MISMATCH && verdict != CSUM_VERDICT_ZEROED) || in_long_stretch(verified, i))
		return false;
	memcpy(choosing->data, verified->data + (size_t)i * scrub->sector_size, scrub->sector_size);
	return csum_scrub_heal_bits(scrub, entry, choosing->data, &outcome);
}

/* ------------------------------------------------------------------ what must not be given up */

/* Whether keeping the newest entry would give up a content that an older one tells of. */
static bool older_is_content(const struct csum_group *group, uint32_t i)
{
	uint64_t newest = csum_group_entry(group, i);

	for (uint32_t v = 1; v < group->version_count; v++) {
		uint64_t entry = csum_imd_entry(group->version[v], i);

		if (csum_entry_has_content(entry) && entry != newest)
			return true;
	}
	return false;
}

/* Has each content that the sector may have had looked for. false: not all of them are. */
static bool add_to_search(struct csum_scrub *scrub, const struct csum_group *group, uint32_t i)
{
	bool all = true;

	for (uint32_t v = 0; v < group->version_count; v++) {
		uint64_t entry = csum_imd_entry(group->version[v], i);

		if (csum_entry_has_content(entry) && !csum_scrub_search_add(scrub, entry))
			all = false;
	}
	return all;
}

static bool looks_elsewhere(const struct csum_scrub *scrub)
{
	return csum_scrub_heal_may(scrub, CSUM_HEAL_ELSEWHERE) && scrub->volume->superblock.checksum_type == CSUM_CRC64;
}

bool csum_scrub_allows_unread(const struct csum_scrub *scrub)
{
	return scrub->volume->allow & CSUM_ALLOW_UNREAD;
}

/*
 * Whether a sector that can be made right by no version keeps its group open. Its old content may lie in a place that
 * has not been looked at; or the sector, or a copy of its metadata, cannot be read now, and may be later. A mismatch
 * that has been looked for does not: the older entry would be no better than the newest.
 */
static bool stays_open(struct csum_scrub_choosing *choosing, const struct csum_verify *verified, uint32_t i,
		       const struct csum_group *group)
{
	struct csum_scrub *scrub = choosing->scrub;
	uint64_t sector = verified->first_sector + i;
	bool at_stake = older_is_content(group, i), hidden = group->version_count < 2;

	if (at_stake && looks_elsewhere(scrub) && !add_to_search(scrub, group, i))
		return true;
	if (at_stake && csum_scrub_search_is_due(scrub))
		return true;
	if (csum_scrub_allows_unread(scrub))
		return false;
	if (at_stake && cannot_be_read(verified->verdict[i])) {
		if (!choosing->has_unread)
			choosing->unread_sector = sector;
		choosing->has_unread = true;
		return true;
	}
	return hidden;
}

/* ------------------------------------------------------------------ entries chosen */

/* Only the entry is chosen here. Data is repaired later, when it is known which contents the bad sectors hold. */
void csum_scrub_choose(void *user, const struct csum_verify *verified, uint32_t i, const struct csum_group *group,
		       uint64_t *entry, bool *open)
{
	struct csum_scrub_choosing *choosing = user;
	uint32_t v = 0;

	while (v < group->version_count && !can_be(choosing, verified, i, csum_imd_entry(group->version[v], i)))
		v++;
	if (v == group->version_count && stays_open(choosing, verified, i, group)) {
		*open = true;
		return;
	}
	*entry = csum_imd_entry(group->version[v < group->version_count ? v : 0], i);
	/* Where there is one version nothing is chosen: the sector is bad whatever becomes of the copies. */
	if (group->version_count < 2)
		return;
	choosing->choices[choosing->choice_count++] = (struct csum_scrub_choice){
		.found = { .sector = verified->first_sector + i,
			   .verdict = verified->verdict[i],
			   .expected_entry = *entry,
			   .computed_entry = verified->entry[i] },
		.newest_entry = csum_group_entry(group, i),
		.oldest_entry = csum_imd_entry(group->version[group->version_count - 1], i),
		.given_up = v == group->version_count,
	};
}

static void name_given_up(const struct csum_scrub *scrub, const struct csum_scrub_choice *choice)
{
	const struct csum_volume *volume = scrub->volume;
	const char *why =
		cannot_be_read(choice->found.verdict) ?
			"cannot be read, and it is not known which version of its interrupted update it holds" :
			"is right by neither version of its interrupted update";

	csum_report_warning(&volume->handlers, volume->data->name,
			    "data sector %" PRIu64 " (device offset %" PRIu64 ") %s, %016" PRIx64 " and %016" PRIx64
			    "; the newer one is kept",
			    choice->found.sector,
			    csum_layout_data_offset(csum_volume_geometry(volume), choice->found.sector), why,
			    choice->newest_entry, choice->oldest_entry);
}

static bool pass_comes_to_it(const struct csum_scrub *scrub, uint64_t sector)
{
	return sector >= scrub->first_sector && sector < scrub->end_sector && !scrub->options->metadata_only;
}

static int take_choices(const struct csum_scrub_choosing *choosing)
{
	struct csum_scrub *scrub = choosing->scrub;
	int error = 0;

	for (uint32_t i = 0; i < choosing->choice_count && !error; i++) {
		const struct csum_scrub_choice *choice = &choosing->choices[i];

		if (choice->given_up)
			name_given_up(scrub, choice);
		if (!pass_comes_to_it(scrub, choice->found.sector))
			error = csum_scrub_table_add(scrub, &choice->found);
	}
	return error;
}

static void name_group(struct csum_scrub *scrub, uint64_t number, const struct csum_group *group)
{
	struct csum_imd_judgement judged;
	struct csum_outcome outcome = { .disposition = CSUM_REPAIRED };

	if (!csum_finder_judge_group(scrub->volume, number, group, &judged) || judged.kind == CSUM_IMD_LOST)
		return;
	if (csum_finding_is_error(judged.kind)) {
		outcome.means = CSUM_MEANS_OTHER_COPY;
		scrub->result->imd_repaired++;
	}
	csum_finder_group(&scrub->finder, number, &judged, &outcome);
}

int csum_scrub_choose_end(void *user, uint64_t number, const struct csum_group *group, bool open)
{
	struct csum_scrub_choosing *choosing = user;
	int error = 0;

	if (open) {
		if (group->version_count < 2 && !choosing->has_hidden)
			choosing->hidden_group = number;
		choosing->has_hidden |= group->version_count < 2;
	} else {
		name_group(choosing->scrub, number, group);
		error = take_choices(choosing);
	}
	choosing->choice_count = 0;
	return error;
}
