/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What format.md says of a damaged image, read without the library's help but for the arithmetic of places. */
#ifndef DAMLOOK_H
#define DAMLOOK_H

#include "damage/damplant.h"

struct dam_look {
	uint8_t *meaning; /* per data sector: it is written, and not what it may hold, or unreadable */
	uint8_t *lost; /* per group: no valid copy */
	uint8_t *sound; /* per group: both valid, with equal entries */
	bool slot_valid[3];
};

void dam_look_init(struct dam_look *look, const struct dam_base *base);
void dam_look_free(struct dam_look *look);
void dam_look(struct dam_look *look, const struct dam_base *base);

#endif
