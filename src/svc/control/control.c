/* SPDX-License-Identifier: MIT */
/* control.c — the service's life, what the settings have made, and the line in which changes wait. */
#include "svc/control/control.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/no_memory.h"
#include "base/text.h"
#include "os/clock.h"
#include "svc/control/control_internal.h"

/* --- the line of changes --- */

/* INVARIANT: one change at a time. Each is judged by what the ones before it have left, and none has to be undone
 * for another. */
static void on_next(struct loop_task *task)
{
    struct control *control = CONTAINER_OF(task, struct control, next);
    struct list *link;
    if (control->current || !(link = list_pop_front(&control->waiting)))
        return;
    control->waiting_count--;
    control->current = CONTAINER_OF(link, struct control_call, link);
    control_begin_change(control->current);
}

void control_enqueue(struct control_call *call)
{
    struct control *control = call->control;
    if (control->waiting_count >= CONTROL_QUEUE_MAX) {
        struct control_fault fault = {0};
        control_fault_set(&fault, 429, "TooManyRequests", "%d changes wait already. Come again.",
                          CONTROL_QUEUE_MAX);
        control_answer_fault(call, &fault);
        control_call_destroy(call);
        return;
    }
    list_push_back(&control->waiting, &call->link);
    control->waiting_count++;
    loop_defer(control->loop, &control->next);
}

void control_finished(struct control_call *call)
{
    struct control *control = call->control;
    ASSERT(control->current == call);
    control->current = NULL;
    control->current_is_hub = false;
    control_call_destroy(call);
    loop_defer(control->loop,
               &control->next); /* not from here: an engine may have called from within its own call */
}

/* A part tells its deployment here, whatever its end was: a deployment that is not told waits for ever. */
void control_call_destroy(struct control_call *call)
{
    if (call->request) /* it was never answered: the service ends */
        http_request_on_gone(call->request, NULL, NULL);
    if (call->deployment)
        deployment_part_done(call->deployment, call);
    json_decref(call->body);
    json_decref(call->record);
    arena_fini(&call->arena);
    free(call);
}

/* --- what the settings have made --- */

/* Keys stand between line feeds, which no id has: they are few, and looked for seldom. */
static bool has_key(const struct buf *keys, struct bytes key)
{
    CLEANUP(buf_fini) struct buf line = {0};
    buf_append_byte(&line, '\n');
    buf_append_bytes(&line, key);
    buf_append_byte(&line, '\n');
    struct bytes all = buf_peek(keys);
    return buf_status(&line) == STATUS_OK && bytes_find(all, buf_peek(&line)) < all.size;
}

bool control_is_fixed(const struct control *control, struct bytes key)
{
    return has_key(&control->fixed_keys, key);
}

bool control_has_failed(const struct control *control, struct bytes key)
{
    return has_key(&control->failed_keys, key);
}

static void note_key(struct buf *keys, struct bytes id)
{
    buf_append_byte(keys, '\n');
    for (size_t i = 0; i < id.size; i++)
        buf_append_byte(keys, ascii_lower(id.data[i]));
    buf_append_byte(keys, '\n');
}

/* `replace`: what was kept under that id is not what holds. */
static enum status show_fixed(struct control *control, const char *id, const char *text, bool replace)
{
    struct bytes bytes = bytes_of_cstr(id);
    note_key(&control->fixed_keys, bytes);
    struct bytes key =
        bytes_slice(buf_peek(&control->fixed_keys), control->fixed_keys.size - bytes.size - 1, bytes.size);
    if (buf_status(&control->fixed_keys) != STATUS_OK)
        return STATUS_NO_MEMORY;
    if (!replace && resource_store_get(control->store, key))
        return STATUS_OK;
    return resource_store_show(control->store, bytes, bytes_of_cstr(text), control->options.unix_ns());
}

