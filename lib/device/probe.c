/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thin wrapper around libblkid: finding signatures on a device, and removing them. */
#include "device/probe.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/report.h"
#include "base/util.h"
#include "device/device.h"
#include "device/stand_in.h"

/* More signatures than any file system has (ZFS has some hundreds), in case wiping or hiding goes in a circle. */
#define WIPES_MAX 10000u

#define SUPERBLOCK_FLAGS \
	(BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID | BLKID_SUBLKS_USAGE | BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_BADCSUM)
/* A GPT counts also where its protective MBR is gone. */
#define PARTITION_FLAGS (BLKID_PARTS_MAGIC | BLKID_PARTS_FORCE_GPT)

/*
 * libblkid reads into unaligned buffers and sets the read-ahead of the file it is given, so it gets an open
 * file of its own; without O_EXCL, by which our own descriptor may have claimed the block device.
 */
static int open_again(const struct csum_device *device, int flags)
{
	char path[64];
	int descriptor;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", device->descriptor);
	descriptor = open(path, flags | O_CLOEXEC);
	if (descriptor < 0)
		return -errno;
	return descriptor;
}

/* libblkid's errors are -1, and errno is not always set. */
static int probe_error(void)
{
	return errno > 0 ? -errno : -EIO;
}

/* A probe of those bytes of an open file for everything that libblkid knows, in *probe unless it fails. */
static int new_probe(int descriptor, uint64_t offset_bytes, uint64_t size_bytes, blkid_probe *probe)
{
	blkid_probe new = NULL;

	errno = 0;
	new = blkid_new_probe();
	if (!new)
		return -ENOMEM;
	if (blkid_probe_set_device(new, descriptor, (blkid_loff_t)offset_bytes, (blkid_loff_t)size_bytes) != 0 ||
	    blkid_probe_enable_superblocks(new, 1) != 0 ||
	    blkid_probe_set_superblocks_flags(new, SUPERBLOCK_FLAGS) != 0 ||
	    blkid_probe_enable_partitions(new, 1) != 0 || blkid_probe_set_partitions_flags(new, PARTITION_FLAGS) != 0) {
		int error = probe_error();

		blkid_free_probe(new);
		return error;
	}
	*probe = new;
	return 0;
}

/* The probe's value of that name as text; "" when it has none or it does not fit. */
static void copy_value(blkid_probe probe, const char *name, char *text, size_t size)
{
	const char *value;

	if (blkid_probe_lookup_value(probe, name, &value, NULL) != 0 || strlen(value) >= size)
		value = "";
	memcpy(text, value, strlen(value) + 1);
}

/* Describes the signature that the last step of the probe found. */
static void describe_signature(blkid_probe probe, uint64_t offset_bytes, struct csum_signature *found)
{
	char usage[32], magic_offset[32];

	*found = (struct csum_signature){ .offset_bytes = offset_bytes };
	copy_value(probe, "PTTYPE", found->type, sizeof(found->type));
	found->is_table = found->type[0];
	if (!found->is_table)
		copy_value(probe, "TYPE", found->type, sizeof(found->type));
	copy_value(probe, "USAGE", usage, sizeof(usage));
	copy_value(probe, found->is_table ? "PTUUID" : "UUID", found->uuid, sizeof(found->uuid));
	copy_value(probe, found->is_table ? "PTMAGIC_OFFSET" : "SBMAGIC_OFFSET", magic_offset, sizeof(magic_offset));
	found->magic_offset_bytes = offset_bytes + strtoull(magic_offset, NULL, 10);
	blkid_probe_lookup_value(probe, found->is_table ? "PTMAGIC" : "SBMAGIC", NULL, &found->magic_size);
	snprintf(found->text, sizeof(found->text), "%s %s", found->type[0] ? found->type : "unknown",
		 found->is_table		  ? "partition table" :
		 strcmp(usage, "filesystem") == 0 ? "file system" :
						    "signature");
}

/* Which bytes of the device are probed, and which signatures in them are looked through. */
struct search {
	uint64_t offset_bytes, size_bytes;
	unsigned int sector_size; /* unit of partition tables, bytes; 0: as the device says */
	csum_probe_through_fn *through; /* NULL: nothing */
	const void *user;
};

/* libblkid names one place of each kind: with that one hidden, the next step finds the same kind elsewhere. */
static bool hide_signature(blkid_probe probe, const struct csum_signature *found, uint64_t offset_bytes)
{
	return found->magic_size > 0 &&
	       blkid_probe_hide_range(probe, found->magic_offset_bytes - offset_bytes, found->magic_size) == 0 &&
	       blkid_probe_step_back(probe) == 0;
}

