/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images with random changes (tests/images/hostile.h) through everything the library does with a volume: no
 * crash, no hang, no allocation beyond reason, no failure without a message, nothing written by readers.
 *
 *   CSUM_HOSTILE_IMAGES=N     how many (default 10000 with address sanitizer, 2500 without)
 *   test_hostile NUMBER...    only these, telling what is done; to be repeated under a debugger
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../images/hostile.h"
#include "volume.h"

/* For one image, on a machine that is busy with other things. */
#define SECONDS 30
#define MEMORY (UINT64_C(512) << 20)
#define STACK (UINT64_C(256) << 10)
#define WORKERS 2
#define MAX_FAILURES 20

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

/* The full number with the sanitizers, which see what is only nearly a crash. */
#ifdef SANITIZED
#define IMAGES 10000
#else
#define IMAGES 2500
#endif

#ifdef SANITIZED
/* An address space limit does not go with it; what is asked of malloc() at once is limited all the same. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=256:quarantine_size_mb=16";
}
#endif

/* Numbers of images that once were handled wrongly. */
static const uint64_t regressions[] = {
	1946, /* a lost group that a write reaches into in the middle of a batch: refused twice */
	2530,
};

/* What a worker, a process of its own, is at; survives its death. */
struct worker {
	pid_t pid;
	uint64_t next, end, step; /* images next, next + step ... below end */
	const char *at; /* into our own text: the same in every process */
	char failure[512];
};

static struct worker *workers; /* shared */
static char directory[256], paths[HOSTILE_DEVICES][300];
static bool telling;

/* ------------------------------------------------------------------ one image */

struct run {
	struct worker *worker;
	struct hostile image;
	uint64_t number, errors, random;
	struct csum_handlers handlers;
	struct csum_volume_info info;
	bool opened, as_usual;
};

