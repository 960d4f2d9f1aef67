/* SPDX-License-Identifier: MIT */
/* scheduler_type.c — Microsoft.DurableTask/schedulers, their task hubs and their retention (CS-23, CS-24, CS-25). */
#include <stdio.h>

#include "base/log.h"
#include "base/no_memory.h"
#include "base/text.h"
#include "net/allow_list.h"
#include "svc/control/control_internal.h"

static bool refuse(struct control_fault *fault, const char *target, const char *why)
{
    control_fault_set(fault, 400, "InvalidRequestContent", "'%s': %s.", target, why);
    snprintf(fault->target, sizeof fault->target, "%s", target);
    return false;
}

/* --- schedulers --- */

static bool check_sku(json_t *properties, struct control_fault *ret_fault)
{
    json_t *sku = control_take_object(properties, "sku", "properties.sku", ret_fault);
    if (!sku || !control_take_word(sku, "name", "properties.sku.name", "Consumption Dedicated", "Consumption",
                                   ret_fault))
        return false;
    (void)json_object_del(sku, "redundancyState");
    bool dedicated = bytes_equal_cstr(json_member_bytes(sku, "name"), "Dedicated");
    if (dedicated)
        return control_take_int(sku, "capacity", "properties.sku.capacity", 1, 100, 1, ret_fault);
    (void)json_object_del(sku, "capacity");
    return true;
}

static bool check_allowed(json_t *properties, struct control_fault *ret_fault)
{
    const char *target = "properties.ipAllowlist";
    json_t *list = json_object_get(properties, "ipAllowlist");
    struct allow_list allowed = {0};
    struct err error = {0};
    if (!list || json_is_null(list))
        return json_object_set_new(properties, "ipAllowlist", json_array()) == 0;
    if (!json_is_array(list))
        return refuse(ret_fault, target, "it must be a list of addresses and networks");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (allow_list_add(&allowed, json_bytes(json_array_get(list, i)), &error) != STATUS_OK)
            return refuse(ret_fault, target, error.text);
    return true;
}

/* A scheduler keeps the port that it got at first: clients have it in their connection strings. */
static bool take_port(struct control *control, const struct resource_id *id, json_t *record,
                      struct control_fault *ret_fault)
{
    const struct control_engine *engine = &control->options.engine;
    const struct resource *former = resource_store_get(control->store, id->key);
    CLEANUP(json_release) json_t *before = NULL;
    struct err error = {0};
    uint16_t port = 0;
    if (former && json_parse(former->text, NULL, &before, &error) == STATUS_OK)
        port = (uint16_t)json_integer_value(json_object_get(before, "port"));
    if (!port && engine->scheduler_port) {
        enum status status = engine->scheduler_port(engine->context, &port, &error);
        if (status != STATUS_OK) {
            control_fault_status(ret_fault, status, error.text);
            return false;
        }
    }
    return json_object_set_new(record, "port", json_integer(port)) == 0;
}

bool control_check_scheduler(struct control *control, const struct resource_id *id, json_t *record,
                             struct control_fault *ret_fault)
{
    json_t *properties = control_properties(record);
    (void)json_object_del(properties, "endpoint");
    (void)json_object_del(properties, "privateEndpointConnections");
    return check_sku(properties, ret_fault) && check_allowed(properties, ret_fault) &&
           control_take_word(properties, "publicNetworkAccess", "properties.publicNetworkAccess",
                             "Enabled Disabled", "Enabled", ret_fault) &&
           take_port(control, id, record, ret_fault);
}

/* Network access that is off is an empty list: the scheduler knows lists only, and an empty one lets nobody in. */
void control_apply_scheduler(struct control *control, const struct resource_id *id, const json_t *record,
                             control_done *on_done, void *context)
{
    const struct control_engine *engine = &control->options.engine;
    const json_t *properties = json_object_get(record, "properties");
    const json_t *list = json_object_get(properties, "ipAllowlist");
    struct bytes allowed[ALLOW_LIST_MAX];
    struct control_scheduler scheduler = {.group = id->group,
                                          .name = control_name_of(id),
                                          .port =
                                              (uint16_t)json_integer_value(json_object_get(record, "port")),
                                          .allowed = allowed};
    bool open = bytes_equal_cstr(json_member_bytes(properties, "publicNetworkAccess"), "Enabled");
    struct err error = {0};
    if (!engine->scheduler_put) {
        on_done(context, STATUS_UNIMPLEMENTED, "this process runs no scheduler");
        return;
    }
    for (size_t i = 0; open && i < json_array_size(list) && i < ARRAY_SIZE(allowed); i++)
        allowed[scheduler.allowed_count++] = json_bytes(json_array_get(list, i));
    enum status status = engine->scheduler_put(engine->context, id->key, &scheduler, &error);
    on_done(context, status, status == STATUS_OK ? NULL : error.text);
}

