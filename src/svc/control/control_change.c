/* SPDX-License-Identifier: MIT */
/* control_change.c — one change at a time, step by step:
 *
 *   put      checked ─► kept on disk ─► made ─► answered
 *                                        └─ failed ─► what was kept before is kept again ─► refused
 *   delete   for each of what goes, the lowest first: ended ─► forgotten; then answered
 *
 * ORDER: a resource is kept before it is made and ended before it is forgotten. What a crash leaves is then made again at the
 * next start, or is still there to be deleted again; nothing runs that no resource tells of. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/no_memory.h"
#include "base/text.h"
#include "svc/control/control_internal.h"

/* ORDER: answered before it is finished, which frees the call. */
static void refuse(struct control_call *call, const struct control_fault *fault)
{
    control_answer_fault(call, fault);
    control_finished(call);
}

/* RFC 9110 section 13.1: by tag, or "*". False with a fault if the caller wanted another state than there is. */
static bool conditions_hold(struct control_call *call, const struct resource *former,
                            struct control_fault *ret_fault)
{
    if (!call->request)
        return true;
    char tag[40] = "";
    if (former)
        snprintf(tag, sizeof tag, "\"%llu\"", (unsigned long long)former->version);
    struct bytes match = bytes_trim(http_request_header(call->request, "if-match"));
    struct bytes none = bytes_trim(http_request_header(call->request, "if-none-match"));
    bool match_fails =
        match.data && (!former || (!bytes_equal_cstr(match, "*") && !bytes_equal_cstr(match, tag)));
    bool none_fails = none.data && former && (bytes_equal_cstr(none, "*") || bytes_equal_cstr(none, tag));
    if (!match_fails && !none_fails)
        return true;
    control_fault_set(
        ret_fault, 412, "PreconditionFailed",
        "The resource is not in the state that If-Match or If-None-Match asks for; its tag is %s.",
        former ? tag : "none, since it is not there");
    return false;
}

static bool may_be_changed(struct control_call *call, struct control_fault *ret_fault)
{
    bool group = call->type && strcmp(call->type->type, "resourceGroups") == 0;
    if (!control_is_fixed(call->control, call->id.key) || (group && !call->erase))
        return true;
    control_fault_set(ret_fault, 409, "Conflict",
                      "This resource is made by the server's settings: change them (sallyport help dev) and "
                      "start it again. "
                      "Others can be made beside it.");
    return false;
}

/* --- the record --- */

static const char *const kept_members[] = {"location", "tags", "properties", "identity",
                                           "sku",      "kind", "managedBy"};

/* RFC 7396. The depth is the JSON reader's. */
static void merge_into(json_t *target, json_t *patch)
{
    const char *name;
    json_t *value;
    json_object_foreach(patch, name, value)
    {
        json_t *own = json_object_get(target, name);
        if (json_is_null(value))
            (void)json_object_del(target, name);
        else if (json_is_object(value) && json_is_object(own))
            merge_into(own, value);
        else
            (void)json_object_set(target, name, value);
    }
}

/* "East US" and "eastus" are one. */
static bool take_location(json_t *record, const json_t *former, struct control_fault *ret_fault)
{
    struct bytes given = json_member_bytes(record, "location");
    char plain[64];
    size_t size = 0;
    for (size_t i = 0; i < given.size && size < sizeof plain - 1; i++)
        if (given.data[i] != ' ')
            plain[size++] = (char)ascii_lower(given.data[i]);
    plain[size] = '\0';
    bool sound = size > 0 && given.size < sizeof plain;
    for (size_t i = 0; i < size; i++)
        sound = sound && ascii_alnum((uint8_t)plain[i]);
    struct bytes before = json_member_bytes(former, "location");
    if (!sound)
        control_fault_set(ret_fault, 400, given.size ? "InvalidLocation" : "LocationRequired",
                          "The location property is required: the name of a region, such as 'local' or "
                          "'eastus'. All of them "
                          "mean this server.");
    else if (before.size && !bytes_equal_cstr(before, plain))
        control_fault_set(ret_fault, 409, "InvalidResourceLocation",
                          "The resource already exists in location '%.*s'. A resource with the same name "
                          "cannot be created in "
                          "location '%s'.",
                          BYTES_FMT(before), plain);
    else
        return json_object_set_new(record, "location", json_string(plain)) == 0;
    snprintf(ret_fault->target, sizeof ret_fault->target, "location");
    return false;
}

#define TAGS_MAX 50

