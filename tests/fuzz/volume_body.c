/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/volume_body.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/disks.h"
#include "fuzz/volume_shared.h"
#include "open.h"

struct volume_body_counts volume_body_counts;
struct program volume_program;
struct model volume_models[3];

/* Messages of the library since a call began; they are printed only with a violation. */
static char messages[4096];

static void keep_message(void *user, const struct csum_message *message)
{
	size_t used = strlen(messages);

	(void)user;
	if (strlen(message->text) == 0)
		fuzz_fail("an empty message");
	snprintf(messages + used, sizeof(messages) - used, "%s%s\n",
		 message->severity == CSUM_ERROR ? "" : "note: ", message->text);
}

const struct csum_handlers volume_handlers = { .message = keep_message };

/* The current input. */
static const uint8_t *tried;
static size_t tried_size;

static void explain(void)
{
	fputs(messages, stderr);
	fputs("fuzz: input:", stderr);
	for (size_t i = 0; i < tried_size; i++)
		fprintf(stderr, " %02x", tried[i]);
	fputc('\n', stderr);
}

int volume_open(bool writable, struct csum_volume **volume)
{
	struct csum_device *data = fuzz_disk_device(0, writable);
	struct csum_device *metadata = fuzz_disks.external ? fuzz_disk_device(1, writable) : data;

	return csum_volume_open_devices(&volume_handlers, data, metadata, writable, 0, volume);
}

void volume_close(struct csum_volume *volume)
{
	int error = csum_volume_close(volume);

	if (error)
		fuzz_fail("closing: %d", error);
}

void volume_none_open(const char *when)
{
	if (fuzz_disk_open_devices() != 0)
		fuzz_fail("%d devices left open by %s", fuzz_disk_open_devices(), when);
}

static void count_opened(const struct model *model)
{
	volume_body_counts.inputs++;
	volume_body_counts.refused += !model->opens;
	volume_body_counts.opened += model->opens;
	volume_body_counts.opened_active += model->opens && model->state == MODEL_ACTIVE;
	volume_body_counts.opened_unknown += model->opens && model->state == MODEL_UNKNOWN;
}

/*
 * Tries to write to a volume with too many sectors for the model: nothing may be written, as its devices are too small.
 */
static void try_writing_large(void)
{
	struct csum_volume *volume;

	fuzz_disks.may_write = 0;
	if (volume_open(true, &volume) == 0)
		fuzz_fail("opened for writing, on devices smaller than recorded");
	volume_none_open("a refusal to open for writing");
}

static void begin(const uint8_t *input, size_t size)
{
	messages[0] = 0;
	tried = input;
	tried_size = size;
	fuzz_before_failing = explain;
	program_parse(input, size, &volume_program);
	program_load(&volume_program);
	model_load(&volume_models[0]);
	model_set_kinds(&volume_models[0]);
	count_opened(&volume_models[0]);
}

void volume_body_carve(const uint8_t *input, size_t size)
{
	begin(input, size);
	volume_dump(&volume_models[0], volume_program.action & PROGRAM_CARVE || !volume_models[0].opens);
}

void volume_body(const uint8_t *input, size_t size)
{
	begin(input, size);
	volume_look(&volume_models[0], volume_program.first % 2);
	if (volume_models[0].opens && volume_program.fix & PROGRAM_DUMP)
		volume_dump(&volume_models[0], false);
	if (volume_models[0].opens && !volume_models[0].small)
		try_writing_large();
	else
		volume_change();
}

void volume_body_scrub(const uint8_t *input, size_t size)
{
	begin(input, size);
	if (volume_models[0].opens)
		volume_scrub();
}

static int save_disk(int disk, const char *prefix, const char *suffix)
{
	char name[4096];
	FILE *file;
	size_t size = (size_t)fuzz_disks.disk[disk].size;
	int error;

	snprintf(name, sizeof(name), "%s.%s", prefix, suffix);
	file = fopen(name, "wb");
	if (!file)
		return -errno;
	error = fwrite(fuzz_disks.disk[disk].bytes, 1, size, file) == size ? 0 : -EIO;
	if (fclose(file))
		error = -EIO;
	return error;
}

int volume_body_save(const uint8_t *input, size_t size, const char *prefix)
{
	int error;

	program_parse(input, size, &volume_program);
	program_load(&volume_program);
	error = save_disk(0, prefix, "data");
	if (!error && fuzz_disks.external)
		error = save_disk(1, prefix, "metadata");
	return error;
}
