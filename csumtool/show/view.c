/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show/view.h"

int view_show(struct report *report, const struct view *view, void *run, const void *thing)
{
	if (!report->json)
		view->text(run, thing);
	else if (view->json)
		return report_object(report, view->json(run, thing));
	return report_flush(report);
}

int view_end(struct report *report, const struct view_end *view, void *run, int error, int status)
{
	if (report->json)
		return report_summary(report, view->json(run, error), status);
	view->text(run, error);
	return report_summary(report, NULL, status);
}
