/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "finding.h"

#include <inttypes.h>

#include "text.h"

const char *slot_name(enum csum_slot slot)
{
	static const char *const names[CSUM_SLOTS] = {
		[CSUM_SLOT_A] = "A",
		[CSUM_SLOT_B] = "B",
		[CSUM_SLOT_C] = "C",
	};

	return names[slot];
}

static void print_data(FILE *out, const struct csum_finding *finding, uint32_t sector_size)
{
	char span[TEXT_MAX];

	fprintf(out, "data sector%s %s (", text_plural(finding->sector_count),
		text_span(span, finding->first_sector, finding->sector_count));
	if (finding->sector_count != 1)
		fprintf(out, "%" PRIu64 " sectors, ", finding->sector_count);
	fprintf(out, "offset %" PRIu64 ")", finding->first_sector * sector_size);
}

static void print_imd(FILE *out, const struct csum_finding *finding)
{
	char span[TEXT_MAX];

	if (finding->copy < 0)
		fprintf(out, "both copies");
	else
		fprintf(out, "copy %d", finding->copy);
	fprintf(out, " of group%s %s", text_plural(finding->group_count),
		text_span(span, finding->first_group, finding->group_count));
	fprintf(out, " (data sector%s %s)", text_plural(finding->sector_count),
		text_span(span, finding->first_sector, finding->sector_count));
}

void finding_print(FILE *out, const struct csum_finding *finding, uint32_t sector_size)
{
	char expected[TEXT_MAX], computed[TEXT_MAX];

	fprintf(out, "%s: ", csum_finding_name(finding->kind));
	switch (finding->subject) {
	case CSUM_SUBJECT_DATA:
		print_data(out, finding, sector_size);
		break;
	case CSUM_SUBJECT_IMD:
		print_imd(out, finding);
		break;
	case CSUM_SUBJECT_SUPERBLOCK:
		fprintf(out, "superblock %s", slot_name(finding->slot));
		break;
	}
	fputs(", ", out);
	text_put(out, finding->device);
	fprintf(out, " offset %" PRIu64 ": ", finding->device_offset_bytes);
	/* "content does not match" is what the two checksums say themselves. */
	if (!finding->has_checksum || finding->kind != CSUM_MISMATCH) {
		text_put(out, finding->reason);
		fputs(finding->has_checksum ? ": " : "", out);
	}
	if (finding->has_checksum)
		fprintf(out, "expected %s, computed %s", text_entry(expected, finding->expected_entry),
			text_entry(computed, finding->computed_entry));
	fputc('\n', out);
}

/* Members that only findings of that subject have. */
static json_t *subject_json(const struct csum_finding *finding, uint32_t sector_size)
{
	switch (finding->subject) {
	case CSUM_SUBJECT_DATA:
		return json_pack("{s:s,s:o,s:o,s:o,s:o}", "subject", "data", "first_sector",
				 report_count(finding->first_sector), "sector_count",
				 report_count(finding->sector_count), "offset",
				 report_count(finding->first_sector * sector_size), "group",
				 report_count(finding->first_group));
	case CSUM_SUBJECT_IMD:
		return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o}", "subject", "imd", "first_group",
				 report_count(finding->first_group), "group_count", report_count(finding->group_count),
				 "first_sector", report_count(finding->first_sector), "sector_count",
				 report_count(finding->sector_count), "copy",
				 finding->copy < 0 ? json_null() : json_integer(finding->copy));
	case CSUM_SUBJECT_SUPERBLOCK:
		return json_pack("{s:s,s:s}", "subject", "superblock", "slot", slot_name(finding->slot));
	}
	return NULL;
}

json_t *finding_json(const struct csum_finding *finding, uint32_t sector_size)
{
	json_t *members = subject_json(finding, sector_size);
	json_t *object = json_pack("{s:s,s:s,s:b}", "type", "finding", "kind", csum_finding_name(finding->kind),
				   "is_error", csum_finding_is_error(finding->kind));
	json_t *place = json_pack("{s:o,s:o,s:o}", "device", report_text(finding->device), "device_offset",
				  report_count(finding->device_offset_bytes), "reason", report_text(finding->reason));

	if (object && members && place) {
		json_object_update(object, members);
		json_object_update(object, place);
		if (finding->has_checksum) {
			json_object_set_new(object, "expected", report_hex(finding->expected_entry, 16));
			json_object_set_new(object, "computed", report_hex(finding->computed_entry, 16));
		}
	} else {
		json_decref(object);
		object = NULL;
	}
	json_decref(members);
	json_decref(place);
	return object;
}
