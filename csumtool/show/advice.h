/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What to do about what the library refuses or leaves, in terms of this program: its options and commands. */
#ifndef CSUMTOOL_SHOW_ADVICE_H
#define CSUMTOOL_SHOW_ADVICE_H

#include "csum.h"

/* The text of a message with the advice for its reason in it, malloc'ed; NULL when there is no memory. */
char *advice_message(const struct csum_message *message);
/* What goes behind csum_finding.how, where the finding was left for that reason; "" for nothing. */
const char *advice_finding(enum csum_reason reason);

#endif
