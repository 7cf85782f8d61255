/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/state_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A path that is not absolute would be another one for each working directory, so it is ignored. */
static const char *absolute(const char *path)
{
	return path && path[0] == '/' ? path : NULL;
}

static char *join(const char *directory, size_t length, const char *below)
{
	char *path;

	return asprintf(&path, "%.*s%s", (int)length, directory, below) < 0 ? NULL : path;
}

char *state_dir_undo(const struct options *options)
{
	const char *given = options->value[OPT_UNDO_DIR];
	const char *service = absolute(getenv("STATE_DIRECTORY"));
	const char *state = absolute(getenv("XDG_STATE_HOME"));
	const char *home = absolute(getenv("HOME"));

	if (given)
		return strdup(given);
	/* $STATE_DIRECTORY may have several directories, separated by colons; the first one counts. */
	if (service)
		return join(service, strcspn(service, ":"), "/undo");
	if (geteuid() == 0)
		return strdup("/var/lib/csumtool/undo");
	if (state)
		return join(state, strlen(state), "/csumtool/undo");
	return home ? join(home, strlen(home), "/.local/state/csumtool/undo") : strdup("");
}
