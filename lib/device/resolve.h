/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device that a name on the command line stands for. */
#ifndef CSUM_DEVICE_RESOLVE_H
#define CSUM_DEVICE_RESOLVE_H

#include "csum.h"

/* Resolves NAME=value; returns a malloc'ed path or NULL. blkid_evaluate_tag() in the product. */
typedef char *csum_evaluate_tag_fn(const char *tag, const char *value);

/*
 * The path that `name` stands for: a tag PARTUUID=, PARTLABEL=, UUID= or LABEL= through `evaluate` (NULL:
 * libblkid), anything else is itself a path (a file called "PARTUUID=x" is reached as "./PARTUUID=x").
 * *path is malloc'ed. -ENOENT: no such tag; -EINVAL: an empty value; both reported.
 */
int csum_resolve_name(const struct csum_handlers *handlers, const char *name, csum_evaluate_tag_fn *evaluate,
		      char **path) CSUM_MUST_CHECK;

#endif
