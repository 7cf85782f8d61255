/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results of carving for people: runs of candidates, and the geometry that they imply. */
#include "show/dump.h"

#include <inttypes.h>

#include "show/text.h"

static bool continues(const struct dump_run *run, const struct csum_carved *carved)
{
	const struct csum_carved *last = &run->last;

	return run->count && carved->sector_size == last->sector_size && carved->copy == last->copy &&
	       carved->fits == last->fits && carved->group == last->group + 1 &&
	       carved->device_offset_bytes == last->device_offset_bytes + last->sector_size;
}

void dump_text_end_run(struct dump_run *run)
{
	const struct csum_carved *first = &run->first;
	char text[TEXT_MAX];

	if (!run->count)
		return;
	printf("at %" PRIu64 ": %" PRIu64 " imd sector%s of %" PRIu32 " bytes, group%s %s, ",
	       first->device_offset_bytes, run->count, text_plural(run->count), first->sector_size,
	       text_plural(run->count), text_span(text, first->group, run->count));
	if (first->copy < 0)
		printf("copy unknown");
	else
		printf("copy %d", first->copy);
	if (run->least_generation == run->greatest_generation)
		printf(", generation %" PRIu32, run->least_generation);
	else
		printf(", generations %" PRIu32 "-%" PRIu32, run->least_generation, run->greatest_generation);
	printf("%s\n", first->fits ? "" : "; does not fit: of another volume, or damaged");
	run->count = 0;
}

void dump_text_carved(struct dump_run *run, const struct csum_carved *carved)
{
	if (!continues(run, carved)) {
		dump_text_end_run(run);
		run->first = *carved;
		run->least_generation = run->greatest_generation = carved->generation;
	}
	run->last = *carved;
	run->count++;
	if (carved->generation < run->least_generation)
		run->least_generation = carved->generation;
	if (carved->generation > run->greatest_generation)
		run->greatest_generation = carved->generation;
}

static void print_geometry(const struct csum_carved_geometry *carved)
{
	const struct csum_geometry *geometry = &carved->geometry;
	uint64_t bytes = geometry->data_sectors * geometry->sector_size;
	char size[TEXT_MAX];

	printf("implied: %s layout, sectors of %" PRIu32 " bytes, interleave %s%" PRIu32 "%s\n",
	       geometry->external ? "external" : "internal", geometry->sector_size,
	       carved->interleave_known ? "" : "unknown (taken as ", geometry->interleave,
	       carved->interleave_known ? "" : ")");
	printf("implied: %s%" PRIu64 " data sectors, %s, in %" PRIu64 " group%s\n", carved->end_known ? "" : "at most ",
	       geometry->data_sectors, text_bytes(size, bytes), geometry->groups, text_plural(geometry->groups));
	if (carved->checksum_bits)
		printf("implied: %d-bit checksums\n", carved->checksum_bits);
	else
		printf("implied: nothing on the kind of checksum: no sector was written\n");
	printf("implied: seed state 0x%08" PRIx32 "\n", carved->seed_state);
}

void dump_text_geometry(const struct csum_carved_geometry *geometry)
{
	printf("carved: %" PRIu64 " candidate%s, of which %" PRIu64 " fit together\n", geometry->candidates,
	       text_plural(geometry->candidates), geometry->fitting);
	if (geometry->known)
		print_geometry(geometry);
	else
		printf("carved: too few to tell the geometry\n");
}