static void fail_run(const struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

static void fail_run(const struct run *run, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(run->worker->failure, sizeof(run->worker->failure), format, arguments);
	va_end(arguments);
	_exit(1);
}

static void on_message(void *user, enum csum_severity severity, const char *text)
{
	struct run *run = user;

	if (!text || !*text || strlen(text) > 4096)
		fail_run(run, "a message of no or too much text");
	if (severity == CSUM_ERROR)
		run->errors++;
	if (telling)
		printf("    %s\n", text);
}

static void at(struct run *run, const char *what)
{
	run->worker->at = what;
	run->errors = 0;
	if (telling)
		printf("  %s\n", what);
}

/* The result of a function of the library: a failure is one that was told, and no lack of memory. */
static void judge(struct run *run, int error)
{
	if (telling && error)
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

static uint64_t pick(struct run *run, uint64_t limit)
{
	run->random = run->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return limit ? (run->random >> 20) % limit : 0;
}

static void put_image(const struct run *run)
{
	for (int i = 0; i < HOSTILE_DEVICES; i++) {
		const struct hostile_device *device = &run->image.device[i];
		int fd;

		if (!device->bytes)
			continue;
		fd = open(paths[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 || pwrite(fd, device->bytes, device->size, 0) != (ssize_t)device->size ||
		    ftruncate(fd, (off_t)device->size) < 0 || close(fd) < 0)
			fail_run(run, "cannot write the image: %s", strerror(errno));
	}
}

/* That those who only read did only read. */
static void compare_image(const struct run *run)
{
	for (int i = 0; i < HOSTILE_DEVICES; i++) {
		const struct hostile_device *device = &run->image.device[i];
		struct stat status;
		void *bytes;
		int fd;

		if (!device->size)
			continue;
		fd = open(paths[i], O_RDONLY | O_CLOEXEC);
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

static const char *metadata_path(const struct run *run)
{
	return run->image.external ? paths[1] : NULL;
}

/*
 * As csum_volume_open() does it, which is too slow for thousands with all its threads, and with windows and batches
 * so small that there are several of them.
 */
static int open_small(struct run *run, const struct csum_open_options *options, struct csum_volume **volume)
{
	struct csum_device *data, *metadata;
	int error = csum_volume_open_named(&run->handlers, paths[0], metadata_path(run), options, &data, &metadata);

	*volume = NULL;
	if (error)
		return error;
	error = csum_volume_open_devices(&run->handlers, data, metadata, options->writable, 0, volume);
	if (!error) {
		(*volume)->window_bytes = 1 + pick(run, 200000);
		(*volume)->batch_bytes = 1 + pick(run, 100000);
	}
	return error;
}

static struct csum_volume *open_volume(struct run *run, bool writable)
{
	const struct csum_open_options options = { .writable = writable };
	struct csum_volume *volume = NULL;
	int error;

	if (run->as_usual)
		error = csum_volume_open(&run->handlers, paths[0], metadata_path(run), &options, &volume);
	else
		error = open_small(run, &options, &volume);
	judge(run, error);
	if (!error != !!volume)
		fail_run(run, "a volume in spite of the failure, or none");
	return volume;
}

static void close_volume(struct run *run, struct csum_volume *volume)
{
	int error;

	run->errors = 0;
	error = csum_volume_close(volume);
	judge(run, error);
	if (error)
		fail_run(run, "closing failed");
}

static void check_info(struct run *run, const struct csum_volume *volume)
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
	struct run *run = user;
	const struct csum_geometry *geometry = &run->info.geometry;

	if (!csum_finding_name(finding->kind) || !finding->device || !finding->reason || !*finding->reason)
		fail_run(run, "a finding without kind, device or reason");
	if (finding->subject == CSUM_SUBJECT_SUPERBLOCK)
		return;
	if (!finding->sector_count || finding->first_sector >= geometry->data_sectors ||
	    finding->sector_count > geometry->data_sectors - finding->first_sector)
		fail_run(run, "a finding about sectors %" PRIu64 " + %" PRIu64, finding->first_sector,
			 finding->sector_count);
	if (finding->first_group >= geometry->groups)
		fail_run(run, "a finding about group %" PRIu64, finding->first_group);
}

static void run_check(struct run *run, struct csum_volume *volume, bool metadata_only)
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
	struct run *run;
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
static int run_read(struct run *run, struct csum_volume *volume, enum csum_on_error on_error, uint64_t offset_bytes,
		    uint64_t length_bytes, uint8_t *copy)
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

static void run_readers(struct run *run)
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
	struct run *run = user;

	if (carved->device_offset_bytes + carved->sector_size > run->image.device[metadata_path(run) ? 1 : 0].size)
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
	struct run *run = user;

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

static void run_dump(struct run *run, const char *data, const char *metadata, bool carve, bool by_offset)
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
static void run_dumps(struct run *run)
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
	bool metadata_only = ways[i].metadata_only && metadata_path(run);

	at(run, ways[i].name);
	run_dump(run, paths[metadata_only ? 1 : 0], metadata_only ? NULL : metadata_path(run), ways[i].carve,
		 ways[i].by_offset);
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
static void verify_write(struct run *run, uint64_t offset_bytes, uint64_t length_bytes, uint8_t first)
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

static void run_writers(struct run *run)
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

/* ------------------------------------------------------------------ all images */

static void run_image(struct worker *worker, uint64_t number, bool sound)
{
	struct run run = {
		.worker = worker,
		.number = number,
		.random = number,
	};

	run.handlers = (struct csum_handlers){ .user = &run, .message = on_message };
	if (!(sound ? hostile_make_base(&run.image, (unsigned int)number) : hostile_make(&run.image, number)))
		fail_run(&run, "no memory for the image");
	run.as_usual = pick(&run, 8) == 0;
	put_image(&run);
	run_readers(&run);
	if (sound && !run.opened)
		fail_run(&run, "a sound volume was refused");
	run_dumps(&run);
	compare_image(&run);
	run_writers(&run);
	hostile_free(&run.image);
}

static void limit_memory(void)
{
#ifndef SANITIZED
	const struct rlimit limit = { MEMORY, MEMORY };

	/* Every arena reserves addresses that it does not use. */
	mallopt(M_ARENA_MAX, 1);
	setrlimit(RLIMIT_AS, &limit);
#endif
}

/* The threads of each volume: to set up 8 MiB of stack, and of a sanitizer's notes on it, takes most of the time. */
static void limit_stacks(void)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	pthread_setattr_default_np(&attributes);
	pthread_attr_destroy(&attributes);
}

static void work(struct worker *worker, int index)
{
	/* The name tells nothing of the image: findings quote it. */
	snprintf(paths[0], sizeof(paths[0]), "%s/%d.data", directory, index);
	snprintf(paths[1], sizeof(paths[1]), "%s/%d.metadata", directory, index);
	limit_memory();
	limit_stacks();
	while (worker->next < worker->end) {
		alarm(SECONDS);
		run_image(worker, worker->next, false);
		worker->next += worker->step;
	}
	alarm(0);
	worker->at = "the end";
	exit(0); /* with the sanitizer's search for leaks */
}

static void start(int index)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		work(&workers[index], index);
	/* Not by the child, too: the memory is shared. */
	workers[index].pid = pid;
}

/* How a worker ended, unless well. */
static void tell(const struct worker *worker, int status)
{
	char how[64];

	if (worker->failure[0])
		snprintf(how, sizeof(how), "see above");
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(how, sizeof(how), "not done after %d seconds", SECONDS);
	else if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "killed by signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
	print_message("image %" PRIu64 ", at %s: %s\n", worker->next, worker->at ? worker->at : "the beginning",
		      worker->failure[0] ? worker->failure : how);
}

/* Runs images first ... below end; returns how many failed. */
static unsigned int run_images(uint64_t first, uint64_t end)
{
	unsigned int failures = 0, running = WORKERS;
	int status;

	for (int i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){ .next = first + (uint64_t)i, .end = end, .step = WORKERS };
		start(i);
	}
	while (running) {
		pid_t pid = wait(&status);
		int i = pid == workers[0].pid ? 0 : 1;

		running--;
		if (status == 0)
			continue;
		tell(&workers[i], status);
		/* On with the next one; after too many, or a leak found at the end, that is it. */
		if (++failures > MAX_FAILURES || workers[i].next >= end)
			continue;
		workers[i].next += WORKERS;
		workers[i].failure[0] = '\0';
		start(i);
		running++;
	}
	return failures;
}

static void test_images(void **state)
{
	const char *count = getenv("CSUM_HOSTILE_IMAGES");

	(void)state;
	assert_int_equal(run_images(0, count ? strtoull(count, NULL, 0) : IMAGES), 0);
}

static void test_regressions(void **state)
{
	unsigned int failures = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(regressions) / sizeof(regressions[0]); i++)
		failures += run_images(regressions[i], regressions[i] + 1);
	assert_int_equal(failures, 0);
}

