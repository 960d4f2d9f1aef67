/* SPDX-License-Identifier: MIT */
/* metadata.c — GET /metadata: what a session of this pool has installed (session-pool-api.md 6.8); GET /sallyport.
 * The only one who knows is a session, so one of the pool's own tenant is asked once, and released. It has run no user's code, and its answer is read with limits all the same. */
#include "os/clock.h"
#include "runtime/runtime.h"
#include "svc/pool/http/pool_service_internal.h"
#include "svc/pool/limit_values.h"
#include "wire/json/json.h"

#define METADATA_RUNTIME RUNTIME_DEFAULT /* the contract has one answer for a pool */

struct metadata_wait {
    struct list link;
    struct pool_call *call;
};

static void answer_waiters(struct pool_service *service, const char *cause)
{
    struct list *link;
    while ((link = list_pop_front(&service->metadata_waiters))) {
        struct pool_call *call = CONTAINER_OF(link, struct metadata_wait, link)->call;
        http_request_on_gone(call->request, NULL, NULL);
        if (service->metadata.size)
            pool_call_reply(call, 200, &service->metadata);
        else
            pool_call_fail(call, 503, "MetadataUnavailable", "%s", cause);
    }
}

static void write_pairs(struct json_writer *json, const char *name, const json_t *list)
{
    size_t i;
    json_t *item;
    json_write_key(json, name);
    json_write_begin_array(json);
    json_array_foreach(list, i, item)
    {
        if (i == POOL_PACKAGES_MAX)
            break;
        json_write_begin_object(json);
        json_write_member_string(json, "name", json_member_bytes(item, "name"));
        json_write_member_string(json, "version", json_member_bytes(item, "version"));
        json_write_end_object(json);
    }
    json_write_end_array(json);
}

static void write_metadata(struct pool_service *service, const json_t *found)
{
    char created[TIME_TEXT_SIZE_MAX];
    pool_write_time(created, service->created_unix_ns);
    struct json_writer json = {.out = &service->metadata, .replace_invalid = true};
    json_write_begin_object(&json);
    write_pairs(&json, "runtimes", json_object_get(found, "runtimes"));
    write_pairs(&json, "preInstalledPackages", json_object_get(found, "preInstalledPackages"));
    json_write_member_cstr(&json, "createdAt", created);
    json_write_member_cstr(&json, "lastUpdatedAt", created);
    json_write_key(&json, "jupyterKernel");
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "name", "sallyport");
    json_write_member_cstr(&json, "version", SALLYPORT_VERSION);
    json_write_member_cstr(&json, "projectUrl", "");
    json_write_member_cstr(&json, "description", runtime_row(METADATA_RUNTIME)->kernel_in_words);
    json_write_end_object(&json);
    json_write_end_object(&json);
    if (json_write_status(&json) != STATUS_OK)
        buf_fini(&service->metadata);
}

static void on_metadata(void *context, struct execution *execution)
{
    struct pool_service *service = context;
    CLEANUP(json_release) json_t *found = NULL;
    service->metadata_asked = false;
    if (execution->status == EXECUTION_SUCCEEDED &&
        json_parse(bytes_trim(buf_peek(&execution->outcome.output[SESSION_STDOUT])), NULL, &found, NULL) ==
            STATUS_OK &&
        json_is_object(found))
        write_metadata(service, found);
    struct tenant *tenant = pool_own_tenant(service->pool);
    if (tenant)
        tenant_release(tenant, "its packages have been listed");
    answer_waiters(service, execution->outcome.fault_text[0] ? execution->outcome.fault_text
                                                             : "no session could tell what it has installed");
}

static void on_gone(void *context)
{
    struct metadata_wait *wait = context;
    list_remove(&wait->link);
}

static enum status ask(struct pool_service *service, struct err *err)
{
    struct tenant *tenant;
    enum status st = pool_enter_own(service->pool, &tenant, err);
    if (st != STATUS_OK)
        return st;
    struct execution *execution = execution_create(loop_now(service->loop));
    if (!execution)
        return err_no_memory(err);
    buf_append_cstr(&execution->asked.code, runtime_row(METADATA_RUNTIME)->metadata_cell);
    execution->asked.limit_ns = POOL_METADATA_TIMEOUT_NS;
    execution->on_done = on_metadata;
    execution->context = service;
    st = tenant_execute(tenant, execution, err);
    if (st != STATUS_OK)
        execution_destroy(execution);
    return st;
}

void pool_handle_metadata(struct pool_call *call)
{
    struct pool_service *service = call->service;
    struct err err = {0};
    if (service->metadata.size) {
        pool_call_reply(call, 200, &service->metadata);
        return;
    }
    struct metadata_wait *wait = arena_alloc(http_request_arena(call->request), sizeof *wait);
    enum status st = wait ? STATUS_OK : STATUS_NO_MEMORY;
    if (st == STATUS_OK && !service->metadata_asked)
        st = ask(service, &err);
    if (st != STATUS_OK) {
        pool_call_fail_status(call, st, &err);
        return;
    }
    service->metadata_asked = true;
    wait->call = call;
    list_push_back(&service->metadata_waiters, &wait->link);
    http_request_on_gone(call->request, on_gone, wait);
}

/* Ours. Told without a session, so that no session can say it in our name. */
void pool_handle_about(struct pool_call *call)
{
    static const char *const gives[] = {"report", "output", "cancel"};
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "sallyport", SALLYPORT_VERSION);
    json_write_key(&json, "gives");
    json_write_begin_array(&json);
    for (size_t i = 0; i < ARRAY_SIZE(gives); i++)
        json_write_cstr(&json, gives[i]);
    json_write_end_array(&json);
    json_write_end_object(&json);
    pool_call_reply(call, 200, &body);
}
