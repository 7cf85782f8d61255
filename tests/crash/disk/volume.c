/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crash/disk/volume.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "make/write.h"
#include "open.h"
#include "volume/volume.h"

/* ------------------------------------------------------------------ commands */

void sim_pattern(uint32_t version, uint64_t offset_bytes, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint64_t at = version < SIM_ALIKE ? offset_bytes + i : (offset_bytes + i) % SIM_BLOCK_SIZE;
		uint64_t word = sim_mix((uint64_t)version << 40 ^ at / 8);

		bytes[i] = (uint8_t)(word >> (at % 8 * 8));
	}
}

void sim_command_name(const struct sim_command *command, char *text, size_t size)
{
	static const char *const names[] = { "nothing", "recovery", "write", "discard", "format", "scrub", "undo" };
	size_t used = (size_t)snprintf(text, size, "%s", names[command->action]);

	if (command->failing.reads)
		used += (size_t)snprintf(text + used, size - used, " with the first %" PRIu64 " reads failing",
					 command->failing.reads);
	if (command->with_replica || command->with_undo)
		snprintf(text + used, size - used, " with %s", command->with_replica ? "a replica" : "an undo file");
	if (command->action != SIM_WRITE && command->action != SIM_DISCARD)
		return;
	used += (size_t)snprintf(text + used, size - used, " of sectors %" PRIu64 " to %" PRIu64, command->first,
				 command->first + command->count - 1);
	if (command->skip || command->cut)
		used += (size_t)snprintf(text + used, size - used, " less %" PRIu32 " and %" PRIu32 " bytes",
					 command->skip, command->cut);
	if (command->action == SIM_WRITE)
		snprintf(text + used, size - used, ", version %" PRIu32, command->version);
}

static void rewrite_result(struct sim_contents *contents, const struct sim_command *command, const uint32_t *before,
			   uint32_t *after)
{
	uint32_t size = contents->sector_size;
	uint8_t *bytes = sim_alloc(size);

	for (uint64_t i = 0; i < command->count; i++) {
		uint64_t sector = command->first + i;
		uint32_t begin = i == 0 ? command->skip : 0;
		uint32_t end = i == command->count - 1 ? size - command->cut : size;

		if (before[sector] != SIM_BAD)
			memcpy(bytes, contents->bytes[before[sector]], size);
		if (command->action == SIM_WRITE)
			sim_pattern(command->version, sector * size + begin, bytes + begin, end - begin);
		else
			memset(bytes + begin, 0, end - begin);
		after[sector] = sim_contents_add(contents, sector, bytes);
	}
	free(bytes);
}

void sim_command_result(struct sim_contents *contents, const struct sim_command *command, const uint32_t *before,
			uint32_t *after)
{
	if (after != before)
		memcpy(after, before, contents->data_sectors * sizeof(*after));
	if (command->action == SIM_WRITE || command->action == SIM_DISCARD)
		rewrite_result(contents, command, before, after);
	for (uint64_t i = 0; i < contents->data_sectors; i++) {
		if (command->action == SIM_FORMAT)
			after[i] = SIM_ZEROS;
		if (contents->whole[i] == SIM_STRANGE)
			continue;
		if (command->action == SIM_SCRUB && before[i] == SIM_BAD)
			after[i] = contents->whole[i];
		else if (command->action == SIM_UNDO)
			after[i] = SIM_BAD;
	}
}

uint64_t sim_synced_bytes;

bool sim_copy_synced(const char *from, const char *to)
{
	uint8_t *bytes = sim_alloc(sim_synced_bytes);
	FILE *file = sim_synced_bytes ? fopen(from, "r") : NULL;
	bool ok = file && fread(bytes, 1, sim_synced_bytes, file) == sim_synced_bytes;

	if (file)
		fclose(file);
	file = ok ? fopen(to, "w") : NULL;
	ok = file && fwrite(bytes, 1, sim_synced_bytes, file) == sim_synced_bytes;
	if (file && fclose(file))
		ok = false;
	free(bytes);
	return ok;
}

static void take_message(void *user, const struct csum_message *message)
{
	if (message->severity == CSUM_ERROR)
		snprintf(user, 256, "%s", message->text);
}

struct pattern_source {
	uint32_t version;
	uint64_t cursor, end;
};

static int64_t fill_pattern(void *user, void *buffer, size_t size)
{
	struct pattern_source *source = user;

	if (size > source->end - source->cursor)
		size = (size_t)(source->end - source->cursor);
	sim_pattern(source->version, source->cursor, buffer, size);
	source->cursor += size;
	return (int64_t)size;
}