/* The group keeps what people have changed of it; pool and scheduler are what the settings say at this start. */
static enum status show_all_fixed(struct control *control)
{
    const struct control_fixed *fixed = &control->options.fixed;
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, 0);
    const char *group =
        arena_fmt(&arena, "/subscriptions/%s/resourceGroups/%s", control->subscription, fixed->group);
    if (!group)
        return STATUS_NO_MEMORY;
    enum status status = show_fixed(control, group, "{\"location\":\"local\",\"properties\":{}}", false);
    if (status == STATUS_OK && fixed->pool) {
        const char *id = arena_fmt(&arena, "%s/providers/Microsoft.App/sessionPools/%s", group, fixed->pool);
        const char *text = arena_fmt(
            &arena,
            "{\"location\":\"local\",\"properties\":{\"poolManagementType\":\"Dynamic\",\"containerType\":"
            "\"PythonLTS\","
            "\"dynamicPoolConfiguration\":{\"lifecycleConfiguration\":{\"lifecycleType\":\"Timed\","
            "\"cooldownPeriodInSeconds\":%lld}},\"scaleConfiguration\":{\"maxConcurrentSessions\":%u,"
            "\"readySessionInstances\":%u},\"sessionNetworkConfiguration\":{\"status\":\"EgressDisabled\"}}}",
            (long long)(fixed->cooldown_ns / NS_PER_S), fixed->sessions_max, fixed->sessions_ready);
        status = id && text ? show_fixed(control, id, text, true) : STATUS_NO_MEMORY;
    }
    if (status == STATUS_OK && fixed->scheduler) {
        const char *id =
            arena_fmt(&arena, "%s/providers/Microsoft.DurableTask/schedulers/%s", group, fixed->scheduler);
        status = id ? show_fixed(control, id,
                                 "{\"location\":\"local\",\"properties\":{\"ipAllowlist\":[\"0.0.0.0/0\"],"
                                 "\"sku\":{\"name\":\"Consumption\"}}}",
                                 true)
                    : STATUS_NO_MEMORY;
    }
    return status;
}

/* --- life --- */

enum status control_create(struct loop *loop, const struct control_options *options,
                           struct control **ret_control, struct err *err)
{
    struct control *control = calloc(1, sizeof *control);
    if (!control)
        return err_no_memory(err);
    control->loop = loop;
    control->options = *options;
    const struct directory_tenant *tenant = directory_tenant(options->directory);
    snprintf(control->subscription, sizeof control->subscription, "%s", tenant->subscription_id);
    snprintf(control->tenant, sizeof control->tenant, "%s", tenant->id);
    if (!control->options.unix_ns)
        control->options.unix_ns = clock_unix_ns;
    list_init(&control->waiting);
    list_init(&control->logs);
    list_init(&control->deployments);
    control->next.on_run = on_next;

    struct resource_store_options store = resource_store_options_default();
    store.path = options->path;
    store.shown = options->shown;
    enum status status = resource_store_open(loop, &store, &control->store, err);
    if (status == STATUS_OK && (status = show_all_fixed(control)) != STATUS_OK)
        (void)err_set(err, status, ERR_NO_MEMORY);
    if (status != STATUS_OK) {
        control_destroy(control);
        return status;
    }
    *ret_control = control;
    control_restore(control);
    return STATUS_OK;
}

void control_stop(struct control *control)
{
    control->stopping = true;
    control_log_stop(control);
}

void control_destroy(struct control *control)
{
    if (!control)
        return;
    loop_defer_cancel(&control->next);
    if (control->write)
        control->write->control = NULL;
    resource_store_close(control->store); /* nobody calls back from here on */
    struct list *link;
    while ((link = list_pop_front(&control->waiting)))
        control_call_destroy(CONTAINER_OF(link, struct control_call, link));
    if (control->current)
        control_call_destroy(control->current);
    deployments_end(control); /* ORDER: behind their parts */
    buf_fini(&control->fixed_keys);
    buf_fini(&control->failed_keys);
    free(control);
}

struct http_part control_part(struct control *control)
{
    return (struct http_part){
        .name = "control",
        .prefix = "",
        .wide = true,
        .claims = "/providers/",
        .routes = control_routes,
        .route_count = control_route_count,
        .body_limits = {CONTROL_BODY_MAX, CONTROL_BODY_MAX, CONTROL_BODY_MAX},
        .raw_values = true, /* core/resource reads the path, and refuses more */
        .resource = control_resource,
        .write_error = control_write_error,
        .context = control,
    };
}
