/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs one input of the fuzz targets: opens, checks, reads and dumps its image, opens it for writing, which recovers
 * it, writes to it, and compares again. Ends the program by abort() when the library does something that model.h or the
 * promises of the update protocol do not allow.
 */
#ifndef CSUM_TEST_VOLUME_BODY_H
#define CSUM_TEST_VOLUME_BODY_H

#include <stddef.h>
#include <stdint.h>

void volume_body(const uint8_t *input, size_t size);
/* Looks for imd sectors in the image of such an input, without a superblock. On its own, as it takes much longer. */
void volume_body_carve(const uint8_t *input, size_t size);
/* Scrubs the image of such an input, if it opens. */
void volume_body_scrub(const uint8_t *input, size_t size);

/* Counts of states that inputs have led to: shows that inputs reach the states that they are meant for. */
struct volume_body_counts {
	uint64_t inputs, refused, opened, opened_active, opened_unknown, recovered, recovery_refused, foreign_refused;
	uint64_t merged; /* recoveries that wrote a journal record */
	uint64_t replayed; /* recoveries that found an image in force */
	uint64_t bad_sectors, older_sectors, written, write_refused, discarded;
	uint64_t dumped, carved;
	uint64_t scrubbed, repaired;
};

extern struct volume_body_counts volume_body_counts;

/* Writes the image of the input to PREFIX.data, and to PREFIX.metadata when the metadata is apart. */
int volume_body_save(const uint8_t *input, size_t size, const char *prefix);

/*
 * Calls seed() with inputs that begin a search: every volume at moments all over its life, and changes of every kind.
 */
void volume_body_seeds(void (*seed)(void *user, const uint8_t *input, size_t size), void *user);

#endif
