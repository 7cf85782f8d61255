/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Damages a volume, checks it, scrubs it and judges the results. */
#ifndef CSUM_TEST_DAMAGE_JUDGE_H
#define CSUM_TEST_DAMAGE_JUDGE_H

#include "damage/look.h"

/* Faults of the library. */
enum damage_fault {
	DAMAGE_WRONG, /* other content handed out as good */
	DAMAGE_UNNOTICED,
	DAMAGE_FALSE_ALARM,
	DAMAGE_NOT_HEALED, /* although that was possible */
	DAMAGE_LEFT_DIFFERS, /* check does not find exactly the errors that scrub left */
	DAMAGE_NOT_STABLE, /* a second scrub changed or repaired something */
	DAMAGE_DRY_WROTE,
	DAMAGE_FAILED, /* an operation ended with an error */
	DAMAGE_FAULTS
};

extern const char *const damage_fault_names[DAMAGE_FAULTS];

struct damage_tally {
	uint64_t planted[DAMAGE_KINDS], meaningful[DAMAGE_KINDS], noticed[DAMAGE_KINDS], healed[DAMAGE_KINDS],
		left[DAMAGE_KINDS], wrong[DAMAGE_KINDS];
	uint64_t total, runs, faults[DAMAGE_FAULTS];
	uint64_t means[CSUM_MEANS_COUNT]; /* counts of repaired data sectors */
};

struct damage_options {
	uint32_t damages;
	enum damage_kind kind; /* DAMAGE_KINDS: any kind */
	enum damage_replica replica;
	uint64_t seed;
	const char *name; /* name of the case, for messages about faults */
};

void damage_judge(struct damage_volume *base, const struct damage_options *options, struct damage_tally *tally);

#endif
