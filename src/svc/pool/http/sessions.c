/* SPDX-License-Identifier: MIT */
/* sessions.c — looking at sessions and ending them (session-pool-api.md 6.8). None of it allocates one. */
#include <stdio.h>

#include "svc/pool/http/pool_service_internal.h"
#include "wire/json/json.h"

#define LIST_PAGE 500 /* sessions in one answer of /listSessions */

/* Our own sessions (metadata.c) have identifiers that no caller can send. */
static bool is_internal(const struct tenant *t)
{
    return !session_identifier_valid(bytes_of_cstr(t->identifier));
}

static void write_time_member(struct json_writer *w, const char *name, int64_t unix_ns)
{
    char text[TIME_TEXT_SIZE_MAX];
    pool_write_time(text, unix_ns);
    json_write_member_cstr(w, name, text);
}

static void format_etag(const struct tenant *t, char ret_etag[ETAG_SIZE_MAX])
{
    snprintf(ret_etag, ETAG_SIZE_MAX, "0--%s", t->guid);
}

static void write_session(struct json_writer *w, const struct pool_service *s, const struct tenant *t)
{
    char etag[ETAG_SIZE_MAX];
    int64_t cooldown = pool_cooldown_ns(s->pool);
    format_etag(t, etag);
    json_write_begin_object(w);
    json_write_member_cstr(w, "identifier", t->identifier);
    write_time_member(w, "createdAt", t->created_unix_ns);
    write_time_member(w, "lastAccessedAt", t->accessed_unix_ns);
    if (cooldown >= 0)
        write_time_member(w, "expireAt", t->accessed_unix_ns + cooldown);
    else
        json_write_member_cstr(w, "expireAt", NULL);
    json_write_member_cstr(w, "etag", etag);
    json_write_end_object(w);
}

static struct tenant *find_session(struct pool_call *c)
{
    struct tenant *t = pool_find(c->service->pool, c->identifier);
    if (!t)
        pool_call_fail(c, 404, "NoSessionFoundError", "Could not find session with name '%.*s'.",
                       BYTES_FMT(c->identifier));
    return t;
}

void pool_handle_session_get(struct pool_call *c)
{
    struct tenant *t = find_session(c);
    if (!t)
        return;
    char etag[ETAG_SIZE_MAX];
    format_etag(t, etag);
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer w = {.out = &body};
    write_session(&w, c->service, t);
    pool_call_header(c, "x-ms-session-etag", "%s", etag);
    pool_call_reply(c, 200, &body);
}

void pool_handle_session_delete(struct pool_call *c)
{
    struct tenant *t = find_session(c);
    if (!t)
        return;
    tenant_release(t, "the session was deleted");
    http_respond(c->request, 204, NULL, (struct bytes){0});
}

void pool_handle_stop_session(struct pool_call *c)
{
    struct tenant *t = find_session(c);
    if (!t)
        return;
    char text[SESSION_IDENTIFIER_SIZE_MAX + sizeof c->service->name + 64];
    int n = snprintf(text, sizeof text, "Session %s in session pool %s stopped.", t->identifier,
                     c->service->name);
    tenant_release(t, "the session was stopped");
    http_respond(c->request, 200, "text/plain; charset=utf-8", bytes_of(text, (size_t)n));
}

/* The path and query of the page after this one. */
static void write_next_link(struct pool_call *c, struct json_writer *w, uint64_t skip)
{
    CLEANUP(buf_fini) struct buf link = {0};
    buf_append_fmt(&link, "%.*s/listSessions?api-version=%.*s&skip=%llu",
                   BYTES_FMT(http_request_prefix(c->request)), BYTES_FMT(c->version),
                   (unsigned long long)skip);
    json_write_member_string(w, "nextLink", buf_peek(&link));
}

void pool_handle_list_sessions(struct pool_call *c)
{
    uint64_t skip = 0, at = 0, written = 0;
    struct bytes text = pool_call_query(c, "skip");
    if (text.size && bytes_parse_u64(text, &skip) != STATUS_OK) {
        pool_call_fail(c, 400, "InvalidSkip", "The query parameter 'skip' must be a whole number.");
        return;
    }
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer w = {.out = &body};
    json_write_begin_object(&w);
    json_write_key(&w, "sessions");
    json_write_begin_array(&w);
    bool more = false;
    for (struct tenant *t = NULL; (t = pool_next_tenant(c->service->pool, t)) != NULL;) {
        if (is_internal(t) || at++ < skip)
            continue;
        more = written == LIST_PAGE;
        if (more)
            break;
        write_session(&w, c->service, t);
        written++;
    }
    json_write_end_array(&w);
    if (more)
        write_next_link(c, &w, skip + written);
    json_write_end_object(&w);
    pool_call_reply(c, 200, &body);
}
