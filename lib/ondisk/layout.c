/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ondisk/layout.h"

#include <errno.h>

#include "base/util.h"
#include "ondisk/ondisk.h"

#define DEFAULT_CLUSTER_BYTES (UINT64_C(64) << 20)
#define ENTRY_SIZE 8u

static uint64_t divide_up(uint64_t value, uint64_t by)
{
	return value / by + (value % by != 0);
}

bool csum_layout_sector_size_ok(uint32_t sector_size)
{
	return sector_size == 512 || sector_size == 4096;
}

bool csum_layout_interleave_ok(uint32_t interleave)
{
	return interleave >= 1 && interleave <= CSUM_INTERLEAVE_MAX;
}

static uint32_t sectors_per_group(uint32_t sector_size)
{
	return (sector_size - CSUM_IMD_HEADER_SIZE) / ENTRY_SIZE;
}

uint32_t csum_layout_default_interleave(uint32_t sector_size)
{
	return (uint32_t)(DEFAULT_CLUSTER_BYTES / ((sectors_per_group(sector_size) + 2) * sector_size));
}

uint64_t csum_layout_backup_offset(uint64_t metadata_device_bytes)
{
	return metadata_device_bytes / CSUM_BLOCK_SIZE * CSUM_BLOCK_SIZE - CSUM_TAIL_SIZE;
}

/* Bytes between the start of the clusters and backup C. */
static uint64_t cluster_area(uint64_t metadata_device_bytes)
{
	if (metadata_device_bytes < CSUM_CLUSTERS_OFFSET + CSUM_TAIL_SIZE)
		return 0;
	return csum_layout_backup_offset(metadata_device_bytes) - CSUM_CLUSTERS_OFFSET;
}

static uint64_t internal_data_sectors(const struct csum_geometry *geometry)
{
	uint64_t area_sectors = cluster_area(geometry->metadata_device_bytes) / geometry->sector_size;
	uint64_t group_sectors = geometry->sectors_per_group + 2;
	uint64_t rest = area_sectors % group_sectors;

	return area_sectors / group_sectors * geometry->sectors_per_group + (rest >= 3 ? rest - 2 : 0);
}

static bool external_metadata_fits(const struct csum_geometry *geometry)
{
	return geometry->groups <= cluster_area(geometry->metadata_device_bytes) / geometry->sector_size / 2;
}

int csum_layout_derive(uint32_t sector_size, uint32_t interleave, bool external, uint64_t metadata_device_bytes,
		       uint64_t data_device_bytes, struct csum_geometry *geometry)
{
	struct csum_geometry result = {
		.sector_size = sector_size,
		.interleave = interleave,
		.external = external,
		.metadata_device_bytes = metadata_device_bytes,
		.data_device_bytes = external ? data_device_bytes : 0,
	};

	if (!csum_layout_sector_size_ok(sector_size) || !csum_layout_interleave_ok(interleave))
		return -EINVAL;
	if (metadata_device_bytes > INT64_MAX || data_device_bytes > INT64_MAX)
		return -EFBIG;
	result.sectors_per_group = sectors_per_group(sector_size);
	result.data_sectors = external ? data_device_bytes / sector_size : internal_data_sectors(&result);
	if (result.data_sectors == 0)
		return -ENOSPC;
	result.groups = divide_up(result.data_sectors, result.sectors_per_group);
	result.clusters = divide_up(result.groups, interleave);
	if (external && !external_metadata_fits(&result))
		return -ENOSPC;
	*geometry = result;
	return 0;
}

int csum_layout_device_bytes(uint32_t sector_size, uint32_t interleave, bool external, uint64_t data_sectors,
			     uint64_t *metadata_device_bytes)
{
	uint64_t groups, area_sectors, bytes;

	if (!csum_layout_sector_size_ok(sector_size) || !csum_layout_interleave_ok(interleave) || data_sectors == 0)
		return -EINVAL;
	if (data_sectors > INT64_MAX / sector_size)
		return -EFBIG;
	groups = divide_up(data_sectors, sectors_per_group(sector_size));
	area_sectors = 2 * groups + (external ? 0 : data_sectors);
	bytes = CSUM_CLUSTERS_OFFSET + divide_up(area_sectors * sector_size, CSUM_BLOCK_SIZE) * CSUM_BLOCK_SIZE +
		CSUM_TAIL_SIZE;
	if (bytes > INT64_MAX)
		return -EFBIG;
	*metadata_device_bytes = bytes;
	return 0;
}

uint64_t csum_layout_cluster_groups(const struct csum_geometry *geometry, uint64_t cluster)
{
	return csum_min_u64(geometry->interleave, geometry->groups - cluster * geometry->interleave);
}

