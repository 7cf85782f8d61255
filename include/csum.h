/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcsum: volumes with per-sector checksums and crash-consistent updates.
 *
 * This is the whole public interface. Conventions, unless a function says otherwise:
 *
 * - Functions return 0 or a negative errno value. Beside the errors of the system calls:
 *     -EBADMSG    stored data or metadata fails verification, and the operation needs it
 *     -ECANCELED  csum_handlers.cancelled answered true (not reported); the volume was left consistent, and
 *                 clean unless its recovery was cancelled
 *     -EINVAL     the volume or a parameter is not what the format allows
 *     -EBUSY      the volume is in use
 *     -EPERM      what others wrote, or may have, would be overwritten: csum_open_options.allow
 *   EBADMSG, ECANCELED, ENODATA and ENOSPC have the meanings given here and at functions, and no other: a device or
 *   file that fails with one of them gives -EIO.
 *   Every other failure is reported once through csum_handlers.message before the function returns.
 * - A verdict about stored data is not an error: it arrives through the finding callback.
 * - Offsets and lengths are bytes of data space unless their name says "device" or "sector". Sectors are counted from 0
 *   in data space, groups and clusters from 0 on the volume. A range may have any alignment.
 * - Pointers are not NULL unless the comment says that they may be. Strings and options that a caller hands in, and all
 *   that they point to, are not used after the function has returned, not even by csum_format_run(). Arguments of a
 *   callback are valid until it returns. Every text ends with NUL. Names returned by csum_..._name() are static, and
 *   NULL for a value that is not in the enum.
 * - Pointers that a failed function gives out are NULL.
 * - An entry is the value that an imd sector holds for a data sector: its checksum, or 0: it is unwritten, 1: it is bad
 *   (doc/format.md: Entry).
 * - Durable bytes were written and flushed: a power cut leaves them. A function that writes says which are durable.
 * - Structs that the caller makes, of options and of results, end with reserved room, so that their size stays when
 *   they get new fields. Options begin as zero, { 0 } or designated initializers; a new option that is zero leaves
 *   everything as it was in older versions. An option, a handler, a value of an enum or a bit that the running library
 *   does not have is refused with -EINVAL, never ignored, before anything is written.
 * - Structs that the library hands to a callback may grow at their end; those in an array or in another struct do not.
 * - Callbacks run in the thread that called the library, and begin nothing else on the volume.
 * - One volume is used by one thread at a time.
 * - After a failed write or flush a volume stays failed: only csum_volume_close() is of use, and the
 *   superblock on the device says "active".
 */
#ifndef CSUM_H
#define CSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The version; it is defined nowhere else. While the major number is 0 a new minor one may change the interface;
 * patches never do.
 */
#define CSUM_VERSION_MAJOR 0
#define CSUM_VERSION_MINOR 2
#define CSUM_VERSION_PATCH 0

#define CSUM_MUST_CHECK __attribute__((warn_unused_result))
/* The library is compiled with hidden symbols: only those with this mark leave it. lib/libcsum.map lists them, too. */
#define CSUM_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* "MAJOR.MINOR.PATCH" of the library that is running, which may be newer than this header. Static; never fails. */
CSUM_API const char *csum_version(void);

/* Sizes in bytes of a UUID; of a label with its NUL; of the data device's identity with its NUL. */
#define CSUM_UUID_SIZE 16
#define CSUM_LABEL_SIZE 33
#define CSUM_IDENTITY_SIZE 65
#define CSUM_INTERLEAVE_MAX 65536u
/* Reserved places in each struct that a caller makes; fields of later versions take some of them. */
#define CSUM_RESERVED 8
/* Length that means "to the end": of the data space, or of an input of unknown length. */
#define CSUM_TO_END UINT64_MAX

enum csum_severity {
	CSUM_ERROR, /* why a function is about to fail */
	CSUM_WARNING, /* the operation goes on, but the user should know */
	CSUM_NOTE, /* a detail, for users who asked for details */
};

/*
 * Why something was refused or left, where a program can tell its user what to do about it: by which of its own options
 * or commands, only the program knows, so the library's texts name none. Later versions may have more reasons; one that
 * the program does not know is as good as CSUM_REASON_NONE.
 */
