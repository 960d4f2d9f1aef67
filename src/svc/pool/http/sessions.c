/* SPDX-License-Identifier: MIT */
/* sessions.c — looking at sessions and ending them (session-pool-api.md 6.8). None of it allocates one. */
#include <stdio.h>

#include "svc/pool/http/pool_service_internal.h"
#include "svc/pool/limit_values.h"
#include "wire/json/json.h"

static void write_time_member(struct json_writer *json, const char *name, int64_t unix_ns)
{
    char text[TIME_TEXT_SIZE_MAX];
    pool_write_time(text, unix_ns);
    json_write_member_cstr(json, name, text);
}

static void format_etag(const struct tenant *tenant, char ret_etag[ETAG_SIZE_MAX])
{
    snprintf(ret_etag, ETAG_SIZE_MAX, "0--%s", tenant->guid);
}

static void write_session(struct json_writer *json, const struct pool_service *service,
                          const struct tenant *tenant)
{
    char etag[ETAG_SIZE_MAX];
    int64_t cooldown = pool_cooldown_ns(service->pool);
    format_etag(tenant, etag);
    json_write_begin_object(json);
    json_write_member_cstr(json, "identifier", tenant->identifier);
    write_time_member(json, "createdAt", tenant->created_unix_ns);
    write_time_member(json, "lastAccessedAt", tenant->accessed_unix_ns);
    if (cooldown >= 0)
        write_time_member(json, "expireAt", tenant->accessed_unix_ns + cooldown);
    else
        json_write_member_cstr(json, "expireAt", NULL);
    json_write_member_cstr(json, "etag", etag);
    json_write_end_object(json);
}

static struct tenant *find_session(struct pool_call *call)
{
    struct tenant *tenant = pool_find(call->service->pool, call->identifier);
    if (!tenant)
        pool_call_fail(call, 404, "NoSessionFoundError", "Could not find session with name '%.*s'.",
                       BYTES_FMT(call->identifier));
    return tenant;
}

void pool_handle_session_get(struct pool_call *call)
{
    struct tenant *tenant = find_session(call);
    if (!tenant)
        return;
    char etag[ETAG_SIZE_MAX];
    format_etag(tenant, etag);
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    write_session(&json, call->service, tenant);
    pool_call_header(call, "x-ms-session-etag", "%s", etag);
    pool_call_reply(call, 200, &body);
}

void pool_handle_session_delete(struct pool_call *call)
{
    struct tenant *tenant = find_session(call);
    if (!tenant)
        return;
    tenant_release(tenant, "the session was deleted");
    http_respond(call->request, 204, NULL, (struct bytes){0});
}

void pool_handle_stop_session(struct pool_call *call)
{
    struct tenant *tenant = find_session(call);
    if (!tenant)
        return;
    char text[SESSION_IDENTIFIER_SIZE_MAX + sizeof call->service->name + 64];
    int n = snprintf(text, sizeof text, "Session %s in session pool %s stopped.", tenant->identifier,
                     call->service->name);
    tenant_release(tenant, "the session was stopped");
    http_respond(call->request, 200, "text/plain; charset=utf-8", bytes_of(text, (size_t)n));
}

/* The path and query of the page after this one. */
static void write_next_link(struct pool_call *call, struct json_writer *json, uint64_t skip)
{
    CLEANUP(buf_fini) struct buf link = {0};
    buf_append_fmt(&link, "%.*s/listSessions?api-version=%.*s&skip=%llu",
                   BYTES_FMT(http_request_prefix(call->request)), BYTES_FMT(call->version),
                   (unsigned long long)skip);
    json_write_member_string(json, "nextLink", buf_peek(&link));
}

void pool_handle_list_sessions(struct pool_call *call)
{
    uint64_t skip = 0, at = 0, written = 0;
    struct bytes text = pool_call_query(call, "skip");
    if (text.size && bytes_parse_u64(text, &skip) != STATUS_OK) {
        pool_call_fail(call, 400, "InvalidSkip", "The query parameter 'skip' must be a whole number.");
        return;
    }
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_key(&json, "sessions");
    json_write_begin_array(&json);
    bool more = false;
    for (struct tenant *tenant = NULL; (tenant = pool_next_tenant(call->service->pool, tenant)) != NULL;) {
        if (at++ < skip)
            continue;
        more = written == POOL_SESSIONS_PAGE;
        if (more)
            break;
        write_session(&json, call->service, tenant);
        written++;
    }
    json_write_end_array(&json);
    if (more)
        write_next_link(call, &json, skip + written);
    json_write_end_object(&json);
    pool_call_reply(call, 200, &body);
}
