/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/system_tree.h"

#include <stdio.h>
#include <stdlib.h>

void system_tree_init(struct system_tree *tree)
{
	tree->directory = temporary_directory();
	tree->sys = path_in(tree->directory, "sys");
	tree->proc = path_in(tree->directory, "proc");
	tree->roots = (struct csum_system_roots){ .sys = tree->sys, .proc = tree->proc };
}

void system_tree_free(struct system_tree *tree)
{
	temporary_remove(tree->directory);
	free(tree->sys);
	free(tree->proc);
}

/* Writes the file, a line, in the folder of the device. */
static void put_attribute(const struct system_tree *tree, const char *name, const char *attribute, const char *value)
{
	char path[128], line[64];

	snprintf(path, sizeof(path), "devices/%s/%s", name, attribute);
	snprintf(line, sizeof(line), "%s\n", value);
	put_file(tree->sys, path, line);
}

void system_tree_put_disk(const struct system_tree *tree, const char *name, const char *device)
{
	char path[128], target[128];

	put_attribute(tree, name, "dev", device);
	snprintf(path, sizeof(path), "dev/block/%s", device);
	snprintf(target, sizeof(target), "../../devices/%s", name);
	put_link(tree->sys, path, target);
}

void system_tree_put_partition(const struct system_tree *tree, const char *name, const char *device, const char *number)
{
	system_tree_put_disk(tree, name, device);
	put_attribute(tree, name, "partition", number);
}
