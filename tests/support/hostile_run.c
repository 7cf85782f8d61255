/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/hostile_run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "open.h"
#include "support/hostile_steps.h"
#include "volume/volume.h"

char hostile_paths[HOSTILE_DEVICES][300];
bool hostile_telling;

void hostile_fail(const struct hostile_run *run, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(run->progress->failure, sizeof(run->progress->failure), format, arguments);
	va_end(arguments);
	_exit(1);
}

static void on_message(void *user, const struct csum_message *message)
{
	struct hostile_run *run = user;
	const char *text = message->text;

	if (!text || !*text || strlen(text) > 4096)
		hostile_fail(run, "a message of no or too much text");
	if (message->severity == CSUM_ERROR)
		run->errors++;
	if (hostile_telling)
		printf("    %s\n", text);
}

void hostile_begin(struct hostile_run *run, const char *what)
{
	run->progress->at = what;
	run->errors = 0;
	if (hostile_telling)
		printf("  %s\n", what);
}

void hostile_judge(struct hostile_run *run, int error)
{
	if (hostile_telling && error)
		printf("    = %s\n", strerror(-error));
	if (error > 0)
		hostile_fail(run, "returned %d", error);
	if (error == -ENOMEM)
		hostile_fail(run, "asked for too much memory");
	if (error < 0 && !run->errors)
		hostile_fail(run, "%s without a message", strerror(-error));
	if (run->errors > 1)
		hostile_fail(run, "%" PRIu64 " error messages", run->errors);
	if (!error && run->errors)
		hostile_fail(run, "an error message, but success");
}

uint64_t hostile_pick(struct hostile_run *run, uint64_t limit)
{
	run->random = run->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return limit ? (run->random >> 20) % limit : 0;
}

