/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_dump(): integrity metadata of volumes in any condition, with a superblock or without one. */
#include "dump/dump.h"

#include <errno.h>
#include <stdio.h>

#include "base/report.h"
#include "base/version.h"
#include "carve/carve.h"
#include "guard/data_identity.h"
#include "ondisk/journal.h"
#include "open.h"
#include "volume/record.h"
#include "volume/super.h"

/* ------------------------------------------------------------------ with a superblock */

enum { TEXT_SIZE = 1024 };

/* Takes the text of a refusal: it does not end the dump, and is part of a warning. */
static void keep_text(void *user, const struct csum_message *message)
{
	snprintf(user, TEXT_SIZE, "%s", message->text);
}

/*
 * Loads the superblock. A volume that has none, or one that is refused, is no error: a warning says so, and
 * *loaded is false.
 */
static int load_superblock(struct csum_volume *volume, bool *loaded)
{
	char text[TEXT_SIZE] = "";
	const struct csum_handlers refused = { .user = text, .message = keep_text };
	int error = csum_super_load(volume, &refused);

	*loaded = !error;
	if (!error || csum_io_vanished(error))
		return error;
	csum_report_warning(&volume->handlers, NULL, "%s; looking for imd sectors without it", text);
	return 0;
}

/* Shows a record that does not count and may have been left unread. */
static void look_at_void_record(const struct csum_volume *volume, struct csum_dump_journal *shown)
{
	struct csum_journal journal;
	const char *reason;

	if (csum_record_read(volume, &journal, &reason) != 0 || journal.count == 0)
		return;
	shown->valid = !reason;
	shown->session = journal.session;
	shown->images = journal.count;
}

static int show_journal(const struct csum_volume *volume, const struct csum_dump_options *options)
{
	struct csum_dump_journal shown = {
		.valid = volume->journal.count > 0,
		.problem = volume->journal_void_reason,
		.device_offset_bytes = CSUM_JOURNAL_OFFSET,
		.session = volume->journal.session,
		.images = volume->journal.count,
	};
	int result;

	if (!options->journal)
		return 0;
	if (!shown.valid)
		look_at_void_record(volume, &shown);
	result = options->journal(options->user, &shown);
	return result < 0 ? result : 0;
}

static int refuse_data_alone(const struct csum_volume *volume)
{
	return csum_report_refusal_reason(&volume->handlers, -EINVAL, CSUM_REASON_DATA_MISSING, volume->metadata->name,
					  "holds the metadata of an external volume, and its data cannot be read "
					  "without the data device");
}

static bool data_is_elsewhere(const struct csum_volume *volume)
{
	return csum_volume_geometry(volume)->external && volume->data == volume->metadata;
}

static int refuse_pairing(const struct csum_volume *volume, const struct csum_dump_options *options)
{
	if (options->read_data && data_is_elsewhere(volume))
		return refuse_data_alone(volume);
	if (!csum_volume_geometry(volume)->external && volume->data != volume->metadata)
		return csum_report_refusal_reason(&volume->handlers, -EINVAL, CSUM_REASON_NOT_EXTERNAL,
						  volume->metadata->name,
						  "holds a volume with data and metadata on one device");
	return 0;
}

static int dump_volume(struct csum_volume *volume, const struct csum_dump_options *options)
{
	struct csum_dump_range range;
	struct csum_volume_info info;
	int error = refuse_pairing(volume, options);

	if (!error)
		error = csum_dump_resolve_range(volume, options, &range);
	if (!error)
		error = csum_volume_check_devices(volume);
	if (!error)
		error = csum_record_load(volume);
	if (!error)
		error = csum_data_identity_check(volume);
	if (error)
		return error;
	if (options->info) {
		csum_volume_get_info(volume, &info);
		error = options->info(options->user, &info);
	}
	if (error >= 0)
		error = show_journal(volume, options);
	return error < 0 ? error : csum_dump_groups(volume, options, &range);
}

