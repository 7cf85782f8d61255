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
#include "volume/volume.h"

char hostile_paths[HOSTILE_DEVICES][300];
bool hostile_telling;

static void fail_run(const struct hostile_run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

static void fail_run(const struct hostile_run *run, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(run->progress->failure, sizeof(run->progress->failure), format, arguments);
	va_end(arguments);
	_exit(1);
}

static void on_message(void *user, enum csum_severity severity, const char *text)
{
	struct hostile_run *run = user;

	if (!text || !*text || strlen(text) > 4096)
		fail_run(run, "a message of no or too much text");
	if (severity == CSUM_ERROR)
		run->errors++;
	if (hostile_telling)
		printf("    %s\n", text);
}

static void at(struct hostile_run *run, const char *what)
{
	run->progress->at = what;
	run->errors = 0;
	if (hostile_telling)
		printf("  %s\n", what);
}

/* The result of a function of the library: a failure is one that was told, and no lack of memory. */
static void judge(struct hostile_run *run, int error)
{
	if (hostile_telling && error)
		printf("    = %s\n", strerror(-error));
	if (error > 0)
		fail_run(run, "returned %d", error);
	if (error == -ENOMEM)
		fail_run(run, "asked for too much memory");
	if (error < 0 && !run->errors)
		fail_run(run, "%s without a message", strerror(-error));
	if (run->errors > 1)
		fail_run(run, "%" PRIu64 " error messages", run->errors);
	if (!error && run->errors)
		fail_run(run, "an error message, but success");
}

static uint64_t pick(struct hostile_run *run, uint64_t limit)
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
			fail_run(run, "cannot write the image: %s", strerror(errno));
	}
}

/* That those who only read did only read. */
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
			fail_run(run, "changed the image's size");
		bytes = mmap(NULL, device->size, PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
		if (bytes == MAP_FAILED)
			fail_run(run, "cannot map the image: %s", strerror(errno));
		if (memcmp(bytes, device->bytes, device->size))
			fail_run(run, "changed the image");
		munmap(bytes, device->size);
	}
}

const char *hostile_metadata_path(const struct hostile_run *run)
{
	return run->image.external ? hostile_paths[1] : NULL;
}

/*
 * As csum_volume_open() does it, which is too slow for thousands with all its threads, and with windows and batches
 * so small that there are several of them.
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
		(*volume)->window_bytes = 1 + pick(run, 200000);
		(*volume)->batch_bytes = 1 + pick(run, 100000);
	}
	return error;
}

static struct csum_volume *open_volume(struct hostile_run *run, bool writable)
{
	const struct csum_open_options options = { .access = writable ? CSUM_WRITE : CSUM_READ };
	struct csum_volume *volume = NULL;
	int error;

	if (run->as_usual)
		error = csum_volume_open(&run->handlers, hostile_paths[0], hostile_metadata_path(run), &options,
					 &volume);
	else
		error = open_small(run, &options, &volume);
	judge(run, error);
	if (!error != !!volume)
		fail_run(run, "a volume in spite of the failure, or none");
	return volume;
}

static void close_volume(struct hostile_run *run, struct csum_volume *volume)
{
	int error;

	run->errors = 0;
	error = csum_volume_close(volume);
	judge(run, error);
	if (error)
		fail_run(run, "closing failed");
}

static void check_info(struct hostile_run *run, const struct csum_volume *volume)
{
	const struct csum_volume_info *info = &run->info;
	const struct csum_geometry *geometry = &info->geometry;

	csum_volume_get_info(volume, &run->info);
	if (geometry->sector_size != 512 && geometry->sector_size != 4096)
		fail_run(run, "sector size %" PRIu32, geometry->sector_size);
	if (geometry->interleave < 1 || geometry->interleave > CSUM_INTERLEAVE_MAX)
		fail_run(run, "interleave %" PRIu32, geometry->interleave);
	if (!geometry->data_sectors || geometry->data_sectors > (UINT64_C(1) << 62) / geometry->sector_size * 2)
		fail_run(run, "%" PRIu64 " data sectors", geometry->data_sectors);
	if (strnlen(info->label, sizeof(info->label)) == sizeof(info->label) ||
	    strnlen(info->data_identity, sizeof(info->data_identity)) == sizeof(info->data_identity))
		fail_run(run, "text without an end");
	if (!csum_checksum_name(info->checksum_type))
		fail_run(run, "checksum type %d", (int)info->checksum_type);
	if (!info->data_device || !info->metadata_device)
		fail_run(run, "devices without names");
	if (csum_volume_data_bytes(volume) != geometry->data_sectors * geometry->sector_size)
		fail_run(run, "data bytes");
}

static void on_finding(void *user, const struct csum_finding *finding)
{
	struct hostile_run *run = user;
	const struct csum_geometry *geometry = &run->info.geometry;

	if (!csum_finding_name(finding->kind) || !finding->device || !finding->reason || !*finding->reason)
		fail_run(run, "a finding without kind, device or reason");
	if (finding->subject == CSUM_SUBJECT_SUPERBLOCK || finding->subject == CSUM_SUBJECT_DEVICE)
		return;
	if (!finding->sector_count || finding->first_sector >= geometry->data_sectors ||
	    finding->sector_count > geometry->data_sectors - finding->first_sector)
		fail_run(run, "a finding about sectors %" PRIu64 " + %" PRIu64, finding->first_sector,
			 finding->sector_count);
	if (finding->first_group >= geometry->groups)
		fail_run(run, "a finding about group %" PRIu64, finding->first_group);
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

	at(run, metadata_only ? "check, metadata only" : "check");
	error = csum_check(volume, &options, &totals);
	judge(run, error);
	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++)
		errors += csum_finding_is_error((enum csum_finding_kind)kind) ? totals.findings[kind] : 0;
	if (errors != totals.errors)
		fail_run(run, "%" PRIu64 " errors in all, %" PRIu64 " by kinds", totals.errors, errors);
	if (!error && !metadata_only &&
	    totals.sectors_verified + totals.sectors_unwritten + totals.sectors_bad + totals.sectors_interrupted !=
		    run->info.geometry.data_sectors)
		fail_run(run, "sectors do not add up");
}

struct sink {
	struct hostile_run *run;
	uint64_t next, end;
	uint8_t *copy; /* NULL: not wanted */
};

