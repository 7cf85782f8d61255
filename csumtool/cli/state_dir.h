/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the program keeps what it wants to find again: losing it costs comfort, never a sector. */
#ifndef CSUMTOOL_CLI_STATE_DIR_H
#define CSUMTOOL_CLI_STATE_DIR_H

#include "cli/options.h"

/*
 * The directory of undo files, malloc'ed: --undo-dir where it is given; else "undo" in $STATE_DIRECTORY, as systemd sets
 * it, in /var/lib/csumtool for root, and in $XDG_STATE_HOME/csumtool or ~/.local/state/csumtool for others. "" when none
 * is known; NULL without memory. It need not exist.
 */
char *state_dir_undo(const struct options *options);

#endif
