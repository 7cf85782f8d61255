/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the commands that open a volume. */
#ifndef CSUMTOOL_COMMANDS_VOLUME_H
#define CSUMTOOL_COMMANDS_VOLUME_H

#include <sys/stat.h>

#include "cli/options.h"
#include "show/report.h"

/* Calls csum_volume_open() with the operands and options of the command line. */
int volume_open(struct report *report, const struct options *options, enum csum_access access,
		struct csum_volume **volume);
/* Closes the volume. Returns `error`, or when that is 0 the error of closing. */
int volume_close(struct csum_volume *volume, int error);
uint32_t volume_sector_size(const struct csum_volume *volume);

#endif
