/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of the library as a whole: a volume in an image file. */
#ifndef CSUM_TEST_SUPPORT_IMAGE_VOLUME_H
#define CSUM_TEST_SUPPORT_IMAGE_VOLUME_H

#include "csum.h"

/* Makes the file, with an internal volume with CRC-64 and room for that much data. */
void image_volume_format(const struct csum_handlers *handlers, const char *image, uint64_t data_bytes);

/* Marks the volume active, with an intent for all groups, as a killed writer leaves it. */
void image_volume_make_active(const char *image);

#endif
