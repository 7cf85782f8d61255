/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The identity of a device: its text, the facts of the system about it, and the comparison with the recorded one. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "device/identify.h"
#include "guard/data_identity.h"
#include "support/memory_volume.h"
#include "support/system_tree.h"

#define PARTITION_UUID "01234567-89ab-cdef-0123-456789abcdef"

/* ------------------------------------------------------------------ the text */

static void assert_text(const char *text, const char *expected)
{
	struct csum_identity identity;
	char printed[CSUM_IDENTITY_SIZE];

	memset(printed, 'x', sizeof(printed));
	csum_identity_parse(text, &identity);
	csum_identity_print(&identity, printed);
	assert_string_equal(printed, expected);
	for (size_t i = strlen(expected); i < sizeof(printed); i++)
		assert_int_equal(printed[i], 0);
}

static void test_text(void **state)
{
	(void)state;
	assert_text("", "");
	assert_text("WWN=naa.5000c500a1b2c3d4 SERIAL=ZA1", "WWN=naa.5000c500a1b2c3d4 SERIAL=ZA1");
	assert_text("UUID=x", "UUID=x");
	assert_text("PARTUUID=" PARTITION_UUID, "PARTUUID=" PARTITION_UUID);
	/* For a disk the surest names come first; for a partition the names that tell it from others. */
	assert_text("UUID=u SERIAL=s WWN=w", "WWN=w SERIAL=s UUID=u");
	assert_text("UUID=u SERIAL=s WWN=w PARTUUID=p", "PARTUUID=p WWN=w SERIAL=s UUID=u");
	/* Names that are unknown or empty are left out. */
	assert_text("aaaa", "");
	assert_text("MODEL=m WWN= =x UUID", "");
	assert_text("  WWN=w  SERIAL=s ", "WWN=w SERIAL=s");
	assert_text("SERIAL=00000000 UUID=0000-0000", "");
}

/* As many names are kept as fit into 64 bytes. */
static void test_too_much(void **state)
{
	struct csum_identity identity = { 0 };
	char text[CSUM_IDENTITY_SIZE];

	(void)state;
	csum_identity_set(&identity, CSUM_IDENTITY_WWN, "naa.5000c500a1b2c3d4");
	csum_identity_set(&identity, CSUM_IDENTITY_SERIAL, "0123456789abcdef0123456789abcdef0123");
	csum_identity_set(&identity, CSUM_IDENTITY_UUID, "1234-ABCD");
	csum_identity_print(&identity, text);
	assert_string_equal(text, "WWN=naa.5000c500a1b2c3d4 UUID=1234-ABCD");
	csum_identity_set(&identity, CSUM_IDENTITY_SERIAL, "0123456789abcdef0123456789abcdef");
	csum_identity_print(&identity, text);
	assert_int_equal(strlen(text), 64);
	csum_identity_set(&identity, CSUM_IDENTITY_PARTUUID, PARTITION_UUID);
	csum_identity_set(&identity, CSUM_IDENTITY_SERIAL, "ZA1");
	csum_identity_print(&identity, text);
	assert_string_equal(text, "PARTUUID=" PARTITION_UUID " SERIAL=ZA1");
}

static void assert_set(const char *value, const char *expected)
{
	struct csum_identity identity = { 0 };

	csum_identity_set(&identity, CSUM_IDENTITY_SERIAL, value);
	assert_string_equal(identity.value[CSUM_IDENTITY_SERIAL], expected);
}

static void test_values(void **state)
{
	char text[100];

	(void)state;
	assert_set("  ZA 1\t\t2  ", "ZA_1_2");
	assert_set("t10.ATA     QEMU HARDDISK                           QM00003 ", "t10.ATA_QEMU_HARDDISK_QM00003");
	assert_set("a\xc3\xa4z", "a_z");
	assert_set("0000", "");
	assert_set("   ", "");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_set(text, "");
	text[64] = '\0';
	assert_set(text, text);
}

/* ------------------------------------------------------------------ facts of the system */

struct fixture {
	struct system_tree tree;
	char *image;
	struct memory_volume memory;
};