void control_remove_scheduler(struct control *control, const struct resource_id *id, control_done *on_done,
                              void *context)
{
    const struct control_engine *engine = &control->options.engine;
    if (engine->scheduler_remove)
        engine->scheduler_remove(engine->context, id->key);
    on_done(context, STATUS_OK, NULL);
}

void control_show_scheduler(struct control *control, const struct resource_id *id, json_t *shown)
{
    const struct control_engine *engine = &control->options.engine;
    json_t *properties = json_object_get(shown, "properties");
    CLEANUP(buf_fini) struct buf url = {0};
    if (engine->scheduler_endpoint)
        engine->scheduler_endpoint(engine->context, id->key, &url);
    (void)json_object_del(shown, "port");
    (void)json_object_set_new(properties, "endpoint", json_stringn((const char *)url.data, url.size));
    (void)json_object_set_new(json_object_get(properties, "sku"), "redundancyState", json_string("None"));
}

/* --- task hubs --- */

void control_apply_hub(struct control *control, const struct resource_id *id, const json_t *record,
                       control_done *on_done, void *context)
{
    const struct control_engine *engine = &control->options.engine;
    if (engine->hub_put)
        engine->hub_put(engine->context, resource_id_prefix_key(id, id->count - 2), control_name_of(id),
                        on_done, context);
    else
        on_done(context, STATUS_UNIMPLEMENTED, "this process runs no scheduler");
}

void control_remove_hub(struct control *control, const struct resource_id *id, control_done *on_done,
                        void *context)
{
    const struct control_engine *engine = &control->options.engine;
    struct bytes scheduler = resource_id_prefix_key(id, id->count - 2);
    if (engine->hub_is_fixed && engine->hub_is_fixed(engine->context, scheduler, control_name_of(id)))
        on_done(
            context, STATUS_FAILED_PRECONDITION,
            "the task hub is named by the server's settings (--task-hubs, --app-hub) and cannot be deleted");
    else if (engine->hub_remove)
        engine->hub_remove(engine->context, scheduler, control_name_of(id), on_done, context);
    else
        on_done(context, STATUS_OK, NULL);
}

void control_show_hub(struct control *control, const struct resource_id *id, json_t *shown)
{
    const struct control_engine *engine = &control->options.engine;
    CLEANUP(buf_fini) struct buf url = {0};
    if (engine->scheduler_endpoint)
        engine->scheduler_endpoint(engine->context, resource_id_prefix_key(id, id->count - 2), &url);
    /* The page's own address is behind "#": web/src/route.ts. */
    buf_append_cstr(&url, "/#/orchestrations?hub=");
    percent_encode(&url, control_name_of(id), NULL);
    (void)json_object_set_new(json_object_get(shown, "properties"), "dashboardUrl",
                              json_stringn((const char *)url.data, url.size));
}

struct adoption {
    struct control *control;
    const struct resource *scheduler;
    struct buf live; /* keys, each between line feeds */
};

/* Hubs are made by the first use of their name, past the control plane. They are shown as resources while they are
 * there, and never written down as such: the scheduler's store is the one that knows. */
static void adopt(void *context, struct bytes name)
{
    struct adoption *adoption = context;
    struct resource_store *store = adoption->control->store;
    CLEANUP(buf_fini) struct buf id = {0};
    CLEANUP(buf_fini) struct buf key = {0};
    buf_append_bytes(&id, adoption->scheduler->id);
    buf_append_cstr(&id, "/taskHubs/");
    buf_append_bytes(&id, name);
    for (size_t i = 0; i < id.size; i++)
        buf_append_byte(&key, ascii_lower(id.data[i]));
    buf_append_fmt(&adoption->live, "\n%.*s\n", BYTES_FMT(buf_peek(&key)));
    if (buf_status(&key) == STATUS_OK && !resource_store_get(store, buf_peek(&key)) &&
        resource_store_show(store, buf_peek(&id), BYTES_LITERAL("{\"properties\":{}}"),
                            adoption->control->options.unix_ns()) != STATUS_OK)
        log_warn("svc/control", "a task hub is not shown, there is no memory");
}

static bool is_live(const struct adoption *adoption, struct bytes key)
{
    CLEANUP(buf_fini) struct buf line = {0};
    buf_append_fmt(&line, "\n%.*s\n", BYTES_FMT(key));
    struct bytes live = buf_peek(&adoption->live);
    return bytes_find(live, buf_peek(&line)) < live.size;
}

/* Whose key ends with the scheduler's name; those of its hubs go on. */
static const struct resource *next_scheduler(struct control *control, struct bytes behind)
{
    const struct bytes word = BYTES_LITERAL("/providers/microsoft.durabletask/schedulers/");
    const struct resource *resource = resource_store_from(control->store, behind, true);
    for (; resource; resource = resource_store_from(control->store, resource->key, true)) {
        struct bytes rest = bytes_slice(resource->key, bytes_find(resource->key, word) + word.size, SIZE_MAX);
        if (rest.size > 0 && !memchr(rest.data, '/', rest.size))
            return resource;
    }
    return NULL;
}