static void on_base_finding(void *user, const struct csum_finding *finding)
{
	(void)finding;
	++*(unsigned int *)user;
}

/* The volumes that the images are made of are such as the library takes, or the rest would test little. */
static void test_bases(void **state)
{
	struct csum_volume *volume;

	(void)state;
	for (unsigned int i = 0; i < HOSTILE_BASES; i++) {
		const struct csum_open_options options = { .writable = false };
		const struct csum_handlers handlers = { 0 };
		unsigned int findings = 0;
		struct csum_check_options check = {
			.length_bytes = CSUM_TO_END,
			.finding = on_base_finding,
			.user = &findings,
		};
		struct csum_volume_info info;
		struct csum_totals totals;
		struct run run = { .worker = &workers[0] };

		assert_true(hostile_make_base(&run.image, i));
		put_image(&run);
		assert_int_equal(csum_volume_open(&handlers, paths[0], metadata_path(&run), &options, &volume), 0);
		csum_volume_get_info(volume, &info);
		assert_int_equal(info.geometry.data_sectors, run.image.data_sectors);
		assert_int_equal(info.state, hostile_bases[i].backup_only ? CSUM_UNKNOWN :
					     hostile_bases[i].active	  ? CSUM_ACTIVE :
									    CSUM_CLEAN);
		assert_int_equal(csum_check(volume, &check, &totals), 0);
		assert_int_equal(totals.sectors_bad, 0);
		assert_int_equal(totals.errors, hostile_bases[i].backup_only ? 2 : 0);
		assert_int_equal(totals.sectors_verified + totals.sectors_interrupted, hostile_bases[i].written);
		if (!hostile_bases[i].active && !hostile_bases[i].backup_only)
			assert_int_equal(findings, 0);
		assert_int_equal(csum_volume_close(volume), 0);
		hostile_free(&run.image);
	}
}

static int set_up(void **state)
{
	(void)state;
	/* In memory where possible: a write syncs a lot. */
	snprintf(directory, sizeof(directory), "/dev/shm/test_hostile.XXXXXX");
	if (!mkdtemp(directory)) {
		const char *parent = getenv("TMPDIR");

		snprintf(directory, sizeof(directory), "%s/test_hostile.XXXXXX", parent ? parent : "/tmp");
		if (!mkdtemp(directory))
			return -1;
	}
	snprintf(paths[0], sizeof(paths[0]), "%s/data", directory);
	snprintf(paths[1], sizeof(paths[1]), "%s/metadata", directory);
	/* cppcheck-suppress invalidFunctionArg ; -1 is what an anonymous mapping has for a file */
	workers = mmap(NULL, WORKERS * sizeof(*workers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return workers == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
	char name[320];

	(void)state;
	for (int i = 0; i < WORKERS; i++) {
		snprintf(name, sizeof(name), "%s/%d.data", directory, i);
		unlink(name);
		snprintf(name, sizeof(name), "%s/%d.metadata", directory, i);
		unlink(name);
	}
	unlink(paths[0]);
	unlink(paths[1]);
	return rmdir(directory);
}

static int repeat(int count, char **numbers)
{
	telling = true;
	if (set_up(NULL) < 0)
		return 1;
	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 0; i < count; i++) {
		printf("image %s in %s\n", numbers[i], directory);
		run_image(&workers[0], strtoull(numbers[i], NULL, 0), false);
	}
	return tear_down(NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bases),
		cmocka_unit_test(test_regressions),
		cmocka_unit_test(test_images),
	};

	if (argc > 1)
		return repeat(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
