/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees like /sys and /proc in a temporary directory, for tests of what the system knows of devices. */
#ifndef CSUM_TEST_SUPPORT_SYSTEM_TREE_H
#define CSUM_TEST_SUPPORT_SYSTEM_TREE_H

#include "device/system.h"
#include "support/device_helpers.h"

struct system_tree {
	char *directory;
	char *sys, *proc; /* in it; nothing is there at first */
	struct csum_system_roots roots; /* of these two */
};

void system_tree_init(struct system_tree *tree);
/* Removes the directory with all that is in it. */
void system_tree_free(struct system_tree *tree);

/* Block devices: a disk "sda" that is "8:0"; a partition "sda/sda1" that is "8:1" and the one of number "1" on its disk. */
void system_tree_put_disk(const struct system_tree *tree, const char *name, const char *device);
void system_tree_put_partition(const struct system_tree *tree, const char *name, const char *device,
			       const char *number);

#endif
