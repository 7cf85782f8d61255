/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The identity of a data device, by which it is told from others, as text of the superblock. No I/O. (format.md) */
#ifndef CSUM_DEVICE_IDENTITY_H
#define CSUM_DEVICE_IDENTITY_H

#include "csum.h"

/* The surest first. */
enum csum_identity_kind {
	CSUM_IDENTITY_WWN,
	CSUM_IDENTITY_SERIAL,
	CSUM_IDENTITY_PARTUUID,
	CSUM_IDENTITY_UUID, /* of the content of the data space: writing there may change it */
	CSUM_IDENTITY_KINDS
};

struct csum_identity {
	char value[CSUM_IDENTITY_KINDS][CSUM_IDENTITY_SIZE]; /* "": none */
};

/* "WWN" ... */
const char *csum_identity_name(enum csum_identity_kind kind);

/* Takes a value over: blanks in it become "_"; one that is too long, or only zeros, is left out. */
void csum_identity_set(struct csum_identity *identity, enum csum_identity_kind kind, const char *value);

/* Reads the text of a superblock; words that are not known are passed over. */
void csum_identity_parse(const char *text, struct csum_identity *identity);

/*
 * The text, CSUM_IDENTITY_SIZE bytes filled up with NUL: as many values as fit, the surest first; but a partition's own
 * UUID comes before those of its disk.
 */
void csum_identity_print(const struct csum_identity *identity, char *text);

/* Whether both have a value of that kind, and the values differ. */
bool csum_identity_differs(const struct csum_identity *a, const struct csum_identity *b, enum csum_identity_kind kind);

#endif
