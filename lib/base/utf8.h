/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text as UTF-8 (RFC 3629), whatever the locale. */
#ifndef CSUM_BASE_UTF8_H
#define CSUM_BASE_UTF8_H

#include <stdbool.h>

/* Whether all of the text is UTF-8: no sequence is cut short, longer than needed, a surrogate or beyond U+10FFFF. */
bool csum_utf8_valid(const char *text);

#endif
