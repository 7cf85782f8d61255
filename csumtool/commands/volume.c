/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands/volume.h"

int volume_open(struct report *report, const struct options *options, enum csum_access access,
		struct csum_volume **volume)
{
	struct csum_open_options how = {
		.access = access,
		.force = options->given[OPT_FORCE],
		.allow = options->allow,
		.wait_ms = options->wait_ms,
	};

	return csum_volume_open(&report->handlers, options->volume, options->value[OPT_METADATA], &how, volume);
}

int volume_close(struct csum_volume *volume, int error)
{
	int close_error = csum_volume_close(volume);

	return error ? error : close_error;
}

uint32_t volume_sector_size(const struct csum_volume *volume)
{
	struct csum_volume_info info;

	csum_volume_get_info(volume, &info);
	return info.geometry.sector_size;
}