void hostile_put_image(const struct hostile_run *run)
{
	for (int i = 0; i < HOSTILE_DEVICES; i++) {
		const struct hostile_device *device = &run->image.device[i];
		int fd;

		if (!device->bytes)
			continue;
		fd = open(hostile_paths[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 || pwrite(fd, device->bytes, device->size, 0) != (ssize_t)device->size ||
		    ftruncate(fd, (off_t)device->size) < 0 || close(fd) < 0)
			hostile_fail(run, "cannot write the image: %s", strerror(errno));
	}
}

/* Asserts that steps that only read have changed nothing. */
static void compare_image(const struct hostile_run *run)
{
	for (int i = 0; i < HOSTILE_DEVICES; i++) {
		const struct hostile_device *device = &run->image.device[i];
		struct stat status;
		void *bytes;
		int fd;

		if (!device->size)
			continue;
		fd = open(hostile_paths[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &status) < 0 || (uint64_t)status.st_size != device->size)
			hostile_fail(run, "changed the image's size");
		bytes = mmap(NULL, device->size, PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
		if (bytes == MAP_FAILED)
			hostile_fail(run, "cannot map the image: %s", strerror(errno));
		if (memcmp(bytes, device->bytes, device->size))
			hostile_fail(run, "changed the image");
		munmap(bytes, device->size);
	}
}

const char *hostile_metadata_path(const struct hostile_run *run)
{
	return run->image.external ? hostile_paths[1] : NULL;
}

/*
 * Opens like csum_volume_open(), but without threads, which would be too slow for thousands of images, and with windows
 * and batches so small that there are several.
 */
static int open_small(struct hostile_run *run, const struct csum_open_options *options, struct csum_volume **volume)
{
	struct csum_device *data, *metadata;
	int error = csum_volume_open_named(&run->handlers, hostile_paths[0], hostile_metadata_path(run), options, &data,
					   &metadata);

	*volume = NULL;
	if (error)
		return error;
	error = csum_volume_open_devices(&run->handlers, data, metadata, options->access == CSUM_WRITE, 0, volume);
	if (!error) {
		(*volume)->window_bytes = 1 + hostile_pick(run, 200000);
		(*volume)->batch_bytes = 1 + hostile_pick(run, 100000);
	}
	return error;
}

struct csum_volume *hostile_open(struct hostile_run *run, bool writable)
{
	const struct csum_open_options options = { .access = writable ? CSUM_WRITE : CSUM_READ };
	struct csum_volume *volume = NULL;
	int error;

	if (run->as_usual)
		error = csum_volume_open(&run->handlers, hostile_paths[0], hostile_metadata_path(run), &options,
					 &volume);
	else
		error = open_small(run, &options, &volume);
	hostile_judge(run, error);
	if (!error != !!volume)
		hostile_fail(run, "a volume in spite of the failure, or none");
	return volume;
}

void hostile_close(struct hostile_run *run, struct csum_volume *volume)
{
	int error;

	run->errors = 0;
	error = csum_volume_close(volume);
	hostile_judge(run, error);
	if (error)
		hostile_fail(run, "closing failed");
}

static void check_info(struct hostile_run *run, const struct csum_volume *volume)
{
	const struct csum_volume_info *info = &run->info;
	const struct csum_geometry *geometry = &info->geometry;

	csum_volume_get_info(volume, &run->info);
	if (geometry->sector_size != 512 && geometry->sector_size != 4096)
		hostile_fail(run, "sector size %" PRIu32, geometry->sector_size);
	if (geometry->interleave < 1 || geometry->interleave > CSUM_INTERLEAVE_MAX)
		hostile_fail(run, "interleave %" PRIu32, geometry->interleave);
	if (!geometry->data_sectors || geometry->data_sectors > (UINT64_C(1) << 62) / geometry->sector_size * 2)
		hostile_fail(run, "%" PRIu64 " data sectors", geometry->data_sectors);
	if (strnlen(info->label, sizeof(info->label)) == sizeof(info->label) ||
	    strnlen(info->data_identity, sizeof(info->data_identity)) == sizeof(info->data_identity))
		hostile_fail(run, "text without an end");
	if (!csum_checksum_name(info->checksum_type))
		hostile_fail(run, "checksum type %d", (int)info->checksum_type);
	if (!info->data_device || !info->metadata_device)
		hostile_fail(run, "devices without names");
	if (csum_volume_data_bytes(volume) != geometry->data_sectors * geometry->sector_size)
		hostile_fail(run, "data bytes");
}

static void on_finding(void *user, const struct csum_finding *finding)
{
	struct hostile_run *run = user;
	const struct csum_geometry *geometry = &run->info.geometry;

	if (!csum_finding_name(finding->kind) || !finding->device || !finding->problem || !*finding->problem)
		hostile_fail(run, "a finding without kind, device or reason");
	if (finding->subject == CSUM_SUBJECT_SUPERBLOCK || finding->subject == CSUM_SUBJECT_DEVICE)
		return;
	if (!finding->sector_count || finding->first_sector >= geometry->data_sectors ||
	    finding->sector_count > geometry->data_sectors - finding->first_sector)
		hostile_fail(run, "a finding about sectors %" PRIu64 " + %" PRIu64, finding->first_sector,
			     finding->sector_count);
	if (finding->first_group >= geometry->groups)
		hostile_fail(run, "a finding about group %" PRIu64, finding->first_group);
}

static void run_check(struct hostile_run *run, struct csum_volume *volume, bool metadata_only)
{
	const struct csum_check_options options = {
		.length_bytes = CSUM_TO_END,
		.metadata_only = metadata_only,
		.finding = on_finding,
		.user = run,
	};
	struct csum_totals totals;
	uint64_t errors = 0;
	int error;

	hostile_begin(run, metadata_only ? "check, metadata only" : "check");
	error = csum_check(volume, &options, &totals);
	hostile_judge(run, error);
	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++)
		errors += csum_finding_is_error((enum csum_finding_kind)kind) ? totals.findings[kind] : 0;
	if (errors != totals.errors)
		hostile_fail(run, "%" PRIu64 " errors in all, %" PRIu64 " by kinds", totals.errors, errors);
	if (!error && !metadata_only &&
	    totals.sectors_verified + totals.sectors_unwritten + totals.sectors_bad + totals.sectors_interrupted !=
		    run->info.geometry.data_sectors)
		hostile_fail(run, "sectors do not add up");
}

struct sink {
	struct hostile_run *run;
	uint64_t next, end;
	uint8_t *copy; /* takes the bytes; NULL: not wanted */
};

static int take(void *user, const void *data, size_t size, uint64_t offset_bytes, bool is_zero)
{
	struct sink *sink = user;

	if (offset_bytes != sink->next || size > sink->end - sink->next || !size)
		hostile_fail(sink->run, "handed out %zu bytes at %" PRIu64, size, offset_bytes);
	if (is_zero && (*(const uint8_t *)data || memcmp(data, (const uint8_t *)data + 1, size - 1)))
		hostile_fail(sink->run, "unwritten bytes that are not zero");
	if (sink->copy) {
		memcpy(sink->copy, data, size);
		sink->copy += size;
	}
	sink->next += size;
	return 0;
}

static void on_read_finding(void *user, const struct csum_finding *finding)
{
	on_finding(((struct sink *)user)->run, finding);
}

/* Reads, checks the result, and returns the error of csum_read(). */
static int run_read(struct hostile_run *run, struct csum_volume *volume, enum csum_on_error on_error,
		    uint64_t offset_bytes, uint64_t length_bytes, uint8_t *copy)
{
	struct sink sink = { run, offset_bytes, csum_volume_data_bytes(volume), copy };
	const struct csum_read_options options = {
		.offset_bytes = offset_bytes,
		.length_bytes = length_bytes,
		.on_error = on_error,
		.sink = take,
		.finding = on_read_finding,
		.user = &sink,
	};
	uint64_t done_bytes = UINT64_MAX;
	int error = csum_read(volume, &options, &done_bytes);

	hostile_judge(run, error);
	if (done_bytes != sink.next - offset_bytes)
		hostile_fail(run, "says %" PRIu64 " bytes, gave %" PRIu64, done_bytes, sink.next - offset_bytes);
	return error;
}

static void run_readers(struct hostile_run *run)
{
	struct csum_volume *volume;

	hostile_begin(run, "open for reading");
	volume = hostile_open(run, false);
	run->opened = volume;
	if (!volume)
		return;
	check_info(run, volume);
	run_check(run, volume, hostile_pick(run, 3) == 0);
	hostile_begin(run, "read");
	run_read(run, volume, (enum csum_on_error)hostile_pick(run, 3), hostile_pick(run, 5000), CSUM_TO_END, NULL);
	hostile_begin(run, "close");
	hostile_close(run, volume);
}

/* ------------------------------------------------------------------ writing */

struct source {
	uint64_t left;
	uint8_t next;
};

static int64_t fill(void *user, void *buffer, size_t size)
{
	struct source *source = user;

	if (size > source->left)
		size = (size_t)source->left;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)buffer)[i] = source->next++;
	source->left -= size;
	return (int64_t)size;
}

