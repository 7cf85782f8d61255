/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A FUSE file system of one file that fails as it is told to:
 *
 *   faultfs BACKING MOUNTPOINT
 *
 * MOUNTPOINT/image is BACKING, passed through without a cache of ours or the kernel's. Lines written to
 * MOUNTPOINT/control say what goes wrong, those written later count first:
 *
 *   read|write|flush ERROR [OFFSET LENGTH [TIMES [SKIP]]]
 *         calls that touch these bytes (LENGTH 0, and flush: all) end with ERROR, a name such as EIO; the first
 *         SKIP of them are let pass, then TIMES are hit (-1, and without it: all that follow)
 *   flip OFFSET LENGTH [TIMES [SKIP]]
 *         reads of these bytes arrive with the first of them changed
 *   worn OFFSET LENGTH
 *         reads that touch these bytes end with EIO until they are written, as of a disk that remaps a sector then
 *   gone ERROR OFFSET LENGTH
 *         from the first read that touches these bytes on, every read, write and flush ends with ERROR
 *   die OFFSET LENGTH
 *         with that read the server is gone: it and all that follow end as the kernel has it
 *   delay read|write|flush MILLISECONDS
 *         each takes that much longer
 *   clear
 *         forgets all of it, and sets the counts to 0
 *
 * Reading it gives the numbers of reads, writes and flushes of the image, on one line.
 * The program returns when it is mounted and goes on in the background; fusermount3 -u ends it.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
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
	bool gone; /* the whole device, from then on */
};

enum { FAULTS = 64, LINE = 256 };

static struct {
	int fd;
	pthread_mutex_t lock;
	struct fault faults[FAULTS];
	size_t fault_count;
	int gone_error; /* of every call, or 0 */
	unsigned int delay_ms[CALLS];
	unsigned long calls[CALLS];
} state = { .fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER };

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

static bool is_control(const char *path)
{
	return !strcmp(path, "/control");
}

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

/* Counts a call. 0 or a negative errno; *flip is the offset of a byte to change, or UINT64_MAX. */
static int meet(enum call call, uint64_t offset, uint64_t size, uint64_t *flip)
{
	unsigned int delay;
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
		else
			*flip = fault->offset;
	}
	pthread_mutex_unlock(&state.lock);
	sleep_ms(delay);
	return error;
}

/* What was worn and is written is as good as new. */
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

/* "gone" and "die"; false when the line is none of these. */
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

static int control_line(const char *line)
{
	struct fault fault = { .times = -1 };
	char word[2][16];
	unsigned int delay;
	int fields;

	if (!strcmp(line, "clear")) {
		state.fault_count = 0;
		state.gone_error = 0;
		memset(state.delay_ms, 0, sizeof(state.delay_ms));
		memset(state.calls, 0, sizeof(state.calls));
		return 0;
	}
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
	return fault.error ? add_fault(&fault) : -EINVAL;
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
	length = snprintf(text, sizeof(text), "%lu %lu %lu\n", state.calls[CALL_READ], state.calls[CALL_WRITE],
			  state.calls[CALL_FLUSH]);
	pthread_mutex_unlock(&state.lock);
	if (offset >= length)
		return 0;
	length -= (int)offset;
	if ((size_t)length > size)
		length = (int)size;
	memcpy(buffer, text + offset, (size_t)length);
	return length;
}

/* ------------------------------------------------------------------ file system */

static int fs_getattr(const char *path, struct stat *status, struct fuse_file_info *info)
{
	(void)info;
	if (!strcmp(path, "/image"))
		return fstat(state.fd, status) < 0 ? -errno : 0;
	*status = (struct stat){ .st_uid = getuid(), .st_gid = getgid(), .st_nlink = 1 };
	if (is_control(path))
		status->st_mode = S_IFREG | 0600;
	else if (!strcmp(path, "/"))
		status->st_mode = S_IFDIR | 0700;
	else
		return -ENOENT;
	return 0;
}

static int fs_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info,
		      enum fuse_readdir_flags flags)
{
	static const char *const names[] = { ".", "..", "image", "control" };

	(void)path;
	(void)offset;
	(void)info;
	(void)flags;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fill(buffer, names[i], NULL, 0, (enum fuse_fill_dir_flags)0);
	return 0;
}

static int fs_open(const char *path, struct fuse_file_info *info)
{
	(void)path;
	/* Every call reaches us, whatever the kernel has seen before. */
	info->direct_io = 1;
	return 0;
}

static int fs_truncate(const char *path, off_t size, struct fuse_file_info *info)
{
	(void)info;
	if (is_control(path))
		return 0;
	return ftruncate(state.fd, size) < 0 ? -errno : 0;
}

static int fs_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info)
{
	uint64_t flip;
	ssize_t count;
	int error;

	(void)info;
	if (is_control(path))
		return counts(buffer, size, offset);
	error = meet(CALL_READ, (uint64_t)offset, size, &flip);
	if (error)
		return error;
	count = pread(state.fd, buffer, size, offset);
	if (count < 0)
		return -errno;
	if (flip >= (uint64_t)offset && flip < (uint64_t)offset + (uint64_t)count)
		buffer[flip - (uint64_t)offset] ^= 0x10;
	return (int)count;
}

static int fs_write(const char *path, const char *data, size_t size, off_t offset, struct fuse_file_info *info)
{
	uint64_t flip;
	ssize_t count;
	int error;

	(void)info;
	if (is_control(path))
		return control(data, size);
	error = meet(CALL_WRITE, (uint64_t)offset, size, &flip);
	if (error)
		return error;
	count = pwrite(state.fd, data, size, offset);
	if (count > 0)
		mend((uint64_t)offset, (uint64_t)count);
	return count < 0 ? -errno : (int)count;
}

static int fs_fsync(const char *path, int data_only, struct fuse_file_info *info)
{
	uint64_t flip;

	(void)data_only;
	(void)info;
	/* Nothing here outlives the test: the backing file is not synced. */
	return is_control(path) ? 0 : meet(CALL_FLUSH, 0, 0, &flip);
}

static void *fs_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
	(void)connection;
	config->entry_timeout = 0;
	config->attr_timeout = 0;
	config->negative_timeout = 0;
	config->hard_remove = 1;
	return NULL;
}

static const struct fuse_operations operations = {
	.init = fs_init,
	.getattr = fs_getattr,
	.readdir = fs_readdir,
	.open = fs_open,
	.truncate = fs_truncate,
	.read = fs_read,
	.write = fs_write,
	.fsync = fs_fsync,
};

/* With address sanitizer: libfuse ends its threads where they are, with what they had allocated. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int main(int argc, char **argv)
{
	char *arguments[] = { argv[0], argc == 3 ? argv[2] : NULL, NULL };
	int status;

	if (argc != 3) {
		fprintf(stderr, "usage: faultfs BACKING MOUNTPOINT\n");
		return 16;
	}
	state.fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (state.fd < 0) {
		fprintf(stderr, "faultfs: %s: %s\n", argv[1], strerror(errno));
		return 8;
	}
	status = fuse_main(2, arguments, &operations, NULL);
	close(state.fd);
	return status;
}
