/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CSUMTOOL_CLI_HELP_H
#define CSUMTOOL_CLI_HELP_H

#include <stddef.h>

#include "cli/command.h"

/* Print help on stdout. */
void help_general(const struct command *const *commands, size_t count);
void help_command(const struct command *command);
/* Returns the command whose name is most like `word`; NULL when none is near. */
const struct command *help_suggest(const struct command *const *commands, size_t count, const char *word);

#endif
