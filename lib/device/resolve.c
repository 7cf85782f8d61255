/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a name that the user typed to a path. */
#include "device/resolve.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"

static char *evaluate_with_libblkid(const char *tag, const char *value)
{
	return blkid_evaluate_tag(tag, value, NULL);
}

/* The tag that `name` begins with, or NULL when it is a path. */
static const char *tag_of(const char *name)
{
	static const char *const tags[] = { "PARTUUID", "PARTLABEL", "UUID", "LABEL" };
	size_t length = strcspn(name, "=");

	if (name[length] != '=')
		return NULL;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (strlen(tags[i]) == length && memcmp(tags[i], name, length) == 0)
			return tags[i];
	}
	return NULL;
}

int csum_resolve_name(const struct csum_handlers *handlers, const char *name, csum_evaluate_tag_fn *evaluate,
		      char **path)
{
	const char *tag = tag_of(name);
	const char *value;

	*path = NULL;
	if (!tag) {
		*path = strdup(name);
		if (!*path)
			return csum_report_error(handlers, -ENOMEM, name, "cannot open");
		return 0;
	}
	value = name + strlen(tag) + 1;
	if (!*value)
		return csum_report_refusal(handlers, -EINVAL, name,
					   "the tag has no value; a file of that name is \"./%s\"", name);
	*path = evaluate ? evaluate(tag, value) : evaluate_with_libblkid(tag, value);
	if (!*path)
		return csum_report_refusal(handlers, -ENOENT, name, "no device with this tag: see lsblk -o NAME,%s",
					   tag);
	return 0;
}
