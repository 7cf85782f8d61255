/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the system knows about a device: names, use, topology, signatures. Nothing here reads a volume's bytes
 * but the signature probe. Paths of /sys and /proc come from one place so that tests can stand in for them.
 */
#ifndef CSUM_DEVICE_FACTS_H
#define CSUM_DEVICE_FACTS_H

#include <sys/types.h>

#include "csum.h"

struct csum_device;

/* Roots of the system's own files: "/sys" and "/proc" unless a test says otherwise. */
struct csum_system_roots {
	const char *sys, *proc;
};
extern const struct csum_system_roots csum_system_roots_default;

/* Resolves NAME=value; returns a malloc'ed path or NULL. blkid_evaluate_tag() in the product. */
typedef char *csum_evaluate_tag_fn(const char *tag, const char *value);

/*
 * The path that `name` stands for: a tag PARTUUID=, PARTLABEL=, UUID= or LABEL= through `evaluate` (NULL:
 * libblkid), anything else is itself a path (a file called "PARTUUID=x" is reached as "./PARTUUID=x").
 * *path is malloc'ed. -ENOENT: no such tag; -EINVAL: an empty value; both reported.
 */
int csum_resolve_name(const struct csum_handlers *handlers, const char *name, csum_evaluate_tag_fn *evaluate,
		      char **path) CSUM_MUST_CHECK;

enum csum_use {
	CSUM_USE_NONE,
	CSUM_USE_MOUNTED, /* or used as swap */
	CSUM_USE_MOUNTED_READ_ONLY,
	CSUM_USE_HELD, /* by device-mapper, md, ... */
	CSUM_USE_ATTACHED, /* a file behind a loop device */
	CSUM_USE_ATTACHED_READ_ONLY,
};

/*
 * How the system uses the block device `rdev` (or a partition of it, or the disk it is part of where that is
 * mounted as a whole), or, when rdev is 0, the file (dev, inode). `where` (size bytes, at least 1) names it:
 * mount point, holder, loop device; "" for CSUM_USE_NONE.
 */
enum csum_use csum_device_use(const struct csum_system_roots *roots, dev_t rdev, dev_t dev, ino_t inode, char *where,
			      size_t size);

struct csum_topology {
	uint32_t physical_sector_size; /* bytes; 0 unknown */
	uint32_t logical_sector_size; /* bytes; 0 unknown */
	uint32_t atomic_write_size; /* bytes, the most that is written whole or not at all; 0: no more than a sector is known */
	bool rotational;
};

/*
 * Of the block device `dev`, through /sys/dev/block (for a partition: of its disk). For a file give its
 * st_dev: the device under the file system; an anonymous one (btrfs, overlay) is looked up in
 * /proc/self/mountinfo by its source.
 */
void csum_device_topology(const struct csum_system_roots *roots, dev_t dev, struct csum_topology *topology);

/*
 * The block device under the file system of an open file; 0 when there is none or it is not known. Better
 * than st_dev where that is anonymous: a btrfs subvolume's is not in mountinfo, the mount's number is.
 */
dev_t csum_file_system_device(const struct csum_system_roots *roots, int descriptor);

/*
 * Whether the block device `loop` is a loop device over the block device `rdev`, or, when that is 0, over
 * the file (dev, inode).
 */
bool csum_loop_backed_by(const struct csum_system_roots *roots, dev_t loop, dev_t rdev, dev_t dev, ino_t inode);

/* Something that libblkid knows by its signature. */
struct csum_signature {
	uint64_t offset_bytes; /* on the device: where it was looked for, so where the thing itself begins */
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
 * What libblkid finds in those bytes of the device (size 0: up to its end), the first CSUM_SIGNATURES_MAX of it. None on
 * a simulated disk. What cannot be read counts as zeros. Reported errors are negative.
 */
int csum_probe_list(const struct csum_handlers *handlers, const struct csum_device *device, uint64_t offset_bytes,
		    uint64_t size_bytes, struct csum_signatures *list) CSUM_MUST_CHECK;

/*
 * The same of the whole device, without what through() says is to be looked through: behind it the same kind is looked
 * for elsewhere.
 */
typedef bool csum_probe_through_fn(const void *user, const struct csum_signature *found);
int csum_probe_through(const struct csum_handlers *handlers, const struct csum_device *device,
		       csum_probe_through_fn *through, const void *user, struct csum_signatures *list) CSUM_MUST_CHECK;

/*
 * What libblkid finds on the device: "ext4 file system", "gpt partition table" ..., joined by ", " when
 * several; "" when nothing. Reported errors are negative.
 */
int csum_probe_signatures(const struct csum_handlers *handlers, const struct csum_device *device, char *found,
			  size_t size) CSUM_MUST_CHECK;

/* The same with the place of each, "ext4 file system at offset 1080", for a message; "" also when it cannot look. */
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
 * The partitions, logical ones too, of the table in those bytes of the device, the first CSUM_PARTITIONS_MAX of them that
 * lie inside, as far as it can be read. None on a simulated disk. Reported errors are negative.
 */
int csum_probe_partitions(const struct csum_handlers *handlers, const struct csum_device *device, uint64_t offset_bytes,
			  uint64_t size_bytes, struct csum_partitions *list) CSUM_MUST_CHECK;

/* That of the partition which the device is, as the table of its disk has it; "" when it is none. */
void csum_probe_partition_uuid(const struct csum_device *device, char *uuid, size_t size);

/* What tells the device from others. (identity.h) */
struct csum_identity;

/*
 * WWN and serial number of a block device, of its disk when it is a partition, and then also its PARTUUID; of any device
 * the UUID of what is in it, unless that is ambiguous. *signature_offset_bytes, meaningful with a UUID: where on the
 * device the signature of that lies. Nothing of a simulated disk. What cannot be learned is left out.
 */
void csum_device_identity(const struct csum_system_roots *roots, const struct csum_device *device,
			  struct csum_identity *identity, uint64_t *signature_offset_bytes);

#endif
