/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The faults of faultfs: the lines of its control file, as faultfs.c describes them, and the choice of the fault that a
 * call meets. This is a header, as each C file beside it is a program of its own.
 */
#ifndef FAULTFS_FAULTS_H
#define FAULTFS_FAULTS_H

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum call { CALL_READ, CALL_WRITE, CALL_FLUSH, CALLS };

static const char *const call_names[CALLS] = { "read", "write", "flush" };

struct fault {
	enum call call;
	uint64_t offset, length;
	long times, skip;
	int error; /* 0: the byte at `offset` is changed */
	bool until_written;
	bool gone; /* the whole device, from the first hit on */
	bool hold; /* the call waits to be let go */
};

enum { FAULTS = 64, LINE = 256 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t let_go;
	unsigned long times_let_go, held; /* calls that are held now */
	struct fault faults[FAULTS];
	size_t fault_count;
	int gone_error; /* the error of every call, or 0 */
	unsigned int delay_ms[CALLS];
	unsigned long calls[CALLS];
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .let_go = PTHREAD_COND_INITIALIZER };

static const struct {
	const char *name;
	int error;
} errors[] = {
	{ "EIO", EIO },
	{ "ENOSPC", ENOSPC },
	{ "ENODEV", ENODEV },
	{ "ENXIO", ENXIO },
	{ "ENOTCONN", ENOTCONN },
	{ "ESTALE", ESTALE },
	{ "EROFS", EROFS },
	{ "EDQUOT", EDQUOT },
	{ "EFBIG", EFBIG },
	{ "ETIMEDOUT", ETIMEDOUT },
	{ "EINTR", EINTR },
	{ "EACCES", EACCES },
	{ "EBADMSG", EBADMSG },
	{ "ENOMEM", ENOMEM },
	{ "EREMOTEIO", EREMOTEIO },
	{ "ENODATA", ENODATA },
	{ "EILSEQ", EILSEQ },
	{ "EBADE", EBADE },
	{ "ENOLINK", ENOLINK },
	{ "EUCLEAN", EUCLEAN },
	{ "ECANCELED", ECANCELED },
};

/* ------------------------------------------------------------------ faults */

static bool touches(const struct fault *fault, uint64_t offset, uint64_t size)
{
	if (!fault->length || fault->call == CALL_FLUSH)
		return true;
	return offset < fault->offset + fault->length && fault->offset < offset + size;
}

static bool strikes(struct fault *fault)
{
	if (fault->skip) {
		fault->skip--;
		return false;
	}
	if (!fault->times)
		return false;
	if (fault->times > 0)
		fault->times--;
	return true;
}

static void sleep_ms(unsigned int milliseconds)
{
	struct timespec time = { .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L };

	while (milliseconds && nanosleep(&time, &time) < 0)
		;
}

/* Called with the lock held; others get it during the wait. */
static void wait_to_be_let_go(void)
{
	unsigned long before = state.times_let_go;

	state.held++;
	while (state.times_let_go == before)
		pthread_cond_wait(&state.let_go, &state.lock);
}

static void let_go(void)
{
	state.times_let_go++;
	state.held = 0;
	pthread_cond_broadcast(&state.let_go);
}

/* Counts a call. 0 or a negative errno; *flip is the offset of a byte to change, or UINT64_MAX. */
static int meet(enum call call, uint64_t offset, uint64_t size, uint64_t *flip)
{
	unsigned int delay;
	bool hold = false;
	int error;

	*flip = UINT64_MAX;
	pthread_mutex_lock(&state.lock);
	error = -state.gone_error;
	state.calls[call]++;
	delay = state.delay_ms[call];
	for (size_t i = state.fault_count; i-- > 0 && !error;) {
		struct fault *fault = &state.faults[i];

		if (fault->call != call || !touches(fault, offset, size) || !strikes(fault))
			continue;
		if (fault->gone && !fault->error)
			_exit(0);
		if (fault->gone)
			state.gone_error = fault->error;
		if (fault->error)
			error = -fault->error;
		else if (fault->hold)
			hold = true;
		else
			*flip = fault->offset;
	}
	if (hold)
		wait_to_be_let_go();
	pthread_mutex_unlock(&state.lock);
	sleep_ms(delay);
	return error;
}