uint32_t csum_layout_group_sectors(const struct csum_geometry *geometry, uint64_t group)
{
	return (uint32_t)csum_min_u64(geometry->sectors_per_group,
				      geometry->data_sectors - group * geometry->sectors_per_group);
}

/* Data sectors of a cluster: all groups but the volume's last one are full. */
static uint64_t cluster_data_sectors(const struct csum_geometry *geometry, uint64_t cluster)
{
	uint64_t first = cluster * geometry->interleave * geometry->sectors_per_group;

	return csum_min_u64((uint64_t)geometry->interleave * geometry->sectors_per_group,
			    geometry->data_sectors - first);
}

static uint64_t cluster_offset(const struct csum_geometry *geometry, uint64_t cluster)
{
	uint64_t group_sectors = (geometry->external ? 0 : geometry->sectors_per_group) + 2;

	return CSUM_CLUSTERS_OFFSET + cluster * geometry->interleave * group_sectors * geometry->sector_size;
}

uint64_t csum_layout_imd_offset(const struct csum_geometry *geometry, uint64_t group, int copy)
{
	uint64_t cluster = group / geometry->interleave;
	uint64_t sector = group % geometry->interleave;

	if (copy == 1) {
		sector += csum_layout_cluster_groups(geometry, cluster);
		if (!geometry->external)
			sector += cluster_data_sectors(geometry, cluster);
	}
	return cluster_offset(geometry, cluster) + sector * geometry->sector_size;
}

uint64_t csum_layout_data_offset(const struct csum_geometry *geometry, uint64_t data_sector)
{
	uint64_t cluster, first;

	if (geometry->external)
		return data_sector * geometry->sector_size;
	cluster = csum_layout_group_of(geometry, data_sector) / geometry->interleave;
	first = cluster * geometry->interleave * geometry->sectors_per_group;
	return cluster_offset(geometry, cluster) +
	       (csum_layout_cluster_groups(geometry, cluster) + data_sector - first) * geometry->sector_size;
}

bool csum_layout_covers_group(const struct csum_geometry *geometry, uint64_t first_sector, uint64_t end_sector,
			      uint64_t group)
{
	uint64_t first = csum_layout_first_sector(geometry, group);

	return first_sector <= first && end_sector >= first + csum_layout_group_sectors(geometry, group);
}

uint64_t csum_layout_contiguous_groups(const struct csum_geometry *geometry, uint64_t group, uint64_t limit)
{
	uint64_t cluster = group / geometry->interleave;
	uint64_t end = cluster * geometry->interleave + csum_layout_cluster_groups(geometry, cluster);

	return csum_min_u64(limit, end - group);
}

/* The place of that sector within its cluster. */
static struct csum_place place_in_cluster(const struct csum_geometry *geometry, uint64_t cluster, uint64_t sector)
{
	uint64_t first_group = cluster * geometry->interleave;
	uint64_t groups = csum_layout_cluster_groups(geometry, cluster);
	uint64_t data = geometry->external ? 0 : cluster_data_sectors(geometry, cluster);

	if (sector < groups)
		return (struct csum_place){ .kind = CSUM_PLACE_IMD, .group = first_group + sector };
	sector -= groups;
	if (sector < data)
		return (struct csum_place){ .kind = CSUM_PLACE_DATA,
					    .data_sector = first_group * geometry->sectors_per_group + sector };
	sector -= data;
	if (sector < groups)
		return (struct csum_place){ .kind = CSUM_PLACE_IMD, .group = first_group + sector, .copy = 1 };
	return (struct csum_place){ .kind = CSUM_PLACE_OTHER };
}

struct csum_place csum_layout_place(const struct csum_geometry *geometry, bool on_metadata_device,
				    uint64_t offset_bytes)
{
	uint64_t cluster_bytes = (uint64_t)geometry->interleave *
				 ((geometry->external ? 0 : geometry->sectors_per_group) + 2) * geometry->sector_size;
	uint64_t cluster;

	if (!on_metadata_device && offset_bytes / geometry->sector_size < geometry->data_sectors)
		return (struct csum_place){ .kind = CSUM_PLACE_DATA,
					    .data_sector = offset_bytes / geometry->sector_size };
	if (!on_metadata_device || offset_bytes < CSUM_CLUSTERS_OFFSET)
		return (struct csum_place){ .kind = CSUM_PLACE_OTHER };
	offset_bytes -= CSUM_CLUSTERS_OFFSET;
	cluster = offset_bytes / cluster_bytes;
	if (cluster >= geometry->clusters)
		return (struct csum_place){ .kind = CSUM_PLACE_OTHER };
	return place_in_cluster(geometry, cluster, offset_bytes % cluster_bytes / geometry->sector_size);
}
