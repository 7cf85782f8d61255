/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "simneeded.h"

const struct sim_excuse sim_excuses[] = {
	{ "", SIM_FAITHFUL, 0, "" },
};

const size_t sim_excuse_count = sizeof(sim_excuses) / sizeof(*sim_excuses);