enum csum_reason {
	CSUM_REASON_NONE, /* there is nothing to advise beyond the text */
	/* Devices. */
	CSUM_REASON_IN_USE, /* mounted or attached, so not read; csum_open_options.force reads it */
	CSUM_REASON_LOCKED, /* another process has it, and wait_ms was 0 */
	CSUM_REASON_DEVICE_GONE, /* it vanished while it was read or written */
	/* Opening. */
	CSUM_REASON_METADATA_ALONE, /* metadata of an external volume, whose data device was not named */
	CSUM_REASON_DATA_MISSING, /* csum_dump(): the same, and the data was to be read */
	CSUM_REASON_NOT_EXTERNAL, /* named as a metadata device, but it has a volume with its data */
	CSUM_REASON_JOURNAL_UNREADABLE, /* not opened for CSUM_WRITE: an interrupted write may need the journal */
	CSUM_REASON_SLOTS_INVALID, /* not opened for CSUM_WRITE: of the superblocks only C is left; a scrub restores A and B */
	CSUM_REASON_RECOVERY_INCOMPLETE, /* opening for CSUM_WRITE left groups with bad sectors, which are for a scrub */
	/* What others wrote, or may have: not opened for CSUM_WRITE or CSUM_REPAIR without the bit of enum csum_allow. */
	CSUM_REASON_FOREIGN, /* CSUM_ALLOW_FOREIGN; or csum_erase_run(), where the device is no volume any more */
	CSUM_REASON_OTHER_DEVICE, /* CSUM_ALLOW_IDENTITY: by its identity it is not the data device */
	CSUM_REASON_OTHER_DATA, /* CSUM_ALLOW_IDENTITY: by its content it is not the data of this metadata */
	CSUM_REASON_REWRITTEN, /* CSUM_ALLOW_REWRITTEN: the data was written by others */
	/* Formatting, refused without csum_format_options.force. */
	CSUM_REASON_NOT_BLANK, /* there is something on the device that the metadata goes to */
	CSUM_REASON_DATA_NOT_BLANK, /* there is something on the data device, which will read as zeros */
	CSUM_REASON_DATA_HOLDS_VOLUME, /* there is a volume on the data device; it takes csum_format_options.wipe as well */
	CSUM_REASON_SECTORS_BELOW_PHYSICAL, /* several sectors lie in one of the device's physical sectors */
	CSUM_REASON_NOT_ALIGNED, /* the device does not begin where a physical sector does */
	CSUM_REASON_SECTORS_ABOVE_512, /* a warning: the device's physical sectors have 512 bytes, the volume's more */
	/* Writing. */
	CSUM_REASON_BAD_IN_PART, /* a bad sector would be changed in part only */
	CSUM_REASON_GROUP_LOST, /* part of a group would be changed that has lost its imd; all of it can be written or discarded */
	CSUM_REASON_WRITTEN_BAD, /* csum_write_options.verify: it was written, and is bad */
	/* Warnings of a scrub: parts of an interrupted update, or all bad data, were left. */
	CSUM_REASON_UNREAD_JOURNAL, /* the journal cannot be read; CSUM_ALLOW_UNREAD gives up what it may hold */
	CSUM_REASON_UNREAD_SECTOR, /* a data sector cannot be read; a replica may have it, CSUM_ALLOW_UNREAD gives it up */
	CSUM_REASON_UNREAD_IMD, /* an imd copy cannot be read; likewise */
	CSUM_REASON_OUT_OF_TIME, /* time_limit_seconds ended the search for contents elsewhere on the volume */
	CSUM_REASON_SEARCH_FULL, /* more contents were missing than one scrub looks for */
	CSUM_REASON_UNDO_UNKEPT, /* there is no undo file in undo_directory, or it cannot be written */
	CSUM_REASON_UNDO_UNNAMED, /* the superblock cannot be written that would name the undo file */
	/* Undoing. */
	CSUM_REASON_UNDO_MISSING, /* the undo file that the volume names is not in the directory */
	CSUM_REASON_UNDO_NEWEST_UNKNOWN, /* a build that names no undo file has written the volume since */
	CSUM_REASON_UNDO_VERSION_1, /* a file that does not say of which scrub it is; csum_undo_options.force takes it */
	CSUM_REASON_UNDO_LAST_UNKNOWN, /* as UNDO_NEWEST_UNKNOWN, of a file that was named; likewise */
	CSUM_REASONS /* how many there are */
};

/* What the library tells its caller; pointers are valid during the call. */
struct csum_message {
	enum csum_severity severity;
	enum csum_reason reason;
	int error; /* the negative errno that a call or a device failed with; 0: none did, the library itself says so */
	const char *device; /* the device or file that it is about; NULL: none, or one that the text names by itself */
	const char *text; /* "DEVICE: what is wrong: strerror(-error)", no newline, for people: its words may change */
};

