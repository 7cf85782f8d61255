/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The undo files of a volume in a directory, which other volumes may share: UUID-TIME.undo. A name is believed only
 * when the head of the file says the same. Each file has the id of the file before it; the volume has the id of the
 * newest file that is not undone.
 */
#include "undo/undo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "base/report.h"
#include "base/util.h"
#include "device/directory.h"

#define SUFFIX ".undo"
/* Characters of a UUID as text. */
#define UUID_LENGTH (UUID_STR_LEN - 1)
#define NAME_MAX_SIZE 96
/* Files that can be made within one second. */
#define NUMBER_MAX 1000

struct entry {
	char *name;
	struct csum_undo_head head;
	enum csum_undo_state state;
};

struct files {
	int directory;
	struct entry *entries;
	size_t count, capacity;
};

/* ------------------------------------------------------------------ making one */

/* Makes missing directories, for us alone: the files in them have data of the volume. */
static int make_directories(const char *path)
{
	int error = 0;

	for (size_t end = 1; !error && path[end - 1]; end++) {
		char *part;

		if (path[end] && path[end] != '/')
			continue;
		part = strndup(path, end);
		if (!part)
			return -ENOMEM;
		if (mkdir(part, 0700) == 0)
			error = csum_directory_sync_name(part);
		else if (errno != EEXIST)
			error = -errno;
		free(part);
		if (!path[end])
			break;
	}
	return error;
}

static int open_directory(const struct csum_handlers *handlers, const char *path, int *descriptor)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int error;

	*descriptor = -1;
	if (!*path)
		return csum_report_refusal(handlers, -ENOENT, NULL, "no directory for undo files is known");
	*descriptor = open(path, flags);
	if (*descriptor >= 0)
		return 0;
	error = errno == ENOENT ? make_directories(path) : -errno;
	if (!error) {
		*descriptor = open(path, flags);
		error = *descriptor < 0 ? -errno : 0;
	}
	return error ? csum_report_error(handlers, error, path, "opening the directory of undo files") : 0;
}

/* A name with the present time. Number 1 does not show in it. */
static void make_name(const struct csum_volume *volume, int number, char name[NAME_MAX_SIZE])
{
	const time_t now = time(NULL);
	char uuid[UUID_STR_LEN], when[32], more[16] = "";
	struct tm parts;

	uuid_unparse_lower(volume->superblock.uuid, uuid);
	if (!gmtime_r(&now, &parts) || !strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &parts))
		snprintf(when, sizeof(when), "unknown");
	if (number > 1)
		snprintf(more, sizeof(more), "-%d", number);
	snprintf(name, NAME_MAX_SIZE, "%s-%s%s%s", uuid, when, more, SUFFIX);
}

int csum_undo_directory_create(const struct csum_volume *volume, const struct csum_handlers *handlers,
			       const char *directory, char **path, int *descriptor)
{
	char name[NAME_MAX_SIZE];
	int parent, error = open_directory(handlers, directory, &parent);

	*path = NULL;
	*descriptor = -1;
	if (error)
		return error;
	for (int number = 1; *descriptor < 0 && number <= NUMBER_MAX; number++) {
		make_name(volume, number, name);
		*descriptor = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (*descriptor < 0 && errno != EEXIST)
			break;
	}
	if (*descriptor < 0)
		error = csum_report_error(handlers, -errno, directory, "creating an undo file");
	else if (asprintf(path, "%s/%s", directory, name) < 0) {
		*path = NULL;
		unlinkat(parent, name, 0);
		close(*descriptor);
		*descriptor = -1;
		error = csum_report_error(handlers, -ENOMEM, directory, "creating an undo file");
	}
	close(parent);
	return error;
}

/* ------------------------------------------------------------------ finding them */

static bool is_name(const char *name, const char *uuid)
{
	size_t length = strlen(name), suffix = strlen(SUFFIX);

	return length > UUID_LENGTH + 1 + suffix && memcmp(name, uuid, UUID_LENGTH) == 0 && name[UUID_LENGTH] == '-' &&
	       strcmp(name + length - suffix, SUFFIX) == 0;
}

