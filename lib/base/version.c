/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_version(): the numbers of csum.h as text. */
#include "csum.h"

#define TEXT_OF(number) #number
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *csum_version(void)
{
	return VERSION_TEXT(CSUM_VERSION_MAJOR, CSUM_VERSION_MINOR, CSUM_VERSION_PATCH);
}
