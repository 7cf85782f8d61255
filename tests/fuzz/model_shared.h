/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the parts of the model (model.h). */
#ifndef CSUM_TEST_MODEL_SHARED_H
#define CSUM_TEST_MODEL_SHARED_H

#include "fuzz/model.h"

#define MODEL_BLOCK 4096u
#define MODEL_JOURNAL 65536u
#define MODEL_JOURNAL_SIZE 458752u
#define MODEL_SLOT_B 524288u
#define MODEL_CLUSTERS 1048576u
#define MODEL_TAIL 65536u

/* The volume while it is looked at: facts that the parts need, and the readers of the model do not. */
struct model_look {
	struct model *model;
	const uint8_t *superblock;
	uint64_t session;
	const uint8_t *seed;
	uint64_t metadata_bytes, data_bytes; /* as recorded */
	const uint8_t *journal; /* the record that counts, or NULL */
	uint32_t images;
};

/* Bytes of the metadata disk; NULL: they cannot be read, or lie behind its end. */
const uint8_t *model_metadata_at(uint64_t offset, uint64_t size);

/* The superblock that counts, or NULL. Says in the model which slots are valid. */
const uint8_t *model_governing_slot(struct model *model);
/* Fills in what the superblock says; false: it makes no volume. */
bool model_take_superblock(struct model_look *look);
/* Whether something lies where only the volume may have something. */
bool model_is_foreign(const struct model_look *look);

#endif