static int list_signatures(int descriptor, const struct search *search, struct csum_signatures *list)
{
	struct csum_signature found;
	unsigned int hidden = 0;
	blkid_probe probe;
	int result;

	result = new_probe(descriptor, search->offset_bytes, search->size_bytes, &probe);
	if (result < 0)
		return result;
	if (search->sector_size)
		blkid_probe_set_sectorsize(probe, search->sector_size);
	list->count = 0;
	errno = 0;
	while (list->count < CSUM_SIGNATURES_MAX && (result = blkid_do_probe(probe)) == 0) {
		describe_signature(probe, search->offset_bytes, &found);
		if (!search->through || !search->through(search->user, &found))
			list->found[list->count++] = found;
		else if (hidden < WIPES_MAX)
			hidden += hide_signature(probe, &found, search->offset_bytes);
	}
	result = result < 0 ? probe_error() : 0;
	blkid_free_probe(probe);
	return result;
}

/* libblkid gives up at the first place that it cannot read; a stand-in has zeros there. */
static int list_on_stand_in(const struct csum_device *device, int descriptor, const struct search *search,
			    struct csum_signatures *list)
{
	int stand_in = csum_probe_stand_in(descriptor, search->offset_bytes, search->size_bytes);
	struct search same = *search;
	int error;

	if (stand_in < 0)
		return stand_in;
	/* A file has no sector size to ask for. */
	same.sector_size = device->is_block ? device->logical_sector_size : 0;
	list->is_partial = true;
	error = list_signatures(stand_in, &same, list);
	close(stand_in);
	return error;
}

static int search_signatures(const struct csum_handlers *handlers, const struct csum_device *device,
			     const struct search *search, struct csum_signatures *list)
{
	int descriptor, error;

	list->count = 0;
	list->is_partial = false;
	if (device->descriptor < 0)
		return 0;
	descriptor = open_again(device, O_RDONLY);
	if (descriptor < 0)
		return csum_report_error(handlers, descriptor, device->name,
					 "cannot open it again to look for signatures");
	error = list_signatures(descriptor, search, list);
	if (error < 0 && csum_probe_is_medium_error(error))
		error = list_on_stand_in(device, descriptor, search, list);
	close(descriptor);
	if (error < 0)
		return csum_report_error(handlers, error, device->name, "cannot look for signatures");
	return 0;
}

int csum_probe_list(const struct csum_handlers *handlers, const struct csum_device *device, uint64_t offset_bytes,
		    uint64_t size_bytes, struct csum_signatures *list)
{
	const struct search search = { .offset_bytes = offset_bytes, .size_bytes = size_bytes };

	return search_signatures(handlers, device, &search, list);
}

int csum_probe_through(const struct csum_handlers *handlers, const struct csum_device *device,
		       csum_probe_through_fn *through, const void *user, struct csum_signatures *list)
{
	const struct search search = { .through = through, .user = user };

	return search_signatures(handlers, device, &search, list);
}

int csum_probe_signatures(const struct csum_handlers *handlers, const struct csum_device *device, char *found,
			  size_t size)
{
	struct csum_signatures list;
	int error = csum_probe_list(handlers, device, 0, 0, &list);

	found[0] = '\0';
	if (!error && list.is_partial)
		error = csum_report_error(handlers, -EIO, device->name, "cannot look for signatures");
	for (size_t i = 0; i < list.count && !error; i++) {
		size_t used = strlen(found);

		snprintf(found + used, size - used, "%s%s", used > 0 ? ", " : "", list.found[i].text);
	}
	return error;
}

void csum_probe_describe(const struct csum_device *device, char *text, size_t size)
{
	const struct csum_handlers silent = { 0 };
	struct csum_signatures list;
	size_t used = 0;

	text[0] = '\0';
	if (csum_probe_list(&silent, device, 0, 0, &list))
		return;
	for (size_t i = 0; i < list.count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s at offset %" PRIu64, used > 0 ? ", " : "",
					 list.found[i].text, list.found[i].magic_offset_bytes);
}