/* Worn bytes that are written become readable. */
static void mend(uint64_t offset, uint64_t size)
{
	pthread_mutex_lock(&state.lock);
	for (size_t i = 0; i < state.fault_count; i++) {
		struct fault *fault = &state.faults[i];

		if (fault->until_written && fault->offset >= offset && fault->offset + fault->length <= offset + size)
			fault->times = 0;
	}
	pthread_mutex_unlock(&state.lock);
}

/* ------------------------------------------------------------------ control */

static int parse_call(const char *name, enum call *call)
{
	for (int i = 0; i < CALLS; i++) {
		if (strcmp(name, call_names[i]))
			continue;
		*call = (enum call)i;
		return 0;
	}
	return -EINVAL;
}

static int parse_error(const char *name)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (!strcmp(name, errors[i].name))
			return errors[i].error;
	}
	return 0;
}

static int add_fault(const struct fault *fault)
{
	if (state.fault_count == FAULTS)
		return -ENOSPC;
	state.faults[state.fault_count++] = *fault;
	return 0;
}

/* Parses "gone" and "die"; false when the line is neither. */
static bool parse_gone(const char *line, struct fault *fault)
{
	char name[16];

	fault->gone = true;
	if (sscanf(line, "die %" SCNu64 " %" SCNu64, &fault->offset, &fault->length) == 2)
		return true;
	if (sscanf(line, "gone %15s %" SCNu64 " %" SCNu64, name, &fault->offset, &fault->length) == 3)
		fault->error = parse_error(name);
	fault->gone = fault->error != 0;
	return fault->gone;
}

/* Obeys "clear" and "let go"; false when the line is neither. */
static bool obey(const char *line)
{
	bool clear = !strcmp(line, "clear");

	if (!clear && strcmp(line, "let go"))
		return false;
	if (clear) {
		state.fault_count = 0;
		state.gone_error = 0;
		memset(state.delay_ms, 0, sizeof(state.delay_ms));
		memset(state.calls, 0, sizeof(state.calls));
	}
	let_go();
	return true;
}

static int control_line(const char *line)
{
	struct fault fault = { .times = -1 };
	char word[2][16];
	unsigned int delay;
	int fields;

	if (obey(line))
		return 0;
	if (sscanf(line, "delay %15s %u", word[0], &delay) == 2) {
		if (parse_call(word[0], &fault.call))
			return -EINVAL;
		state.delay_ms[fault.call] = delay;
		return 0;
	}
	if (sscanf(line, "flip %" SCNu64 " %" SCNu64 " %ld %ld", &fault.offset, &fault.length, &fault.times,
		   &fault.skip) >= 2) {
		fault.call = CALL_READ;
		return add_fault(&fault);
	}
	if (sscanf(line, "worn %" SCNu64 " %" SCNu64, &fault.offset, &fault.length) == 2) {
		fault.error = EIO;
		fault.until_written = true;
		return add_fault(&fault);
	}
	if (parse_gone(line, &fault))
		return add_fault(&fault);
	fields = sscanf(line, "%15s %15s %" SCNu64 " %" SCNu64 " %ld %ld", word[0], word[1], &fault.offset,
			&fault.length, &fault.times, &fault.skip);
	if (fields < 2 || fields == 3 || parse_call(word[0], &fault.call))
		return -EINVAL;
	fault.error = parse_error(word[1]);
	fault.hold = !strcmp(word[1], "hold");
	return fault.error || fault.hold ? add_fault(&fault) : -EINVAL;
}

static int control(const char *data, size_t size)
{
	char text[LINE * 16], *rest = NULL;
	int error = 0;

	if (size >= sizeof(text))
		return -EFBIG;
	memcpy(text, data, size);
	text[size] = '\0';
	pthread_mutex_lock(&state.lock);
	for (char *line = strtok_r(text, "\n", &rest); line && !error; line = strtok_r(NULL, "\n", &rest))
		error = control_line(line);
	pthread_mutex_unlock(&state.lock);
	return error ? error : (int)size;
}

static int counts(char *buffer, size_t size, off_t offset)
{
	char text[LINE];
	int length;

	pthread_mutex_lock(&state.lock);
	length = snprintf(text, sizeof(text), "%lu %lu %lu %lu\n", state.calls[CALL_READ], state.calls[CALL_WRITE],
			  state.calls[CALL_FLUSH], state.held);
	pthread_mutex_unlock(&state.lock);
	if (offset >= length)
		return 0;
	length -= (int)offset;
	if ((size_t)length > size)
		length = (int)size;
	memcpy(buffer, text + offset, (size_t)length);
	return length;
}

#endif
