/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows groups, candidates and all else of dump-imd, as text and as JSON. */
#ifndef CSUMTOOL_SHOW_DUMP_H
#define CSUMTOOL_SHOW_DUMP_H

#include "show/report.h"

/* Adjacent candidates that dump_text_carved() has not printed yet, since they may go on. */
struct dump_run {
	uint64_t count;
	struct csum_carved first, last;
	uint32_t least_generation, greatest_generation;
};

void dump_text_info(const struct csum_volume_info *info);
void dump_text_journal(const struct csum_dump_journal *journal);
void dump_text_group(const struct csum_dump_group *group);
void dump_text_carved(struct dump_run *run, const struct csum_carved *carved);
/* Prints the candidates that *run holds back. */
void dump_text_end_run(struct dump_run *run);
void dump_text_geometry(const struct csum_carved_geometry *geometry);

json_t *dump_json_journal(const struct csum_dump_journal *journal);
json_t *dump_json_group(const struct csum_dump_group *group);
json_t *dump_json_carved(const struct csum_carved *carved);
json_t *dump_json_geometry(const struct csum_carved_geometry *geometry);

#endif