static int wipe_all(int descriptor)
{
	blkid_probe probe;
	int result, error;

	result = new_probe(descriptor, 0, 0, &probe);
	if (result < 0)
		return result;
	errno = 0;
	/* A wipe lets the probe find the same kind again: file systems keep several signatures. */
	for (unsigned int i = 0; i < WIPES_MAX; i++) {
		result = blkid_do_probe(probe);
		if (result != 0)
			break;
		result = blkid_do_wipe(probe, 0);
		if (result < 0)
			break;
	}
	result = result < 0 ? probe_error() : 0;
	/* Makes the wipe durable and the page cache clean: later O_DIRECT I/O sees and overwrites just these bytes. */
	error = csum_sync(fsync, descriptor);
	if (result == 0)
		result = error;
	blkid_free_probe(probe);
	return result;
}

int csum_wipe_signatures(const struct csum_handlers *handlers, const struct csum_device *device)
{
	char left[256];
	int descriptor, error;

	if (device->descriptor < 0)
		return 0;
	descriptor = open_again(device, O_RDWR);
	if (descriptor < 0)
		return csum_report_error(handlers, descriptor, device->name, "cannot open it again to wipe signatures");
	error = wipe_all(descriptor);
	if (close(descriptor) < 0 && error == 0)
		error = -errno;
	if (error < 0)
		return csum_report_error(handlers, error, device->name, "cannot wipe signatures");
	error = csum_probe_signatures(handlers, device, left, sizeof(left));
	if (error == 0 && left[0])
		csum_report_warning(handlers, device->name, "libblkid cannot wipe all it finds; left: %s", left);
	return error;
}

/* ------------------------------------------------------------------ partitions */

/* The table in those bytes of an open file; partitions that are not inside these bytes do not count. */
static int list_partitions(int descriptor, uint64_t offset_bytes, uint64_t size_bytes, struct csum_partitions *list)
{
	blkid_probe probe;
	blkid_partlist table;
	int count, error = new_probe(descriptor, offset_bytes, size_bytes, &probe);

	if (error)
		return error;
	errno = 0;
	table = blkid_probe_get_partitions(probe);
	/* Without a table, errno may be left over from an error that does not matter. */
	error = !table && csum_probe_is_medium_error(-errno) ? -errno : 0;
	count = table ? blkid_partlist_numof_partitions(table) : 0;
	for (int i = 0; i < count && list->count < CSUM_PARTITIONS_MAX; i++) {
		blkid_partition partition = blkid_partlist_get_partition(table, i);
		uint64_t start = (uint64_t)blkid_partition_get_start(partition);
		uint64_t size = (uint64_t)blkid_partition_get_size(partition);

		/* Always in units of 512 bytes, also where the device has larger sectors. */
		if (size == 0 || start > size_bytes / 512 || size > size_bytes / 512 - start)
			continue;
		list->found[list->count++] =
			(struct csum_partition){ .offset_bytes = offset_bytes + start * 512, .size_bytes = size * 512 };
	}
	blkid_free_probe(probe);
	return error;
}

int csum_probe_partitions(const struct csum_handlers *handlers, const struct csum_device *device, uint64_t offset_bytes,
			  uint64_t size_bytes, struct csum_partitions *list)
{
	int descriptor, error;

	list->count = 0;
	if (device->descriptor < 0)
		return 0;
	descriptor = open_again(device, O_RDONLY);
	if (descriptor < 0)
		return csum_report_error(handlers, descriptor, device->name,
					 "cannot open it again to look for partitions");
	error = list_partitions(descriptor, offset_bytes, size_bytes, list);
	if (error && csum_probe_is_medium_error(error)) {
		int stand_in = csum_probe_stand_in(descriptor, offset_bytes, size_bytes);

		error = stand_in < 0 ? stand_in : list_partitions(stand_in, offset_bytes, size_bytes, list);
		if (stand_in >= 0)
			close(stand_in);
	}
	close(descriptor);
	if (error < 0)
		return csum_report_error(handlers, error, device->name, "cannot look for partitions");
	return 0;
}

void csum_probe_partition_uuid(const struct csum_device *device, char *uuid, size_t size)
{
	blkid_probe probe;
	int descriptor;

	uuid[0] = '\0';
	if (device->descriptor < 0)
		return;
	descriptor = open_again(device, O_RDONLY);
	if (descriptor < 0)
		return;
	probe = blkid_new_probe();
	if (probe && blkid_probe_set_device(probe, descriptor, 0, 0) == 0) {
		blkid_probe_enable_superblocks(probe, 0);
		blkid_probe_enable_partitions(probe, 1);
		blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS);
		if (blkid_do_safeprobe(probe) == 0)
			copy_value(probe, "PART_ENTRY_UUID", uuid, size);
	}
	blkid_free_probe(probe);
	close(descriptor);
}
