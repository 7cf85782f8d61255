/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where sectors lie: pure arithmetic over struct csum_geometry. Offsets are device offsets in bytes. */
#ifndef CSUM_ONDISK_LAYOUT_H
#define CSUM_ONDISK_LAYOUT_H

#include "csum.h"

/* Whether the format allows the value. */
bool csum_layout_sector_size_ok(uint32_t sector_size);
bool csum_layout_interleave_ok(uint32_t interleave);

/* The interleave that makes clusters of 64 MiB. */
uint32_t csum_layout_default_interleave(uint32_t sector_size);

/*
 * Derives a whole geometry from the sizes of the devices (data_device_bytes only counts when external).
 * -EINVAL: sector size or interleave not allowed; -ENOSPC: no room for one data sector (or, external, for
 * the imd sectors of all of them); -EFBIG: sizes past 2^63. Nothing is reported; *geometry is then unchanged.
 */
int csum_layout_derive(uint32_t sector_size, uint32_t interleave, bool external, uint64_t metadata_device_bytes,
		       uint64_t data_device_bytes, struct csum_geometry *geometry) CSUM_MUST_CHECK;

/* Smallest metadata device (external) or device (internal) that holds so many data sectors; -EFBIG when none. */
int csum_layout_device_bytes(uint32_t sector_size, uint32_t interleave, bool external, uint64_t data_sectors,
			     uint64_t *metadata_device_bytes) CSUM_MUST_CHECK;

/* Offset of backup superblock C on a metadata device of that size (at least CSUM_TAIL_SIZE). */
uint64_t csum_layout_backup_offset(uint64_t metadata_device_bytes);

/* Of a group below geometry->groups. */
uint64_t csum_layout_imd_offset(const struct csum_geometry *geometry, uint64_t group, int copy);
uint32_t csum_layout_group_sectors(const struct csum_geometry *geometry, uint64_t group);
uint64_t csum_layout_cluster_groups(const struct csum_geometry *geometry, uint64_t cluster);

/* Of a data sector below geometry->data_sectors: on the data device. */
uint64_t csum_layout_data_offset(const struct csum_geometry *geometry, uint64_t data_sector);

static inline uint64_t csum_layout_group_of(const struct csum_geometry *geometry, uint64_t data_sector)
{
	return data_sector / geometry->sectors_per_group;
}

static inline uint64_t csum_layout_first_sector(const struct csum_geometry *geometry, uint64_t group)
{
	return group * geometry->sectors_per_group;
}

/* Whether the data sectors [first_sector, end_sector) are all of the group's, or more. */
bool csum_layout_covers_group(const struct csum_geometry *geometry, uint64_t first_sector, uint64_t end_sector,
			      uint64_t group);

/* The sector that lies at an offset of the metadata or, external, of the data device; the reverse of the above. */
enum csum_place_kind { CSUM_PLACE_OTHER, CSUM_PLACE_DATA, CSUM_PLACE_IMD };

struct csum_place {
	enum csum_place_kind kind;
	uint64_t data_sector; /* data */
	uint64_t group; /* imd */
	int copy; /* imd */
};

struct csum_place csum_layout_place(const struct csum_geometry *geometry, bool on_metadata_device,
				    uint64_t offset_bytes);

/*
 * Groups from `group` on, at most `limit`, that lie in one cluster: their data is contiguous, and so is
 * each copy of their imd sectors.
 */
uint64_t csum_layout_contiguous_groups(const struct csum_geometry *geometry, uint64_t group, uint64_t limit);

#endif
