/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view is how a command shows a thing: as text for people, and as JSON. A command hands the thing over, and does not
 * ask which form was wanted. `run` is the command's own record of its run.
 */
#ifndef CSUMTOOL_SHOW_VIEW_H
#define CSUMTOOL_SHOW_VIEW_H

#include "show/report.h"

/* The view of one kind of thing, such as a finding or a plan. */
struct view {
	void (*text)(void *run, const void *thing);
	/* Makes the object on its line. NULL in place of a function: the view does not have this form. */
	json_t *(*json)(void *run, const void *thing);
};
int view_show(struct report *report, const struct view *view, void *run, const void *thing);

/* The view of the result of a command, which ended with `error`. */
struct view_end {
	void (*text)(void *run, int error);
	/* Makes the members that the summary object has for this command. */
	json_t *(*json)(void *run, int error);
};
/* Shows the result and ends the command, as report_summary() does. Returns status. */
int view_end(struct report *report, const struct view_end *view, void *run, int error, int status);

#endif
