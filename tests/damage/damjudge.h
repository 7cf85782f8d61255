/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One volume damaged, checked, scrubbed and judged. */
#ifndef DAMJUDGE_H
#define DAMJUDGE_H

#include "damage/damlook.h"

/* What must not be. */
enum dam_fault {
	DAM_WRONG, /* other content handed out as good */
	DAM_UNNOTICED,
	DAM_FALSE_ALARM,
	DAM_NOT_HEALED, /* although it could have been */
	DAM_LEFT_DIFFERS, /* check does not find just what scrub said it left */
	DAM_NOT_STABLE, /* a second scrub changed or repaired something */
	DAM_DRY_WROTE,
	DAM_FAILED, /* an operation ended with an error */
	DAM_FAULTS
};

extern const char *const dam_fault_names[DAM_FAULTS];

struct dam_tally {
	uint64_t planted[DAM_KINDS], meaningful[DAM_KINDS], noticed[DAM_KINDS], healed[DAM_KINDS], left[DAM_KINDS],
		wrong[DAM_KINDS];
	uint64_t total, runs, faults[DAM_FAULTS];
	uint64_t means[CSUM_MEANS_COUNT]; /* data sectors repaired */
};

struct dam_options {
	uint32_t damages;
	enum dam_kind kind; /* DAM_KINDS: any */
	enum dam_replica replica;
	uint64_t seed;
	const char *name; /* of the case, for what is said of a fault */
};

void dam_judge(struct dam_base *base, const struct dam_options *options, struct dam_tally *tally);

#endif
