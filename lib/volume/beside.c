/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/beside.h"

#include <time.h>

#include "base/report.h"
#include "device/lock.h"

/* A write and its flush take a disk tens of milliseconds at the most, except now and then a busy one. */
#define ATTEMPTS 6u
#define PAUSE_MS 20

static enum csum_at_work at_work(const struct csum_volume *volume)
{
	const struct csum_device *device = volume->metadata;
	enum csum_at_work found = csum_device_at_work(device);

	/* A reader's lock keeps writers out. Without a lock, the system is asked for writers that leave no mark. */
	if (found == CSUM_NOBODY_AT_WORK && volume->look && device->descriptor >= 0 &&
	    csum_lock_is_exclusive(volume->roots, device->file_system_device, device->inode))
		found = CSUM_WRITER_AT_WORK;
	return found;
}

void csum_beside_look(struct csum_volume *volume, enum csum_at_work *before)
{
	*before = volume->at_work;
	volume->at_work = volume->writable ? CSUM_NOBODY_AT_WORK : at_work(volume);
}

bool csum_beside_possible(struct csum_volume *volume)
{
	if (volume->writable)
		return false;
	if (volume->at_work == CSUM_NOBODY_AT_WORK)
		volume->at_work = at_work(volume);
	/* A scrub that recovers the volume may have come and gone since we looked last. */
	return volume->at_work != CSUM_NOBODY_AT_WORK || csum_volume_active(volume);
}

bool csum_beside_again(struct csum_volume *volume, unsigned int *attempt)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	enum csum_at_work before;

	if (volume->writable || *attempt == ATTEMPTS || csum_report_cancelled(&volume->handlers))
		return false;
	csum_beside_look(volume, &before);
	/* No process is at work any more, so the bytes stay as they are: they are read once more, then they count. */
	if (volume->at_work == CSUM_NOBODY_AT_WORK && before == CSUM_NOBODY_AT_WORK &&
	    !(*attempt == 0 && csum_volume_active(volume)))
		return false;
	if (volume->at_work != CSUM_NOBODY_AT_WORK && *attempt > 0)
		nanosleep(&pause, NULL);
	++*attempt;
	return true;
}