/* Makes a SATA disk 8:0 with a partition 8:1, an NVMe disk 259:0, a loop device 7:0. */
static int set_up(void **state)
{
	const struct memory_volume_shape shape = {
		.sector_size = 512,
		.interleave = 3,
		.external = true,
		.checksum_type = CSUM_CRC64,
		.data_sectors = 62 * 3,
	};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct system_tree *tree;

	assert_non_null(fixture);
	tree = &fixture->tree;
	system_tree_init(tree);
	fixture->image = path_in(tree->directory, "image");
	system_tree_put_disk(tree, "sda", "8:0");
	put_file(tree->sys, "devices/sda/device/wwid", "naa.5000c500a1b2c3d4\n");
	put_file(tree->sys, "devices/sda/device/serial", "ZA1 234\n");
	system_tree_put_partition(tree, "sda/sda1", "8:1", "1");
	system_tree_put_disk(tree, "nvme0n1", "259:0");
	put_file(tree->sys, "devices/nvme0n1/wwid", "eui.0025385b71b04f8a\n");
	put_file(tree->sys, "devices/nvme0n1/device/serial", "S4EVNF0M      \n");
	system_tree_put_disk(tree, "loop0", "7:0");
	put_image(fixture->image, 1 << 20);
	memory_volume_init(&fixture->memory, &shape);
	memory_volume_fill(&fixture->memory);
	fixture->memory.volume.roots = &fixture->tree.roots;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	memory_volume_free(&fixture->memory);
	system_tree_free(&fixture->tree);
	free(fixture->image);
	free(fixture);
	return 0;
}

static void assert_identity(const struct fixture *fixture, bool is_block, dev_t rdev, const char *expected)
{
	const struct csum_device device = {
		.descriptor = open(fixture->image, O_RDONLY | O_CLOEXEC),
		.is_block = is_block,
		.block_device = rdev,
	};
	struct csum_identity identity;
	uint64_t signature_offset_bytes;
	char text[CSUM_IDENTITY_SIZE];

	assert_true(device.descriptor >= 0);
	csum_device_identity(&fixture->tree.roots, &device, &identity, &signature_offset_bytes);
	csum_identity_print(&identity, text);
	assert_string_equal(text, expected);
	close(device.descriptor);
}

static void test_devices(void **state)
{
	struct fixture *fixture = *state;

	assert_identity(fixture, true, makedev(8, 0), "WWN=naa.5000c500a1b2c3d4 SERIAL=ZA1_234");
	assert_identity(fixture, true, makedev(8, 1), "WWN=naa.5000c500a1b2c3d4 SERIAL=ZA1_234");
	assert_identity(fixture, true, makedev(259, 0), "WWN=eui.0025385b71b04f8a SERIAL=S4EVNF0M");
	assert_identity(fixture, true, makedev(7, 0), "");
	assert_identity(fixture, true, makedev(9, 9), "");
	/* A file does not have the identity of the disk that it lies on. */
	assert_identity(fixture, false, 0, "");
}

/* ------------------------------------------------------------------ comparison with the recorded identity */

/* The data device poses as a block device, whose content libblkid looks for in the image. */
static int check(struct fixture *fixture, const char *recorded, dev_t rdev, bool writable, unsigned int allow)
{
	struct csum_volume *volume = &fixture->memory.volume;
	int error;

	recorder_init(&fixture->memory.recorder);
	strcpy(volume->superblock.data_identity, recorded);
	volume->writable = writable;
	volume->allow = allow;
	volume->identity_differs = false;
	volume->data->is_block = true;
	volume->data->block_device = rdev;
	volume->data->descriptor = open(fixture->image, O_RDONLY | O_CLOEXEC);
	assert_true(volume->data->descriptor >= 0);
	error = csum_data_identity_check(volume);
	if (!error && writable)
		assert_int_equal(csum_data_identity_renew(volume), 0);
	close(volume->data->descriptor);
	volume->data->descriptor = -1;
	return error;
}

static void assert_passes(struct fixture *fixture, const char *recorded, dev_t rdev)
{
	assert_int_equal(check(fixture, recorded, rdev, false, 0), 0);
	assert_int_equal(fixture->memory.recorder.warnings, 0);
	assert_int_equal(check(fixture, recorded, rdev, true, 0), 0);
	assert_int_equal(fixture->memory.recorder.errors, 0);
	assert_int_equal(fixture->memory.recorder.warnings, 0);
}

