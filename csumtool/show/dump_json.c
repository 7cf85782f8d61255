/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output of dump-imd as JSON. */
#include "show/dump.h"

#include "show/info.h"

json_t *dump_json_journal(const struct csum_dump_journal *journal)
{
	return json_pack("{s:s,s:b,s:o,s:o,s:o,s:o}", "type", "journal", "valid", journal->valid, "reason",
			 report_text(journal->problem), "device_offset", report_count(journal->device_offset_bytes),
			 "session", report_count(journal->session), "images", report_count(journal->images));
}

static json_t *entries_json(const uint64_t *entries, uint32_t count)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < count; i++) {
		if (json_array_append_new(array, report_hex(entries[i], 16))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *copy_json(const struct csum_dump_group *group, int index)
{
	const struct csum_dump_copy *copy = &group->copy[index];
	json_t *object = json_pack("{s:o,s:s,s:b}", "device_offset", report_count(copy->device_offset_bytes), "verdict",
				   csum_imd_verdict_name(copy->verdict), "newer", group->newer == index);

	if (!object || !copy->raw)
		return object;
	json_object_set_new(object, "generation", report_count(copy->generation));
	json_object_set_new(object, "stored_group", report_count(copy->stored_group));
	json_object_set_new(object, "stored_crc", report_hex(copy->stored_crc, 8));
	json_object_set_new(object, "computed_crc", report_hex(copy->computed_crc, 8));
	json_object_set_new(object, "entries", entries_json(copy->entries, group->sector_count));
	return object;
}

static json_t *group_journal_json(const struct csum_dump_group *group)
{
	return json_pack("{s:o,s:i,s:b,s:o}", "generation", report_count(group->journal_generation), "copy",
			 group->journal_copy, "in_force", group->journal_in_force, "entries",
			 entries_json(group->journal_entries, group->sector_count));
}

/* The content of each sector that was read; null where the content says nothing. */
static json_t *data_json(const struct csum_dump_group *group)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < group->sector_count; i++) {
		enum csum_data_verdict verdict = group->data[i];
		bool read = verdict != CSUM_DATA_NOT_READ && verdict != CSUM_DATA_UNREADABLE &&
			    verdict != CSUM_DATA_UNWRITTEN;

		json_array_append_new(array, json_pack("{s:s,s:o}", "verdict", csum_data_verdict_name(verdict), "entry",
						       read ? report_hex(group->data_entries[i], 16) : json_null()));
	}
	return array;
}

static json_t *offsets_json(const struct csum_dump_group *group)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < group->sector_count; i++)
		json_array_append_new(array, report_count(group->data_offsets[i]));
	return array;
}

json_t *dump_json_group(const struct csum_dump_group *group)
{
	json_t *object = json_pack("{s:s,s:o,s:o,s:o,s:b,s:b,s:[o,o],s:o}", "type", "group", "group",
				   report_count(group->group), "first_sector", report_count(group->first_sector),
				   "sector_count", report_count(group->sector_count), "differ", group->differ,
				   "in_intent", group->in_intent, "copies", copy_json(group, 0), copy_json(group, 1),
				   "data_device_offsets", offsets_json(group));

	if (object && group->journal_entries)
		json_object_set_new(object, "journal", group_journal_json(group));
	if (object && group->sector_count && group->data[0] != CSUM_DATA_NOT_READ)
		json_object_set_new(object, "data", data_json(group));
	return object;
}

json_t *dump_json_carved(const struct csum_carved *carved)
{
	return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:b}", "type", "candidate", "device_offset",
			 report_count(carved->device_offset_bytes), "sector_size", report_count(carved->sector_size),
			 "group", report_count(carved->group), "copy",
			 carved->copy < 0 ? json_null() : json_integer(carved->copy), "generation",
			 report_count(carved->generation), "fits", carved->fits);
}

json_t *dump_json_geometry(const struct csum_carved_geometry *carved)
{
	json_t *object = json_pack("{s:s,s:b,s:o,s:o}", "type", "carved_geometry", "known", carved->known, "candidates",
				   report_count(carved->candidates), "fitting", report_count(carved->fitting));
	json_t *geometry = info_geometry_json(&carved->geometry);

	if (object && geometry && carved->known) {
		json_object_update(object, geometry);
		json_object_set_new(object, "interleave_known", json_boolean(carved->interleave_known));
		json_object_set_new(object, "end_known", json_boolean(carved->end_known));
		json_object_set_new(object, "seed_state", report_hex(carved->seed_state, 8));
		json_object_set_new(object, "checksum_bits", json_integer(carved->checksum_bits));
	}
	json_decref(geometry);
	return object;
}