static bool read_head(const struct csum_volume *volume, int directory, const char *name, struct csum_undo_head *head)
{
	int descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	uint8_t bytes[sizeof(struct csum_disk_undo_head)];
	struct stat status;
	ssize_t got = -1;

	if (descriptor < 0)
		return false;
	if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode))
		got = pread(descriptor, bytes, sizeof(bytes), 0);
	close(descriptor);
	return got > 0 && !csum_undo_decode_head(volume, bytes, (size_t)got, head) &&
	       head->version == CSUM_UNDO_VERSION;
}

static int add_entry(struct files *files, const char *name, const struct csum_undo_head *head)
{
	if (files->count == files->capacity) {
		size_t capacity = files->capacity ? files->capacity * 2 : 16;
		struct entry *grown = reallocarray(files->entries, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		files->entries = grown;
		files->capacity = capacity;
	}
	files->entries[files->count] = (struct entry){ .name = strdup(name), .head = *head };
	return files->entries[files->count++].name ? 0 : -ENOMEM;
}

/* The newest first. Of files of the same second the one with the longer name has the higher number. */
static int compare_entries(const void *a, const void *b)
{
	const struct entry *first = a, *second = b;
	size_t first_length = strlen(first->name), second_length = strlen(second->name);

	if (first->head.time != second->head.time)
		return first->head.time < second->head.time ? 1 : -1;
	if (first_length != second_length)
		return first_length < second_length ? 1 : -1;
	return strcmp(second->name, first->name);
}

static void free_files(struct files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->entries[i].name);
	free(files->entries);
	if (files->directory >= 0)
		close(files->directory);
}

/* The files of the volume, the newest first. Errors are not reported: -ENOENT there is no such directory. */
static int load_files(const struct csum_volume *volume, const char *directory, struct files *files)
{
	char uuid[UUID_STR_LEN];
	struct csum_undo_head head;
	const struct dirent *found;
	DIR *stream = opendir(directory);
	int error = 0;

	*files = (struct files){ .directory = -1 };
	if (!stream)
		return -errno;
	uuid_unparse_lower(volume->superblock.uuid, uuid);
	files->directory = dup(dirfd(stream));
	if (files->directory < 0)
		error = -errno;
	while (!error) {
		/* cppcheck-suppress readdirCalled ; no other thread has this directory stream */
		found = readdir(stream);
		if (!found)
			break;
		if (is_name(found->d_name, uuid) && read_head(volume, files->directory, found->d_name, &head))
			error = add_entry(files, found->d_name, &head);
	}
	closedir(stream);
	if (error)
		free_files(files);
	else if (files->count)
		qsort(files->entries, files->count, sizeof(*files->entries), compare_entries);
	return error;
}

static struct entry *find_id(const struct files *files, const uint8_t *id)
{
	for (size_t i = 0; i < files->count; i++) {
		if (memcmp(files->entries[i].head.id, id, CSUM_UNDO_ID_SIZE) == 0)
			return &files->entries[i];
	}
	return NULL;
}

/* ------------------------------------------------------------------ the chain */

bool csum_undo_is_void(const struct csum_volume *volume)
{
	const struct csum_disk_superblock *disk = &volume->superblock.block;

	return csum_le64_get(disk->recorded_session) != csum_le64_get(disk->session) &&
	       !csum_is_zero(disk->undo_id, sizeof(disk->undo_id));
}

/*
 * The files in the chain that begins at the volume are not undone. The others are undone, if the chain is known to its
 * end. A chain cannot be longer than there are files; one that bites its tail is forged.
 */
static void judge_chain(const struct csum_volume *volume, struct files *files)
{
	const uint8_t *id = volume->superblock.record.undo_id;
	enum csum_undo_state state = CSUM_UNDO_NEWEST;
	bool whole;

	for (size_t i = 0; i < files->count; i++)
		files->entries[i].state = CSUM_UNDO_UNDONE;
	for (size_t i = 0; i < files->count; i++) {
		struct entry *entry = find_id(files, id);

		if (!entry || entry->state != CSUM_UNDO_UNDONE)
			break;
		entry->state = state;
		state = CSUM_UNDO_OLDER;
		id = entry->head.previous;
	}
	whole = csum_is_zero(id, CSUM_UNDO_ID_SIZE) && !csum_undo_is_void(volume);
	for (size_t i = 0; i < files->count; i++) {
		if (files->entries[i].state == CSUM_UNDO_UNDONE && !whole)
			files->entries[i].state = CSUM_UNDO_UNKNOWN;
	}
}