static void assert_refused(struct fixture *fixture, const char *recorded, dev_t rdev, const char *part)
{
	assert_int_equal(check(fixture, recorded, rdev, false, 0), 0);
	assert_int_equal(fixture->memory.recorder.warnings, 1);
	assert_non_null(strstr(fixture->memory.recorder.last_warning, part));
	assert_int_equal(check(fixture, recorded, rdev, true, CSUM_ALLOW_ALL & ~CSUM_ALLOW_IDENTITY), -EPERM);
	assert_one_error(&fixture->memory.recorder, part);
	assert_int_equal(fixture->memory.recorder.error_reason, CSUM_REASON_OTHER_DEVICE);
	assert_int_equal(check(fixture, recorded, rdev, true, CSUM_ALLOW_IDENTITY), 0);
	assert_int_equal(fixture->memory.recorder.errors + fixture->memory.recorder.warnings, 0);
}

static void test_compared(void **state)
{
	struct fixture *fixture = *state;

	assert_passes(fixture, "WWN=naa.5000c500a1b2c3d4", makedev(8, 0));
	assert_passes(fixture, "WWN=naa.5000c500a1b2c3d4 SERIAL=ZA1_234", makedev(8, 1));
	/* A kind of name that is missing on either side proves nothing. */
	assert_passes(fixture, "PARTUUID=" PARTITION_UUID, makedev(8, 0));
	assert_passes(fixture, "UUID=" PARTITION_UUID, makedev(8, 0));
	assert_passes(fixture, "WWN=naa.5000c500a1b2c3d4 SERIAL=ZA1_234", makedev(7, 0));
	assert_passes(fixture, "", makedev(8, 0));
	assert_refused(fixture, "WWN=naa.5000c500ffffffff", makedev(8, 0), "WWN=naa.5000c500ffffffff");
	assert_refused(fixture, "SERIAL=OTHER", makedev(8, 0), "SERIAL=OTHER");
	/* The message has the surest name. */
	assert_refused(fixture, "SERIAL=OTHER WWN=naa.5", makedev(259, 0), "WWN=naa.5");
	assert_refused(fixture, "SERIAL=OTHER WWN=eui.0025385b71b04f8a", makedev(259, 0), "SERIAL=OTHER");
}

static void assert_renewed(struct fixture *fixture, const char *recorded, dev_t rdev, const char *expected)
{
	assert_int_equal(check(fixture, recorded, rdev, true, CSUM_ALLOW_IDENTITY), 0);
	assert_string_equal(fixture->memory.volume.superblock.data_identity, expected);
}

static void test_renewed(void **state)
{
	struct fixture *fixture = *state;
	const char *const disk = "WWN=naa.5000c500a1b2c3d4 SERIAL=ZA1_234";

	/* Volumes of older builds have no identity, or the disk's in other words. */
	assert_renewed(fixture, "", makedev(8, 0), disk);
	assert_renewed(fixture, "UUID=1234-ABCD", makedev(8, 0),
		       "WWN=naa.5000c500a1b2c3d4 SERIAL=ZA1_234 UUID=1234-ABCD");
	/* The disk was replaced: nothing of the old identity is left. */
	assert_renewed(fixture, "PARTUUID=p WWN=naa.5000c500ffffffff SERIAL=OTHER", makedev(8, 0), disk);
	/* A disk behind a bridge that hides its names keeps them. */
	assert_renewed(fixture, disk, makedev(7, 0), disk);
	/* An identity that is not understood is not lost without need. */
	assert_renewed(fixture, "MODEL=m", makedev(7, 0), "MODEL=m");
}

/* With or without `allow`, the identity is recorded only when the sample says that this is the data. */
static void test_not_renewed_for_other_data(void **state)
{
	struct fixture *fixture = *state;
	struct memory_volume *memory = &fixture->memory;

	for (uint64_t sector = 0; sector < memory->volume.superblock.geometry.data_sectors; sector++)
		memset(memory_volume_sector(memory, sector), (int)sector, 512);
	assert_renewed(fixture, "WWN=naa.5000c500ffffffff", makedev(8, 0), "WWN=naa.5000c500ffffffff");
	assert_renewed(fixture, "", makedev(8, 0), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_values),
		cmocka_unit_test_setup_teardown(test_devices, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_compared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_renewed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_renewed_for_other_data, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
