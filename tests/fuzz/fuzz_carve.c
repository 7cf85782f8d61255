/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds imd sectors in arbitrary images, without a superblock: see volume_body.h and target.h. */
#include "fuzz/target.h"
#include "fuzz/volume_body.h"

FUZZ_IMAGE_TARGET(volume_body_carve)
