/* SPDX-License-Identifier: MIT */
/* people_page.c — a cursor is "ORDER:NANOSECONDS:ID" of the last object that was shown. When that is gone meanwhile, the page
 * begins with the first one that was made behind it. */
#include "svc/directory/people_page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/macros.h"
#include "svc/directory/limit_values.h"

/* Where in an object of a kind its time is; the id is the first member of each. */
static const size_t created_offsets[DIRECTORY_KINDS] = {
    [DIRECTORY_PERSON] = offsetof(struct directory_person, created_ns),
    [DIRECTORY_GROUP] = offsetof(struct directory_group, created_ns),
    [DIRECTORY_APPLICATION] = offsetof(struct directory_application, created_ns),
    [DIRECTORY_KEY] = offsetof(struct directory_key, created_ns),
    [DIRECTORY_ASSIGNMENT] = offsetof(struct directory_assignment, created_ns),
};

static const char *id_of(const void *object)
{
    return *(const char *const *)object;
}

static int64_t created_of(enum directory_kind kind, const void *object)
{
    int64_t created_ns;
    ASSERT(created_offsets[kind] > 0);
    memcpy(&created_ns, (const char *)object + created_offsets[kind], sizeof created_ns);
    return created_ns;
}

static const char *order_of(const struct people_page *page)
{
    return page->newest_first ? "desc" : "asc";
}

/* --- the query --- */

static bool read_order(struct http_request *request, bool *ret_newest_first)
{
    struct bytes order = http_request_query(request, "order");
    *ret_newest_first = bytes_equal_cstr(order, "desc");
    return !order.data || *ret_newest_first || bytes_equal_cstr(order, "asc");
}

static bool read_limit(struct http_request *request, size_t *ret_limit)
{
    uint64_t limit = SIZE_MAX;
    struct bytes text = http_request_query(request, "limit");
    bool fits =
        !text.data || (bytes_parse_u64(text, &limit) == STATUS_OK && limit >= 1 && limit <= PEOPLE_PAGE_MAX);
    *ret_limit = limit;
    return fits;
}

/* How many of the objects stand before the cursor's place, or at it. False: it is none of this order. */
static bool find_place(const struct people_page *page, size_t count, struct bytes cursor, size_t *ret_from)
{
    int64_t place_ns;
    struct bytes id = cursor, order = bytes_split(&id, ':'), time = bytes_split(&id, ':');
    if (!bytes_equal_cstr(order, order_of(page)) || bytes_parse_i64(time, &place_ns) != STATUS_OK ||
        id.size != GUID_TEXT_SIZE)
        return false;
    size_t behind = count;
    for (size_t i = 0; i < count; i++) {
        int64_t created_ns = created_of(page->kind, page->objects[i]);
        if (bytes_equal_cstr(id, id_of(page->objects[i]))) {
            *ret_from = i + 1;
            return true;
        }
        if (behind == count && (page->newest_first ? created_ns < place_ns : created_ns > place_ns))
            behind = i;
    }
    *ret_from = behind;
    return true;
}

/* --- the page --- */

/* False without memory. */
static bool gather(struct people_page *page, const struct directory *directory, size_t count)
{
    const void *object = NULL;
    page->objects = calloc(count + 1, sizeof *page->objects);
    if (!page->objects)
        return false;
    for (size_t i = 0; i < count; i++) {
        object = directory_next(directory, page->kind, object);
        page->objects[page->newest_first ? count - 1 - i : i] = object;
    }
    return true;
}

bool people_page_begin(struct http_request *request, const struct directory *directory,
                       enum directory_kind kind, struct people_page *ret_page)
{
    size_t count = directory_count(directory, kind), limit;
    struct bytes after = http_request_query(request, "after");
    *ret_page = (struct people_page){.kind = kind};
    if (!read_order(request, &ret_page->newest_first)) {
        http_respond_failure(request, 400, "The value of order must be asc or desc.");
        return false;
    }
    if (!read_limit(request, &limit)) {
        http_respond_failure(
            request, 400,
            "The value of limit must be 1 to " DIGITS_OF(PEOPLE_PAGE_MAX) " (limit people-page-max).");
        return false;
    }
    if (!gather(ret_page, directory, count)) {
        http_respond_no_memory(request);
        return false;
    }
    if (after.size > 0 && !find_place(ret_page, count, after, &ret_page->from)) {
        people_page_fini(ret_page);
        http_respond_failure(request, 400, "The value of after is not the \"next\" of a page in this order.");
        return false;
    }
    ret_page->until = limit < count - ret_page->from ? ret_page->from + limit : count;
    return true;
}

void people_page_fini(struct people_page *page)
{
    free(page->objects);
    page->objects = NULL;
}

const char *people_page_next(const struct people_page *page, const struct directory *directory,
                             struct http_request *request)
{
    if (page->until == directory_count(directory, page->kind))
        return "";
    const void *last = page->objects[page->until - 1];
    return arena_fmt(http_request_arena(request), "%s:%" PRId64 ":%s", order_of(page),
                     created_of(page->kind, last), id_of(last));
}
