/* SPDX-License-Identifier: MIT */
/* search.c — a row is matched, counted, and put into a heap of bounded size, whose top is the last in the order. */
#include "svc/scheduler/http/search.h"

#include <stdlib.h>

#include "base/text.h"
#include "svc/scheduler/limit_values.h"
#include "wire/pb/pb.h"

/* A copy that owns its bytes, which lie behind it. */
struct search_row {
    struct instance_row row;
    size_t size;
    uint8_t data[];
};

/* --- matching --- */

bool search_contains(struct bytes text, struct bytes part)
{
    for (size_t at = 0; at + part.size <= text.size; at++)
        if (bytes_starts_with_nocase(bytes_slice(text, at, part.size), part))
            return true;
    return false;
}

static bool in_range(const struct search_range *range, int64_t ns)
{
    return !range->set || (ns != 0 && ns >= range->from_ns && ns < range->to_ns);
}

/* One tag of a row, whose tags are fields of a message: an entry with key (1) and value (2). */
static bool tag_contains(struct bytes entry, struct bytes part)
{
    struct pb_reader reader = pb_reader_of(entry);
    while (pb_reader_next(&reader))
        if (reader.wire == PB_WIRE_BYTES && search_contains(reader.bytes, part))
            return true;
    return false;
}

static bool tags_contain(struct bytes tags, struct bytes part)
{
    struct pb_reader reader = pb_reader_of(tags);
    while (pb_reader_next(&reader))
        if (reader.wire == PB_WIRE_BYTES && tag_contains(reader.bytes, part))
            return true;
    return false;
}

bool search_matches(const struct search_wish *wish, const struct instance_row *row)
{
    bool status = wish->status_mask == 0 || (wish->status_mask >> (unsigned)row->status & 1);
    bool times = in_range(&wish->created, row->created_ns) && in_range(&wish->updated, row->updated_ns) &&
                 in_range(&wish->start, row->scheduled_ns) && in_range(&wish->completed, row->completed_ns);
    if (!status || !times)
        return false;

    /* ORDER: from the cheap to the dear. Tags are encoded, and are decoded for each row that comes so far. */
    bool texts = search_contains(row->instance_id, wish->id) && search_contains(row->name, wish->name) &&
                 search_contains(row->version.value, wish->version);
    if (!texts)
        return false;
    return wish->tags.size == 0 || tags_contain(row->tags, wish->tags);
}

/* --- order --- */

static int compare_numbers(int64_t one, int64_t other)
{
    return (one > other) - (one < other);
}

static int compare_column(enum search_column column, const struct instance_row *row,
                          const struct instance_row *other)
{
    switch (column) {
    case SEARCH_BY_ID:
        return bytes_compare(row->instance_id, other->instance_id);
    case SEARCH_BY_NAME:
        return bytes_compare(row->name, other->name);
    case SEARCH_BY_VERSION:
        return bytes_compare(row->version.value, other->version.value);
    case SEARCH_BY_CREATED:
        return compare_numbers(row->created_ns, other->created_ns);
    case SEARCH_BY_UPDATED:
        return compare_numbers(row->updated_ns, other->updated_ns);
    case SEARCH_BY_START:
        return compare_numbers(row->scheduled_ns, other->scheduled_ns);
    case SEARCH_BY_COMPLETED:
        return compare_numbers(row->completed_ns, other->completed_ns);
    case SEARCH_BY_STATUS: /* by name, as people sort them */
        return strcmp(instance_status_name(row->status), instance_status_name(other->status));
    case SEARCH_BY_TAGS:
        return bytes_compare(row->tags, other->tags);
    case SEARCH_COLUMN_COUNT:
        break;
    }
    ASSERT(false && "no column");
    return 0;
}

int search_compare(const struct search_wish *wish, const struct instance_row *row,
                   const struct instance_row *other)
{
    int order = 0;
    for (size_t i = 0; i < wish->sort_count && order == 0; i++) {
        order = compare_column(wish->sorts[i].column, row, other);
        order = wish->sorts[i].descending ? -order : order;
    }
    /* Ties and no wish at all: newest first, and the id, so that pages neither repeat nor skip. */
    if (order == 0)
        order = -compare_numbers(row->created_ns, other->created_ns);
    return order ? order : bytes_compare(row->instance_id, other->instance_id);
}

/* --- the window --- */

static void count_row(struct search_counts *counts, const struct instance_row *row)
{
    counts->total++;
    counts->completed += row->status == INSTANCE_COMPLETED;
    counts->running += row->status == INSTANCE_RUNNING;
    counts->failed += row->status == INSTANCE_FAILED;
    counts->pending += row->status == INSTANCE_PENDING;
    bool first = counts->total == 1;
    counts->earliest_ns = first ? row->created_ns : MIN(counts->earliest_ns, row->created_ns);
    counts->latest_ns = first ? row->created_ns : MAX(counts->latest_ns, row->created_ns);
}

