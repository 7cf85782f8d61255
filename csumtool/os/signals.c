/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

/*
 * A second signal means "at once", unless it came together with the first: timeout(1) sends its signal to the process
 * and to its group, and a shell sends SIGHUP twice in a similar way.
 */
#define SECOND_AFTER_MS 1000

static volatile sig_atomic_t pending;
static int status_at_once; /* the exit status of an end without delay */
static int64_t first_ms; /* when the first signal came; written before `pending` */
/*
 * A pipe that is readable once a signal came. A flag and EINTR alone would not do: the signal may reach a thread of the
 * library, or come just before a read(2) that then blocks.
 */
static int wake[2] = { -1, -1 };

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	if (pending) {
		if (now_ms() - first_ms >= SECOND_AFTER_MS)
			_exit(status_at_once);
		errno = saved;
		return;
	}
	first_ms = now_ms();
	pending = 1;
	/* The pipe is empty, so this write neither blocks nor falls short. */
	if (write(wake[1], "", 1) < 0)
		_exit(status_at_once);
	errno = saved;
}

int signals_install(int status)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old;

	status_at_once = status;
	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(&action.sa_mask, numbers[i]);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		/* nohup and a shell's background job ignore a signal on purpose. */
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		if (sigaction(numbers[i], &action, NULL) < 0)
			return -errno;
	}
	/*
	 * A closed pipe and a limit on the size of files are to appear as errors of the write that meets them. SIGUSR1,
	 * at which dd shows its progress, must not kill.
	 */
	return sigaction(SIGPIPE, &ignore, NULL) < 0 || sigaction(SIGXFSZ, &ignore, NULL) < 0 ||
			       sigaction(SIGUSR1, &ignore, NULL) < 0 ?
		       -errno :
		       0;
}

bool signals_pending(void)
{
	return pending;
}

int signals_wait(int fd, short events)
{
	struct pollfd fds[2] = {
		{ .fd = wake[0], .events = POLLIN },
		{ .fd = fd, .events = events },
	};

	while (!pending) {
		int ready = poll(fds, 2, -1);

		/* An error that poll(2) cannot report is found by the read or write itself. */
		if (ready < 0 && errno != EINTR)
			return 0;
		if (ready > 0 && fds[1].revents && !fds[0].revents)
			return 0;
	}
	return -EINTR;
}
