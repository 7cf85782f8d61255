/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes that `write` puts into a volume: a file, a device, or standard input. */
#ifndef CSUMTOOL_CLI_INPUT_H
#define CSUMTOOL_CLI_INPUT_H

#include "show/report.h"

#define INPUT_UNKNOWN UINT64_MAX
/* Bytes of the input that are read early, to see whether there is any input. */
#define INPUT_AHEAD 4096

struct input {
	const char *name;
	int fd;
	bool opened; /* by this program, which closes it */
	uint64_t given_bytes; /* handed out so far */
	uint64_t known_bytes; /* from the present position on; INPUT_UNKNOWN: until it ends */
	unsigned char ahead[INPUT_AHEAD];
	size_t ahead_first, ahead_end; /* bytes of ahead[] not handed out yet */
	int error; /* errno of the read that failed */
};

/*
 * Opens the input (name NULL or "-": standard input), refuses a directory, a terminal or an empty input, and waits for
 * its first bytes. 0, or a negative errno after reporting. Call input_close() in any case.
 */
int input_open(struct report *report, struct input *input, const char *name);
void input_close(struct input *input);
/* csum_source.fill; user is the struct input. */
int64_t input_fill(void *user, void *buffer, size_t size);

#endif