/* After a write that succeeded the volume is clean, and the same bytes come back. */
static void verify_write(struct hostile_run *run, uint64_t offset_bytes, uint64_t length_bytes, uint8_t first)
{
	struct csum_volume *volume;
	uint8_t *copy = malloc(length_bytes);

	hostile_begin(run, "open what was written");
	volume = hostile_open(run, false);
	if (!volume || !copy)
		hostile_fail(run, "cannot be opened after a write that succeeded");
	csum_volume_get_info(volume, &run->info);
	if (run->info.state != CSUM_CLEAN)
		hostile_fail(run, "not clean after a write that succeeded");
	hostile_begin(run, "read what was written");
	if (run_read(run, volume, CSUM_ON_ERROR_STOP, offset_bytes, length_bytes, copy))
		hostile_fail(run, "cannot be read after a write that succeeded");
	for (uint64_t i = 0; i < length_bytes; i++) {
		if (copy[i] != (uint8_t)(first + i))
			hostile_fail(run, "byte %" PRIu64 " is not what was written", offset_bytes + i);
	}
	free(copy);
	run_check(run, volume, false);
	hostile_close(run, volume);
}

/* Writes somewhere, closes the volume, and reads what was written. */
static void run_write(struct hostile_run *run, struct csum_volume *volume)
{
	uint64_t done_bytes = 0, length_bytes;
	struct csum_write_options options = { 0 };
	struct source source;
	uint8_t first = (uint8_t)run->number;
	int error;

	options.offset_bytes = hostile_pick(run, csum_volume_data_bytes(volume));
	length_bytes = csum_volume_data_bytes(volume) - options.offset_bytes;
	if (length_bytes > 70000)
		length_bytes = 1 + hostile_pick(run, 70000);
	source = (struct source){ length_bytes, first };
	options.length_bytes = hostile_pick(run, 2) ? length_bytes : CSUM_TO_END;
	options.source = (struct csum_source){ fill, &source };
	options.verify = hostile_pick(run, 2);
	hostile_begin(run, "write");
	error = csum_write(volume, &options, &done_bytes);
	hostile_judge(run, error);
	if (done_bytes > length_bytes || (!error && done_bytes != length_bytes))
		hostile_fail(run, "wrote %" PRIu64 " of %" PRIu64 " bytes", done_bytes, length_bytes);
	hostile_begin(run, "close what was written");
	hostile_close(run, volume);
	if (done_bytes)
		verify_write(run, options.offset_bytes, done_bytes, first);
}

static void run_discards(struct hostile_run *run)
{
	uint64_t space, done_bytes = 0;
	struct csum_volume *volume;

	hostile_begin(run, "open for discarding");
	volume = hostile_open(run, true);
	if (!volume)
		return;
	space = csum_volume_data_bytes(volume);
	hostile_begin(run, "discard a byte");
	hostile_judge(run, csum_discard(volume, hostile_pick(run, space), 1, &done_bytes));
	hostile_begin(run, "discard");
	hostile_judge(run, csum_discard(volume, hostile_pick(run, space), CSUM_TO_END, &done_bytes));
	hostile_begin(run, "close what was discarded");
	hostile_close(run, volume);
}

static void run_writers(struct hostile_run *run)
{
	struct csum_volume *volume;

	hostile_begin(run, "open for writing");
	volume = hostile_open(run, true);
	if (!volume)
		return;
	check_info(run, volume);
	run_write(run, volume);
	run_discards(run);
}

/* ------------------------------------------------------------------ all of it */

void hostile_run_image(struct hostile_progress *progress, uint64_t number, bool sound)
{
	struct hostile_run run = {
		.progress = progress,
		.number = number,
		.random = number,
	};

	run.handlers = (struct csum_handlers){ .user = &run, .message = on_message };
	if (!(sound ? hostile_make_base(&run.image, (unsigned int)number) : hostile_make(&run.image, number)))
		hostile_fail(&run, "no memory for the image");
	run.as_usual = hostile_pick(&run, 8) == 0;
	hostile_put_image(&run);
	run_readers(&run);
	if (sound && !run.opened)
		hostile_fail(&run, "a sound volume was refused");
	hostile_run_dumps(&run);
	compare_image(&run);
	run_writers(&run);
	hostile_put_image(&run);
	hostile_run_scrubs(&run);
	hostile_free(&run.image);
}
