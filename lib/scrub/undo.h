/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The undo file of a scrub: what its rounds overwrite is saved there first. A data sector is overwritten only when what
 * it holds has been saved in a file that the volume names, all of it durable; slots.h has the volume name it.
 */
#ifndef CSUM_SCRUB_UNDO_H
#define CSUM_SCRUB_UNDO_H

#include "scrub/scrub.h"

/* NULL: no memory. */
struct csum_scrub_undo *csum_scrub_undo_create(void) CSUM_MUST_CHECK;
void csum_scrub_undo_free(struct csum_scrub_undo *undo); /* NULL is allowed; the file has been ended */

/* Creates the file, if one was asked for by name; one in a directory is created when there is something to save. */
int csum_scrub_undo_begin(struct csum_scrub *scrub) CSUM_MUST_CHECK;
/* Closes the file, puts its figures into the result, and removes older ones in the directory than are kept. */
int csum_scrub_undo_end(struct csum_scrub *scrub) CSUM_MUST_CHECK;

/* For struct csum_io_policy, user: the scrub. Saves what a round of metadata overwrites, if that can be done. */
int csum_scrub_undo_before(void *user, const struct csum_io_request *requests, size_t count);
/* Whether superblock slots are saved too. They are not at first: a scrub writes its own state and record there. */
void csum_scrub_undo_include_slots(struct csum_scrub *scrub, bool include);

/* Saves what the next round, these writes of data, is about to overwrite. *kept: that is done, or nothing is wanted. */
int csum_scrub_undo_keep(struct csum_scrub *scrub, const struct csum_io_request *requests, size_t count,
			 bool *kept) CSUM_MUST_CHECK;
/* The last step before that round, when the volume should name the file. false: it does not, so nothing is kept. */
bool csum_scrub_undo_confirm(struct csum_scrub *scrub);

/* Puts the id of the file, if there is one with records, into the superblock that is about to be written. */
bool csum_scrub_undo_put_id(struct csum_scrub *scrub);
/* The superblock with that id has been written. */
void csum_scrub_undo_set_named(struct csum_scrub *scrub);
/* Whether there is a file with records that the volume does not name yet. */
bool csum_scrub_undo_is_unnamed(const struct csum_scrub *scrub);

#endif