/*
 * Scrubs. Errors that are left count as a failure, except that a scrub cannot repair a lost group, and that unreadable
 * places may have to wait.
 */
static int scrub(struct csum_volume *volume, const struct sim_command *command, const struct sim_aids *aids,
		 struct sim_run *run)
{
	const struct csum_scrub_options options = {
		.length_bytes = CSUM_TO_END,
		.replicas = aids ? &aids->replica : NULL,
		.replica_count = command->with_replica,
		.undo_file = command->with_undo ? aids->undo_file : NULL,
	};
	struct csum_scrub_result result;
	int error = csum_scrub(volume, &options, &result);

	run->stays_active = command->failing.reads && result.still_active;
	if (error || run->stays_active)
		return error;
	return result.errors_left > result.totals.findings[CSUM_IMD_LOST] || result.still_active ? -EBADMSG : 0;
}

/* A volume that names no file has nothing to be undone: the scrub was undone, or has overwritten nothing. */
static int undo(struct csum_volume *volume, const struct sim_aids *aids)
{
	const struct csum_undo_options options = { 0 };
	struct csum_undo_result result;
	int error;

	if (csum_is_zero(volume->superblock.record.undo_id, CSUM_UNDO_ID_SIZE))
		return 0;
	error = csum_undo(volume, aids->undo_file, &options, &result);

	return error ? error : result.refused ? -EBADMSG : 0;
}

static int change(struct csum_volume *volume, const struct sim_command *command, const struct sim_aids *aids,
		  struct sim_run *run)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t group_bytes = (uint64_t)geometry->sectors_per_group * geometry->sector_size;
	uint64_t begin = command->first * geometry->sector_size + command->skip;
	uint64_t end = (command->first + command->count) * geometry->sector_size - command->cut;
	struct pattern_source source = { command->version, begin, end };
	const struct csum_write_options options = {
		.offset_bytes = begin,
		.length_bytes = end - begin,
		.source = { fill_pattern, &source },
	};

	if (command->window_groups)
		volume->window_bytes = command->window_groups * group_bytes;
	if (command->batch_groups)
		volume->batch_bytes = command->batch_groups * group_bytes;
	if (command->action == SIM_WRITE)
		return csum_write(volume, &options, &run->done_bytes);
	if (command->action == SIM_DISCARD)
		return csum_discard(volume, begin, end - begin, &run->done_bytes);
	if (command->action == SIM_SCRUB)
		return scrub(volume, command, aids, run);
	if (command->action == SIM_UNDO)
		return undo(volume, aids);
	return 0;
}

static void run_format(struct sim_machine *machine, const struct sim_format *format,
		       const struct csum_handlers *handlers, struct sim_run *run)
{
	struct csum_device *data = sim_machine_device(machine, 0, true);
	struct csum_device *metadata = format->geometry.external ? sim_machine_device(machine, 1, true) : data;
	struct csum_make make = {
		.handlers = *handlers,
		.data = data,
		.metadata = metadata,
		.superblock = {
			.features_incompat = format->geometry.external ? CSUM_INCOMPAT_EXTERNAL : 0,
			.checksum_type = format->checksum_type,
			.geometry = format->geometry,
			.journal_offset = CSUM_JOURNAL_OFFSET,
			.journal_size = CSUM_JOURNAL_SIZE,
			.clusters_offset = CSUM_CLUSTERS_OFFSET,
		},
	};
	int close_error = 0;

	memset(make.superblock.uuid, format->id, sizeof(make.superblock.uuid));
	memset(make.superblock.seed, format->id, sizeof(make.superblock.seed));
	run->phase = SIM_AT_WORK;
	run->error = csum_make_write(&make);
	if (metadata != data)
		close_error = csum_device_close(metadata);
	if (csum_device_close(data) && !close_error)
		close_error = -1;
	if (!run->error)
		run->error = close_error;
}

void sim_command_run(struct sim_machine *machine, const struct sim_command *command, const struct sim_aids *aids,
		     struct sim_run *run)
{
	struct csum_handlers handlers = { .message = take_message };
	struct csum_device *data, *metadata;
	struct csum_volume *volume;
	int close_error;

