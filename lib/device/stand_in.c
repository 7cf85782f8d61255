/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/stand_in.h"

#include <errno.h>
#include <stdlib.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/util.h"

/* Copied from each end: of the usual signatures those of ZFS lie farthest inside, 512 KiB. */
#define ENDS_BYTES (UINT64_C(1) << 20)
/* The smallest read: where one sector of it cannot be read, all of it counts as zeros. */
#define PIECE_BYTES 4096u
#define LARGE_PIECE_BYTES (256 * PIECE_BYTES)

bool csum_probe_is_medium_error(int error)
{
	static const int errors[] = { EIO, ENODATA, EREMOTEIO, EILSEQ, ETIMEDOUT, EBADE, ENOLINK, ENOSPC, EUCLEAN };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (error == -errors[i])
			return true;
	}
	return false;
}

/* Copies [from, to), as far as it can be read: in large pieces, and where one fails in smaller ones. */
static int copy(int descriptor, int stand_in, uint64_t from, uint64_t to, size_t piece_bytes)
{
	uint8_t *piece = malloc(piece_bytes);
	int error = piece ? 0 : -ENOMEM;

	for (uint64_t at = from; at < to && !error; at += piece_bytes) {
		size_t wanted = (size_t)csum_min_u64(piece_bytes, to - at);
		ssize_t got = pread(descriptor, piece, wanted, (off_t)at);

		if (got != (ssize_t)wanted && piece_bytes > PIECE_BYTES)
			error = copy(descriptor, stand_in, at, at + wanted, piece_bytes / 16);
		/* A file in memory takes all of a write, or there is no memory left. */
		else if (got > 0 && !csum_is_zero(piece, (size_t)got) &&
			 pwrite(stand_in, piece, (size_t)got, (off_t)at) != got)
			error = -ENOMEM;
	}
	free(piece);
	return error;
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
	stand_in = memfd_create("libcsum", MFD_CLOEXEC);
	if (stand_in < 0)
		return -errno;
	ends = csum_min_u64(ENDS_BYTES, size_bytes);
	if (ftruncate(stand_in, end) < 0)
		error = -errno;
	if (!error)
		error = copy(descriptor, stand_in, offset_bytes, offset_bytes + ends, LARGE_PIECE_BYTES);
	if (!error)
		error = copy(descriptor, stand_in, offset_bytes + size_bytes - ends, offset_bytes + size_bytes,
			     LARGE_PIECE_BYTES);
	if (error) {
		close(stand_in);
		return error;
	}
	return stand_in;
}
