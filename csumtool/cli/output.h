/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The output that `read` puts the bytes of a volume into: a file, a device, or standard output. */
#ifndef CSUMTOOL_CLI_OUTPUT_H
#define CSUMTOOL_CLI_OUTPUT_H

#include <sys/stat.h>

#include "show/report.h"

struct output {
	const char *name;
	int fd;
	bool opened; /* by this program, which closes it */
	bool created; /* the file did not exist before */
	bool sparse; /* leave holes where there are zeros */
	bool begun; /* the old content of a file is gone */
	struct stat status;
	uint64_t bytes; /* put so far, holes included */
	int error; /* errno of the operation that failed */
};

/*
 * Opens the output (name NULL or "-": standard output) without changing anything yet. An existing file needs force, and
 * is not made sparse. 0, or a negative errno after reporting. Call output_close() in any case.
 */
int output_open(struct report *report, struct output *output, const char *name, bool force, bool sparse);
/* Whether `name` stands for standard output. */
bool output_is_stdout(const char *name);
/* Appends bytes. 0; -ECANCELED; or -EIO after setting output->error. */
int output_put(struct output *output, const void *data, size_t size, bool is_zero);
/* Makes all bytes put so far durable. Returns as output_put() does. */
int output_sync(struct output *output);
/*
 * Closes the output; with `discard`, removes a file that was created. 0, or a negative errno after reporting.
 */
int output_close(struct report *report, struct output *output, bool discard);

#endif
