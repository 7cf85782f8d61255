/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "update/window.h"

#include "base/report.h"
#include "update/mirror.h"
#include "update/super.h"

/* W1: a slot in each of two rounds. Commits in flight take a step in both: the old and the new intent cover them (I6). */
static int write_intent(struct csum_window *window)
{
	struct csum_rounds *rounds = window->rounds;
	int error = 0;

	window->active = true;
	for (int slot = 0; slot < 2 && !error; slot++) {
		error = csum_super_add(rounds->volume, &rounds->list);
		if (error)
			return csum_report_error(&rounds->volume->handlers, error, NULL, "writing the intent");
		error = csum_rounds_start(rounds);
		if (!error)
			error = csum_rounds_wait(rounds);
	}
	return error;
}

int csum_window_slide(struct csum_window *window, struct csum_groups *span)
{
	struct csum_volume *volume = window->rounds->volume;
	uint64_t first = span->first_group, end = span->first_group + span->group_count;
	int error = csum_protocol_mirror(volume, span);

	if (error)
		return error;
	csum_rounds_cover(window->rounds, &first, &end);
	csum_super_set_intent(volume, first, end - first);
	return write_intent(window);
}

int csum_window_close(struct csum_window *window)
{
	int error = csum_rounds_settle(window->rounds);

	if (error || !window->active)
		return error;
	return csum_super_clean(window->rounds->volume); /* I6: everything has settled */
}
