/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flushes and rounds that no oracle misses, and why they stay.
 *
 * Rules of the protocol: step and function that keep each, and what catches its being left out of the library
 * (test_crash: scenario, oracle), or its being undone by the disk (test_needed: which row of its table).
 *
 *  both_slots           W1  slide_window()             fresh: slot destroyed; each round 0 and 1 lost
 *  flush_at_open        O1  csum_io_flush_all()        recover-cache, -external, -imd: flushes 0 and 1 dropped
 *  mirror_first         W0  csum_protocol_mirror()     write-lost: content; write-lost, round 0 lost
 *  replay_first         R1  replay_journal()           overwrite: content after recovery; recover-replay, round 0
 *                                                      lost
 *  journal_after_older  R2  merge_record()             recover-many: content
 *  use_journal          R2  merge_record()             overwrite: content; recover-merge, round 0 lost
 *  settle               W5  add_imd()                  fresh: check; overwrite, round 4 lost
 *  settle_apart         W5  start_round()              fresh: content; overwrite, flush 4 dropped
 *  data_first           W2  add_data()                 fresh: content; fresh, rounds 2 and 3 swapped
 *  imd_before_data      W3  add_step()                 overwrite: content; overwrite, rounds 2 and 3 swapped
 *  clean_apart          W6  csum_pipeline_finish()     fresh: check; overwrite, flush 5 dropped
 *  drop_apart           W1  slide_window()             sliding: content
 *  session of a record  R1  load_record()              group-lost-journal: slot destroyed
 */
#ifndef CSUM_TEST_SIMNEEDED_H
#define CSUM_TEST_SIMNEEDED_H

#include "simdisk.h"

struct sim_excuse {
	const char *scenario;
	enum sim_mode mode;
	uint64_t first, last; /* numbers of flushes or rounds */
	const char *reason;
};

extern const struct sim_excuse sim_excuses[];
extern const size_t sim_excuse_count;

#endif