static int take(void *user, const void *data, size_t size, uint64_t offset_bytes, bool is_zero)
{
	struct sink *sink = user;

	if (offset_bytes != sink->next || size > sink->end - sink->next || !size)
		fail_run(sink->run, "handed out %zu bytes at %" PRIu64, size, offset_bytes);
	if (is_zero && (*(const uint8_t *)data || memcmp(data, (const uint8_t *)data + 1, size - 1)))
		fail_run(sink->run, "unwritten bytes that are not zero");
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

/* Returns what csum_read() did. */
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

	judge(run, error);
	if (done_bytes != sink.next - offset_bytes)
		fail_run(run, "says %" PRIu64 " bytes, gave %" PRIu64, done_bytes, sink.next - offset_bytes);
	return error;
}

static void run_readers(struct hostile_run *run)
{
	struct csum_volume *volume;

	at(run, "open for reading");
	volume = open_volume(run, false);
	run->opened = volume;
	if (!volume)
		return;
	check_info(run, volume);
	run_check(run, volume, pick(run, 3) == 0);
	at(run, "read");
	run_read(run, volume, (enum csum_on_error)pick(run, 3), pick(run, 5000), CSUM_TO_END, NULL);
	at(run, "close");
	close_volume(run, volume);
}

/* ------------------------------------------------------------------ dump */

static int on_info(void *user, const struct csum_volume_info *info)
{
	return csum_checksum_name(info->checksum_type) && user ? 0 : -EINVAL;
}

static int on_journal(void *user, const struct csum_dump_journal *journal)
{
	if (!journal->reason)
		fail_run(user, "a journal without a reason");
	return 0;
}

static int on_carved(void *user, const struct csum_carved *carved)
{
	struct hostile_run *run = user;

	if (carved->device_offset_bytes + carved->sector_size >
	    run->image.device[hostile_metadata_path(run) ? 1 : 0].size)
		fail_run(run, "a candidate behind the end");
	return 0;
}

static int on_geometry(void *user, const struct csum_carved_geometry *geometry)
{
	if (geometry->fitting > geometry->candidates)
		fail_run(user, "more candidates fit than there are");
	return 0;
}

