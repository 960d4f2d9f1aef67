/* SPDX-License-Identifier: MIT */
/* audit_service.c — entries as they stand in the log, a line each, since only their own bytes can be proven; and the key. */
#include "svc/audit/audit_service.h"

#include <stdlib.h>

#include "base/no_memory.h"
#include "base/text.h"
#include "net/http_link.h"
#include "svc/audit/audit_schemas.h"

#define LINES_TYPE   "application/jsonl"
#define PEM_TYPE     "application/x-pem-file"
#define PAGE_DEFAULT 100
#define OBJECT_MAX   300 /* bytes */

/* --- GET /v1/audit --- */

/* A request that waits for the log. Freed when it was read, whether or not somebody still waits. */
struct audit_look {
    struct audit_reader reader;
    struct http_request *request; /* NULL: the peer is gone */
    size_t lines_max;             /* of a full page */
};

static void on_gone(void *context)
{
    struct audit_look *look = context;
    look->request = NULL;
}

static size_t count_lines(struct bytes lines)
{
    size_t count = 0;
    for (size_t i = 0; i < lines.size; i++)
        count += lines.data[i] == '\n';
    return count;
}

static void on_read(struct audit_reader *reader, enum status status, struct bytes lines, int64_t last,
                    const struct err *err)
{
    struct audit_look *look = CONTAINER_OF(reader, struct audit_look, reader);
    bool is_full = status == STATUS_OK && count_lines(lines) == look->lines_max;
    if (look->request && is_full && !http_link_next_number(look->request, "/v1/audit", last))
        http_respond_no_memory(look->request);
    else if (look->request && status == STATUS_OK)
        http_respond(look->request, 200, LINES_TYPE, lines);
    else if (look->request)
        http_respond_failure(look->request, 503, err->text);
    free(look);
}

/* A number of the query, or `absent`. False: it is none, or out of range. */
static bool read_number(struct http_request *request, const char *name, int64_t least, int64_t most,
                        int64_t absent, int64_t *ret_number)
{
    struct bytes text = http_request_query(request, name);
    *ret_number = absent;
    if (!text.data)
        return true;
    return bytes_parse_i64(text, ret_number) == STATUS_OK && *ret_number >= least && *ret_number <= most;
}

static bool read_flag(struct http_request *request, const char *name, bool *ret_flag)
{
    struct bytes text = http_request_query(request, name);
    *ret_flag = bytes_equal(text, BYTES_LITERAL("true"));
    return !text.data || *ret_flag || bytes_equal(text, BYTES_LITERAL("false"));
}

static bool read_order(struct http_request *request, bool *ret_newest_first)
{
    struct bytes text = http_request_query(request, "order");
    *ret_newest_first = bytes_equal_cstr(text, "desc");
    return !text.data || *ret_newest_first || bytes_equal_cstr(text, "asc");
}

static void list_entries(void *context, struct http_request *request)
{
    struct audit_service *service = context;
    int64_t limit, after;
    bool with_heads, newest_first;
    struct bytes object = http_request_query(request, "object");
    char object_text[OBJECT_MAX + 1] = "";
    const char *refusal = NULL;
    if (!read_number(request, "after", 0, INT64_MAX, 0, &after))
        refusal = "\"after\" must be the number of an entry, 0 or more.";
    else if (!read_number(request, "limit", 1, AUDIT_PAGE_MAX, PAGE_DEFAULT, &limit))
        refusal = "\"limit\" must be a number from 1 to 1000.";
    else if (!read_flag(request, "heads", &with_heads))
        refusal = "\"heads\" must be true or false.";
    else if (!read_order(request, &newest_first))
        refusal = "\"order\" must be asc or desc.";
    else if (object.size > OBJECT_MAX)
        refusal = "\"object\" is longer than any object's name.";
    struct audit_look *look = refusal ? NULL : calloc(1, sizeof *look);
    if (!look) {
        http_respond_failure(request, refusal ? 400 : 503, text_or(refusal, ERR_NO_MEMORY));
        return;
    }

    if (object.size > 0)
        memcpy(object_text, object.data, object.size);
    const struct audit_search search = {.after = after,
                                        .limit = (size_t)limit,
                                        .object = object.size > 0 ? object_text : NULL,
                                        .newest_first = newest_first,
                                        .with_heads = with_heads};
    look->reader.on_read = on_read;
    look->request = request;
    look->lines_max = (size_t)limit * (with_heads ? 2 : 1);
    http_request_on_gone(request, on_gone, look);
    audit_log_read(service->log, &search, &look->reader);
}

/* --- GET /v1/audit/key --- */

static void show_key(void *context, struct http_request *request)
{
    const struct audit_service *service = context;
    http_respond(request, 200, PEM_TYPE, audit_log_public_key(service->log));
}

/* --- routes --- */

static const struct http_route routes[] = {
    {"GET", "/v1/audit", "after limit object heads order", ACCESS_AUDIT, .handle = list_entries,
     .summary = "Read the audit log, a line each entry"},
    {"GET", "/v1/audit/key", "", ACCESS_AUDIT, .handle = show_key,
     .summary = "The public key of its signed heads"},
};

struct http_part audit_service_part(struct audit_service *service)
{
    return (struct http_part){.name = "audit",
                              .rated = true,
                              .tagged = true,
                              .prefix = "",
                              .claims = "/v1/audit",
                              .routes = routes,
                              .route_count = ARRAY_SIZE(routes),
                              .schemas = audit_schemas,
                              .context = service};
}
