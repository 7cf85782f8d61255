/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library for LD_PRELOAD: one call of pread, pwrite, fdatasync or fsync of the real program does not end as it
 * should. Only calls on files below CSUM_FAULT_DIRECTORY count, and on the directory itself, as ".". Each has the name
 * "CALL FILE OFFSET SIZE NUMBER", where NUMBER counts the calls that are equal otherwise, from 0 on. So a name does not
 * depend on the order of threads.
 *
 *   CSUM_FAULT_DIRECTORY=PATH  absolute, without links in it
 *   CSUM_FAULT_LOG=FILE        takes the name of each call, and "struck" when the call of CSUM_FAULT came
 *   CSUM_FAULT=CALL FILE OFFSET SIZE NUMBER KIND ERROR BYTES
 *                              the fate of that call, once its first BYTES bytes, and no others, are transferred:
 *                                fail   it ends with ERROR, a number
 *                                short  it ends with BYTES
 *                                kill   SIGKILL
 *
 * Power cuts are not tried here: flushes are counted and not done, so that no test waits for a disk. Clocks stand still
 * and random bytes are always the same, so that the same calls and the same bytes come every time.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_OF_THE_TEST 1700000000
/* At least the largest unit of O_DIRECT. */
#define ALIGNMENT 4096u

enum { PATH_BYTES = 4096, NAME_BYTES = 256, CALLS_MAX = 4096 };

enum kind { KIND_NONE, KIND_FAIL, KIND_SHORT, KIND_KILL };

struct fault {
	enum kind kind;
	int error;
	size_t bytes;
};

typedef ssize_t (*read_call)(int, void *, size_t, off_t);
typedef ssize_t (*write_call)(int, const void *, size_t, off_t);

static struct {
	pthread_once_t once;
	pthread_mutex_t lock;
	read_call pread;
	write_call pwrite;
	int (*fdatasync)(int);
	int (*fsync)(int);
	int (*clock_gettime)(clockid_t, struct timespec *);
	const char *directory;
	int log;
	char struck[NAME_BYTES]; /* name of the call */
	struct fault fault;
	char seen[CALLS_MAX][NAME_BYTES]; /* names of calls so far, without their number */
	size_t seen_count;
} state = { .once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER, .log = -1 };

_Static_assert(sizeof(off_t) == 8, "the program calls pread64");

static void give_up(const char *why)
{
	fprintf(stderr, "preload_fault: %s\n", why);
	_exit(127);
}

/* dlsym() gives functions as object pointers, which POSIX allows and ISO C does not. */
static void find(void *function, const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		give_up(name);
	memcpy(function, &found, sizeof(found));
}

static void parse_fault(const char *text)
{
	char kind[8] = "";
	int name = 0;

	if (sscanf(text, "%*s %*s %*s %*s %*s%n %7s %d %zu", &name, kind, &state.fault.error, &state.fault.bytes) != 3)
		give_up("CSUM_FAULT is wrong");
	snprintf(state.struck, sizeof(state.struck), "%.*s", name, text);
	state.fault.kind = !strcmp(kind, "fail") ? KIND_FAIL : !strcmp(kind, "short") ? KIND_SHORT : KIND_KILL;
}

static void prepare(void)
{
	const char *log = getenv("CSUM_FAULT_LOG"), *fault = getenv("CSUM_FAULT");

	find(&state.pread, "pread64");
	find(&state.pwrite, "pwrite64");
	find(&state.fdatasync, "fdatasync");
	find(&state.fsync, "fsync");
	find(&state.clock_gettime, "clock_gettime");
	state.directory = getenv("CSUM_FAULT_DIRECTORY");
	if (log)
		state.log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fault)
		parse_fault(fault);
}

/* ------------------------------------------------------------------ which call it is */

/* Finds the name of the file in the directory; false for other files. */
static bool watched(int descriptor, char *path, const char **file)
{
	size_t length = state.directory ? strlen(state.directory) : 0;
	char link[64];
	ssize_t got;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
	got = length ? readlink(link, path, PATH_BYTES - 1) : -1;
	if (got < 0)
		return false;
	path[got] = '\0';
	if (strncmp(path, state.directory, length) != 0 || (path[length] && path[length] != '/'))
		return false;
	*file = path[length] ? path + length + 1 : ".";
	return true;
}

static void say(const char *text)
{
	char line[NAME_BYTES + 1];
	int length = snprintf(line, sizeof(line), "%s\n", text);

	if (state.log >= 0 && write(state.log, line, (size_t)length) != length)
		give_up("cannot write to CSUM_FAULT_LOG");
}

