/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The undo file of a scrub: what it overwrote. Written and flushed before the volume is.
 *
 * All integers little-endian. A head of 64 bytes, then records, each a head of 64 bytes and the old bytes:
 *
 *   head    0  magic "CSUMUNDO"      8  CRC-32 of the head with this field zero    12  version, 1
 *          16  UUID of the volume   32  its seed's fingerprint (CRC-32 state behind the seed)
 *          36  sector size          40  checksum type                              44  zeros
 *   record  0  magic "UREC"          4  CRC-32 of the record, head and old bytes, with this field zero
 *           8  kind: 1 data sector, 2 imd sector, 3 superblock slot, 4 journal or other
 *          12  size: old bytes that follow
 *          16  place: number of the data sector; 2 * group + copy; slot; 0
 *          24  device offset, bytes (data sectors: of the data device, else of the metadata device)
 *          32  data sector: entry of the new bytes; else 0
 *          40  CRC-32 of the new bytes
 *          44  flags: bit 0: the old bytes could not be read, zeros stand for them
 *          48  zeros
 *
 * A record whose CRC is wrong ends the file, unless a sound one comes behind it: a crash cuts a file short, but does
 * not put a hole in it.
 */
#ifndef CSUM_UNDO_H
#define CSUM_UNDO_H

#include "volume.h"

struct csum_undo_file;

/*
 * Creates it, durable with its name. -EEXIST when there is such a file; -EINVAL when it would lie on the volume's own
 * device. Reported. *file is NULL on error.
 */
int csum_undo_create(const struct csum_volume *volume, const char *path, struct csum_undo_file **file) CSUM_MUST_CHECK;

/* Records what the requests, all of them writes, are about to overwrite; durable on return. Errors are reported. */
int csum_undo_save(struct csum_undo_file *file, const struct csum_io_request *requests, size_t count) CSUM_MUST_CHECK;

uint64_t csum_undo_records(const struct csum_undo_file *file);

/* Closes it; a file without records is removed. NULL is allowed. The error of the close, reported. */
int csum_undo_close(struct csum_undo_file *file) CSUM_MUST_CHECK;

#endif
