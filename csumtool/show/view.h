/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two forms of what a command shows: text for people, and JSON. A command hands over what there is to show, and does
 * not ask which form was wanted. `run` is the command's own record of its run.
 */
#ifndef CSUMTOOL_SHOW_VIEW_H
#define CSUMTOOL_SHOW_VIEW_H

#include "show/report.h"

/* Of one kind of thing: a finding, a plan. */
struct view {
	void (*text)(void *run, const void *thing);
	/* The object on its line. NULL instead of a function: this form does not have it. */
	json_t *(*json)(void *run, const void *thing);
};
int view_show(struct report *report, const struct view *view, void *run, const void *thing);

/* Of what a command came to, which ended with `error`. */
struct view_end {
	void (*text)(void *run, int error);
	/* The members that the summary object has for this command. */
	json_t *(*json)(void *run, int error);
};
/* Shows it and ends the command, as report_summary() does. Returns status. */
int view_end(struct report *report, const struct view_end *view, void *run, int error, int status);

#endif