static struct bytes move_into(uint8_t **to, struct bytes bytes)
{
    struct bytes copy = {bytes.size ? *to : NULL, bytes.size};
    if (bytes.size)
        memcpy(*to, bytes.data, bytes.size);
    *to += bytes.size;
    return copy;
}

static struct search_row *row_copy(const struct instance_row *row)
{
    size_t size = row->instance_id.size + row->execution_id.size + row->name.size + row->version.value.size +
                  row->parent_id.value.size + row->tags.size;
    struct search_row *copy = malloc(sizeof *copy + size);
    if (!copy)
        return NULL;
    uint8_t *to = copy->data;
    copy->size = sizeof *copy + size;
    copy->row = *row;
    copy->row.instance_id = move_into(&to, row->instance_id);
    copy->row.execution_id = move_into(&to, row->execution_id);
    copy->row.name = move_into(&to, row->name);
    copy->row.version.value = move_into(&to, row->version.value);
    copy->row.parent_id.value = move_into(&to, row->parent_id.value);
    copy->row.tags = move_into(&to, row->tags);
    return copy;
}

/* True if row `at` of the heap stands behind row `other` in the order. */
static bool behind(const struct search *search, size_t at, size_t other)
{
    return search_compare(search->wish, &search->rows[at]->row, &search->rows[other]->row) > 0;
}

static void swap(struct search *search, size_t at, size_t other)
{
    struct search_row *row = search->rows[at];
    search->rows[at] = search->rows[other];
    search->rows[other] = row;
}

static void sift_up(struct search *search, size_t at)
{
    for (; at > 0 && behind(search, at, (at - 1) / 2); at = (at - 1) / 2)
        swap(search, at, (at - 1) / 2);
}

static void sift_down(struct search *search, size_t at, size_t count)
{
    for (;;) {
        size_t last = at, left = 2 * at + 1, right = left + 1;
        if (left < count && behind(search, left, last))
            last = left;
        if (right < count && behind(search, right, last))
            last = right;
        if (last == at)
            return;
        swap(search, at, last);
        at = last;
    }
}

static enum status grow(struct search *search)
{
    if (search->row_count < search->capacity)
        return STATUS_OK;
    size_t capacity = search->capacity ? search->capacity * 2 : 64;
    struct search_row **rows = realloc(search->rows, capacity * sizeof *rows);
    if (!rows)
        return STATUS_NO_MEMORY;
    search->rows = rows;
    search->capacity = capacity;
    return STATUS_OK;
}

/* The window is full: the row comes in place of the last one if it stands before that. */
static enum status take_instead(struct search *search, const struct instance_row *row)
{
    if (search->row_count == 0 || search_compare(search->wish, row, &search->rows[0]->row) >= 0)
        return STATUS_OK;
    struct search_row *copy = row_copy(row);
    if (!copy)
        return STATUS_NO_MEMORY;
    search->bytes = search->bytes - search->rows[0]->size + copy->size;
    free(search->rows[0]);
    search->rows[0] = copy;
    sift_down(search, 0, search->row_count);
    return search->bytes > SEARCH_WINDOW_SIZE_MAX ? STATUS_TOO_LARGE : STATUS_OK;
}

enum status search_take(struct search *search, const struct instance_row *row)
{
    if (!search_matches(search->wish, row))
        return STATUS_OK;
    count_row(&search->counts, row);
    if (search->row_count >= search->wish->first + search->wish->count)
        return take_instead(search, row);

    enum status status = grow(search);
    if (status != STATUS_OK)
        return status;
    struct search_row *copy = row_copy(row);
    if (!copy)
        return STATUS_NO_MEMORY;
    search->bytes += copy->size;
    search->rows[search->row_count++] = copy;
    sift_up(search, search->row_count - 1);
    return search->bytes > SEARCH_WINDOW_SIZE_MAX ? STATUS_TOO_LARGE : STATUS_OK;
}

/* The second half of a heap sort: the last goes to the end, again and again. */
void search_finish(struct search *search)
{
    for (size_t count = search->row_count; count > 1; count--) {
        swap(search, 0, count - 1);
        sift_down(search, 0, count - 1);
    }
}

const struct instance_row *search_row_at(const struct search *search, size_t index)
{
    size_t at = search->wish->first + index;
    return index < search->wish->count && at < search->row_count ? &search->rows[at]->row : NULL;
}

void search_fini(struct search *search)
{
    for (size_t i = 0; i < search->row_count; i++)
        free(search->rows[i]);
    free(search->rows);
    *search = (struct search){0};
}