/* Gives the call its number. */
static void name_call(char *name)
{
	size_t number = 0, length = strlen(name);

	for (size_t i = 0; i < state.seen_count; i++)
		number += !strcmp(state.seen[i], name);
	if (state.seen_count == CALLS_MAX)
		give_up("too many calls");
	strcpy(state.seen[state.seen_count++], name);
	snprintf(name + length, NAME_BYTES - length, " %zu", number);
}

/* Finds the fate of the call; false when the call does not count. */
static bool meet(const char *call, int descriptor, size_t size, off_t offset, struct fault *fault)
{
	char path[PATH_BYTES], name[NAME_BYTES];
	const char *file;

	pthread_once(&state.once, prepare);
	*fault = (struct fault){ .kind = KIND_NONE };
	if (!watched(descriptor, path, &file))
		return false;
	pthread_mutex_lock(&state.lock);
	snprintf(name, sizeof(name) - 24, "%s %s %lld %zu", call, file, (long long)offset, size);
	name_call(name);
	say(name);
	if (!strcmp(name, state.struck)) {
		*fault = state.fault;
		say("struck");
	}
	pthread_mutex_unlock(&state.lock);
	return true;
}

static ssize_t strike(const struct fault *fault)
{
	switch (fault->kind) {
	case KIND_FAIL:
		errno = fault->error;
		return -1;
	case KIND_KILL:
		kill(getpid(), SIGKILL);
		for (;;)
			pause();
	default:
		return (ssize_t)fault->bytes;
	}
}

/* ------------------------------------------------------------------ the calls */

ssize_t pread(int descriptor, void *buffer, size_t size, off_t offset)
{
	struct fault fault;
	ssize_t done;

	if (!meet("pread", descriptor, size, offset, &fault) || fault.kind == KIND_NONE)
		return state.pread(descriptor, buffer, size, offset);
	/* O_DIRECT cannot transfer a part of a sector: all of it is read, and fewer bytes are reported. */
	done = fault.bytes ? state.pread(descriptor, buffer, size, offset) : 0;
	if (done < 0 || (size_t)done < fault.bytes)
		return done;
	return strike(&fault);
}

/* For the same reason bytes that are not to be written are overwritten with themselves. */
static ssize_t write_part(int descriptor, const void *buffer, size_t size, off_t offset, size_t bytes)
{
	int flags = fcntl(descriptor, F_GETFL);
	void *mixed = NULL;
	ssize_t done;

	if (flags < 0 || !(flags & O_DIRECT))
		return state.pwrite(descriptor, buffer, bytes, offset);
	if (posix_memalign(&mixed, ALIGNMENT, size) != 0)
		give_up("no memory");
	memset(mixed, 0, size);
	/* Behind the end of the file there are no bytes to keep. */
	done = state.pread(descriptor, mixed, size, offset);
	if (done >= 0) {
		memcpy(mixed, buffer, bytes);
		done = state.pwrite(descriptor, mixed, size, offset);
	}
	free(mixed);
	return done;
}

ssize_t pwrite(int descriptor, const void *buffer, size_t size, off_t offset)
{
	struct fault fault;
	ssize_t done = 0;

	if (!meet("pwrite", descriptor, size, offset, &fault) || fault.kind == KIND_NONE)
		return state.pwrite(descriptor, buffer, size, offset);
	if (fault.bytes == size)
		done = state.pwrite(descriptor, buffer, size, offset);
	else if (fault.bytes > 0)
		done = write_part(descriptor, buffer, size, offset, fault.bytes);
	return done < 0 ? done : strike(&fault);
}

static int flush(const char *call, int (*real)(int), int descriptor)
{
	struct fault fault;

	if (!meet(call, descriptor, 0, 0, &fault))
		return real(descriptor);
	return fault.kind == KIND_NONE ? 0 : (int)strike(&fault);
}

int fdatasync(int descriptor)
{
	pthread_once(&state.once, prepare);
	return flush("fdatasync", state.fdatasync, descriptor);
}

int fsync(int descriptor)
{
	pthread_once(&state.once, prepare);
	return flush("fsync", state.fsync, descriptor);
}

/* ------------------------------------------------------------------ the same every time */

time_t time(time_t *result)
{
	if (result)
		*result = SECONDS_OF_THE_TEST;
	return SECONDS_OF_THE_TEST;
}

int clock_gettime(clockid_t clock, struct timespec *result)
{
	pthread_once(&state.once, prepare);
	if (clock != CLOCK_MONOTONIC)
		return state.clock_gettime(clock, result);
	*result = (struct timespec){ .tv_sec = SECONDS_OF_THE_TEST };
	return 0;
}

ssize_t getrandom(void *buffer, size_t size, unsigned int flags)
{
	(void)flags;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)buffer)[i] = (uint8_t)(i * 37 + 11);
	return (ssize_t)size;
}
