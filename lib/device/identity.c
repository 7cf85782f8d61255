/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/identity.h"

#include <stdio.h>
#include <string.h>

static const char *const names[CSUM_IDENTITY_KINDS] = { "WWN", "SERIAL", "PARTUUID", "UUID" };

const char *csum_identity_name(enum csum_identity_kind kind)
{
	return names[kind];
}

static bool is_plain(char character)
{
	return character > ' ' && character <= '~';
}

void csum_identity_set(struct csum_identity *identity, enum csum_identity_kind kind, const char *value)
{
	char *to = identity->value[kind];
	size_t used = 0;

	for (; *value && used < CSUM_IDENTITY_SIZE; value++) {
		if (is_plain(*value))
			to[used++] = *value;
		else if (used && to[used - 1] != '_')
			to[used++] = '_';
	}
	if (used && to[used - 1] == '_')
		used--;
	/* Too long to be kept; or the zeros of a device that has no value. */
	if (used == CSUM_IDENTITY_SIZE)
		used = 0;
	to[used] = '\0';
	if (strspn(to, "0-_") == used)
		to[0] = '\0';
}

static void parse_word(const char *word, size_t length, struct csum_identity *identity)
{
	char value[CSUM_IDENTITY_SIZE];

	for (int kind = 0; kind < CSUM_IDENTITY_KINDS; kind++) {
		size_t name = strlen(names[kind]);

		if (length <= name || length - name > sizeof(value) || memcmp(word, names[kind], name) != 0 ||
		    word[name] != '=')
			continue;
		memcpy(value, word + name + 1, length - name - 1);
		value[length - name - 1] = '\0';
		csum_identity_set(identity, (enum csum_identity_kind)kind, value);
	}
}

void csum_identity_parse(const char *text, struct csum_identity *identity)
{
	*identity = (struct csum_identity){ 0 };
	while (*text) {
		size_t length = strcspn(text, " ");

		parse_word(text, length, identity);
		text += length + (text[length] == ' ');
	}
}

static void print_word(const struct csum_identity *identity, enum csum_identity_kind kind, char *text)
{
	const char *value = identity->value[kind];
	size_t used = strlen(text);

	if (value[0] && used + (used > 0) + strlen(names[kind]) + 1 + strlen(value) < CSUM_IDENTITY_SIZE)
		snprintf(text + used, CSUM_IDENTITY_SIZE - used, "%s%s=%s", used ? " " : "", names[kind], value);
}

void csum_identity_print(const struct csum_identity *identity, char *text)
{
	/* All of the bytes go to the disk. */
	memset(text, 0, CSUM_IDENTITY_SIZE);
	/* The values of the disk might leave no room for the one that tells its partitions apart. */
	print_word(identity, CSUM_IDENTITY_PARTUUID, text);
	print_word(identity, CSUM_IDENTITY_WWN, text);
	print_word(identity, CSUM_IDENTITY_SERIAL, text);
	print_word(identity, CSUM_IDENTITY_UUID, text);
}

bool csum_identity_differs(const struct csum_identity *a, const struct csum_identity *b, enum csum_identity_kind kind)
{
	return a->value[kind][0] && b->value[kind][0] && strcmp(a->value[kind], b->value[kind]) != 0;
}
