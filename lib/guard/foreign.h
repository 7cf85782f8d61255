/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Foreign things on the device with the superblocks: signatures that libblkid knows outside the data space, superblocks
 * of another volume, an image written over one end. Writing to the volume could destroy them. (format.md: What is
 * foreign)
 */
#ifndef CSUM_GUARD_FOREIGN_H
#define CSUM_GUARD_FOREIGN_H

#include "device/probe.h"
#include "volume/volume.h"

struct csum_foreign_thing {
	uint64_t offset_bytes; /* on the device: of the signature, the superblock, or the first byte that should be zero */
	char text[128]; /* its description, for people */
};

/* Signatures, three slots, a backup elsewhere, and an image over each end. */
#define CSUM_FOREIGN_MAX (CSUM_SIGNATURES_MAX + 6u)

struct csum_foreign {
	struct csum_foreign_thing found[CSUM_FOREIGN_MAX];
	size_t count;
};

/*
 * Looks for foreign things on a volume whose superblock is loaded. On a simulated disk there are no signatures. Errors
 * are reported: -ENOMEM, those of libblkid, a vanished device.
 */
int csum_foreign_find(const struct csum_volume *volume, struct csum_foreign *foreign) CSUM_MUST_CHECK;

/* Whether that is in the list. */
bool csum_foreign_has(const struct csum_foreign *foreign, const struct csum_foreign_thing *thing);

/*
 * For an opening for writing, before anything is written: looks, and refuses with -EPERM, reported, when something was
 * found; where volume->allow lets that pass it is a warning.
 */
int csum_foreign_refuse(const struct csum_volume *volume) CSUM_MUST_CHECK;

#endif
