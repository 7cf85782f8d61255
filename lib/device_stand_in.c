/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device_stand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util.h"

/* From each end: the farthest that most look is ZFS, 512 KiB. */
#define ENDS_BYTES (UINT64_C(1) << 20)
/* Read at a time, and lost where one of its sectors cannot be read. */
#define PIECE_BYTES 4096u

bool csum_probe_is_medium_error(int error)
{
	static const int errors[] = { EIO, ENODATA, EREMOTEIO, EILSEQ, ETIMEDOUT, EBADE, ENOLINK, ENOSPC, EUCLEAN };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (error == -errors[i])
			return true;
	}
	return false;
}

/* Copies [from, to), as far as it can be read. */
static int copy(int descriptor, int stand_in, uint64_t from, uint64_t to)
{
	uint8_t piece[PIECE_BYTES];

	for (uint64_t at = from; at < to; at += PIECE_BYTES) {
		ssize_t got = pread(descriptor, piece, (size_t)csum_min_u64(PIECE_BYTES, to - at), (off_t)at);

		/* Memory takes all of it, or has run out. */
		if (got > 0 && !csum_is_zero(piece, (size_t)got) &&
		    pwrite(stand_in, piece, (size_t)got, (off_t)at) != got)
			return -ENOMEM;
	}
	return 0;
}

int csum_probe_stand_in(int descriptor, uint64_t offset_bytes, uint64_t size_bytes)
{
	off_t end = lseek(descriptor, 0, SEEK_END);
	int stand_in, error = 0;
	uint64_t ends;

	if (end < 0)
		return -errno;
	if (offset_bytes > (uint64_t)end)
		return -EINVAL;
	if (size_bytes == 0 || size_bytes > (uint64_t)end - offset_bytes)
		size_bytes = (uint64_t)end - offset_bytes;
	stand_in = memfd_create("csumtool", MFD_CLOEXEC);
	if (stand_in < 0)
		return -errno;
	ends = csum_min_u64(ENDS_BYTES, size_bytes);
	if (ftruncate(stand_in, end) < 0)
		error = -errno;
	if (!error)
		error = copy(descriptor, stand_in, offset_bytes, offset_bytes + ends);
	if (!error)
		error = copy(descriptor, stand_in, offset_bytes + size_bytes - ends, offset_bytes + size_bytes);
	if (error) {
		close(stand_in);
		return error;
	}
	return stand_in;
}
