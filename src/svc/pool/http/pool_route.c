/* SPDX-License-Identifier: MIT */
/* pool_route.c — a table of tails, tried at each segment from the left. */
#include "svc/pool/http/pool_route.h"

#include "wire/http1/uri.h"

#define WORDS_MAX 2

static const struct {
    enum pool_route_kind kind;
    const char *words[WORDS_MAX];
    bool named; /* exactly one segment follows */
} tails[] = {
    {POOL_ROUTE_CODE_EXECUTE, {"code", "execute"}, false},
    {POOL_ROUTE_PYTHON_EXECUTE, {"python", "execute"}, false},
    {POOL_ROUTE_EXECUTIONS, {"executions"}, false},
    {POOL_ROUTE_EXECUTIONS, {"execute"}, false}, /* a draft's word for it that the cloud answers too */
    {POOL_ROUTE_EXECUTION, {"executions"}, true},
    {POOL_ROUTE_SESSION, {"session"}, false},
    {POOL_ROUTE_LIST_SESSIONS, {"listSessions"}, false},
    {POOL_ROUTE_METADATA, {"metadata"}, false},
    {POOL_ROUTE_STOP_SESSION, {".management", "stopSession"}, false},
};

/* "/subscriptions/S/resourceGroups/G/sessionPools/P": nothing inside it is a route. */
static const char *const cloud_prefix[] = {"subscriptions", NULL, "resourceGroups", NULL,
                                           "sessionPools",  NULL};

static bool is_word(struct bytes segment, const char *word)
{
    return bytes_equal_nocase(segment, bytes_of_cstr(word));
}

/* The rest of `path` behind the cloud's prefix, or all of it. */
static struct bytes behind_cloud_prefix(struct bytes path)
{
    struct bytes rest = path;
    for (size_t i = 0; i < ARRAY_SIZE(cloud_prefix); i++) {
        struct bytes segment = uri_path_next(&rest);
        if (!segment.data || (cloud_prefix[i] && !is_word(segment, cloud_prefix[i])))
            return path;
    }
    return rest;
}

static bool match_tail(struct bytes rest, size_t i, struct bytes *ret_name)
{
    for (size_t w = 0; w < WORDS_MAX && tails[i].words[w]; w++) {
        struct bytes segment = uri_path_next(&rest);
        if (!segment.data || !is_word(segment, tails[i].words[w]))
            return false;
    }
    struct bytes name = {0};
    if (tails[i].named) {
        name = uri_path_next(&rest);
        if (!name.data)
            return false;
    }
    *ret_name = name;
    return uri_path_next(&rest).data == NULL;
}

/* The last segment of `path`, and what stands before it. */
static struct bytes last_segment(struct bytes path, struct bytes *ret_before)
{
    struct bytes last = {0}, rest = path, segment;
    while ((segment = uri_path_next(&rest)).data)
        last = segment;
    *ret_before = last.data ? bytes_of(path.data, (size_t)(last.data - path.data)) : path;
    return last;
}

/* Everything below "files". A name may have several segments, so the place of "content" decides: first, it is
 * the legacy download; last, the current one. */
static void match_file(struct bytes rest, struct pool_route *r)
{
    struct bytes behind_first = rest, before_last;
    struct bytes first = uri_path_next(&behind_first);
    struct bytes probe = behind_first;
    bool several = uri_path_next(&probe).data != NULL;
    struct bytes last = last_segment(rest, &before_last);
    if (!first.data) {
        r->kind = POOL_ROUTE_FILES;
    } else if (several && is_word(first, "content")) {
        r->kind = POOL_ROUTE_FILE_CONTENT;
        r->name = behind_first;
    } else if (several && is_word(last, "content")) {
        r->kind = POOL_ROUTE_FILE_CONTENT;
        r->name = before_last;
    } else {
        r->kind = POOL_ROUTE_FILE;
        r->name = rest;
    }
}

static bool match_at(struct bytes rest, struct pool_route *r)
{
    for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
        if (match_tail(rest, i, &r->name)) {
            r->kind = tails[i].kind;
            return true;
        }
    }
    struct bytes below = rest;
    if (!is_word(uri_path_next(&below), "files"))
        return false;
    match_file(below, r);
    return true;
}

static struct bytes without_slashes_at_end(struct bytes b)
{
    while (b.size && b.data[b.size - 1] == '/')
        b.size--;
    return b;
}

enum status pool_route_parse(struct arena *arena, struct bytes path, struct pool_route *ret_route)
{
    struct pool_route r = {0};
    struct bytes rest = behind_cloud_prefix(path);
    bool anywhere = rest.data == path.data;
    while (!match_at(rest, &r)) {
        if (!anywhere || !uri_path_next(&rest).data) {
            *ret_route = (struct pool_route){.kind = POOL_ROUTE_NONE};
            return STATUS_OK;
        }
    }
    size_t before = rest.data ? (size_t)(rest.data - path.data) : path.size;
    r.prefix = without_slashes_at_end(bytes_slice(path, 0, before));
    r.name = r.name.data ? uri_decode(arena, r.name, false) : BYTES_LITERAL("");
    if (!r.name.data)
        return STATUS_NO_MEMORY;
    *ret_route = r;
    return STATUS_OK;
}
