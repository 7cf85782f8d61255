/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard/data_identity.h"

#include <errno.h>
#include <string.h>

#include "base/report.h"
#include "device/identify.h"
#include "guard/guard.h"
#include "volume/spot.h"

/* Only where the data has a device of its own, and one that the system knows. */
static bool applies(const struct csum_volume *volume)
{
	return csum_volume_geometry(volume)->external && volume->data != volume->metadata &&
	       volume->data->descriptor >= 0;
}

/* *kind: the first kind that speaks against this device, or CSUM_IDENTITY_KINDS. */
static int find_difference(struct csum_volume *volume, const struct csum_identity *recorded,
			   const struct csum_identity *present, uint64_t signature_offset_bytes,
			   enum csum_identity_kind *kind)
{
	bool ours = false;
	int error = 0;

	for (*kind = CSUM_IDENTITY_WWN; *kind < CSUM_IDENTITY_KINDS; (*kind)++) {
		if (csum_identity_differs(recorded, present, *kind))
			break;
	}
	/* The UUID may be of an interrupted write of ours, or of a build that does not keep identities up to date. */
	if (*kind == CSUM_IDENTITY_UUID)
		error = csum_spot_signature_is_ours(volume, signature_offset_bytes, &ours);
	if (ours)
		*kind = CSUM_IDENTITY_KINDS;
	return error;
}

static int report_difference(struct csum_volume *volume, const char *name, const char *recorded, const char *present)
{
	const struct csum_handlers *handlers = &volume->handlers;

	if (!volume->writable) {
		csum_report_warning(
			handlers, volume->data->name,
			"is identified by \"%s=%s\", but the metadata was made for \"%s=%s\": perhaps not the "
			"data of this volume",
			name, present, name, recorded);
		return 0;
	}
	if (volume->allow & CSUM_ALLOW_IDENTITY) {
		csum_report_note(handlers, volume->data->name,
				 "is identified by \"%s=%s\", but the metadata was made for \"%s=%s\": allowed", name,
				 present, name, recorded);
		return 0;
	}
	return csum_report_refusal_reason(
		handlers, -EPERM, CSUM_REASON_OTHER_DEVICE, volume->data->name,
		"is identified by \"%s=%s\", but the metadata was made for \"%s=%s\": not the data of "
		"this volume, unless that was copied to another device",
		name, present, name, recorded);
}

int csum_data_identity_check(struct csum_volume *volume)
{
	struct csum_identity recorded, present;
	uint64_t signature_offset_bytes;
	enum csum_identity_kind kind;
	int error;

	if (!applies(volume) || !volume->superblock.data_identity[0])
		return 0;
	csum_identity_parse(volume->superblock.data_identity, &recorded);
	csum_device_identity(volume->roots, volume->data, &present, &signature_offset_bytes);
	error = find_difference(volume, &recorded, &present, signature_offset_bytes, &kind);
	if (error || kind == CSUM_IDENTITY_KINDS)
		return error;
	volume->identity_differs = true;
	return report_difference(volume, csum_identity_name(kind), recorded.value[kind], present.value[kind]);
}

/* ------------------------------------------------------------------ keeping it up to date */

/* Makes of *present the identity to be recorded: it may lack values that an earlier opening saw. */
static int merge(struct csum_volume *volume, const struct csum_identity *recorded, uint64_t signature_offset_bytes,
		 struct csum_identity *present)
{
	char *uuid = present->value[CSUM_IDENTITY_UUID];
	bool keep = !volume->identity_differs;
	bool ours = false;
	int error = 0;

	for (int kind = 0; kind < CSUM_IDENTITY_UUID; kind++) {
		if (keep && !present->value[kind][0])
			memcpy(present->value[kind], recorded->value[kind], CSUM_IDENTITY_SIZE);
	}
	if (uuid[0])
		error = csum_spot_signature_is_ours(volume, signature_offset_bytes, &ours);
	else
		ours = volume->ours; /* then the UUID is gone by our own writes */
	if (!ours)
		memcpy(uuid, recorded->value[CSUM_IDENTITY_UUID], CSUM_IDENTITY_SIZE);
	return error;
}

int csum_data_identity_renew(struct csum_volume *volume)
{
	char *text = volume->superblock.data_identity;
	char before[CSUM_IDENTITY_SIZE], after[CSUM_IDENTITY_SIZE];
	struct csum_identity recorded, present;
	struct csum_guard_sample sample;
	uint64_t signature_offset_bytes;
	int error;

	if (!applies(volume))
		return 0;
	csum_identity_parse(text, &recorded);
	csum_device_identity(volume->roots, volume->data, &present, &signature_offset_bytes);
	error = merge(volume, &recorded, signature_offset_bytes, &present);
	csum_identity_print(&recorded, before);
	csum_identity_print(&present, after);
	if (error || strcmp(before, after) == 0)
		return error;
	error = csum_guard_take_sample(volume, &sample);
	if (!error && !sample.other_data)
		memcpy(text, after, sizeof(after));
	return error;
}
