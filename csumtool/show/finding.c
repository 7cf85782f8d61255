/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show/finding.h"

#include <inttypes.h>
#include <stdlib.h>

#include "show/advice.h"
#include "show/text.h"

const char *slot_name(enum csum_slot slot)
{
	static const char *const names[CSUM_SLOTS] = {
		[CSUM_SLOT_A] = "A",
		[CSUM_SLOT_B] = "B",
		[CSUM_SLOT_C] = "C",
	};

	return names[slot];
}

void finding_print_sectors(FILE *out, uint64_t first, uint64_t count, uint32_t sector_size)
{
	char span[TEXT_MAX];

	fprintf(out, "data sector%s %s (", text_plural(count), text_span(span, first, count));
	if (count != 1)
		fprintf(out, "%" PRIu64 " sectors, ", count);
	fprintf(out, "offset %" PRIu64 ")", first * sector_size);
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

static void print_subject(FILE *out, const struct csum_finding *finding, uint32_t sector_size)
{
	switch (finding->subject) {
	case CSUM_SUBJECT_DATA:
		finding_print_sectors(out, finding->first_sector, finding->sector_count, sector_size);
		break;
	case CSUM_SUBJECT_IMD:
		print_imd(out, finding);
		break;
	case CSUM_SUBJECT_SUPERBLOCK:
		fprintf(out, "superblock %s", slot_name(finding->slot));
		break;
	case CSUM_SUBJECT_JOURNAL:
		fputs("the journal", out);
		break;
	case CSUM_SUBJECT_DEVICE:
		fputs("the device", out);
		break;
	}
}

static void print_line(FILE *out, const struct csum_finding *finding, uint32_t sector_size)
{
	char expected[TEXT_MAX], computed[TEXT_MAX];

	fprintf(out, "%s: ", csum_finding_name(finding->kind));
	print_subject(out, finding, sector_size);
	fputs(", ", out);
	text_put(out, finding->device);
	fprintf(out, " offset %" PRIu64 ": ", finding->device_offset_bytes);
	/* The two checksums already say that the content does not match. */
	if (!finding->has_checksum || finding->kind != CSUM_MISMATCH) {
		text_put(out, finding->problem);
		if (finding->has_other_sector)
			fprintf(out, ", data sector%s %s", text_plural(finding->sector_count),
				text_span(expected, finding->other_sector, finding->sector_count));
		fputs(finding->has_checksum ? ": " : "", out);
	}
	if (finding->has_checksum)
		fprintf(out, "expected %s, computed %s", text_entry(expected, finding->expected_entry),
			text_entry(computed, finding->computed_entry));
}

void finding_print(FILE *out, const struct csum_finding *finding, uint32_t sector_size)
{
	print_line(out, finding, sector_size);
	fputc('\n', out);
}

bool finding_is_weak(const struct csum_finding *finding, enum csum_checksum_type checksum)
{
	bool from_checksum = finding->means == CSUM_MEANS_ONE_BIT || finding->means == CSUM_MEANS_BURST ||
			     finding->means == CSUM_MEANS_TWO_BITS;

	return from_checksum && checksum != CSUM_CRC64;
}

static void print_repair(FILE *out, const struct csum_finding *finding, bool weak)
{
	static const char *const verbs[CSUM_MEANS_COUNT] = {
		[CSUM_MEANS_NONE] = "put in order",    [CSUM_MEANS_REPLICA] = "healed",
		[CSUM_MEANS_ELSEWHERE] = "healed",     [CSUM_MEANS_ONE_BIT] = "healed:",
		[CSUM_MEANS_BURST] = "healed:",	       [CSUM_MEANS_TWO_BITS] = "healed:",
		[CSUM_MEANS_OTHER_COPY] = "rewritten",
	};

	fprintf(out, "; %s%s", finding->disposition == CSUM_WOULD_REPAIR ? "would be " : "",
		finding->kind == CSUM_FOREIGN ? "overwritten" : verbs[finding->means]);
	if (*finding->how)
		fputc(' ', out);
	text_put(out, finding->how);
	if (weak)
		fputs(", by a 32-bit checksum: may be wrong", out);
}

void finding_print_scrubbed(FILE *out, const struct csum_finding *finding, uint32_t sector_size,
			    enum csum_checksum_type checksum)
{
	print_line(out, finding, sector_size);
	if (finding->disposition != CSUM_LEFT) {
		print_repair(out, finding, finding_is_weak(finding, checksum));
	} else if (csum_finding_is_error(finding->kind) || *finding->how) {
		fputs(*finding->how ? "; left: " : "; left", out);
		text_put(out, finding->how);
		fputs(advice_finding(finding->left_reason), out);
	}
	fputc('\n', out);
}

/* Members that only findings of this subject have. */
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
	case CSUM_SUBJECT_JOURNAL:
		return json_pack("{s:s}", "subject", "journal");
	case CSUM_SUBJECT_DEVICE:
		return json_pack("{s:s}", "subject", "device");
	}
	return NULL;
}

json_t *finding_json(const struct csum_finding *finding, uint32_t sector_size)
{
	json_t *members = subject_json(finding, sector_size);
	json_t *object = json_pack("{s:s,s:s,s:b}", "type", "finding", "kind", csum_finding_name(finding->kind),
				   "is_error", csum_finding_is_error(finding->kind));
	json_t *place = json_pack("{s:o,s:o,s:o}", "device", report_text(finding->device), "device_offset",
				  report_count(finding->device_offset_bytes), "reason", report_text(finding->problem));

	if (object && members && place) {
		json_object_update(object, members);
		json_object_update(object, place);
		if (finding->has_checksum) {
			json_object_set_new(object, "expected", report_hex(finding->expected_entry, 16));
			json_object_set_new(object, "computed", report_hex(finding->computed_entry, 16));
		}
		if (finding->has_other_sector)
			json_object_set_new(object, "other_sector", report_count(finding->other_sector));
		if (finding->content_class != CSUM_CLASS_NONE)
			json_object_set_new(object, "class", json_string(csum_class_name(finding->content_class)));
	} else {
		json_decref(object);
		object = NULL;
	}
	json_decref(members);
	json_decref(place);
	return object;
}

static json_t *how_json(const struct csum_finding *finding)
{
	json_t *value;
	char *text;

	if (asprintf(&text, "%s%s", finding->how, advice_finding(finding->left_reason)) < 0)
		return NULL;
	value = report_text(text);
	free(text);
	return value;
}

json_t *finding_json_scrubbed(const struct csum_finding *finding, uint32_t sector_size,
			      enum csum_checksum_type checksum)
{
	static const char *const dispositions[] = {
		[CSUM_LEFT] = "left",
		[CSUM_REPAIRED] = "repaired",
		[CSUM_WOULD_REPAIR] = "would-repair",
	};
	const char *means = csum_means_name(finding->means);
	json_t *object = finding_json(finding, sector_size);

	if (!object)
		return NULL;
	json_object_set_new(object, "disposition", json_string(dispositions[finding->disposition]));
	json_object_set_new(object, "means", *means ? json_string(means) : json_null());
	json_object_set_new(object, "how", how_json(finding));
	if (finding->means == CSUM_MEANS_REPLICA)
		json_object_set_new(object, "replica", report_text(finding->replica ? finding->replica : ""));
	if (finding->means == CSUM_MEANS_ELSEWHERE)
		json_object_set_new(object, "source_sector", report_count(finding->source_sector));
	if (finding->bits) {
		json_object_set_new(object, "bits", json_integer((json_int_t)finding->bits));
		json_object_set_new(object, "weak", json_boolean(finding_is_weak(finding, checksum)));
	}
	return object;
}
