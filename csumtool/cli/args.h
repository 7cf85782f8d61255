/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values on the command line. Each function returns NULL and sets its result, or returns the mistake, worded to follow
 * the quoted text: "'1.5G' is not ...".
 */
#ifndef CSUMTOOL_CLI_ARGS_H
#define CSUMTOOL_CLI_ARGS_H

#include <stdint.h>

/* A size as typed. It has bytes only once the volume's sector size is known. */
struct size {
	uint64_t number;
	uint64_t unit; /* bytes; 0: sectors of the volume */
};

/* Parses a size. Refuses one above INT64_MAX bytes; a size in sectors is counted with the smallest sector size. */
const char *args_size(const char *text, struct size *size);
/* Bytes of *size. 0, or -EOVERFLOW when they are more than INT64_MAX. */
int args_size_bytes(const struct size *size, uint32_t sector_size, uint64_t *bytes);

const char *args_number(const char *text, uint64_t min, uint64_t max, uint64_t *number);
/* Parses "N" or "N-M", with N and M both included. */
const char *args_span(const char *text, uint64_t *first, uint64_t *count);
/* Parses "30", "30s", "5m" or "2h" into milliseconds. */
const char *args_time(const char *text, int64_t *milliseconds);
/* Parses the 36 characters of RFC 4122; uuid has 16 bytes. */
const char *args_uuid(const char *text, uint8_t *uuid);

#endif
