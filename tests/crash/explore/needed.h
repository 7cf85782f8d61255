/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flushes and rounds that no oracle misses, and why they stay. The rules of the protocol, and what guards each, are
 * in doc/protocol.md, section 8.
 */
#ifndef CSUM_TEST_CRASH_EXPLORE_NEEDED_H
#define CSUM_TEST_CRASH_EXPLORE_NEEDED_H

#include "crash/disk/disk.h"

struct sim_excuse {
	enum sim_mode mode;
	const char *step; /* see sim_covered_name(); of one flush or round in each scenario */
	const char *reason;
	const char *scenarios; /* names, with a space between */
};

extern const struct sim_excuse sim_excuses[];
extern const size_t sim_excuse_count;

#endif
