/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory where the program keeps files that it wants to find again: losing them costs comfort, never a sector.
 */
#ifndef CSUMTOOL_CLI_STATE_DIR_H
#define CSUMTOOL_CLI_STATE_DIR_H

#include "cli/options.h"

/*
 * Returns the directory of undo files, malloc'ed: --undo-dir where it is given; else "undo" in $STATE_DIRECTORY, which
 * systemd sets, in /var/lib/csumtool for root, and in $XDG_STATE_HOME/csumtool or ~/.local/state/csumtool for other
 * users. "" when none is known; NULL without memory. The directory need not exist.
 */
char *state_dir_undo(const struct options *options);

#endif
