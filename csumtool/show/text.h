/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for people: strings made safe for a terminal, and sizes, durations, times and UUIDs in words. */
#ifndef CSUMTOOL_SHOW_TEXT_H
#define CSUMTOOL_SHOW_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes that hold any of the texts below, with the NUL. */
#define TEXT_MAX 48

/* Length of the UTF-8 sequence at `bytes` (NUL-terminated); 0 when there is none. */
size_t text_utf8_sequence(const unsigned char *bytes);
bool text_is_utf8(const char *text);

/*
 * Writes text of others (names, labels, messages that quote them). Control characters and bytes that are not UTF-8
 * become \xNN, so that a hostile image cannot talk to the terminal.
 */
void text_put(FILE *out, const char *text);

/* "1000 bytes", "1.5 MiB". This and the functions below return `buffer`. */
const char *text_size(char buffer[static TEXT_MAX], uint64_t bytes);
/* The exact number, then the size in words: "1572864 bytes (1.5 MiB)". */
const char *text_bytes(char buffer[static TEXT_MAX], uint64_t bytes);
const char *text_rate(char buffer[static TEXT_MAX], uint64_t bytes, double seconds);
const char *text_seconds(char buffer[static TEXT_MAX], uint64_t seconds);
const char *text_duration(char buffer[static TEXT_MAX], double seconds);
/* Seconds since 1970 as a date in UTC; "never" for 0. */
const char *text_time(char buffer[static TEXT_MAX], uint64_t seconds);
const char *text_uuid(char buffer[static TEXT_MAX], const uint8_t *uuid);
/* An entry in the words of format(5): "unwritten", "bad", or the value in hexadecimal. */
const char *text_entry(char buffer[static TEXT_MAX], uint64_t entry);
/* "12" or "12-19". */
const char *text_span(char buffer[static TEXT_MAX], uint64_t first, uint64_t count);

/* "s" unless count is 1. */
const char *text_plural(uint64_t count);

#endif
