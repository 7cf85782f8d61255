/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_check(): superblocks, metadata and data are verified, by a scrub that only looks. */
#include "base/version.h"
#include "scrub/scrub.h"

int csum_check(struct csum_volume *volume, const struct csum_check_options *options, struct csum_totals *totals)
{
	const struct csum_scrub_options look = {
		.offset_bytes = options->offset_bytes,
		.length_bytes = options->length_bytes,
		.metadata_only = options->metadata_only,
		.dry_run = true,
		.rate_bytes = options->rate_bytes,
		.finding = options->finding,
		.progress = options->progress,
		.user = options->user,
	};
	struct csum_scrub_result result = { 0 };
	int error = csum_version_knows(&volume->handlers, options->reserved);

	if (!error)
		error = csum_volume_may_read(volume);
	if (!error)
		error = csum_scrub_only_look(volume, &look, &result);
	*totals = result.totals;
	return error;
}
