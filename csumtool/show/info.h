/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Describes a volume, in words and as members of JSON objects. */
#ifndef CSUMTOOL_SHOW_INFO_H
#define CSUMTOOL_SHOW_INFO_H

#include "show/report.h"

/* Objects whose members go into "info" objects, or are the value of one. */
json_t *info_json(const struct csum_volume_info *info);
json_t *info_scrub_json(const struct csum_scrub_record *record);
json_t *info_geometry_json(const struct csum_geometry *geometry);
const char *info_state_name(enum csum_state state);

/* Returns "scrub", "writer" or "nobody". */
const char *info_at_work_name(enum csum_at_work at_work);

/* Returns why data is held, as a clause. */
const char *info_held_reason(enum csum_held reason);

#endif
