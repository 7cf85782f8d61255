/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/help.h"
#include "os/signals.h"

static const struct command *const commands[] = {
	&command_format, &command_info, &command_write,	  &command_read,     &command_check,
	&command_scrub,	 &command_undo, &command_discard, &command_dump_imd, &command_superblock,
};
static const size_t command_count = sizeof(commands) / sizeof(commands[0]);

/*
 * If the caller had closed standard output, the volume would become file descriptor 1, and output would be written over
 * it. So stand-ins take the standard descriptors that are closed; they fail every use.
 */
static int occupy_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return -EBADF;
	}
	return 0;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < command_count; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

/* Whether a word of short options has -J, before any letter that takes the rest of the word for its value. */
static bool has_json_letter(const char *word)
{
	if (word[0] != '-' || word[1] == '-')
		return false;
	word += 1 + strcspn(word + 1, "JscKLUmolg");
	return *word == 'J';
}

/* Whether --json is among the arguments, even where the command line as a whole is wrong. */
static bool asks_for_json(int argc, const char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--json") || has_json_letter(argv[i]))
			return true;
	}
	return false;
}

static int run_command(struct report *report, const struct command *command, int argc, const char **argv)
{
	struct options options;
	int status;

	report->command = command->name;
	status = options_parse(report, command, argc, argv, &options);
	if (status)
		report->json = asks_for_json(argc, argv);
	else if (options.given[OPT_HELP])
		help_command(command);
	else if (options.given[OPT_VERSION])
		printf("csumtool %s\n", csum_version());
	else
		status = command->run(report, &options);
	/* A command prints its summary itself, unless its command line was refused. */
	if (status == STATUS_USAGE)
		status = report_summary(report, NULL, status);
	report->volume = NULL;
	options_free(&options);
	return status;
}

static int no_command(struct report *report, const char *word)
{
	const struct command *near;

	if (word[0] == '-')
		return report_usage(report, "%s: there is no such option before a command", word);
	near = help_suggest(commands, command_count, word);
	if (near)
		return report_usage(report, "there is no command '%s'; did you mean '%s'?", word, near->name);
	return report_usage(report, "there is no command '%s'", word);
}

static int run(struct report *report, int argc, const char **argv)
{
	const struct command *command;

	if (argc < 2)
		return report_usage(report, "a command is missing");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		help_general(commands, command_count);
		return 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("csumtool %s\n", csum_version());
		return 0;
	}
	command = find_command(argv[1]);
	return command ? run_command(report, command, argc - 1, argv + 1) : no_command(report, argv[1]);
}

int main(int argc, char **argv)
{
	struct report report;
	int error = occupy_standard_streams();

	report_init(&report);
	if (!error)
		error = signals_install(STATUS_CANCELLED);
	if (error) {
		report_error(&report, "cannot start: %s", strerror(-error));
		return STATUS_FAILED;
	}
	return report_end(&report, run(&report, argc, (const char **)argv));
}
