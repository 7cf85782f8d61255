/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"

int csum_directory_sync_name(const char *path)
{
	char *copy = strdup(path);
	int descriptor, error;

	if (!copy)
		return -ENOMEM;
	descriptor = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = descriptor < 0 ? -errno : csum_sync(fsync, descriptor);
	if (descriptor >= 0)
		close(descriptor);
	free(copy);
	return error;
}
