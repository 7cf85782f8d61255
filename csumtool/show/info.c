/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show/info.h"

#include "show/finding.h"
#include "show/text.h"

const char *info_state_name(enum csum_state state)
{
	switch (state) {
	case CSUM_CLEAN:
		return "clean";
	case CSUM_ACTIVE:
		return "active";
	case CSUM_UNKNOWN:
		break;
	}
	return "unknown";
}

const char *info_at_work_name(enum csum_at_work at_work)
{
	switch (at_work) {
	case CSUM_SCRUB_AT_WORK:
		return "scrub";
	case CSUM_WRITER_AT_WORK:
		return "writer";
	case CSUM_NOBODY_AT_WORK:
		break;
	}
	return "nobody";
}

const char *info_held_reason(enum csum_held reason)
{
	switch (reason) {
	case CSUM_HELD_ALL:
		return "the data was rewritten by others";
	case CSUM_HELD_UNCOVERED:
		return "it is undecided who wrote what lies in no file system";
	case CSUM_NOT_HELD:
		break;
	}
	return "for a reason that this version does not know";
}

json_t *info_geometry_json(const struct csum_geometry *geometry)
{
	return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "layout",
			 geometry->external ? "external" : "internal", "sector_size",
			 report_count(geometry->sector_size), "interleave", report_count(geometry->interleave),
			 "sectors_per_group", report_count(geometry->sectors_per_group), "data_sectors",
			 report_count(geometry->data_sectors), "groups", report_count(geometry->groups), "clusters",
			 report_count(geometry->clusters), "metadata_device_bytes",
			 report_count(geometry->metadata_device_bytes), "data_device_bytes",
			 report_count(geometry->data_device_bytes));
}

static json_t *superblocks_json(const struct csum_volume_info *info)
{
	json_t *valid = json_array();

	for (int slot = 0; slot < CSUM_SLOTS; slot++) {
		if (info->slot_valid[slot])
			json_array_append_new(valid, json_string(slot_name((enum csum_slot)slot)));
	}
	return json_pack("{s:o,s:s}", "valid", valid, "governing", slot_name(info->governing_slot));
}

json_t *info_scrub_json(const struct csum_scrub_record *record)
{
	const struct csum_scrub_totals *totals = &record->totals;

	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "started", report_time(record->started), "ended",
			 report_time(record->ended), "next_group", report_count(record->next_group), "sectors_verified",
			 report_count(totals->verified), "sectors_unwritten", report_count(totals->unwritten),
			 "sectors_repaired", report_count(totals->repaired), "sectors_left_bad",
			 report_count(totals->left_bad), "imd_repaired", report_count(totals->imd_repaired));
}

static json_t *state_json(const struct csum_volume_info *info)
{
	return json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "state", info_state_name(info->state), "at_work",
			 info_at_work_name(info->at_work), "generation", report_count(info->generation), "session",
			 report_count(info->session), "intent_first_group", report_count(info->intent_first_group),
			 "intent_groups", report_count(info->intent_groups), "created", report_time(info->created),
			 "last_write", report_time(info->last_write), "superblocks", superblocks_json(info));
}

static json_t *identity_json(const struct csum_volume_info *info)
{
	char version[TEXT_MAX];

	snprintf(version, sizeof(version), "%u.%u", info->version_major, info->version_minor);
	return json_pack("{s:s,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", "format", version, "uuid",
			 report_uuid(info->uuid), "label", report_text(info->label), "checksum",
			 csum_checksum_name(info->checksum_type), "data_device", report_text(info->data_device),
			 "metadata_device", report_text(info->metadata_device), "data_identity",
			 report_text(info->data_identity), "data_device_present_bytes",
			 report_count(info->data_device_present_bytes), "metadata_device_present_bytes",
			 report_count(info->metadata_device_present_bytes), "physical_sector_size",
			 report_count(info->physical_sector_size), "features_compat",
			 report_hex(info->features_compat, 8), "features_ro_compat",
			 report_hex(info->features_ro_compat, 8), "features_incompat",
			 report_hex(info->features_incompat, 8), "direct_io", info->direct_io);
}

static json_t *evidence_json(const struct csum_volume_info *info)
{
	static const char *const files[] = { "none", "unknown", "same", "changed" };
	static const char *const reasons[] = { "none", "rewritten", "undecided" };
	size_t reason = info->held_since ? (size_t)info->held_reason : 0;

	return json_pack("{s:b,s:s,s:o,s:s}", "exclusive", info->exclusive, "data_file", files[info->data_file],
			 "held_since", report_count(info->held_since), "held_reason",
			 reason < sizeof(reasons) / sizeof(reasons[0]) ? reasons[reason] : "unknown");
}

/* Adds the members of `part` to `object`, and releases `part`; false when one of the two could not be made. */
static bool merge(json_t *object, json_t *part)
{
	bool merged = object && part && !json_object_update(object, part);

	json_decref(part);
	return merged;
}

json_t *info_json(const struct csum_volume_info *info)
{
	json_t *object = json_pack("{s:s,s:i}", "type", "info", "schema", REPORT_SCHEMA);
	bool complete = merge(object, identity_json(info));

	complete &= merge(object, info_geometry_json(&info->geometry));
	complete &= merge(object, state_json(info));
	complete &= merge(object, evidence_json(info));
	if (info->last_scrub.started)
		complete &= !json_object_set_new(object, "last_scrub", info_scrub_json(&info->last_scrub));
	if (info->current_scrub.started)
		complete &= !json_object_set_new(object, "current_scrub", info_scrub_json(&info->current_scrub));
	if (complete)
		return object;
	json_decref(object);
	return NULL;
}
