/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The meaning of a damaged image by format.md, found without the library except for the arithmetic of places. */
#ifndef CSUM_TEST_DAMAGE_LOOK_H
#define CSUM_TEST_DAMAGE_LOOK_H

#include "damage/plant.h"

struct damage_look {
	uint8_t *meaning; /* per data sector: it is written, but unreadable or without any content that it may hold */
	uint8_t *lost; /* per group: no valid copy */
	uint8_t *sound; /* per group: both copies valid, with equal entries */
	bool slot_valid[3];
};

void damage_look_init(struct damage_look *look, const struct damage_volume *base);
void damage_look_free(struct damage_look *look);
void damage_look(struct damage_look *look, const struct damage_volume *base);

#endif
