/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/guard_volume.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "support/bytes.h"

struct guard_volume guard_volume;
static struct guard_volume *const g = &guard_volume;

void guard_volume_resize(uint64_t size, uint32_t sector_size)
{
	g->size = size;
	g->sector_size = sector_size;
	free(g->content);
	g->content = malloc(size);
	assert_non_null(g->content);
	fill_random(g->content, size, 77);
}

int guard_volume_set_up(void **state)
{
	(void)state;
	memset(g, 0, sizeof(*g));
	recorder_init(&g->recorder);
	/* Volumes are written and flushed hundreds of times, so files are in memory where there is room. */
	if (access("/dev/shm", W_OK) == 0)
		assert_int_equal(setenv("TMPDIR", "/dev/shm", 1), 0);
	g->directory = temporary_directory();
	g->data = path_in(g->directory, "data.img");
	g->metadata = path_in(g->directory, "imd.img");
	g->type = CSUM_CRC64;
	g->is_block = true;
	guard_volume_resize(8 * MIB, 512);
	return 0;
}

int guard_volume_tear_down(void **state)
{
	(void)state;
	guard_volume_close();
	temporary_remove(g->directory);
	free(g->data);
	free(g->metadata);
	free(g->content);
	return 0;
}

/* ------------------------------------------------------------------ files */

