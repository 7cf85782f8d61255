/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Undo files: the bytes that a scrub overwrites, on stable storage before it does. (format.md: Undo file; protocol.md:
 * Undo)
 *
 *   save.c             making one, in the course of a scrub
 *   read.c             reading one, record by record, none of it trusted
 *   directory.c        the files of a volume in a directory, and their chain
 *   apply.c            csum_undo(): putting back the bytes of one
 */
#ifndef CSUM_UNDO_H
#define CSUM_UNDO_H

#include "ondisk/undofile.h"
#include "volume/volume.h"

/* ---- save.c */

struct csum_undo_file;

/*
 * Creates a file, durable with its name: `path`, or where that is NULL a name of the volume's own in `directory`, which
 * is made where it is missing. The file before it in the chain is the one that the volume names. Failures, also later
 * ones of the file, are reported to `handlers`, which is borrowed: -EEXIST when there is such a file; -EINVAL when it
 * would lie on the volume's own device; errors of the file system. *file is NULL then.
 */
int csum_undo_create(const struct csum_volume *volume, const struct csum_handlers *handlers, const char *path,
		     const char *directory, struct csum_undo_file **file) CSUM_MUST_CHECK;

/*
 * Records the bytes that the requests, all of them writes, are about to overwrite; durable on return. After a failure
 * of the file, csum_undo_broken(), it keeps the records that were durable before, and takes no more. The one other
 * error is a device that vanished, reported to the volume's own handlers.
 */
int csum_undo_save(struct csum_undo_file *file, const struct csum_io_request *requests, size_t count) CSUM_MUST_CHECK;
bool csum_undo_broken(const struct csum_undo_file *file);

const uint8_t *csum_undo_id(const struct csum_undo_file *file);
const char *csum_undo_path(const struct csum_undo_file *file);
uint64_t csum_undo_records(const struct csum_undo_file *file);
/* Records of data sectors. */
uint64_t csum_undo_sectors(const struct csum_undo_file *file);

/*
 * Ends and closes the file. A file without records is removed, unless it is named: the volume has its id. NULL is
 * allowed. An error is reported, but the saved records stay saved.
 */
int csum_undo_close(struct csum_undo_file *file, bool named) CSUM_MUST_CHECK;

/* ---- read.c */

/* Checked when it is decoded. In a file of version 1 id, previous, session and time are zeros. */
struct csum_undo_head {
	uint32_t version;
	uint8_t id[CSUM_UNDO_ID_SIZE], previous[CSUM_UNDO_ID_SIZE];
	uint64_t session, time;
};

/* Decodes the first bytes of a file. NULL, or why they are not the head of an undo file of that volume. */
const char *csum_undo_decode_head(const struct csum_volume *volume, const void *bytes, size_t size,
				  struct csum_undo_head *head);

struct csum_undo_record {
	enum csum_undo_kind kind;
	uint32_t size, flags;
	uint64_t place, new_entry;
	uint32_t new_crc;
	const uint8_t *old; /* size bytes, zeros where there are none; until the next record is read */
};

/* A file being read. No content of it makes memory large, and a file that changes meanwhile is an error. */
struct csum_undo_reader {
	const struct csum_volume *volume;
	const char *path; /* borrowed */
	int descriptor;
	struct csum_undo_head head;
	uint64_t size_bytes, at; /* of the file; where the next record is to begin */
	uint64_t records, sectors; /* read so far; those of data sectors */
	bool complete; /* the record that ends the file has been read */
	uint8_t *buffer;
};

/* Opens and checks the head. Errors are reported: -EINVAL not an undo file of the volume. */
int csum_undo_reader_open(const struct csum_volume *volume, const char *path,
			  struct csum_undo_reader *reader) CSUM_MUST_CHECK;
void csum_undo_reader_close(struct csum_undo_reader *reader);
void csum_undo_reader_rewind(struct csum_undo_reader *reader);
/* Reads the next record; *found: there was another sound one. Errors of reading are reported. */
int csum_undo_reader_next(struct csum_undo_reader *reader, struct csum_undo_record *record,
			  bool *found) CSUM_MUST_CHECK;
/* Counts the records: by the end of a complete file, else by reading all of them. The file need not be sound. */
int csum_undo_reader_count(struct csum_undo_reader *reader) CSUM_MUST_CHECK;
/*
 * To be called where the records end: -EBADMSG, reported, when records that were durable once follow behind, so that
 * the file is damaged and not cut short.
 */
int csum_undo_reader_check_end(struct csum_undo_reader *reader) CSUM_MUST_CHECK;

/* ---- directory.c */

/* So many of the newest files of a volume are kept. */
#define CSUM_UNDO_KEPT 10u

/* Creates a file with a name of the volume's in the directory. Errors are reported; *path is malloc'ed. */
int csum_undo_directory_create(const struct csum_volume *volume, const struct csum_handlers *handlers,
			       const char *directory, char **path, int *descriptor) CSUM_MUST_CHECK;

/* Removes the oldest of the volume's files until CSUM_UNDO_KEPT are left, not the one of that id. */
void csum_undo_directory_prune(const struct csum_volume *volume, const char *directory, const uint8_t *id);

/* Whether an older build, which keeps no track of undo files, wrote since the volume named one. */
bool csum_undo_is_void(const struct csum_volume *volume);

/*
 * The path, malloc'ed, of the file that the volume names, or NULL. *in_chain: whether `older` is known to be the id of
 * a file that comes before it.
 */
char *csum_undo_directory_newest(const struct csum_volume *volume, const char *directory, const uint8_t *older,
				 bool *in_chain);

#endif