/* Not while a change of a hub is under way: it would be shown before it is made, or hidden before it is gone. */
void control_adopt_hubs(struct control *control)
{
    const struct control_engine *engine = &control->options.engine;
    struct adoption adoption = {.control = control};
    if (!engine->hubs_each || control->current_is_hub)
        return;
    adoption.scheduler = next_scheduler(control, BYTES_LITERAL(""));
    for (; adoption.scheduler; adoption.scheduler = next_scheduler(control, adoption.scheduler->key))
        engine->hubs_each(engine->context, adoption.scheduler->key, adopt, &adoption);

    const struct bytes word = BYTES_LITERAL("/taskhubs/");
    const struct resource *resource = resource_store_from(control->store, BYTES_LITERAL(""), false);
    while (resource && buf_status(&adoption.live) == STATUS_OK) {
        CLEANUP(buf_fini) struct buf key = {0};
        buf_append_bytes(&key, resource->key);
        bool hub = bytes_find(resource->key, word) < resource->key.size;
        if (hub && buf_status(&key) == STATUS_OK && !is_live(&adoption, resource->key))
            resource_store_hide(control->store, buf_peek(&key));
        resource = resource_store_from(control->store, buf_peek(&key), true);
    }
    buf_fini(&adoption.live);
}

/* --- retention --- */

#define POLICIES_MAX 16
#define STATE_WORDS  "Completed Failed Terminated Canceled"

bool control_check_retention(struct control *control, const struct resource_id *id, json_t *record,
                             struct control_fault *ret_fault)
{
    const char *target = "properties.retentionPolicies";
    json_t *properties = control_properties(record);
    json_t *policies = json_object_get(properties, "retentionPolicies");
    if (!policies || json_is_null(policies))
        return json_object_set_new(properties, "retentionPolicies", json_array()) == 0;
    if (!json_is_array(policies) || json_array_size(policies) > POLICIES_MAX)
        return refuse(ret_fault, target, "it must be a list of at most 16 policies");
    for (size_t i = 0; i < json_array_size(policies); i++) {
        json_t *policy = json_array_get(policies, i);
        if (!json_is_object(policy) || !json_object_get(policy, "retentionPeriodInDays"))
            return refuse(ret_fault, target, "each policy is an object with retentionPeriodInDays");
        if (!control_take_int(policy, "retentionPeriodInDays",
                              "properties.retentionPolicies.retentionPeriodInDays", 0, 36500, 0, ret_fault))
            return false;
        if (json_object_get(policy, "orchestrationState") &&
            !control_take_word(policy, "orchestrationState",
                               "properties.retentionPolicies.orchestrationState", STATE_WORDS, NULL,
                               ret_fault))
            return false;
    }
    return true;
}

/* "30d,failed=90d": as core/task/retention.h reads them. */
static void write_rules(const json_t *record, struct buf *out)
{
    const json_t *policies = json_object_get(json_object_get(record, "properties"), "retentionPolicies");
    for (size_t i = 0; i < json_array_size(policies); i++) {
        const json_t *policy = json_array_get(policies, i);
        struct bytes state = json_member_bytes(policy, "orchestrationState");
        buf_append_cstr(out, i ? "," : "");
        for (size_t at = 0; at < state.size; at++)
            buf_append_byte(out, state.data[at] | 0x20); /* letters only: one of STATE_WORDS */
        buf_append_fmt(out, "%s%lldd", state.size ? "=" : "",
                       (long long)json_integer_value(json_object_get(policy, "retentionPeriodInDays")));
    }
    buf_append_byte(out, '\0');
}

static void retain(struct control *control, const struct resource_id *id, const char *rules,
                   control_done *on_done, void *context)
{
    const struct control_engine *engine = &control->options.engine;
    const struct control_retention retention = {.rules = rules};
    struct err error = {0};
    if (!engine->scheduler_retain) {
        on_done(context, STATUS_UNIMPLEMENTED, "this process runs no scheduler");
        return;
    }
    enum status status = engine->scheduler_retain(engine->context, resource_id_prefix_key(id, id->count - 2),
                                                  &retention, &error);
    on_done(context, status, status == STATUS_OK ? NULL : error.text);
}

void control_apply_retention(struct control *control, const struct resource_id *id, const json_t *record,
                             control_done *on_done, void *context)
{
    CLEANUP(buf_fini) struct buf rules = {0};
    write_rules(record, &rules);
    if (buf_status(&rules) == STATUS_OK)
        retain(control, id, (const char *)rules.data, on_done, context);
    else
        on_done(context, STATUS_NO_MEMORY, ERR_NO_MEMORY);
}

void control_remove_retention(struct control *control, const struct resource_id *id, control_done *on_done,
                              void *context)
{
    retain(control, id, "", on_done, context);
}
