/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names and numbers by which the system and libblkid tell a device from others. */
#include "device/identify.h"

#include <string.h>

#include "device/probe.h"
#include "device/system.h"

/* The first of the two attributes that the disk has: the driver decides which of them it is. */
static void set_from(const struct csum_system_roots *roots, dev_t disk, const char *const attributes[2],
		     enum csum_identity_kind kind, struct csum_identity *identity)
{
	char line[256];

	for (int i = 0; i < 2 && !identity->value[kind][0]; i++) {
		if (csum_block_line(roots, disk, attributes[i], line, sizeof(line)))
			csum_identity_set(identity, kind, line);
	}
}

static void identify_block(const struct csum_system_roots *roots, const struct csum_device *device,
			   struct csum_identity *identity)
{
	static const char *const wwn[2] = { "wwid", "device/wwid" };
	static const char *const serial[2] = { "serial", "device/serial" };
	dev_t disk = csum_partition_disk(roots, device->block_device);
	char uuid[CSUM_IDENTITY_SIZE];

	if (disk) {
		csum_probe_partition_uuid(device, uuid, sizeof(uuid));
		csum_identity_set(identity, CSUM_IDENTITY_PARTUUID, uuid);
	} else {
		disk = device->block_device;
	}
	set_from(roots, disk, wwn, CSUM_IDENTITY_WWN, identity);
	set_from(roots, disk, serial, CSUM_IDENTITY_SERIAL, identity);
}

/* Two UUIDs that differ, one of them left over from an earlier file system, say nothing. */
static void identify_content(const struct csum_device *device, struct csum_identity *identity,
			     uint64_t *signature_offset_bytes)
{
	/* A place that cannot be read is no reason not to open the device. */
	static const struct csum_handlers silent;
	struct csum_signatures list;
	const struct csum_signature *first = NULL;

	if (csum_probe_list(&silent, device, 0, 0, &list))
		return;
	for (size_t i = 0; i < list.count; i++) {
		const struct csum_signature *found = &list.found[i];

		if (found->is_table || !found->uuid[0])
			continue;
		if (!first)
			first = found;
		else if (strcmp(found->uuid, first->uuid) != 0)
			return;
	}
	if (!first)
		return;
	csum_identity_set(identity, CSUM_IDENTITY_UUID, first->uuid);
	*signature_offset_bytes = first->magic_offset_bytes;
}

void csum_device_identity(const struct csum_system_roots *roots, const struct csum_device *device,
			  struct csum_identity *identity, uint64_t *signature_offset_bytes)
{
	*identity = (struct csum_identity){ 0 };
	*signature_offset_bytes = 0;
	if (device->descriptor < 0)
		return;
	if (device->is_block)
		identify_block(roots, device, identity);
	identify_content(device, identity, signature_offset_bytes);
}
