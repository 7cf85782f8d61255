/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of volume_body.h share. */
#ifndef CSUM_TEST_VOLUME_SHARED_H
#define CSUM_TEST_VOLUME_SHARED_H

#include "fuzz/model.h"
#include "fuzz/program.h"
#include "fuzz/volume_body.h"
#include "volume/volume.h"

/* ------------------------------------------------------------------ volume_body.c */

extern struct program volume_program; /* that is being tried */
/* How its image reads: before anything, behind opening for writing, behind the write. */
extern struct model volume_models[3];
extern const struct csum_handlers volume_handlers;

/* As csum_volume_open() and csum_volume_close(), of the volume on the disks; closing does not fail. */
int volume_open(bool writable, struct csum_volume **volume) CSUM_MUST_CHECK;
void volume_close(struct csum_volume *volume);
/* Fails when a device has been left open. */
void volume_none_open(const char *when);

/* ------------------------------------------------------------------ volume_look.c */

/* Opens for reading and compares what is seen with the model; in every way there is, or in the most telling ones. */
void volume_look(const struct model *model, bool thoroughly);
/* Calls for everything that csum_dump() shows. */
void volume_dump(const struct model *model, bool carve);

/* ------------------------------------------------------------------ volume_change.c */

/* Opens for writing and, where that works, writes; everything is compared with what was read before. */
void volume_change(void);

/* ------------------------------------------------------------------ volume_scrub.c */

/* Scrubs twice; everything is compared with what was read before. */
void volume_scrub(void);

#endif