/* The library calls these to talk to its caller. Any function pointer may be NULL. */
struct csum_handlers {
	void *user; /* handed to both functions; may be NULL */
	void (*message)(void *user, const struct csum_message *message);
	/* Asked at safe points, several times a second; true ends the operation with -ECANCELED. */
	bool (*cancelled)(void *user);
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

enum csum_checksum_type {
	CSUM_CRC32 = 1, /* zlib's CRC-32 */
	CSUM_CRC32C = 2, /* Castagnoli's, used by iSCSI and ext4 */
	CSUM_CRC64 = 3, /* CRC-64/XZ */
};

/* Returns "crc32", "crc32c" or "crc64"; NULL for another value. */
CSUM_API const char *csum_checksum_name(enum csum_checksum_type type);
/* Finds the type of that name; -EINVAL (nothing reported) for another name. */
CSUM_API int csum_checksum_by_name(const char *name, enum csum_checksum_type *type) CSUM_MUST_CHECK;

/* The places of sectors. All counts are of this volume; derived from the superblock and checked. */
struct csum_geometry {
	uint32_t sector_size; /* bytes: 512 or 4096 */
	uint32_t interleave; /* groups of a cluster, 1 ... CSUM_INTERLEAVE_MAX */
	uint32_t sectors_per_group; /* data sectors that one imd sector describes: 62 or 510 */
	bool external; /* metadata on a device of its own */
	uint64_t data_sectors; /* of the data space; at least 1 */
	uint64_t groups; /* each has two copies of its imd sector; the last may describe fewer data sectors */
	uint64_t clusters; /* the last cluster may have fewer groups */
	uint64_t metadata_device_bytes; /* the area that the layout uses: offset 104, superblock */
	uint64_t data_device_bytes; /* external: offset 112, superblock; internal: 0 */
};

/* ------------------------------------------------------------------ opening */

/* Refusals that protect data of others, and that the user may lift; bits of csum_open_options.allow. */
enum csum_allow {
	CSUM_ALLOW_FOREIGN = 1, /* a signature outside the data space that is not the volume's */
	CSUM_ALLOW_IDENTITY = 2, /* a data device other than the one recorded, or data that is not this volume's */
	CSUM_ALLOW_REWRITTEN = 4, /* data that others wrote, or may have; a scrub puts the recorded content back */
	/* a scrub gives up the content of unreadable places: an interrupted sector, its metadata, the journal */
	CSUM_ALLOW_UNREAD = 8,
	CSUM_ALLOW_ALL = 15,
};

/* The use that a volume is opened for. */
enum csum_access {
	CSUM_READ, /* beside other readers and a scrub; nothing is written */
	/*
	 * Reading without a lock and without waiting. Good for csum_volume_get_info() and csum_volume_close() only, as
	 * others may be writing.
	 */
	CSUM_LOOK,
	CSUM_WRITE, /* exclusive; the volume is recovered when it is active */
	/*
	 * For csum_scrub(), to which recovery and all repairs are left: nothing is written until then. Others may read
	 * meanwhile, but neither write nor scrub. Such a volume is good for csum_volume_get_info(),
	 * csum_volume_data_bytes(), csum_scrub() and csum_volume_close() only.
	 */
	CSUM_REPAIR,
};

struct csum_open_options {
	enum csum_access access;
	bool force; /* CSUM_READ and CSUM_LOOK: go on although the device is mounted or attached */
	unsigned int allow; /* CSUM_WRITE and CSUM_REPAIR: bits of enum csum_allow */
	int64_t wait_ms; /* milliseconds to wait for a lock of another process; 0 not at all, -1 no limit */
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

/* An open volume; made by csum_volume_open(), ended by csum_volume_close(). */
struct csum_volume;

/*
 * Opens the volume on `data` (a path, or a tag such as PARTUUID=...), with its metadata on `metadata` or, when that is
 * NULL, on the same device.
 *
 * Opening for writing flushes the devices before it reads them, asks whether the data belongs to this metadata and was
 * not written by others (doc/format.md: Identity), rewrites an invalid superblock slot and recovers an active volume;
 * all of that is durable on return. Opening for reading writes nothing.
 * Errors: -EINVAL not a volume or refused, -ENOTSUP of a later version, -EPERM not to be written without `allow`,
 * -EBUSY in use, -EBADMSG recovery needs a repair, -ECANCELED, and those of open(2) and I/O. On error *volume is NULL.
 * The caller ends the volume with csum_volume_close().
 * handlers is copied; the object that its user pointer names must outlive the volume.
 * The library has no thread on return; the first reading or writing starts some. So a server may open, fork, and go on
 * with the volume in the child, if the parent no longer uses the volume (and ends with _exit(2)).
 */
CSUM_API int csum_volume_open(const struct csum_handlers *handlers, const char *data, const char *metadata,
			      const struct csum_open_options *options, struct csum_volume **volume) CSUM_MUST_CHECK;

/*
 * Releases the volume; NULL is allowed. Returns the first error of closing a written device: then nothing may be taken
 * as durable. Everything is released in any case.
 */
CSUM_API int csum_volume_close(struct csum_volume *volume) CSUM_MUST_CHECK;

enum csum_state {
	CSUM_CLEAN,
	CSUM_ACTIVE, /* a writer is at work or was interrupted */
	CSUM_UNKNOWN, /* superblock slots A and B are both invalid: treated as active */
};

enum csum_slot {
	CSUM_SLOT_A,
	CSUM_SLOT_B,
	CSUM_SLOT_C, /* the backup: static fields only */
	CSUM_SLOTS
};

/* Whether another process is changing the volume at the moment. */
enum csum_at_work {
	CSUM_NOBODY_AT_WORK,
	CSUM_SCRUB_AT_WORK,
	CSUM_WRITER_AT_WORK,
};

struct csum_scrub_totals {
	uint64_t verified, unwritten, repaired, left_bad; /* data sectors */
	uint64_t imd_repaired; /* imd sectors */
};

/* A scrub of the whole volume, as recorded in the superblock; all zero: there was none. */
struct csum_scrub_record {
	uint64_t started, ended; /* seconds since 1970; 0: there was none, or it has not ended */
	uint64_t next_group; /* where an unfinished scrub goes on */
	struct csum_scrub_totals totals;
};

/* For a volume with a plain file as its data device: whether the file is as this program left it. */
enum csum_data_file {
	CSUM_DATA_FILE_NONE, /* data is on a block device, or beside its metadata */
	CSUM_DATA_FILE_UNKNOWN, /* no time is recorded, or none that is evidence */
	CSUM_DATA_FILE_SAME, /* modification time and size are those of our last close */
	CSUM_DATA_FILE_CHANGED, /* they are not: others wrote the file, or it is a copy made without its times */
};

/* The data that is not repaired until it is settled that others did not write it. */
enum csum_held {
	CSUM_NOT_HELD,
	CSUM_HELD_ALL, /* data was rewritten by others */
	CSUM_HELD_UNCOVERED, /* undecided: all data outside file systems that vouch for it */
};

struct csum_volume_info {
	struct csum_geometry geometry;
	enum csum_checksum_type checksum_type;
	uint16_t version_major, version_minor; /* of the format on disk (doc/format.md) */
	uint8_t uuid[CSUM_UUID_SIZE];
	char label[CSUM_LABEL_SIZE]; /* as stored: any bytes but NUL may occur */
	char data_identity[CSUM_IDENTITY_SIZE]; /* of the data device, as recorded; "" none (doc/format.md: Identity) */
	uint32_t features_compat, features_ro_compat, features_incompat; /* bits (doc/format.md) */
	uint32_t physical_sector_size; /* bytes; 0 unknown */
	uint64_t created, last_write; /* seconds since 1970; 0 never */
	enum csum_state state;
	enum csum_at_work at_work; /* not counting the caller */
	uint64_t generation; /* of the superblock in force; each write of a slot raises it */
	uint64_t session; /* how often the state went from clean to active */
	uint64_t intent_first_group, intent_groups; /* CSUM_ACTIVE: groups that a writer may have been changing */
	bool slot_valid[CSUM_SLOTS]; /* by enum csum_slot */
	enum csum_slot governing_slot; /* the slot in force */
	struct csum_scrub_record last_scrub, current_scrub; /* the last complete scrub; the unfinished one */
	bool exclusive; /* only this program ever writes the data device */
	uint32_t unknown_compat, unknown_ro_compat; /* feature bits that this program does not know */
	enum csum_data_file data_file;
	uint64_t held_since; /* seconds since 1970; 0: not held */
	enum csum_held held_reason; /* a later version may have stored another value */
	const char *data_device, *metadata_device; /* as opened; owned by the volume; equal when internal */
	uint64_t data_device_present_bytes, metadata_device_present_bytes; /* sizes of the devices at opening */
	bool direct_io; /* O_DIRECT on every device */
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

/* Fills *info with facts from the time of opening; never fails. Pointers in it live as long as the volume. */
CSUM_API void csum_volume_get_info(const struct csum_volume *volume, struct csum_volume_info *info);

struct stat;

/*
 * Whether a file shares bytes with a device of the volume: is the same one, a partition of it or the disk that it is
 * part of, or backs a loop device. `file` comes from stat(2) or fstat(2).
 */
CSUM_API bool csum_volume_shares(const struct csum_volume *volume, const struct stat *file);

/* Bytes of data space: data_sectors * sector_size. */
CSUM_API uint64_t csum_volume_data_bytes(const struct csum_volume *volume);

/* ------------------------------------------------------------------ format */

struct csum_format_options {
	uint32_t sector_size; /* 512, 4096, or 0: from the device */
	enum csum_checksum_type checksum_type;
	uint32_t interleave; /* 1 ... CSUM_INTERLEAVE_MAX, or 0: clusters of 64 MiB */
	const char *label; /* NULL or UTF-8, less than CSUM_LABEL_SIZE bytes */
	const uint8_t *uuid; /* CSUM_UUID_SIZE bytes, or NULL: random */
	bool created_given; /* record `created`; with uuid it makes the bytes reproducible (seed = uuid) */
	uint64_t created; /* seconds since 1970; with created_given */
	/*
	 * Create an image file of that size, or with room for that much data; both 0: the file exists. With metadata on
	 * a device of its own the metadata file is created, and its size comes from create_bytes only.
	 */
	uint64_t create_bytes, create_data_bytes;
	bool wipe; /* write zeros everywhere */
	bool exclusive; /* only this program will ever write the data device; external only */
	bool force; /* overwrite whatever is there */
	bool dry_run; /* make all checks, but create and write nothing */
	int64_t wait_ms; /* as in csum_open_options */
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

/* The plan that csum_format_run() will carry out. */
struct csum_format_plan {
	struct csum_geometry geometry;
	enum csum_checksum_type checksum_type;
	uint8_t uuid[CSUM_UUID_SIZE];
	const char *data_device, *metadata_device; /* owned by the format; equal when internal */
	uint64_t write_bytes; /* bytes that will be written */
	uint64_t estimated_seconds; /* a guess, from the speed of reading the device */
	uint64_t uncovered_bytes; /* external: bytes at the end of the data device, fewer than a sector; else 0 */
	uint32_t physical_sector_size; /* bytes; 0 unknown */
	bool sector_size_from_device; /* sector size was chosen from the physical sector size */
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

/* A volume that is about to be made, from csum_format_prepare() until csum_format_free(). */
struct csum_format;

/*
 * Opens and checks the devices to format, and makes the plan. With create_* set the image file is created (sparse)
 * unless dry_run; nothing else is written. On success the caller ends with csum_format_free().
 * Errors: -EINVAL refused by the options or the device, -EEXIST not blank or a file to be created exists, -EBUSY in
 * use; those of open(2) and I/O. On error *format is NULL and a file that was created is removed.
 */
CSUM_API int csum_format_prepare(const struct csum_handlers *handlers, const char *data, const char *metadata,
				 const struct csum_format_options *options,
				 struct csum_format **format) CSUM_MUST_CHECK;
/* Fills *plan; never fails. Pointers in it live as long as the format. */
CSUM_API void csum_format_get_plan(const struct csum_format *format, struct csum_format_plan *plan);
/*
 * Writes the volume; durable on success. An old volume's superblocks are zeroed first, and the new ones are written
 * last. So when it is interrupted or fails no volume is left, but for two cases: early the old one may be left, damaged,
 * by a superblock that was not zeroed yet; at the very end the new one, which is complete then. csum_format_free()
 * removes an image file that csum_format_prepare() created. Called once only.
 * Errors: -EINVAL after a dry run, -ECANCELED, and those of I/O.
 */
CSUM_API int csum_format_run(struct csum_format *format) CSUM_MUST_CHECK;
/* Ends a format; NULL is allowed. On an error of closing a written device nothing may be taken as durable. */
CSUM_API int csum_format_free(struct csum_format *format) CSUM_MUST_CHECK;

/* ------------------------------------------------------------------ erasing superblocks */

/* A valid superblock that was found. */
struct csum_erase_slot {
	enum csum_slot slot;
	const char *device; /* owned by the csum_erase */
	uint64_t device_offset_bytes;
	uint8_t uuid[CSUM_UUID_SIZE];
	bool erased; /* it is zeros now, durably */
};

struct csum_erase_options {
	bool dry_run; /* look only: the devices are opened for reading */
	int64_t wait_ms; /* as in csum_open_options */
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

/* Superblocks that are about to be erased, from csum_erase_prepare() until csum_erase_free(). */
struct csum_erase;

/*
 * Finds the superblocks that csum_erase_run() will zero: the valid ones of A, B and C, with C looked for where the
 * present size of the device puts it and where a valid A or B says. Devices are opened as csum_volume_open() does for
 * writing, but nothing is written, and the volume may be damaged beyond use. metadata NULL: the superblocks are on
 * `data`, which is an internal volume or the metadata device of an external one. On success the caller ends with
 * csum_erase_free().
 * Errors: -EINVAL there is no superblock, or it has another layout than the devices named; -EBUSY in use; those of
 * open(2) and I/O. On error *erase is NULL.
 */
CSUM_API int csum_erase_prepare(const struct csum_handlers *handlers, const char *data, const char *metadata,
				const struct csum_erase_options *options, struct csum_erase **erase) CSUM_MUST_CHECK;
/* Returns the superblocks found, and whether each is erased; valid until csum_erase_free(). */
CSUM_API const struct csum_erase_slot *csum_erase_slots(const struct csum_erase *erase, size_t *count);
/*
 * Zeroes the superblocks found, and nothing else; durable on success. The one in force is zeroed last, so that a
 * failure leaves superblocks as new as before. On error the slots tell which are left.
 * Errors: -EINVAL after a dry run, and those of I/O.
 */
CSUM_API int csum_erase_run(struct csum_erase *erase) CSUM_MUST_CHECK;
/* Ends an erase; NULL is allowed. On an error of closing a written device nothing may be taken as durable. */
CSUM_API int csum_erase_free(struct csum_erase *erase) CSUM_MUST_CHECK;

/* ------------------------------------------------------------------ findings */

enum csum_finding_kind {
	CSUM_SUPERBLOCK_BAD, /* a slot is invalid, and an interrupted write does not explain it */
	CSUM_FOREIGN, /* signature or bytes on the metadata device, outside the data space, that are not the volume's */
	CSUM_IMD_BAD, /* one copy is invalid or cannot be read; the other one serves */
	CSUM_IMD_DIFFERS, /* the copies disagree, and no write explains it; the newer one governs */
	CSUM_IMD_LOST, /* both copies are invalid: the sectors of the group cannot be verified */
	CSUM_INTERRUPTED, /* a trace of an interrupted writer, or of one at work; no error */
	CSUM_MISMATCH, /* data does not match its checksum */
	CSUM_ZEROED, /* data does not match its checksum, and is all zeros */
	CSUM_STALE, /* data matches an earlier content of the sector: a write was lost */
	CSUM_MISPLACED, /* data is that of another sector; crc64 only */
	CSUM_UNREADABLE, /* the device returned an error, and again when read again */
	CSUM_REWRITTEN, /* data is bad, and others wrote it, or may have; left. External volumes only */
	CSUM_TRANSIENT, /* data was bad, and right when it was read again; no error */
	CSUM_FINDING_KINDS /* how many there are */
};

/* Returns "superblock-bad" ...: stable, as in the manual page. */
CSUM_API const char *csum_finding_name(enum csum_finding_kind kind);
/* Whether a finding of that kind is an error (exit status 4 while it stays). */
CSUM_API bool csum_finding_is_error(enum csum_finding_kind kind);

enum csum_subject {
	CSUM_SUBJECT_DATA, /* data sectors: first_sector, sector_count */
	CSUM_SUBJECT_IMD, /* imd sectors: first_group, group_count, copy (or -1: both) */
	CSUM_SUBJECT_SUPERBLOCK, /* slot */
	CSUM_SUBJECT_JOURNAL, /* the journal of an active volume: unreadable; scrub only */
	CSUM_SUBJECT_DEVICE, /* bytes of others on the metadata device, at device_offset_bytes */
};

/* The kind of content in a bad data sector, where the guard asked whether others wrote it. (doc/guard.md) */
enum csum_class {
	CSUM_CLASS_NONE, /* not asked */
	CSUM_CLASS_DEAD, /* it cannot be read */
	CSUM_CLASS_NEAR, /* only a few bits are wrong */
	CSUM_CLASS_BLANK, /* it repeats a unit of 1, 2, 4, 8 or 16 bytes */
	CSUM_CLASS_KNOWN, /* the content of another sector, or an earlier content of this one */
	CSUM_CLASS_NEW, /* none of these */
	CSUM_CLASSES /* how many there are */
};

/* Returns "dead" ..., or "" for CSUM_CLASS_NONE: stable. */
CSUM_API const char *csum_class_name(enum csum_class content_class);

/* The disposition of a finding. csum_check() and csum_read() leave all findings. */
enum csum_disposition {
	CSUM_LEFT,
	CSUM_REPAIRED, /* written, flushed, read back and right */
	CSUM_WOULD_REPAIR, /* dry run */
};

/* The source of the right content. */
enum csum_means {
	CSUM_MEANS_NONE, /* left; or an interrupted update was put in order, and nothing else */
	CSUM_MEANS_REPLICA, /* replica: its name, as given */
	CSUM_MEANS_ELSEWHERE, /* source_sector: a copy in another data sector */
	CSUM_MEANS_ONE_BIT, /* the checksum: bits is 1 */
	CSUM_MEANS_BURST, /* the checksum: bits is the length of the burst */
	CSUM_MEANS_TWO_BITS, /* the checksum: bits is 2 */
	CSUM_MEANS_OTHER_COPY, /* imd: from the other copy; superblock: from the slot in force, or from C */
	CSUM_MEANS_COUNT /* how many there are */
};

/* Returns "replica", "elsewhere", "one-bit", "burst", "two-bits", "other-copy", or "" for none: stable. */
CSUM_API const char *csum_means_name(enum csum_means means);

/* One finding: adjacent sectors, or groups, with the same verdict make one finding. */
struct csum_finding {
	enum csum_finding_kind kind;
	enum csum_subject subject;
	uint64_t first_sector, sector_count; /* data; for imd: the data sectors that the groups describe */
	uint64_t first_group, group_count; /* data: the group of first_sector */
	int copy; /* imd: 0, 1, or -1 both */
	enum csum_slot slot; /* superblock */
	const char *device; /* valid during the callback, as all pointers here */
	uint64_t device_offset_bytes; /* of the first sector, imd sector or slot */
	const char *problem; /* what is wrong: one clause for people, never NULL */
	bool has_checksum; /* a single data sector: expected_entry and computed_entry are meaningful */
	uint64_t expected_entry, computed_entry;
	/* misplaced: sector first_sector + i holds the content of other_sector + i */
	bool has_other_sector;
	uint64_t other_sector;
	enum csum_class content_class; /* data; of several sectors the last class in the order of the enum */
	enum csum_disposition disposition;
	enum csum_means means; /* NONE unless the finding was repaired, or would be */
	unsigned int bits; /* 0 except where enum csum_means mentions bits */
	const char *replica; /* NULL except with CSUM_MEANS_REPLICA */
	uint64_t source_sector; /* CSUM_MEANS_ELSEWHERE: first_sector + i from source_sector + i */
	/*
	 * A clause for people, never NULL: "from replica b.img", "1 bit", "burst of 5 bits", "from data sector 17",
	 * "from the other copy"; where left, the reason for that ("the device refused the write"), or "".
	 */
	const char *how;
	enum csum_reason left_reason; /* when left: FOREIGN or UNREAD_JOURNAL, which go with `how`; else NONE */
};

/* Whether bad data of an external volume has decayed or was written by others. (doc/guard.md) */
enum csum_guard_verdict {
	CSUM_GUARD_DECAY, /* others did not write */
	CSUM_GUARD_BY_PLACE, /* it depends on the place of a sector */
	CSUM_GUARD_UNDECIDED, /* content that others may have written lies where nothing vouches for it */
	CSUM_GUARD_REWRITTEN, /* others wrote */
	CSUM_GUARD_OTHER_DATA, /* most of a sample is wrong: this is not the data of this metadata */
};

/* Returns "decay", "by-place", "undecided", "rewritten" or "other-data": stable. */
CSUM_API const char *csum_guard_verdict_name(enum csum_guard_verdict verdict);

#define CSUM_GUARD_REASON_SIZE 256

struct csum_totals {
	enum csum_guard_verdict guard;
	char guard_reason[CSUM_GUARD_REASON_SIZE]; /* a clause for people; "" with CSUM_GUARD_DECAY */
	uint64_t sectors_verified, sectors_unwritten; /* data sectors right by their entry (some at the second
						       * read); unwritten ones */
	uint64_t sectors_bad; /* mismatch, zeroed, stale, unreadable or without a valid imd sector */
	uint64_t sectors_interrupted; /* right by an older version, as after an interrupted write */
	uint64_t sectors_transient; /* bad at first, right when read again */
	uint64_t imd_verified; /* imd sectors found right */
	uint64_t findings[CSUM_FINDING_KINDS]; /* sectors, imd sectors, groups (imd-lost) or slots */
	uint64_t errors; /* sum of findings[] whose kind is an error */
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

/* user: the user pointer of the options. */
typedef void csum_finding_fn(void *user, const struct csum_finding *finding);

/* How far an operation over a range has come. */
struct csum_progress {
	uint64_t done_sectors, total_sectors; /* data sectors of the range, including those of an earlier run */
	uint64_t errors, repaired; /* in this run so far, as in the totals */
};
typedef void csum_progress_fn(void *user, const struct csum_progress *progress);

/* ------------------------------------------------------------------ check */

struct csum_check_options {
	uint64_t offset_bytes, length_bytes; /* length CSUM_TO_END: to the end; widened to whole sectors */
	bool metadata_only; /* superblocks and imd sectors, no data */
	uint64_t rate_bytes; /* limit for reading data, bytes per second; 0: none */
	csum_finding_fn *finding; /* may be NULL; bad data sectors come later than other findings of their place */
	csum_progress_fn *progress; /* several times a second; may be NULL */
	void *user; /* handed to both functions */
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

/*
 * Verifies superblocks (whatever the range), the imd sectors of the range and its data. Writes nothing. *totals is
 * valid on every return, and counts everything seen until then.
 * Errors: -ECANCELED, -EINVAL (range outside the data space), -ENODEV and the like (device vanished), -ENOMEM.
 */
CSUM_API int csum_check(struct csum_volume *volume, const struct csum_check_options *options,
			struct csum_totals *totals) CSUM_MUST_CHECK;

/* ------------------------------------------------------------------ scrub */

/* The means by which a scrub may change data sectors; bits of csum_scrub_options.heal. */
enum csum_heal {
	CSUM_HEAL_DEFAULT = 0, /* all means; CSUM_HEAL_BITS with crc64 only */
	CSUM_HEAL_NOTHING = 1, /* no data sector is changed; alone only */
	CSUM_HEAL_REPLICA = 2,
	CSUM_HEAL_ELSEWHERE = 4, /* with crc64 only */
	CSUM_HEAL_BITS = 8, /* with 32-bit checksums one bit only, and one garbage sector in 100,000 seems healed */
};

struct csum_scrub_options {
	/* A scrub of less than the whole volume leaves the record of the full scrub alone, and is not resumed. */
	uint64_t offset_bytes, length_bytes; /* length CSUM_TO_END: to the end; widened to whole sectors */
	bool metadata_only; /* verify no data; keep no record */
	/* Writes nothing; the volume may then be open for reading. Findings say what would be repaired. */
	bool dry_run;
	unsigned int heal; /* bits of enum csum_heal */
	/*
	 * Replicas, in the order in which they are tried. Each is a raw image or device that holds the data space (its
	 * first bytes are data sector 0), or another csumtool volume of the same sector size, of which only verified
	 * sectors are used. A replica must hold at least as many bytes as the data space.
	 */
	const char *const *replicas;
	size_t replica_count;
	/*
	 * Overwritten content goes to an undo file first. Either to undo_file, which is created (-EEXIST when it is
	 * there); or to a new file in undo_directory, where the last ten of each volume are kept. That file, and the
	 * directory itself, are created only when something is about to be overwritten. Where the file in the directory
	 * cannot be created or written ("": no directory is known), data sectors are left, and a warning says so once.
	 * Both NULL: nothing is kept.
	 */
	const char *undo_file, *undo_directory;
	/* Called when the file in undo_directory has been created; may be NULL. */
	void (*undo_made)(void *user, const char *path);
	uint64_t rate_bytes; /* limit for reading data, bytes per second; 0: none */
	uint64_t time_limit_seconds; /* 0: none. Ends reading; findings so far are still dealt with */
	bool restart; /* begin anew, even when a scrub is under way */
	uint64_t max_errors; /* end the scrub, within a read, when more are found; 0: no limit */
	csum_finding_fn *finding; /* bad data sectors come later than other findings of their place */
	csum_progress_fn *progress; /* several times a second; may be NULL */
	void *user;
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

enum csum_scrub_end {
	CSUM_SCRUB_COMPLETE, /* the whole range is done */
	CSUM_SCRUB_TIME_LIMIT,
	CSUM_SCRUB_MAX_ERRORS,
	CSUM_SCRUB_FAILED, /* an error was returned, -ECANCELED included */
};

struct csum_scrub_result {
	enum csum_scrub_end end;
	struct csum_totals totals; /* all findings of this run, repaired or not */
	uint64_t repaired[CSUM_FINDING_KINDS]; /* of totals.findings: repaired, or with dry_run would be */
	uint64_t errors_repaired, errors_left; /* of totals.errors */
	uint64_t errors_open; /* with CSUM_SCRUB_MAX_ERRORS: found, neither reported nor dealt with, not in totals */
	uint64_t sectors_repaired, sectors_left; /* of totals.sectors_bad */
	uint64_t imd_repaired; /* imd sectors */
	bool recovered; /* an interrupted update was put in order, or with dry_run would be */
	bool still_active; /* recovery could not be ended, and a message says why: nothing else was repaired */
	uint64_t first_sector, next_sector, end_sector; /* this run covered first to next; its range goes to end */
	bool recorded; /* a scrub of the whole volume, recorded in the superblock */
	bool resumed; /* the run went on where an earlier one was interrupted */
	/*
	 * With `recorded`: the volume's record of the whole scrub, earlier runs included. Where the scrub is not
	 * complete, the record says where the next run goes on.
	 */
	struct csum_scrub_record record;
	uint64_t undo_records, undo_sectors; /* records in the undo file, and those of them that are of data sectors */
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

/*
 * Verifies superblocks, the imd sectors of the range and its data, and makes the repairs that can be proven right;
 * first it recovers an active volume. The volume was opened for CSUM_REPAIR; with dry_run any access but CSUM_LOOK will
 * do. (protocol.md: Scrub)
 * Every repair is durable, read back and verified when it is reported. *result is valid on every return.
 * Errors: -ECANCELED (the record says where to go on), -EINVAL (options, range, replica or undo file refused), -EEXIST
 * (undo file), -ENODEV and the like (device vanished), -ENOMEM, and those of writing the volume or the undo file; a
 * write refused for a place on the medium is a finding.
 */
CSUM_API int csum_scrub(struct csum_volume *volume, const struct csum_scrub_options *options,
			struct csum_scrub_result *result) CSUM_MUST_CHECK;

struct csum_undo_options {
	bool dry_run; /* the volume may be open for reading */
	/*
	 * Accept a file that is not known to be from the last scrub of this volume, such as one of version 1. On a
	 * sound copy of the volume that does damage: a sector that the scrub repaired reads the same there.
	 */
	bool force;
	const char *directory; /* NULL, or where to look for the newest file, to name it when this is not it */
	/* Called for each data sector, put back or not (refused: why), in the order of the file; may be NULL. */
	void (*sector)(void *user, uint64_t data_sector, const char *refused);
	void *user;
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

struct csum_undo_result {
	uint64_t records, restored, refused; /* data sectors: records in the file, sectors put back, sectors refused */
	uint64_t metadata; /* records of imd sectors and superblocks: these lost nothing, and are not put back */
	bool cut_short; /* the file has no end, as its scrub was stopped; yet all overwritten content is in it */
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

/*
 * Puts the data sectors back that a scrub overwrote, from its undo file, in a volume opened for writing. The volume
 * must name that file as the newest that is not undone; when everything is back it names the file before. A sector is
 * refused, and the others go on, when it no longer holds what the scrub wrote or its entry has changed.
 * *result is valid on every return. Durable on success; stopped at any point, it goes on when it is called again.
 * (protocol.md: Undo)
 * Errors: -EINVAL not an undo file, of another volume, or not the newest; -EBADMSG damaged before its end (nothing is
 * written); those of I/O.
 */
CSUM_API int csum_undo(struct csum_volume *volume, const char *undo_file, const struct csum_undo_options *options,
		       struct csum_undo_result *result) CSUM_MUST_CHECK;

/*
 * Finds the undo file in that directory that the volume names; *path is malloc'ed, NULL on error. -ENOENT, reported:
 * there is nothing to be undone, or the file is elsewhere.
 */
CSUM_API int csum_undo_find(struct csum_volume *volume, const char *directory, char **path) CSUM_MUST_CHECK;

enum csum_undo_state {
	CSUM_UNDO_NEWEST, /* csum_undo_find() finds this one */
	CSUM_UNDO_OLDER, /* older than the newest one, and not undone */
	CSUM_UNDO_UNDONE, /* undone, or the file of a copy of the volume */
	CSUM_UNDO_UNKNOWN, /* a file in between is missing, or an older build has written the volume */
};

struct csum_undo_file_info {
	const char *path; /* valid during the call */
	uint64_t time; /* when the scrub was: seconds since 1970 */
	uint64_t sectors, metadata; /* records of data sectors, and other records */
	bool complete; /* false: the scrub was stopped, or there was no room for more */
	enum csum_undo_state state;
};

/* Calls file() for each undo file of the volume in that directory, the newest first. No file is no error. */
CSUM_API int csum_undo_list(struct csum_volume *volume, const char *directory,
			    void (*file)(void *user, const struct csum_undo_file_info *info),
			    void *user) CSUM_MUST_CHECK;

/* ------------------------------------------------------------------ read */

enum csum_on_error {
	CSUM_ON_ERROR_STOP, /* end before the first bad sector, with -EBADMSG */
	CSUM_ON_ERROR_ZERO, /* hand out zeros for bad sectors */
	CSUM_ON_ERROR_RAW, /* hand out stored content, and zeros where it cannot be read */
};

struct csum_read_options {
	uint64_t offset_bytes, length_bytes; /* length CSUM_TO_END: to the end */
	enum csum_on_error on_error;
	/*
	 * Takes `size` bytes of data space at `offset_bytes`, in ascending order without gaps; is_zero: all of them are
	 * unwritten. Returns 0 or a negative errno, which ends the read (the library adds no message).
	 */
	int (*sink)(void *user, const void *data, size_t size, uint64_t offset_bytes, bool is_zero);
	csum_finding_fn *finding; /* called for the bad ranges, with STOP for the first bad sector; may be NULL */
	void *user; /* handed to both functions */
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

/*
 * Reads verified bytes. *done_bytes, valid on every return: how many bytes the sink took.
 * Errors: -EBADMSG when a sector was bad, with ZERO and RAW after everything was handed out; others as of csum_check().
 */
CSUM_API int csum_read(struct csum_volume *volume, const struct csum_read_options *options,
		       uint64_t *done_bytes) CSUM_MUST_CHECK;

/* ------------------------------------------------------------------ write, discard */

/* The bytes that are to be written. */
struct csum_source {
	/*
	 * Puts the next bytes into `buffer`, at most `size` (1 or more) of them, and returns how many; only 0 means the
	 * end. A negative errno ends the write at the next safe point (the library adds no message), but -EINTR makes
	 * the library ask csum_handlers.cancelled and call again. The buffer is the library's. With a known length no
	 * byte beyond it is asked for, so that later bytes stay in a pipe.
	 */
	int64_t (*fill)(void *user, void *buffer, size_t size);
	void *user;
};

struct csum_write_options {
	uint64_t offset_bytes;
	/*
	 * Exactly that many bytes; or CSUM_TO_END: until the source ends. A source that ends early is -ENODATA; one
	 * that goes on when the data space ends is -ENOSPC (the bytes that fitted are in and durable).
	 */
	uint64_t length_bytes;
	struct csum_source source;
	bool verify; /* read everything back and verify it */
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

/*
 * Writes data crash-consistently. On return with 0 all of it is durable and settled. On -ECANCELED, -ENODATA, -ENOSPC
 * (source too long) or a failing source, whole sectors up to *done_bytes are durable and the volume is clean. On
 * -EBADMSG (a partially written sector or group that fails verification) the same holds; with a known length nothing
 * was written. After an I/O error the volume has failed and stays active; even then *done_bytes are in: durable, and
 * read by every later opening. *done_bytes is valid on every return.
 * Errors: also -EBADF the volume is not open for CSUM_WRITE, -EINVAL (range outside the data space), -ENOMEM, those of the
 * source, those of I/O.
 */
CSUM_API int csum_write(struct csum_volume *volume, const struct csum_write_options *options,
			uint64_t *done_bytes) CSUM_MUST_CHECK;

/*
 * Makes whole sectors of the range unwritten, and the bytes in partial sectors at its ends zero. Guarantees and errors
 * are those of csum_write(). length_bytes CSUM_TO_END: to the end. *done_bytes is valid on every return.
 */
CSUM_API int csum_discard(struct csum_volume *volume, uint64_t offset_bytes, uint64_t length_bytes,
			  uint64_t *done_bytes) CSUM_MUST_CHECK;

/* ------------------------------------------------------------------ dump */

/* Why a copy of an imd sector does not count; CSUM_IMD_VALID: it counts. */
enum csum_imd_verdict {
	CSUM_IMD_VALID,
	CSUM_IMD_NO_MAGIC,
	CSUM_IMD_WRONG_GROUP, /* checksum right for another group: written to the wrong place */
	CSUM_IMD_WRONG_CRC,
	CSUM_IMD_UNREADABLE,
	CSUM_IMD_MISSING, /* beyond the end of a device cut short */
};

CSUM_API const char *csum_imd_verdict_name(enum csum_imd_verdict verdict);

/* The verdict on the content of a data sector. */
enum csum_data_verdict {
	CSUM_DATA_NOT_READ,
	CSUM_DATA_UNWRITTEN,
	CSUM_DATA_GOOD, /* matches the newest entry */
	CSUM_DATA_OLDER, /* matches an older entry only */
	CSUM_DATA_MISMATCH,
	CSUM_DATA_UNREADABLE,
};

CSUM_API const char *csum_data_verdict_name(enum csum_data_verdict verdict);

/* One copy of a group's imd sector. */
struct csum_dump_copy {
	uint64_t device_offset_bytes; /* of the metadata device */
	enum csum_imd_verdict verdict;
	uint32_t generation; /* as stored, also of an invalid copy that could be read */
	uint32_t stored_group; /* as stored, low 32 bits */
	uint32_t stored_crc, computed_crc; /* of the imd sector itself */
	const uint8_t *raw; /* sector_size bytes; NULL when missing or unreadable */
	const uint64_t *entries; /* sectors_per_group of them; NULL when raw is NULL */
};

/* A group of data sectors, and all its metadata. */
struct csum_dump_group {
	uint64_t group, first_sector; /* its number, and its first data sector */
	uint32_t sector_count; /* data sectors of this group */
	int newer; /* 0, 1, or -1: both invalid */
	bool differ; /* not two valid copies with equal entries and distinct generations */
	bool in_intent; /* in the intent of an active volume */
	struct csum_dump_copy copy[2];
	const uint64_t *journal_entries; /* of the group's image in the journal, sectors_per_group of them; else NULL */
	uint32_t journal_generation; /* of that image; meaningless without one, like the next two */
	int journal_copy; /* 0 or 1: the copy that the image is of */
	bool journal_in_force; /* the image is the newest version of the group */
	const uint64_t *data_offsets; /* device offset of each data sector, bytes */
	const enum csum_data_verdict *data; /* per sector; all NOT_READ unless read_data was set */
	const uint64_t *data_entries; /* per sector: the entry that its content would have; meaningful where read */
};

/* The record in the journal. */
struct csum_dump_journal {
	bool valid; /* the record is whole, though `problem` may say why it does not count */
	const char *problem; /* why the record is not valid, or does not count; "" when it counts */
	uint64_t device_offset_bytes;
	uint64_t session; /* the session that wrote it; like `images` 0 when it cannot be decoded */
	uint32_t images; /* number of imd sectors in it */
};

/* A candidate for an imd sector, found by carving. */
struct csum_carved {
	uint64_t device_offset_bytes;
	uint32_t sector_size; /* bytes */
	int copy; /* 0, 1, or -1: unknown */
	uint32_t generation, group; /* group: low 32 bits */
	bool fits; /* fits the volume for which imd sectors in their places describe the most data */
};

/* The geometry that carved imd sectors imply. */
struct csum_carved_geometry {
	bool known; /* false: only `candidates` is meaningful */
	uint64_t candidates, fitting; /* imd sectors found, and those that belong to this geometry */
	struct csum_geometry geometry; /* data_sectors: the most possible, where the end was not found */
	bool interleave_known, end_known; /* whether geometry.interleave and .data_sectors are known */
	uint32_t seed_state; /* CRC-32 state behind the seed: the volume's fingerprint */
	int checksum_bits; /* 32, 64, or 0: no entry of a written sector was seen */
};

struct csum_dump_options {
	bool force; /* go on although the device is mounted */
	bool carve; /* find imd sectors by magic, not by superblocks; also done when all three are invalid */
	bool differ_only; /* call group() only for groups with something wrong */
	bool read_data; /* read and judge the data of each group, too */
	int64_t wait_ms; /* as in csum_open_options */
	/* Range in groups, or with by_offset in bytes of data space; a count or length of CSUM_TO_END: to the end. */
	uint64_t first_group, group_count;
	bool by_offset;
	uint64_t offset_bytes, length_bytes;
	/* Callbacks, each may be NULL; a negative return ends the dump with that value. */
	int (*info)(void *user, const struct csum_volume_info *info); /* called once, first; not when carving */
	int (*journal)(void *user, const struct csum_dump_journal *journal); /* not called when carving */
	int (*carved)(void *user, const struct csum_carved *carved); /* called for each candidate, when carving */
	int (*carved_geometry)(void *user, const struct csum_carved_geometry *geometry);
	/* When carving, called only if the geometry is known, and a range was asked for or carve is not set. */
	int (*group)(void *user, const struct csum_geometry *geometry, const struct csum_dump_group *group);
	void *user; /* handed to all five functions */
	uint64_t reserved[CSUM_RESERVED]; /* 0 */
};

/*
 * Shows integrity metadata of a volume in any condition; writes nothing. Returns 0 when it could show some. metadata
 * NULL: the metadata is on the data device, or `data` is itself the metadata device of an external volume.
 * Errors: -EINVAL (range, or devices that do not hold a volume), -EBUSY in use, -ECANCELED, -ENOMEM, those of a
 * callback, those of open(2) and I/O. Metadata that cannot be read is shown as such, and is no error.
 */
CSUM_API int csum_dump(const struct csum_handlers *handlers, const char *data, const char *metadata,
		       const struct csum_dump_options *options) CSUM_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