static char *path_of(const char *directory, const struct entry *entry)
{
	char *path;

	return asprintf(&path, "%s/%s", directory, entry->name) < 0 ? NULL : path;
}

char *csum_undo_directory_newest(const struct csum_volume *volume, const char *directory, const uint8_t *older,
				 bool *in_chain)
{
	struct files files;
	const struct entry *entry;
	char *path = NULL;

	*in_chain = false;
	if (load_files(volume, directory, &files))
		return NULL;
	judge_chain(volume, &files);
	entry = find_id(&files, older);
	*in_chain = entry && entry->state == CSUM_UNDO_OLDER;
	entry = find_id(&files, volume->superblock.record.undo_id);
	if (entry)
		path = path_of(directory, entry);
	free_files(&files);
	return path;
}

static int refuse_void(const struct csum_volume *volume)
{
	return csum_report_refusal_reason(&volume->handlers, -ENOENT, CSUM_REASON_UNDO_NEWEST_UNKNOWN,
					  volume->data->name,
					  "an older version has written the volume since its last scrub: which undo "
					  "file is the newest is not known any more");
}

int csum_undo_find(struct csum_volume *volume, const char *directory, char **path)
{
	bool in_chain;

	*path = NULL;
	if (csum_undo_is_void(volume))
		return refuse_void(volume);
	if (csum_is_zero(volume->superblock.record.undo_id, CSUM_UNDO_ID_SIZE))
		return csum_report_refusal(&volume->handlers, -ENOENT, volume->data->name,
					   "no scrub of this volume is left to be undone");
	*path = csum_undo_directory_newest(volume, directory, volume->superblock.record.undo_id, &in_chain);
	if (*path)
		return 0;
	return csum_report_refusal_reason(&volume->handlers, -ENOENT, CSUM_REASON_UNDO_MISSING, directory,
					  "the undo file of the last scrub of %s is not there", volume->data->name);
}

/* ------------------------------------------------------------------ showing them */

static int show(const struct csum_volume *volume, const char *directory, const struct entry *entry,
		void (*file)(void *user, const struct csum_undo_file_info *info), void *user)
{
	struct csum_undo_file_info info = { .time = entry->head.time, .state = entry->state };
	struct csum_undo_reader reader;
	char *path = path_of(directory, entry);
	int error;

	if (!path)
		return csum_report_error(&volume->handlers, -ENOMEM, directory, "listing undo files");
	error = csum_undo_reader_open(volume, path, &reader);
	if (!error)
		error = csum_undo_reader_count(&reader);
	if (!error) {
		info.path = path;
		info.sectors = reader.sectors;
		info.metadata = reader.records - reader.sectors;
		info.complete = reader.complete;
		file(user, &info);
	}
	csum_undo_reader_close(&reader);
	free(path);
	return error;
}

int csum_undo_list(struct csum_volume *volume, const char *directory,
		   void (*file)(void *user, const struct csum_undo_file_info *info), void *user)
{
	struct files files;
	int error = load_files(volume, directory, &files);

	if (error == -ENOENT)
		return 0;
	if (error)
		return csum_report_error(&volume->handlers, error, directory, "listing undo files");
	judge_chain(volume, &files);
	for (size_t i = 0; i < files.count && !error; i++)
		error = show(volume, directory, &files.entries[i], file, user);
	free_files(&files);
	return error;
}

/* ------------------------------------------------------------------ keeping the last ones */

void csum_undo_directory_prune(const struct csum_volume *volume, const char *directory, const uint8_t *id)
{
	struct files files;
	size_t kept = 1;

	if (load_files(volume, directory, &files))
		return;
	for (size_t i = 0; i < files.count; i++) {
		const struct entry *entry = &files.entries[i];

		if (memcmp(entry->head.id, id, CSUM_UNDO_ID_SIZE) == 0 || kept++ < CSUM_UNDO_KEPT)
			continue;
		if (unlinkat(files.directory, entry->name, 0))
			csum_report_warning(&volume->handlers, directory, "cannot remove the old undo file %s: %s",
					    entry->name, strerror(errno));
	}
	free_files(&files);
}
