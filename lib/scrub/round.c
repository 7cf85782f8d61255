/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One round: saved for undo, written, flushed, and no longer cached, so that it can be read back. */
#include "scrub/round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "scrub/undo.h"

struct csum_io_policy csum_scrub_round_policy(struct csum_scrub *scrub)
{
	return (struct csum_io_policy){
		.before = csum_scrub_undo_before,
		.user = scrub,
		.tolerant_bytes = scrub->sector_size,
	};
}

/* Makes reads come from the medium again. */
static int drop_cache(struct csum_scrub *scrub, struct csum_device *device)
{
	int error = device->direct ? 0 : device->ops->drop_cache(device->context);

	if (error)
		return csum_io_report(&scrub->volume->handlers, error, device->name,
				      "dropping what is cached of the device");
	return 0;
}

int csum_scrub_round(struct csum_scrub *scrub, const struct csum_io_list *list, struct csum_device *device)
{
	const struct csum_io_policy policy = csum_scrub_round_policy(scrub);
	int error = csum_io_round(scrub->volume->io, list, &policy, NULL);

	return error ? error : drop_cache(scrub, device);
}

int csum_scrub_round_metadata(struct csum_scrub *scrub, void *bytes, size_t size, uint64_t offset_bytes, bool *held)
{
	struct csum_volume *volume = scrub->volume;
	struct csum_io_list list = { 0 };
	void *back;
	int error;

	*held = false;
	error = csum_io_list_add(&list, volume->metadata, CSUM_IO_WRITE, bytes, size, offset_bytes);
	if (error)
		csum_report_error(&volume->handlers, error, NULL, "repairing metadata");
	else
		error = csum_scrub_round(scrub, &list, volume->metadata);
	csum_io_list_free(&list);
	if (error)
		return error;
	back = csum_io_alloc(size);
	if (!back)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "reading back repaired metadata");
	error = csum_io_read_patiently(volume->metadata, back, size, offset_bytes, NULL);
	*held = !error && memcmp(back, bytes, size) == 0;
	free(back);
	if (csum_io_vanished(error))
		return csum_io_report(&volume->handlers, error, volume->metadata->name,
				      "reading back repaired metadata");
	return 0;
}