static int on_group(void *user, const struct csum_geometry *geometry, const struct csum_dump_group *group)
{
	struct hostile_run *run = user;

	if (group->group >= geometry->groups || group->sector_count > geometry->sectors_per_group ||
	    group->newer < -1 || group->newer > 1)
		fail_run(run, "dumped group %" PRIu64, group->group);
	for (int i = 0; i < 2; i++) {
		const struct csum_dump_copy *copy = &group->copy[i];

		if (!csum_imd_verdict_name(copy->verdict) || !copy->raw != !copy->entries)
			fail_run(run, "dumped copy %d of group %" PRIu64, i, group->group);
		/* Touched, so that a sanitizer sees whether they are there. */
		run->random += copy->raw ? copy->raw[geometry->sector_size - 1] +
						   copy->entries[geometry->sectors_per_group - 1] :
					   0;
	}
	for (uint32_t i = 0; i < group->sector_count; i++) {
		if (!csum_data_verdict_name(group->data[i]))
			fail_run(run, "data verdict %d", (int)group->data[i]);
		run->random += group->data_offsets[i] + group->data_entries[i];
		run->random += group->journal_entries ? group->journal_entries[i] : 0;
	}
	return 0;
}

static void run_dump(struct hostile_run *run, const char *data, const char *metadata, bool carve, bool by_offset)
{
	const struct csum_dump_options options = {
		.carve = carve,
		.read_data = pick(run, 2),
		.differ_only = pick(run, 4) == 0,
		.first_group = pick(run, 3),
		.group_count = by_offset ? 5 : CSUM_TO_END,
		.by_offset = by_offset,
		.offset_bytes = pick(run, 100000),
		.length_bytes = CSUM_TO_END,
		.info = on_info,
		.journal = on_journal,
		.carved = on_carved,
		.carved_geometry = on_geometry,
		.group = on_group,
		.user = run,
	};

	judge(run, csum_dump(&run->handlers, data, metadata, &options));
}

