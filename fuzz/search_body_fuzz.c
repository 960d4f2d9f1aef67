/* SPDX-License-Identifier: MIT */
/* search_body_fuzz.c — any bytes as the body of a search for instances or for entities, as a policy of retention, or as an
 * interval. What is read keeps its limits, and a window over a few rows
 * never holds more than was asked for. */
#include <stdlib.h>

#include "base/timespan.h"
#include "core/task/retention.h"
#include "svc/scheduler/http/entity_wish.h"
#include "svc/scheduler/http/retention_body.h"
#include "svc/scheduler/http/search_body.h"

static void search_entities(struct bytes body, struct arena *arena)
{
    struct entity_wish wish;
    struct err err = {0};
    if (entity_wish_read(body, arena, &wish, &err) != STATUS_OK) {
        ASSERT(err.status != STATUS_OK && err.text[0]);
        return;
    }
    ASSERT(wish.first + wish.count <= SEARCH_WINDOW_MAX && wish.excluded_count <= ENTITY_EXCLUDED_MAX);
    const struct found_entity one = {.id = BYTES_LITERAL("@counter@a@b"), .modified_ns = 5};
    const struct found_entity other = {.id = body, .modified_ns = 7};
    (void)entity_wish_matches(&wish, &one);
    (void)entity_wish_matches(&wish, &other);
    ASSERT(entity_wish_compare(&wish, &one, &one) == 0);
    int order = entity_wish_compare(&wish, &one, &other);
    ASSERT((order > 0) == (entity_wish_compare(&wish, &other, &one) < 0));
}

/* What is accepted is a text that the sweep can read, or keeps all. */
static void read_policy(struct bytes body)
{
    CLEANUP(json_release) json_t *value = NULL;
    CLEANUP(buf_fini) struct buf rules = {0};
    struct err err = {0};
    struct retention parsed;
    struct bytes wrong;
    int64_t ns = -1;
    ASSERT(timespan_parse(body, &ns) != STATUS_OK || ns >= 0);
    if (json_parse(body, NULL, &value, NULL) != STATUS_OK ||
        retention_body_read(value, &rules, &err) != STATUS_OK)
        return;
    ASSERT(bytes_equal(buf_peek(&rules), RETENTION_KEEP) ||
           retention_parse(buf_peek(&rules), &parsed, &wrong) == STATUS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    struct search_wish wish;
    struct err err = {0};
    arena_init(&arena, (size_t)4 << 20);
    search_entities(bytes_of(data, size), &arena);
    read_policy(bytes_of(data, size));
    if (search_body_read(bytes_of(data, size), &arena, &wish, &err) != STATUS_OK) {
        ASSERT(err.status != STATUS_OK && err.text[0]);
        return 0;
    }
    ASSERT(wish.first + wish.count <= SEARCH_WINDOW_MAX && wish.sort_count <= SEARCH_SORTS_MAX);

    struct search search = {.wish = &wish};
    for (int i = 0; i < 20; i++) {
        struct instance_row row = {.instance_id = bytes_slice(bytes_of(data, size), 0, (size_t)i),
                                   .name = bytes_slice(bytes_of(data, size), (size_t)i, 5),
                                   .tags = bytes_of(data, size),
                                   .status = (enum instance_status)(i % INSTANCE_NONE),
                                   .created_ns = i * 1000000000LL};
        ASSERT(search_take(&search, &row) == STATUS_OK);
    }
    search_finish(&search);
    ASSERT(search.row_count <= MIN(search.counts.total, wish.first + wish.count));
    const struct instance_row *before = NULL, *row;
    for (size_t i = 0; (row = search_row_at(&search, i)); before = row, i++)
        ASSERT(!before || search_compare(&wish, before, row) <= 0);
    search_fini(&search);
    return 0;
}
