/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the library on arbitrary images: see volume_body.h and target.h. */
#include "fuzz/target.h"
#include "fuzz/volume_body.h"

FUZZ_IMAGE_TARGET(volume_body)
