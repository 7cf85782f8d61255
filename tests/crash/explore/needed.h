/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flushes and rounds that no oracle misses, and why they stay. doc/protocol.md, section 8, has the rules of the
 * protocol, and the oracle that guards each rule.
 */
#ifndef CSUM_TEST_CRASH_EXPLORE_NEEDED_H
#define CSUM_TEST_CRASH_EXPLORE_NEEDED_H

#include "crash/disk/disk.h"

struct sim_excuse {
	enum sim_mode mode;
	const char *step; /* see sim_covered_name(); fits one flush or round in each scenario */
	const char *reason;
	const char *scenarios; /* names, separated by spaces */
};

extern const struct sim_excuse sim_excuses[];
extern const size_t sim_excuse_count;

#endif
