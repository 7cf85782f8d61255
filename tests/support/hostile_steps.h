/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files that implement hostile_run.h. */
#ifndef CSUM_TEST_SUPPORT_HOSTILE_STEPS_H
#define CSUM_TEST_SUPPORT_HOSTILE_STEPS_H

#include "support/hostile_run.h"

/* ------------------------------------------------------------------ hostile_run.c */

/* Ends the process with that failure. */
void hostile_fail(const struct hostile_run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));
/* Names the step that begins; no error counts as reported yet. */
void hostile_begin(struct hostile_run *run, const char *what);
/* Judges the result of a function of the library: an error must have been reported, and must not be lack of memory. */
void hostile_judge(struct hostile_run *run, int error);
/* Returns a random number below the limit. */
uint64_t hostile_pick(struct hostile_run *run, uint64_t limit);
/* Opens the volume; NULL: it was refused. */
struct csum_volume *hostile_open(struct hostile_run *run, bool writable);
void hostile_close(struct hostile_run *run, struct csum_volume *volume);

/* ------------------------------------------------------------------ hostile_dump.c */

void hostile_run_dumps(struct hostile_run *run);

/* ------------------------------------------------------------------ hostile_scrub.c */

void hostile_run_scrubs(struct hostile_run *run);

#endif