static bool check_tags(json_t *record, struct control_fault *ret_fault)
{
    json_t *tags = json_object_get(record, "tags");
    const char *name;
    json_t *value;
    bool sound = !tags || json_is_null(tags) || (json_is_object(tags) && json_object_size(tags) <= TAGS_MAX);
    if (sound && json_is_object(tags))
        json_object_foreach(tags, name, value) sound =
            sound && strlen(name) <= 512 && json_is_string(value) && json_bytes(value).size <= 256;
    if (!sound)
        control_fault_set(
            ret_fault, 400, "InvalidTag",
            "Tags are an object of at most %d strings of at most 256 bytes, with names of at most 512.",
            TAGS_MAX);
    return sound;
}

/* What is kept is what the caller wishes; what the server alone can know (provisioningState) is made when it is
 * read. */
static bool build_record(struct control_call *call, const json_t *former, struct control_fault *ret_fault)
{
    json_t *wish = call->merge ? json_deep_copy(former) : json_object();
    if (wish && call->merge)
        merge_into(wish, call->body);
    else if (wish)
        (void)json_object_update(wish, call->body);
    call->record = json_object();
    for (size_t i = 0; wish && i < ARRAY_SIZE(kept_members); i++) {
        json_t *value = json_object_get(wish, kept_members[i]);
        if (value && !json_is_null(value))
            (void)json_object_set(call->record, kept_members[i], value);
    }
    json_decref(wish);
    json_t *properties = call->record ? control_properties(call->record) : NULL;
    if (!properties) {
        control_fault_set(ret_fault, 400, "InvalidRequestContent", "'properties' must be an object.");
        return false;
    }
    (void)json_object_del(properties, "provisioningState");
    if (!check_tags(call->record, ret_fault))
        return false;
    return !call->type->tracked || take_location(call->record, former, ret_fault);
}

/* --- put --- */

static void on_reverted(void *context, enum status status, const char *text)
{
    struct control_call *call = context;
    if (status != STATUS_OK)
        log_error("svc/control", "a resource that could not be made stays in the store cause=\"%s\"",
                  text_or(text, ""));
    refuse(call, &call->fault);
}

/* The store goes back to what runs: a record of something that could not be made would be made again at the next
 * start. */
static void revert(struct control_call *call)
{
    struct control *control = call->control;
    struct err error = {0};
    enum status status = call->former.data
                             ? resource_store_put(control->store, call->id.text, call->former,
                                                  control->options.unix_ns(), on_reverted, call, &error)
                             : resource_store_delete(control->store, call->id.key, on_reverted, call, &error);
    if (status != STATUS_OK)
        on_reverted(call, status, error.text);
}

static void on_applied(void *context, enum status status, const char *text)
{
    struct control_call *call = context;
    if (status == STATUS_OK) {
        const struct resource *resource = resource_store_get(call->control->store, call->id.key);
        ASSERT(resource); /* it was kept, and nobody else changes anything meanwhile */
        int created = call->type->created_status ? call->type->created_status : 201;
        control_answer_resource(call, call->former.data ? 200 : created, resource);
        control_finished(call);
        return;
    }
    control_fault_status(&call->fault, status, text);
    revert(call);
}

static void on_kept(void *context, enum status status, const char *text)
{
    struct control_call *call = context;
    if (status != STATUS_OK) {
        control_fault_status(&call->fault, status, text);
        refuse(call, &call->fault);
        return;
    }
    if (call->type->apply)
        call->type->apply(call->control, &call->id, call->record, on_applied, call);
    else
        on_applied(call, STATUS_OK, NULL);
}

/* The id as the server writes it, whatever the letters of the caller's were: a second put must find the first. */
static void keep(struct control_call *call)
{
    struct control *control = call->control;
    CLEANUP(buf_fini) struct buf id = {0};
    struct err error = {0};
    char *text = json_dumps(call->record, JSON_COMPACT);
    control_canonical_id(control, &call->id, call->type, &id);
    enum status status = text ? buf_status(&id) : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = resource_store_put(control->store, buf_peek(&id), bytes_of_cstr(text),
                                    control->options.unix_ns(), on_kept, call, &error);
    free(text);
    if (status == STATUS_OK)
        return;
    control_fault_status(&call->fault, status, error.text);
    refuse(call, &call->fault);
}

