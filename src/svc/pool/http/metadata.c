/* SPDX-License-Identifier: MIT */
/* metadata.c — GET /metadata: what a session of this pool has installed (session-pool-api.md 6.8).
 * The only one who knows is a session, so one of our own is asked once, under an identifier that no caller
 * can send, and released. It has run no user's code, and its answer is read with limits all the same. */
#include "os/clock.h"
#include "runtime/python/metadata_cell.h"
#include "svc/pool/http/pool_service_internal.h"
#include "wire/json/json.h"

#define METADATA_IDENTIFIER "\x01metadata"
#define METADATA_LIMIT_NS   (30 * NS_PER_S)
#define PACKAGES_MAX        5000

struct metadata_wait {
    struct list link;
    struct pool_call *call;
};

static void answer_waiters(struct pool_service *s, const char *cause)
{
    struct list *link;
    while ((link = list_pop_front(&s->metadata_waiters))) {
        struct pool_call *c = CONTAINER_OF(link, struct metadata_wait, link)->call;
        http_request_on_gone(c->request, NULL, NULL);
        if (s->metadata.size)
            pool_call_reply(c, 200, &s->metadata);
        else
            pool_call_fail(c, 503, "MetadataUnavailable", "%s", cause);
    }
}

static void write_pairs(struct json_writer *w, const char *name, const json_t *list)
{
    size_t i;
    json_t *item;
    json_write_key(w, name);
    json_write_begin_array(w);
    json_array_foreach(list, i, item)
    {
        if (i == PACKAGES_MAX)
            break;
        json_write_begin_object(w);
        json_write_member_string(w, "name", json_bytes(json_object_get(item, "name")));
        json_write_member_string(w, "version", json_bytes(json_object_get(item, "version")));
        json_write_end_object(w);
    }
    json_write_end_array(w);
}

static void write_metadata(struct pool_service *s, const json_t *found)
{
    char created[TIME_TEXT_SIZE_MAX];
    pool_write_time(created, s->created_unix_ns);
    struct json_writer w = {.out = &s->metadata, .replace_invalid = true};
    json_write_begin_object(&w);
    write_pairs(&w, "runtimes", json_object_get(found, "runtimes"));
    write_pairs(&w, "preInstalledPackages", json_object_get(found, "preInstalledPackages"));
    json_write_member_cstr(&w, "createdAt", created);
    json_write_member_cstr(&w, "lastUpdatedAt", created);
    json_write_key(&w, "jupyterKernel");
    json_write_begin_object(&w);
    json_write_member_cstr(&w, "name", "sallyport");
    json_write_member_cstr(&w, "version", SALLYPORT_VERSION);
    json_write_member_cstr(&w, "projectUrl", "");
    json_write_member_cstr(&w, "description",
                           "Sallyport's own Python runner; it speaks no Jupyter protocol.");
    json_write_end_object(&w);
    json_write_end_object(&w);
    if (json_write_status(&w) != STATUS_OK)
        buf_fini(&s->metadata);
}

static void on_metadata(void *context, struct execution *x)
{
    struct pool_service *s = context;
    CLEANUP(json_release) json_t *found = NULL;
    s->metadata_asked = false;
    if (x->status == EXECUTION_SUCCEEDED &&
        json_parse(bytes_trim(buf_peek(&x->outcome.output[SESSION_STDOUT])), NULL, &found, NULL) ==
            STATUS_OK &&
        json_is_object(found))
        write_metadata(s, found);
    struct tenant *t = pool_find(s->pool, BYTES_LITERAL(METADATA_IDENTIFIER));
    if (t)
        tenant_release(t, "it has told what it knows");
    answer_waiters(s, x->outcome.fault_text[0] ? x->outcome.fault_text
                                               : "no session could tell what it has installed");
}

static void on_gone(void *context)
{
    struct metadata_wait *w = context;
    list_remove(&w->link);
}

static enum status ask(struct pool_service *s, struct err *e)
{
    struct tenant *t;
    enum status st = pool_enter(s->pool, BYTES_LITERAL(METADATA_IDENTIFIER), &t, e);
    if (st != STATUS_OK)
        return st;
    struct execution *x = execution_create(loop_now(s->loop));
    if (!x)
        return err_set(e, STATUS_NO_MEMORY, "out of memory");
    buf_append_cstr(&x->asked.code, python_metadata[0].text);
    x->asked.limit_ns = METADATA_LIMIT_NS;
    x->on_done = on_metadata;
    x->context = s;
    st = tenant_execute(t, x, e);
    if (st != STATUS_OK)
        execution_destroy(x);
    return st;
}

void pool_handle_metadata(struct pool_call *c)
{
    struct pool_service *s = c->service;
    struct err e = {0};
    if (s->metadata.size) {
        pool_call_reply(c, 200, &s->metadata);
        return;
    }
    struct metadata_wait *w = arena_alloc(http_request_arena(c->request), sizeof *w);
    enum status st = w ? STATUS_OK : STATUS_NO_MEMORY;
    if (st == STATUS_OK && !s->metadata_asked)
        st = ask(s, &e);
    if (st != STATUS_OK) {
        pool_call_fail_status(c, st, &e);
        return;
    }
    s->metadata_asked = true;
    w->call = c;
    list_push_back(&s->metadata_waiters, &w->link);
    http_request_on_gone(c->request, on_gone, w);
}