/* One of the ways for each image, as each takes long; what is rare in images is met by all ways over time. */
static void run_dumps(struct hostile_run *run)
{
	static const struct {
		const char *name;
		bool carve, by_offset, metadata_only;
	} ways[] = {
		{ "dump", false, false, false },
		{ "dump by offset", false, true, false },
		{ "dump of the metadata device", false, false, true },
		{ "carve", true, false, false },
		{ "carve by offset", true, true, false },
		{ "carve the metadata device", true, false, true },
	};
	size_t i = pick(run, sizeof(ways) / sizeof(ways[0]));
	bool metadata_only = ways[i].metadata_only && hostile_metadata_path(run);

	at(run, ways[i].name);
	run_dump(run, hostile_paths[metadata_only ? 1 : 0], metadata_only ? NULL : hostile_metadata_path(run),
		 ways[i].carve, ways[i].by_offset);
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

/* What a write that succeeded has written is what comes back, and the volume is clean. */
static void verify_write(struct hostile_run *run, uint64_t offset_bytes, uint64_t length_bytes, uint8_t first)
{
	struct csum_volume *volume;
	uint8_t *copy = malloc(length_bytes);

	at(run, "open what was written");
	volume = open_volume(run, false);
	if (!volume || !copy)
		fail_run(run, "cannot be opened after a write that succeeded");
	csum_volume_get_info(volume, &run->info);
	if (run->info.state != CSUM_CLEAN)
		fail_run(run, "not clean after a write that succeeded");
	at(run, "read what was written");
	if (run_read(run, volume, CSUM_ON_ERROR_STOP, offset_bytes, length_bytes, copy))
		fail_run(run, "cannot be read after a write that succeeded");
	for (uint64_t i = 0; i < length_bytes; i++) {
		if (copy[i] != (uint8_t)(first + i))
			fail_run(run, "byte %" PRIu64 " is not what was written", offset_bytes + i);
	}
	free(copy);
	run_check(run, volume, false);
	close_volume(run, volume);
}

static void run_writers(struct hostile_run *run)
{
	struct csum_volume *volume;
	uint64_t space, done_bytes = 0, length_bytes;
	struct csum_write_options options = { 0 };
	struct source source;
	uint8_t first = (uint8_t)run->number;
	int error;

	at(run, "open for writing");
	volume = open_volume(run, true);
	if (!volume)
		return;
	check_info(run, volume);
	space = csum_volume_data_bytes(volume);
	options.offset_bytes = pick(run, space);
	length_bytes = space - options.offset_bytes;
	if (length_bytes > 70000)
		length_bytes = 1 + pick(run, 70000);
	source = (struct source){ length_bytes, first };
	options.length_bytes = pick(run, 2) ? length_bytes : CSUM_TO_END;
	options.source = (struct csum_source){ fill, &source };
	options.verify = pick(run, 2);
	at(run, "write");
	error = csum_write(volume, &options, &done_bytes);
	judge(run, error);
	if (done_bytes > length_bytes || (!error && done_bytes != length_bytes))
		fail_run(run, "wrote %" PRIu64 " of %" PRIu64 " bytes", done_bytes, length_bytes);
	at(run, "close what was written");
	close_volume(run, volume);
	if (done_bytes)
		verify_write(run, options.offset_bytes, done_bytes, first);
	at(run, "open for discarding");
	volume = open_volume(run, true);
	if (!volume)
		return;
	at(run, "discard a byte");
	judge(run, csum_discard(volume, pick(run, space), 1, &done_bytes));
	at(run, "discard");
	judge(run, csum_discard(volume, pick(run, space), CSUM_TO_END, &done_bytes));
	at(run, "close what was discarded");
	close_volume(run, volume);
}

/* ------------------------------------------------------------------ scrubbing */

static struct csum_volume *open_for_repair(struct hostile_run *run)
{
	const struct csum_open_options options = { .access = CSUM_REPAIR };
	struct csum_device *data, *metadata;
	struct csum_volume *volume = NULL;
	int error = csum_volume_open_named(&run->handlers, hostile_paths[0], hostile_metadata_path(run), &options,
					   &data, &metadata);

	if (!error)
		error = csum_volume_open_for_repair(&run->handlers, data, metadata, run->as_usual ? 4 : 0, &volume);
	judge(run, error);
	return volume;
}

/* false: it was refused, or did not come to its end. */
static bool scrub(struct hostile_run *run, const char *undo_file, struct csum_scrub_result *result)
{
	const struct csum_scrub_options options = {
		.length_bytes = CSUM_TO_END,
		.heal = CSUM_HEAL_BITS,
		.undo_file = undo_file,
	};
	struct csum_volume *volume;
	int error;

	at(run, "open for repair");
	volume = open_for_repair(run);
	if (!volume)
		return false;
	at(run, "scrub");
	error = csum_scrub(volume, &options, result);
	judge(run, error);
	at(run, "close what was scrubbed");
	close_volume(run, volume);
	return !error;
}

static void undo(struct hostile_run *run, const char *file)
{
	const struct csum_undo_options options = { 0 };
	struct csum_undo_result result;
	struct csum_volume *volume;

	at(run, "open for undoing");
	volume = open_volume(run, true);
	if (!volume)
		fail_run(run, "cannot be opened for writing after a scrub that succeeded");
	at(run, "undo");
	judge(run, csum_undo(volume, file, &options, &result));
	if (result.refused)
		fail_run(run, "%" PRIu64 " sectors are not put back", result.refused);
	at(run, "close what was undone");
	close_volume(run, volume);
}

static void scrub_and_undo(struct hostile_run *run, const char *file)
{
	struct csum_scrub_result first, second;

	if (!scrub(run, file, &first))
		return;
	if (!scrub(run, NULL, &second))
		fail_run(run, "cannot be scrubbed again");
	if (!first.still_active && (second.errors_repaired || second.recovered))
		fail_run(run, "the second scrub repairs %" PRIu64 " errors", second.errors_repaired);
	if (first.undo_records && !first.still_active)
		undo(run, file);
}

static void run_scrubs(struct hostile_run *run)
{
	char file[sizeof(hostile_paths[0]) + 8];

	snprintf(file, sizeof(file), "%s.undo", hostile_paths[0]);
	scrub_and_undo(run, file);
	unlink(file);
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
		fail_run(&run, "no memory for the image");
	run.as_usual = pick(&run, 8) == 0;
	hostile_put_image(&run);
	run_readers(&run);
	if (sound && !run.opened)
		fail_run(&run, "a sound volume was refused");
	run_dumps(&run);
	compare_image(&run);
	run_writers(&run);
	hostile_put_image(&run);
	run_scrubs(&run);
	hostile_free(&run.image);
}
