/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File systems, tables and partitions that libblkid finds on a device by their signatures. */
#ifndef CSUM_DEVICE_PROBE_H
#define CSUM_DEVICE_PROBE_H

#include "csum.h"

struct csum_device;

/* A file system, table or RAID that libblkid knows by its signature. */
struct csum_signature {
	uint64_t offset_bytes; /* on the device: where libblkid looked, so where the file system or table begins */
	uint64_t magic_offset_bytes; /* on the device */
	size_t magic_size; /* bytes; 0 not known */
	bool is_table; /* a partition table */
	char type[32]; /* libblkid's name: "ext4", "gpt" */
	char text[64]; /* for people: "ext4 file system", "gpt partition table" */
	char uuid[64]; /* as libblkid has it; "": none */
};

#define CSUM_SIGNATURES_MAX 64u
struct csum_signatures {
	struct csum_signature found[CSUM_SIGNATURES_MAX];
	size_t count;
	bool is_partial; /* places that matter cannot be read: there may be more */
};

/*
 * The signatures that libblkid finds in those bytes of the device (size 0: up to its end), CSUM_SIGNATURES_MAX at the
 * most. None on a simulated disk. Places that cannot be read count as zeros. Reported errors are negative.
 */
int csum_probe_list(const struct csum_handlers *handlers, const struct csum_device *device, uint64_t offset_bytes,
		    uint64_t size_bytes, struct csum_signatures *list) CSUM_MUST_CHECK;

/*
 * The same for the whole device, without the signatures that through() is true for: these are looked through, and more
 * of their kind are looked for elsewhere.
 */
typedef bool csum_probe_through_fn(const void *user, const struct csum_signature *found);
int csum_probe_through(const struct csum_handlers *handlers, const struct csum_device *device,
		       csum_probe_through_fn *through, const void *user, struct csum_signatures *list) CSUM_MUST_CHECK;

/*
 * Names all that libblkid finds on the device: "ext4 file system", "gpt partition table" ..., joined by ", "; "" when
 * it finds nothing. Reported errors are negative.
 */
int csum_probe_signatures(const struct csum_handlers *handlers, const struct csum_device *device, char *found,
			  size_t size) CSUM_MUST_CHECK;

/* The same with the place of each, "ext4 file system at offset 1080", for a message; "" also after an error. */
void csum_probe_describe(const struct csum_device *device, char *text, size_t size);

/* Wipes every signature that libblkid finds, durable on return. The device is writable. */
int csum_wipe_signatures(const struct csum_handlers *handlers, const struct csum_device *device) CSUM_MUST_CHECK;

struct csum_partition {
	uint64_t offset_bytes, size_bytes; /* on the device */
};

#define CSUM_PARTITIONS_MAX 128u
struct csum_partitions {
	struct csum_partition found[CSUM_PARTITIONS_MAX];
	size_t count;
};

/*
 * The partitions, logical ones too, of the table in those bytes of the device, the first CSUM_PARTITIONS_MAX of them
 * that lie inside, as far as it can be read. None on a simulated disk. Reported errors are negative.
 */
int csum_probe_partitions(const struct csum_handlers *handlers, const struct csum_device *device, uint64_t offset_bytes,
			  uint64_t size_bytes, struct csum_partitions *list) CSUM_MUST_CHECK;

/* The PARTUUID of a device that is a partition, as the table of its disk has it; "" when the device is none. */
void csum_probe_partition_uuid(const struct csum_device *device, char *uuid, size_t size);

#endif