/* A child needs its parent, by the resource that is one pair of segments shorter. */
static bool parent_is_there(struct control_call *call, struct control_fault *ret_fault)
{
    const struct resource_id *id = &call->id;
    bool child = id->provider < id->count && id->count > id->provider + 4;
    if (!child || resource_store_get(call->control->store, resource_id_prefix_key(id, id->count - 2)))
        return true;
    control_fault_set(
        ret_fault, 404, "ParentResourceNotFound",
        "Can not perform the requested operation on the nested resource: its parent '%.*s' is not there.",
        BYTES_FMT(id->segments[id->count - 3]));
    return false;
}

/* The record of a deployment that is over: nobody sends it, and nothing is made of it. */
static void begin_verbatim(struct control_call *call)
{
    const struct resource *former = resource_store_get(call->control->store, call->id.key);
    struct bytes group = resource_id_prefix_key(&call->id, 4);
    struct control_fault fault = {0};
    if (call->id.group.data && !resource_store_get(call->control->store, group)) {
        control_fault_set(&fault, 404, "ResourceGroupNotFound", "The resource group has gone meanwhile.");
        refuse(call, &fault);
        return;
    }
    if (former)
        call->former = arena_copy(&call->arena, former->text);
    call->record = json_incref(call->body);
    keep(call);
}

static void begin_put(struct control_call *call)
{
    struct control *control = call->control;
    const struct resource *former = resource_store_get(control->store, call->id.key);
    CLEANUP(json_release) json_t *before = NULL;
    struct control_fault fault = {0};
    if (former) {
        call->former = arena_copy(&call->arena, former->text);
        (void)!json_parse(former->text, NULL, &before,
                          NULL); /* we wrote it; without memory it is as if new */
    }
    if (call->merge && !former) {
        control_answer_missing(call);
        control_finished(call);
        return;
    }
    const char *rule = call->type->name_rule;
    if (!former && call->type->name_fits && !call->type->name_fits(control_name_of(&call->id)))
        control_fault_set(&fault, 400, "InvalidResourceName", "The name of the resource is not valid: %s.",
                          rule);
    bool right = !fault.http_status && parent_is_there(call, &fault) &&
                 conditions_hold(call, former, &fault) && may_be_changed(call, &fault) &&
                 build_record(call, before, &fault) &&
                 (!call->type->check || call->type->check(control, &call->id, call->record, &fault));
    if (right)
        keep(call);
    else
        refuse(call, &fault);
}

/* --- delete --- */

static void delete_next(struct control_call *call);

static void on_forgotten(void *context, enum status status, const char *text)
{
    struct control_call *call = context;
    if (status == STATUS_OK) {
        call->done++;
        delete_next(call);
        return;
    }
    control_fault_status(&call->fault, status, text);
    refuse(call, &call->fault);
}

/* What is gone already is gone: a delete that was broken off is finished by the next one. */
static void on_removed(void *context, enum status status, const char *text)
{
    struct control_call *call = context;
    struct err error = {0};
    if (status == STATUS_OK || status == STATUS_NOT_FOUND)
        status = resource_store_delete(call->control->store, call->targets[call->done], on_forgotten, call,
                                       &error);
    else
        (void)err_set(&error, status, "%s", text ? text : status_name(status));
    if (status == STATUS_OK)
        return;
    control_fault_status(&call->fault, status, error.text);
    refuse(call, &call->fault);
}

static void on_deleted(void *context, enum status status, const char *text)
{
    struct control_call *call = context;
    int deleted_status = call->type && call->type->deleted_status ? call->type->deleted_status : 200;
    if (status != STATUS_OK) {
        control_fault_status(&call->fault, status, text);
        refuse(call, &call->fault);
        return;
    }
    control_answer_empty(call, deleted_status);
    control_finished(call);
}

/* Grants last: a resource that is still there must not lose whoever may delete it. */
static void delete_next(struct control_call *call)
{
    CLEANUP(arena_fini) struct arena arena;
    struct resource_id id;
    arena_init(&arena, 0);
    if (call->done == call->target_count) {
        control_forget_assignments(call->control, call->id.key, on_deleted, call);
        return;
    }
    const struct resource *resource = resource_store_get(call->control->store, call->targets[call->done]);
    const struct control_type *type = NULL;
    if (resource && resource_id_parse(&arena, resource->id, &id, NULL) == STATUS_OK)
        type = control_type_of(&id);
    if (type && type->remove)
        type->remove(call->control, &id, on_removed, call);
    else
        on_removed(call, STATUS_OK, NULL);
}

