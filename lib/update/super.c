/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* W1 and W6: the superblock slots, written one at a time. */
#include "update/super.h"

#include <string.h>
#include <time.h>

#include "base/report.h"
#include "guard/data_identity.h"
#include "guard/guard.h"
#include "ondisk/layout.h"

int csum_super_add(struct csum_volume *volume, struct csum_io_list *list)
{
	enum csum_slot slot = volume->governing == CSUM_SLOT_A ? CSUM_SLOT_B : CSUM_SLOT_A;

	volume->superblock.generation++;
	csum_superblock_encode(&volume->superblock, volume->slot_buffer);
	volume->governing = slot;
	volume->slots[slot] = volume->superblock;
	memcpy(&volume->slots[slot].block, volume->slot_buffer, sizeof(volume->slots[slot].block));
	volume->slot_valid[slot] = true;
	return csum_io_list_add(list, volume->metadata, CSUM_IO_WRITE, volume->slot_buffer, CSUM_BLOCK_SIZE,
				slot == CSUM_SLOT_A ? CSUM_SLOT_A_OFFSET : CSUM_SLOT_B_OFFSET);
}

int csum_super_write(struct csum_volume *volume)
{
	struct csum_io_list list = { 0 };
	int error = csum_super_add(volume, &list);

	if (error)
		csum_report_error(&volume->handlers, error, NULL, "writing the superblock");
	else
		error = csum_io_round(volume->io, &list, NULL, NULL);
	csum_io_list_free(&list);
	return error;
}

void csum_super_set_intent(struct csum_volume *volume, uint64_t first_group, uint64_t group_count)
{
	struct csum_superblock *superblock = &volume->superblock;

	if (superblock->state == CSUM_STATE_CLEAN)
		superblock->session++;
	superblock->state = CSUM_STATE_ACTIVE;
	superblock->intent_first = first_group;
	superblock->intent_count = group_count;
	superblock->last_write = (uint64_t)time(NULL);
	/* The end of the content moves with the write. */
	superblock->record.content_end_bytes = 0;
	/* From here on the data changes. If the program is stopped, no record is better than a wrong one. */
	superblock->record.file_mtime_ns = 0;
	superblock->record.file_size_bytes = 0;
}

int csum_super_clean(struct csum_volume *volume)
{
	int error = csum_data_identity_renew(volume);

	if (!error && volume->ours)
		error = csum_guard_record(volume);
	if (error)
		return error;
	volume->superblock.state = CSUM_STATE_CLEAN;
	volume->superblock.intent_first = 0;
	volume->superblock.intent_count = 0;
	error = csum_super_write(volume);
	return error ? error : csum_super_level_identity(volume);
}

/* ------------------------------------------------------------------ a change of static fields */

void csum_super_encode_backup(struct csum_volume *volume, struct csum_superblock *backup)
{
	*backup = volume->superblock;
	backup->state = CSUM_STATE_CLEAN;
	backup->intent_first = backup->intent_count = 0;
	backup->session = backup->last_write = 0;
	backup->last_scrub = backup->current_scrub = (struct csum_scrub_record){ 0 };
	backup->record = (struct csum_data_record){ 0 };
	csum_superblock_encode(backup, volume->slot_buffer);
	memcpy(&backup->block, volume->slot_buffer, sizeof(backup->block));
}

static int write_backup(struct csum_volume *volume)
{
	struct csum_io_list list = { 0 };
	int error;

	csum_super_encode_backup(volume, &volume->slots[CSUM_SLOT_C]);
	error = csum_io_list_add(&list, volume->metadata, CSUM_IO_WRITE, volume->slot_buffer, CSUM_BLOCK_SIZE,
				 csum_layout_backup_offset(csum_volume_geometry(volume)->metadata_device_bytes));
	if (error)
		csum_report_error(&volume->handlers, error, NULL, "writing the backup superblock");
	else
		error = csum_io_round(volume->io, &list, NULL, NULL);
	volume->slot_valid[CSUM_SLOT_C] = !error;
	csum_io_list_free(&list);
	return error;
}

int csum_super_level_identity(struct csum_volume *volume)
{
	bool left_behind[CSUM_SLOTS];
	int error = 0;

	csum_superblock_find_left_behind(volume->slots, volume->slot_valid, volume->governing, left_behind);
	if (left_behind[CSUM_SLOT_C])
		error = write_backup(volume);
	if (!error && (left_behind[CSUM_SLOT_A] || left_behind[CSUM_SLOT_B]))
		error = csum_super_write(volume);
	return error;
}
