/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limits on the rate and the time of reading. */
#include "scrub/pace.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/report.h"

/* A sleep is in pieces of this length, and looks between them whether the scrub is cancelled. */
#define SLEEP_MS 50u

struct csum_scrub_pace {
	uint64_t start_ms; /* when the scrub began */
	uint64_t paced_ms; /* when the reading that was done would have ended at the rate allowed */
};

uint64_t csum_scrub_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct csum_scrub_pace *csum_scrub_pace_create(void)
{
	struct csum_scrub_pace *pace = calloc(1, sizeof(*pace));

	if (pace)
		pace->start_ms = csum_scrub_clock_ms();
	return pace;
}

void csum_scrub_pace_free(struct csum_scrub_pace *pace)
{
	free(pace);
}

void csum_scrub_pace_begin(struct csum_scrub *scrub)
{
	scrub->pace->paced_ms = csum_scrub_clock_ms();
}

bool csum_scrub_pace_time_is_up(const struct csum_scrub *scrub)
{
	uint64_t limit = scrub->options->time_limit_seconds;

	return limit && (csum_scrub_clock_ms() - scrub->pace->start_ms) / 1000 >= limit;
}

/* What was read of the device for that batch. */
static uint64_t bytes_read(const struct csum_scrub *scrub, const struct csum_scan_batch *batch)
{
	uint64_t bytes = batch->span.group_count * 2 * scrub->sector_size;

	for (uint64_t i = 0; i < batch->sector_count; i++)
		bytes += batch->verdict[i] == CSUM_VERDICT_UNWRITTEN || batch->verdict[i] == CSUM_VERDICT_NOT_READ ?
				 0 :
				 scrub->sector_size;
	return bytes;
}

int csum_scrub_pace_sleep(struct csum_scrub *scrub, const struct csum_scan_batch *batch)
{
	struct csum_scrub_pace *pace = scrub->pace;
	uint64_t rate = scrub->options->rate_bytes;
	uint64_t now = csum_scrub_clock_ms();

	if (rate == 0)
		return 0;
	/* After a slow time reading does not go faster than the rate to make up for more than a second of it. */
	if (now > pace->paced_ms + 1000)
		pace->paced_ms = now - 1000;
	pace->paced_ms += bytes_read(scrub, batch) * 1000 / rate;
	while (csum_scrub_clock_ms() < pace->paced_ms && !csum_scrub_pace_time_is_up(scrub)) {
		const struct timespec nap = { .tv_nsec = SLEEP_MS * 1000000L };

		nanosleep(&nap, NULL);
		if (csum_report_cancelled(&scrub->volume->handlers))
			return -ECANCELED;
	}
	return 0;
}

uint64_t csum_scrub_pace_batch_bytes(const struct csum_scrub *scrub)
{
	uint64_t rate = scrub->options->rate_bytes;

	/* A slow scrub reads little at a time and sleeps often, instead of sleeping long after a large batch. */
	return rate ? rate / 4 + 1 : 0;
}