static void move_file(const char *path, bool in, uint64_t offset, void *bytes, size_t size)
{
	int descriptor = open(path, in ? O_RDONLY | O_CLOEXEC : O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(descriptor >= 0);
	if (in)
		assert_int_equal(pread(descriptor, bytes, size, (off_t)offset), size);
	else
		assert_int_equal(pwrite(descriptor, bytes, size, (off_t)offset), size);
	assert_int_equal(close(descriptor), 0);
}

void guard_volume_poke(uint64_t offset, const void *bytes, size_t size)
{
	move_file(g->data, false, offset, (void *)(uintptr_t)bytes, size);
}

void guard_volume_peek(uint64_t offset, void *bytes, size_t size)
{
	move_file(g->data, true, offset, bytes, size);
}

void guard_volume_garble(uint64_t offset, size_t size)
{
	uint8_t *bytes = malloc(size);

	assert_non_null(bytes);
	fill_random(bytes, size, offset + 12345);
	guard_volume_poke(offset, bytes, size);
	free(bytes);
}

void guard_volume_flip(uint64_t offset, int bit)
{
	uint8_t byte;

	guard_volume_peek(offset, &byte, 1);
	byte ^= (uint8_t)(1 << bit);
	guard_volume_poke(offset, &byte, 1);
}

/* Whether the tool succeeded. */
static bool run(const char *command, const char *path)
{
	char *with_path, *whole;
	int status;

	assert_true(asprintf(&with_path, command, path) > 0);
	assert_true(asprintf(&whole,
			     "PATH=$PATH:/sbin:/usr/sbin; export TEST_DIR=1 TEST_DEV=1 QA_CHECK_FS=1; { %s; } "
			     ">/dev/null 2>&1",
			     with_path) > 0);
	status = system(whole);
	free(whole);
	free(with_path);
	return status == 0;
}

void guard_volume_run(const char *command)
{
	char *path = path_in(g->directory, "content.img");
	bool done;

	put_image(path, (off_t)g->size);
	done = run(command, path);
	if (done)
		move_file(path, true, 0, g->content, g->size);
	assert_int_equal(unlink(path), 0);
	free(path);
	if (!done)
		skip_because("needs what \"%s\" asks for", command);
}

void guard_volume_change(const char *command)
{
	if (!run(command, g->data))
		skip_because("needs what \"%s\" asks for", command);
}

/* ------------------------------------------------------------------ the volume */

static void make_volume(void)
{
	const struct csum_format_options options = {
		.sector_size = g->sector_size,
		.checksum_type = g->type,
		.create_bytes = 4 * MIB,
	};
	struct csum_format *format;

	put_image(g->data, (off_t)g->size);
	assert_int_equal(csum_format_prepare(&g->recorder.handlers, g->data, g->metadata, &options, &format), 0);
	assert_int_equal(csum_format_run(format), 0);
	assert_int_equal(csum_format_free(format), 0);
}

struct filling {
	const uint8_t *next;
};

static int64_t fill(void *user, void *buffer, size_t size)
{
	struct filling *filling = user;

	memcpy(buffer, filling->next, size);
	filling->next += size;
	return (int64_t)size;
}

static void write_part(struct csum_volume *volume, uint64_t from, uint64_t size)
{
	struct filling filling = { g->content + from };
	const struct csum_write_options options = {
		.offset_bytes = from,
		.length_bytes = size,
		.source = { fill, &filling },
	};
	uint64_t done;

	assert_int_equal(csum_write(volume, &options, &done), 0);
}

void guard_volume_fill_but(uint64_t from, uint64_t size)
{
	const struct csum_open_options options = { .access = CSUM_WRITE };
	struct csum_volume *volume;

	make_volume();
	assert_int_equal(csum_volume_open(&g->recorder.handlers, g->data, g->metadata, &options, &volume), 0);
	if (from > 0)
		write_part(volume, 0, from);
	if (from + size < g->size)
		write_part(volume, from + size, g->size - from - size);
	assert_int_equal(csum_volume_close(volume), 0);
	if (size > 0)
		guard_volume_poke(from, g->content + from, size);
}

void guard_volume_fill(void)
{
	guard_volume_fill_but(g->size, 0);
}

/* ------------------------------------------------------------------ the guard */

static const struct csum_device_ops *real_ops;

static int64_t failing_pread(void *context, void *buffer, size_t size, uint64_t offset_bytes)
{
	if (offset_bytes < g->dead_offset + g->dead_size && g->dead_offset < offset_bytes + size)
		return -EIO;
	return real_ops->pread(context, buffer, size, offset_bytes);
}

static struct csum_device_ops failing_ops;

void guard_volume_close(void)
{
	csum_guard_free(g->guard);
	g->guard = NULL;
	if (g->volume && g->volume->data->ops == &failing_ops)
		g->volume->data->ops = real_ops;
	assert_int_equal(csum_volume_close(g->volume), 0);
	g->volume = NULL;
}

enum csum_guard_verdict guard_volume_ask(void)
{
	const struct csum_open_options options = { .access = CSUM_READ };

	guard_volume_close();
	assert_int_equal(csum_volume_open(&g->recorder.handlers, g->data, g->metadata, &options, &g->volume), 0);
	g->volume->data->is_block = g->is_block;
	g->volume->superblock.record = g->record;
	if (g->dead_size) {
		real_ops = g->volume->data->ops;
		failing_ops = *real_ops;
		failing_ops.pread = failing_pread;
		g->volume->data->ops = &failing_ops;
	}
	assert_int_equal(csum_guard_create_knowing(g->volume, g->depth, g->allow, &g->facts, &g->guard), 0);
	return csum_guard_verdict(g->guard);
}

void assert_reason(const char *part)
{
	if (!strstr(csum_guard_reason(g->guard), part))
		fail_msg("the reason is \"%s\", without \"%s\"", csum_guard_reason(g->guard), part);
}

enum csum_guard_cover guard_volume_cover(uint64_t offset)
{
	return csum_guard_cover(g->guard, offset / g->sector_size);
}

void guard_volume_record(const char *type, uint64_t offset)
{
	for (unsigned int i = 0; i < CSUM_RECORDED_SIGNATURES; i++) {
		struct csum_recorded_signature *recorded = &g->record.signatures[i];

		if (recorded->type[0])
			continue;
		snprintf(recorded->type, sizeof(recorded->type), "%s", type);
		recorded->offset_bytes = offset;
		return;
	}
	fail_msg("too many signatures to record");
}

/* ------------------------------------------------------------------ structures */

void seal_ext(uint8_t *at)
{
	put_le(at + 0x3fc, 4, ~csum_checksum(CSUM_CRC32C, at, 0x3fc));
}

void put_ext(uint8_t *at, uint64_t blocks, uint32_t word)
{
	memset(at, 0, 1024);
	put_le(at + 0x0, 4, 64);
	put_le(at + 0x4, 4, blocks);
	put_le(at + 0x14, 4, 1);
	put_le(at + 0x20, 4, 8192);
	put_le(at + 0x28, 4, 64);
	put_le(at + 0x38, 2, 0xef53);
	put_le(at + 0x4c, 4, 1);
	put_le(at + 0x58, 2, 256);
	put_le(at + 0x60, 4, 0x40);
	put_le(at + 0x64, 4, 0x400);
	at[0x175] = 1;
	put_le(at + 0x2c, 4, word);
	/* The UUID and the reserved bytes are random, so that no two superblocks are near each other. */
	fill_random(at + 0x68, 16, word + 2);
	fill_random(at + 0x280, 0x3fc - 0x280, word + 1);
	seal_ext(at);
}

void put_mbr(uint8_t *at, uint32_t first, uint32_t count, uint8_t type)
{
	memset(at + 440, 0, 510 - 440);
	put_le(at + 440, 4, 0xdeadbeef);
	at[446 + 4] = type;
	put_le(at + 446 + 8, 4, first);
	put_le(at + 446 + 12, 4, count);
	put_le(at + 510, 2, 0xaa55);
}
