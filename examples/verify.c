/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Verifies a range of a volume and prints what is wrong:
 *
 *     cc verify.c $(pkg-config --cflags --libs libcsum) -o verify
 *     ./verify VOLUME OFFSET LENGTH      bytes of data space; the range is widened to whole sectors
 *
 * Exit status: 0 all sectors are right, 1 some are not, 2 the range could not be verified.
 */
#include <csum.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void message(void *user, const struct csum_message *message)
{
	(void)user;
	if (message->severity != CSUM_NOTE)
		fprintf(stderr, "verify: %s\n", message->text);
}

static void finding(void *user, const struct csum_finding *found)
{
	(void)user;
	printf("%s: %s, at offset %" PRIu64 " of %s", csum_finding_name(found->kind), found->problem,
	       found->device_offset_bytes, found->device);
	if (found->subject == CSUM_SUBJECT_DATA)
		printf(": data sectors %" PRIu64 " to %" PRIu64, found->first_sector,
		       found->first_sector + found->sector_count - 1);
	putchar('\n');
}

int main(int argc, char **argv)
{
	const struct csum_handlers handlers = { .message = message };
	const struct csum_open_options reading = { .access = CSUM_READ };
	struct csum_check_options range = { .finding = finding };
	struct csum_totals totals;
	struct csum_volume *volume;
	int error;

	if (argc != 4)
		return 2;
	range.offset_bytes = strtoull(argv[2], NULL, 0);
	range.length_bytes = strtoull(argv[3], NULL, 0);
	if (csum_volume_open(&handlers, argv[1], NULL, &reading, &volume))
		return 2;
	error = csum_check(volume, &range, &totals);
	if (csum_volume_close(volume) || error)
		return 2;
	return totals.errors ? 1 : 0;
}