	*run = (struct sim_run){ .phase = SIM_OPENING };
	if (command->with_undo) {
		unlink(aids->undo_file);
		sim_synced_bytes = 0;
	}
	handlers.user = run->message;
	if (command->action == SIM_FORMAT) {
		run_format(machine, aids->format, &handlers, run);
		run->phase = SIM_ENDED;
		return;
	}
	machine->failing = command->failing;
	data = sim_machine_device(machine, 0, true);
	metadata = machine->map->disks > 1 ? sim_machine_device(machine, 1, true) : data;
	if (command->action == SIM_SCRUB)
		run->error = csum_volume_open_for_repair(&handlers, data, metadata, 0, &volume);
	else
		run->error = csum_volume_open_devices(&handlers, data, metadata, true, 0, &volume);
	if (!run->error) {
		run->phase = SIM_AT_WORK;
		volume->allow = command->allow;
		run->error = change(volume, command, aids, run);
		close_error = csum_volume_close(volume);
		if (!run->error)
			run->error = close_error;
	}
	machine->failing.reads = 0;
	run->phase = SIM_ENDED;
}

/* ------------------------------------------------------------------ looking */

struct looking {
	const struct sim_contents *contents;
	const struct sim_expect *expect;
	struct sim_view *view;
};

static int take_bytes(void *user, const void *data, size_t size, uint64_t offset_bytes, bool is_zero)
{
	const struct looking *looking = user;
	uint32_t sector_size = looking->contents->sector_size;
	static const uint8_t zeros[64];

	for (size_t done = 0; done < size; done += sector_size) {
		uint64_t sector = (offset_bytes + done) / sector_size;
		const uint8_t *bytes = (const uint8_t *)data + done;

		if (sector >= looking->view->sectors)
			return -1;
		/* The finding for this sector came before its bytes. */
		if (looking->view->content[sector] == SIM_BAD)
			continue;
		if (is_zero)
			looking->view->content[sector] = memcmp(bytes, zeros, sizeof(zeros)) == 0 ? SIM_ZEROS :
												    SIM_STRANGE;
		else
			looking->view->content[sector] = sim_contents_find(looking->contents, bytes,
									   looking->expect->either[0][sector],
									   looking->expect->either[1][sector]);
	}
	return 0;
}

static void take_finding(void *user, const struct csum_finding *finding)
{
	const struct looking *looking = user;

	for (uint64_t i = 0; i < finding->sector_count; i++) {
		if (finding->subject == CSUM_SUBJECT_DATA && csum_finding_is_error(finding->kind))
			looking->view->content[finding->first_sector + i] = SIM_BAD;
	}
}

static void take_reason(void *user, const struct csum_finding *finding)
{
	struct sim_view *view = user;

	if (csum_finding_is_error(finding->kind))
		snprintf(view->reason, sizeof(view->reason), "%s", finding->problem);
}

static void look_at_volume(struct csum_volume *volume, struct looking *looking)
{
	struct sim_view *view = looking->view;
	const struct csum_read_options read_options = {
		.length_bytes = CSUM_TO_END,
		.on_error = CSUM_ON_ERROR_ZERO,
		.sink = take_bytes,
		.finding = take_finding,
		.user = looking,
	};
	const struct csum_check_options check_options = {
		.length_bytes = CSUM_TO_END,
		.finding = take_reason,
		.user = view,
	};
	uint64_t done_bytes;

	csum_volume_get_info(volume, &view->info);
	view->names_undo_file = !csum_is_zero(volume->superblock.record.undo_id, CSUM_UNDO_ID_SIZE);
	for (uint64_t i = 0; i < view->sectors; i++)
		view->content[i] = SIM_STRANGE;
	view->read_error = csum_read(volume, &read_options, &done_bytes);
	view->check_error = csum_check(volume, &check_options, &view->totals);
}

void sim_look_at(struct sim_machine *machine, const struct sim_contents *contents, const struct sim_expect *expect,
		 struct sim_view *view)
{
	struct csum_handlers handlers = { .message = take_message };
	struct looking looking = { .contents = contents, .expect = expect };
	struct csum_device *data, *metadata;
	struct csum_volume *volume;

	*view = (struct sim_view){ .sectors = contents->data_sectors };
	looking.view = view;
	handlers.user = view->message;
	view->content = sim_alloc(view->sectors * sizeof(*view->content));
	data = sim_machine_device(machine, 0, false);
	metadata = machine->map->disks > 1 ? sim_machine_device(machine, 1, false) : data;
	view->open_error = csum_volume_open_devices(&handlers, data, metadata, false, 0, &volume);
	if (view->open_error)
		return;
	look_at_volume(volume, &looking);
	view->open_error = csum_volume_close(volume);
}

void sim_look(const struct sim_map *map, const struct sim_state *state, const struct sim_contents *contents,
	      const struct sim_expect *expect, struct sim_view *view)
{
	struct sim_machine machine;

	sim_machine_init(&machine, map, state);
	sim_look_at(&machine, contents, expect, view);
	sim_machine_free(&machine);
}

void sim_view_free(struct sim_view *view)
{
	free(view->content);
	view->content = NULL;
}
