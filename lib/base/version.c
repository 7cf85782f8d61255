/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The version of csum.h as text, and options that are newer than this version. */
#include "base/version.h"

#include <errno.h>

#include "base/report.h"

#define TEXT_OF(number) #number
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *csum_version(void)
{
	return VERSION_TEXT(CSUM_VERSION_MAJOR, CSUM_VERSION_MINOR, CSUM_VERSION_PATCH);
}

int csum_version_knows(const struct csum_handlers *handlers, const uint64_t reserved[CSUM_RESERVED])
{
	for (size_t i = 0; i < CSUM_RESERVED; i++) {
		if (handlers->reserved[i] != 0)
			return csum_report_refusal(handlers, -EINVAL, NULL,
						   "a handler is set that libcsum %s does not have", csum_version());
		if (reserved[i] != 0)
			return csum_report_refusal(handlers, -EINVAL, NULL,
						   "an option is set that libcsum %s does not have", csum_version());
	}
	return 0;
}

int csum_version_knows_bits(const struct csum_handlers *handlers, const char *operation, const char *option,
			    unsigned int bits, unsigned int known)
{
	if (!(bits & ~known))
		return 0;
	return csum_report_refusal(handlers, -EINVAL, NULL, "%s: no such bits of %s: 0x%x", operation, option,
				   bits & ~known);
}

int csum_version_knows_value(const struct csum_handlers *handlers, const char *operation, const char *option,
			     unsigned int value, unsigned int last)
{
	if (value <= last)
		return 0;
	return csum_report_refusal(handlers, -EINVAL, NULL, "%s: no such %s: %u", operation, option, value);
}