/* ------------------------------------------------------------------ without one */

/* As if only backup C were left (format.md: Superblock): active, the intent over everything, no journal. */
static int take_geometry(struct csum_volume *volume, const struct csum_carved_geometry *carved)
{
	struct csum_superblock *superblock = &volume->superblock;
	int error;

	superblock->geometry = carved->geometry;
	superblock->checksum_type = carved->checksum_bits == 32 ? CSUM_CRC32C : CSUM_CRC64;
	superblock->state = CSUM_STATE_ACTIVE;
	superblock->intent_first = 0;
	superblock->intent_count = carved->geometry.groups;
	volume->seed_state = carved->seed_state;
	volume->governing = CSUM_SLOT_C;
	volume->journal.count = 0;
	error = csum_device_set_unit(&volume->handlers, volume->metadata, carved->geometry.sector_size);
	if (!error && volume->data != volume->metadata)
		error = csum_device_set_unit(&volume->handlers, volume->data, carved->geometry.sector_size);
	return error;
}

static int dump_carved_groups(struct csum_volume *volume, const struct csum_dump_options *options,
			      const struct csum_carved_geometry *geometry)
{
	struct csum_dump_range range = { 0 };
	int error = take_geometry(volume, geometry);

	if (!error && options->read_data && data_is_elsewhere(volume))
		error = refuse_data_alone(volume);
	if (!error)
		error = csum_dump_resolve_range(volume, options, &range);
	if (!error && options->read_data)
		error = csum_dump_find_checksum_type(volume, &range,
						     (enum csum_checksum_type)volume->superblock.checksum_type);
	return error ? error : csum_dump_groups(volume, options, &range);
}

static bool range_given(const struct csum_dump_options *options)
{
	return options->by_offset || options->first_group != 0 || options->group_count != CSUM_TO_END;
}

static int dump_carved(struct csum_volume *volume, const struct csum_dump_options *options)
{
	bool groups_wanted = !options->carve || range_given(options);
	struct csum_carved_geometry geometry;
	int error = csum_carve(volume, options, &geometry);

	if (error)
		return error;
	if (!groups_wanted)
		return 0;
	if (geometry.known)
		return dump_carved_groups(volume, options, &geometry);
	return csum_report_refusal(&volume->handlers, -EINVAL, volume->metadata->name,
				   geometry.candidates == 0 ? "no imd sectors found: not a csumtool volume" :
							      "no volume's places fit the imd sectors that were found: "
							      "groups cannot be shown");
}

/* ------------------------------------------------------------------ both */

int csum_dump_devices(const struct csum_handlers *handlers, struct csum_device *data, struct csum_device *metadata,
		      unsigned int threads, const struct csum_dump_options *options)
{
	struct csum_volume *volume;
	bool loaded = false;
	int error = csum_volume_prepare(handlers, data, metadata, false, threads, &volume);
	int ignored;

	if (error)
		return error;
	if (!options->carve)
		error = load_superblock(volume, &loaded);
	if (!error)
		error = loaded ? dump_volume(volume, options) : dump_carved(volume, options);
	/* Nothing was written. */
	ignored = csum_volume_close(volume);
	(void)ignored;
	return error;
}

int csum_dump(const struct csum_handlers *handlers, const char *data, const char *metadata,
	      const struct csum_dump_options *options)
{
	const struct csum_open_options open_options = {
		.access = CSUM_READ,
		.force = options->force,
		.wait_ms = options->wait_ms,
	};
	struct csum_device *data_device, *metadata_device;
	int error = csum_version_knows(handlers, options->reserved);

	if (!error)
		error = csum_volume_open_named(handlers, data, metadata, &open_options, &data_device, &metadata_device);
	if (error)
		return error;
	return csum_dump_devices(handlers, data_device, metadata_device, CSUM_IO_THREADS, options);
}