/* What lies below the resource, and the resource: in the order of keys a parent comes first, so the other way round. False
 * with a fault. */
static bool collect(struct control_call *call, struct control_fault *ret_fault)
{
    const struct resource_store *store = call->control->store;
    struct bytes scope = call->id.key;
    size_t count = 0;
    const struct resource *resource = resource_store_from(store, scope, false);
    for (; resource && bytes_starts_with(resource->key, scope);
         resource = resource_store_from(store, resource->key, true)) {
        if (!resource_key_is_below(resource->key, scope))
            continue;
        if (control_is_fixed(call->control, resource->key)) {
            control_fault_set(ret_fault, 409, "Conflict",
                              "'%.*s' is made by the server's settings and cannot be deleted.",
                              BYTES_FMT(resource->id));
            return false;
        }
        count++;
    }
    call->targets = arena_alloc_array(&call->arena, count, sizeof *call->targets);
    call->target_count = count;
    bool memory = call->targets != NULL;
    resource = resource_store_from(store, scope, false);
    for (size_t i = count; memory && i > 0; resource = resource_store_from(store, resource->key, true)) {
        if (!resource_key_is_below(resource->key, scope))
            continue;
        call->targets[--i] = arena_copy(&call->arena, resource->key);
        memory = call->targets[i].data != NULL;
    }
    if (!memory)
        control_fault_no_memory(ret_fault);
    return memory;
}

static void begin_delete(struct control_call *call)
{
    struct control_fault fault = {0};
    const struct resource *resource = resource_store_get(call->control->store, call->id.key);
    bool group = call->id.provider == call->id.count;
    if (!resource && !group) {
        control_answer_empty(call, 204);
        control_finished(call);
    } else if (!resource) {
        control_answer_missing(call);
        control_finished(call);
    } else if (!conditions_hold(call, resource, &fault) || !may_be_changed(call, &fault) ||
               !collect(call, &fault)) {
        refuse(call, &fault);
    } else {
        delete_next(call);
    }
}

void control_begin_change(struct control_call *call)
{
    if (call->assignment.data) {
        control_begin_assignment(call);
        return;
    }
    control_adopt_hubs(call->control);
    call->control->current_is_hub = call->type && strcmp(call->type->type, "schedulers/taskHubs") == 0;
    if (call->erase)
        begin_delete(call);
    else if (call->verbatim)
        begin_verbatim(call);
    else
        begin_put(call);
}

/* --- at a start --- */

struct restoring {
    struct control *control;
    struct bytes key;
};

static void on_restored(void *context, enum status status, const char *text)
{
    struct restoring *restoring = context;
    if (status != STATUS_OK) {
        log_error("svc/control", "a resource could not be made again id=\"%.*s\" cause=\"%s\"",
                  BYTES_FMT(restoring->key), text ? text : status_name(status));
        struct buf *keys = &restoring->control->failed_keys;
        buf_append_byte(keys, '\n');
        buf_append_bytes(keys, restoring->key);
        buf_append_byte(keys, '\n');
    }
    free(restoring);
}

static void restore(struct control *control, const struct resource *resource)
{
    CLEANUP(arena_fini) struct arena arena;
    CLEANUP(json_release) json_t *record = NULL;
    struct resource_id id;
    struct err error = {0};
    arena_init(&arena, 0);
    if (control_is_fixed(control, resource->key) ||
        resource_id_parse(&arena, resource->id, &id, NULL) != STATUS_OK)
        return;
    const struct control_type *type = control_type_of(&id);
    if (!type || !type->apply || type->keeps_itself)
        return;
    struct restoring *restoring = malloc(sizeof *restoring + resource->key.size);
    if (!restoring || json_parse(resource->text, NULL, &record, &error) != STATUS_OK) {
        log_error("svc/control", "a resource could not be made again id=\"%.*s\" cause=\"%s\"",
                  BYTES_FMT(resource->id), restoring ? error.text : ERR_NO_MEMORY);
        free(restoring);
        return;
    }
    memcpy(restoring + 1, resource->key.data, resource->key.size);
    *restoring = (struct restoring){.control = control, .key = bytes_of(restoring + 1, resource->key.size)};
    type->apply(control, &id, record, on_restored, restoring);
}

void control_restore(struct control *control)
{
    const struct resource *resource = resource_store_from(control->store, BYTES_LITERAL(""), false);
    for (; resource; resource = resource_store_from(control->store, resource->key, true))
        restore(control, resource);
}
