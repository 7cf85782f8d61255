/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files that implement volume_body.h. */
#ifndef CSUM_TEST_VOLUME_SHARED_H
#define CSUM_TEST_VOLUME_SHARED_H

#include "fuzz/model.h"
#include "fuzz/program.h"
#include "fuzz/volume_body.h"
#include "volume/volume.h"

/* ------------------------------------------------------------------ volume_body.c */

extern struct program volume_program; /* of the current input */
/* Models of its image: before anything, after opening for writing, after the write. */
extern struct model volume_models[3];
extern const struct csum_handlers volume_handlers;

/* Call csum_volume_open() and csum_volume_close() for the volume on the disks; closing must not fail. */
int volume_open(bool writable, struct csum_volume **volume) CSUM_MUST_CHECK;
void volume_close(struct csum_volume *volume);
/* Fails when a device is still open. */
void volume_none_open(const char *when);

/* ------------------------------------------------------------------ volume_look.c */

/* Opens for reading and compares the results with the model; thoroughly: in every way, not just the most telling. */
void volume_look(const struct model *model, bool thoroughly);
/* Calls csum_dump() for everything that it shows. */
void volume_dump(const struct model *model, bool carve);

/* ------------------------------------------------------------------ volume_change.c */

/* Opens for writing and, if that succeeds, writes; compares everything with the model of the image before. */
void volume_change(void);

/* ------------------------------------------------------------------ volume_scrub.c */

/* Scrubs twice; compares everything with the model of the image before. */
void volume_scrub(void);

#endif
