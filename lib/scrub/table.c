/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of bad sectors: an array of rows that grows. */
#include "scrub/table.h"

#include <errno.h>
#include <stdlib.h>

#include "base/report.h"
#include "scrub/guard.h"

struct csum_scrub_table {
	struct csum_scrub_bad *rows;
	size_t count, capacity;
};

struct csum_scrub_table *csum_scrub_table_create(void)
{
	return calloc(1, sizeof(struct csum_scrub_table));
}

void csum_scrub_table_free(struct csum_scrub_table *table)
{
	if (table)
		free(table->rows);
	free(table);
}

int csum_scrub_table_add(struct csum_scrub *scrub, const struct csum_bad_sector *found)
{
	struct csum_scrub_table *table = scrub->table;

	if (table->count == table->capacity) {
		size_t capacity = table->capacity ? table->capacity * 2 : 256;
		struct csum_scrub_bad *grown = reallocarray(table->rows, capacity, sizeof(*grown));

		if (!grown)
			return csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "noting bad sectors");
		table->rows = grown;
		table->capacity = capacity;
	}
	table->rows[table->count++] = (struct csum_scrub_bad){
		.found = *found,
		.adjacent = 1,
		.source = CSUM_SCRUB_NO_INDEX,
		.cover = csum_scrub_guard_cover(scrub, found->sector),
	};
	return 0;
}

size_t csum_scrub_table_count(const struct csum_scrub *scrub)
{
	return scrub->table->count;
}

struct csum_scrub_bad *csum_scrub_table_row(const struct csum_scrub *scrub, size_t index)
{
	return &scrub->table->rows[index];
}

void csum_scrub_table_cut(struct csum_scrub *scrub, size_t count)
{
	scrub->table->count = count;
}

static int compare_rows(const void *a, const void *b)
{
	uint64_t first = ((const struct csum_scrub_bad *)a)->found.sector;
	uint64_t second = ((const struct csum_scrub_bad *)b)->found.sector;

	return (first > second) - (first < second);
}

void csum_scrub_table_sort(struct csum_scrub *scrub)
{
	qsort(scrub->table->rows, scrub->table->count, sizeof(*scrub->table->rows), compare_rows);
}

bool csum_scrub_table_has(const struct csum_scrub *scrub, uint64_t sector)
{
	const struct csum_scrub_bad wanted = { .found.sector = sector };
	const struct csum_scrub_table *table = scrub->table;

	return bsearch(&wanted, table->rows, table->count, sizeof(wanted), compare_rows) != NULL;
}
