/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A batch of a reader's scan, beside a scrub: groups that are not as they should be are read again. */
#ifndef CSUM_VOLUME_SCAN_AGAIN_H
#define CSUM_VOLUME_SCAN_AGAIN_H

#include "volume/scan.h"

/*
 * Between jobs of the scan: the batch is verified and not visited yet, and the pool has nothing to do. Errors: -ENOMEM,
 * or of a device that vanished; reported. (protocol.md: Reading beside a scrub)
 */
int csum_scan_again(struct csum_volume *volume, const struct csum_scan_options *options,
		    struct csum_scan_batch *batch) CSUM_MUST_CHECK;

#endif
