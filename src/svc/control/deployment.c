/* SPDX-License-Identifier: MIT */
/* deployment.c — Microsoft.Resources/deployments (CS-32): a template is carried out, one resource after the other.
 *
 *   asked ─► template read ─► next resource that is due ─► its body ─► a change in the line ─► made ─┐
 *                                  ▲                                                          ◄──────┘
 *                                  └─ none is left ─► outputs ─► the record is kept ─► answered
 *
 * Each resource is a change like any other: same rights, same rules, same line; others may come between. The first that fails ends it;
 * what was made stays, as in the cloud. Whoever asked must stay until the end: with him go his rights. A deployment within one is
 * carried out in its turn, by the same steps. */
#include "svc/control/deployment.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/no_memory.h"
#include "base/text.h"
#include "os/clock.h"
#include "svc/control/limit_values.h"

static void on_next(struct loop_task *task);
static void go_on(struct deployment *deployment);

/* --- life --- */

static void release(struct deployment *deployment)
{
    loop_defer_cancel(&deployment->next);
    list_remove(&deployment->link);
    deployment->control->deployment_count--;
    template_close(deployment->plan);
    json_decref(deployment->outputs);
    arena_fini(&deployment->arena);
    free(deployment);
}

void deployments_end(struct control *control)
{
    while (!list_empty(&control->deployments)) {
        struct deployment *deployment = CONTAINER_OF(control->deployments.next, struct deployment, link);
        struct control_call *call = deployment->call;
        release(deployment);
        if (call)
            control_call_destroy(call);
    }
}

const struct http_request *deployment_request(const struct deployment *deployment)
{
    while (deployment->parent)
        deployment = deployment->parent;
    return deployment->call ? deployment->call->request : NULL;
}

static bool fail(struct deployment *deployment, enum status status, const char *text)
{
    control_fault_status(&deployment->fault, status, text);
    if (status == STATUS_INVALID_ARGUMENT || status == STATUS_UNIMPLEMENTED || status == STATUS_TOO_LARGE ||
        status == STATUS_MALFORMED) {
        deployment->fault.http_status = 400;
        snprintf(deployment->fault.code, sizeof deployment->fault.code, "InvalidTemplate");
    }
    return false;
}

/* --- the world of a template --- */

static void hash(void *context, struct bytes text, uint8_t ret_hash[20])
{
    if (EVP_Digest(text.data, text.size, ret_hash, NULL, EVP_sha1(), NULL) != 1)
        memset(ret_hash, 0, 20); /* names are no secrets */
}

static void draw(void *context, uint8_t ret_bytes[16])
{
    entropy_fill(ret_bytes, 16);
}

/* What reference() gives: one of this template that was made, or one that was there, if the caller may see it. */
static enum status refer(void *context, struct bytes name, bool full, json_t **ret_value, struct err *err)
{
    struct deployment *deployment = context;
    struct control *control = deployment->control;
    const struct template_resource *own = deployment->plan ? template_find(deployment->plan, name) : NULL;
    struct arena arena;
    struct resource_id id;
    const struct control_call asker = {.control = control, .deployment = deployment};
    if (own && own->phase == TEMPLATE_WAITS)
        return err_set(err, STATUS_UNAVAILABLE, "it is not made yet");
    arena_init(&arena, 0);
    enum status status = resource_id_parse(&arena, own ? bytes_of_cstr(own->id) : name, &id, NULL);
    const struct resource *resource = status == STATUS_OK ? resource_store_get(control->store, id.key) : NULL;
    bool may = resource && control_may(&asker, ACCESS_CONTROL_READ, resource->id);
    CLEANUP(json_release) json_t *shown = may ? control_shown(control, resource) : NULL;
    arena_fini(&arena);
    if (!may)
        return err_set(err, STATUS_INVALID_ARGUMENT, "the resource '%.*s' is not found",
                       BYTES_FMT(bytes_slice(name, 0, 160)));
    json_t *value = full ? shown : json_object_get(shown, "properties");
    if (!value)
        return err_no_memory(err);
    *ret_value = json_incref(value);
    return STATUS_OK;
}

/* --- its beginning --- */

/* Where it takes place, by its id: a group, or the subscription. */
static bool settle_place(struct deployment *deployment, const json_t *body)
{
    struct control *control = deployment->control;
    struct arena *arena = &deployment->arena;
    const struct resource_id *id = &deployment->id;
    struct template_place *place = &deployment->place;
    const struct resource *group = NULL;
    CLEANUP(json_release) json_t *record = NULL;
    *place = (struct template_place){.subscription = control->subscription,
                                     .tenant = control->tenant,
                                     .url = control->options.url,
                                     .name = arena_cstr(arena, control_name_of(id)),
                                     .location = json_member_text(body, "location")};
    if (place->location)
        place->location = arena_fmt(arena, "%s", place->location);
    if (id->group.data) {
        group = resource_store_get(control->store, resource_id_prefix_key(id, 4));
        if (!group || json_parse(group->text, NULL, &record, NULL) != STATUS_OK)
            return fail(deployment, STATUS_NOT_FOUND, "the resource group could not be found");
        const char *location = json_member_text(record, "location");
        place->group = arena_cstr(arena, id->group);
        place->group_location = arena_fmt(arena, "%s", text_or(location, "local"));
    }
    return place->name || fail(deployment, STATUS_NO_MEMORY, ERR_NO_MEMORY);
}

/* The template and its parameters, as {"properties": {"template", "parameters", "mode"}} has them. */
static bool read_template(struct deployment *deployment, const json_t *body)
{
    const json_t *properties = json_object_get(body, "properties");
    const json_t *mode = json_object_get(properties, "mode");
    json_t *written = json_object_get(properties, "template");
    struct err err = {0};
    deployment->world = (struct template_world){.refer = refer,
                                                .sha1 = hash,
                                                .random = draw,
                                                .unix_ns = deployment->control->options.unix_ns(),
                                                .context = deployment};
    if (mode && !bytes_equal_nocase(json_bytes(mode), BYTES_LITERAL("Incremental")))
        return fail(deployment, STATUS_UNIMPLEMENTED,
                    "properties.mode: only Incremental is known here: nothing is deleted by a deployment");
    if (!written)
        return fail(deployment, STATUS_INVALID_ARGUMENT,
                    "properties.template is missing; a link to one (templateLink) is not followed");
    enum status status = template_open(json_incref(written), json_object_get(properties, "parameters"),
                                       &deployment->place, &deployment->world, &deployment->plan, &err);
    return status == STATUS_OK || fail(deployment, status, err.text);
}

/* Types that there are not would be refused in the middle otherwise. */
static bool check_types(struct deployment *deployment)
{
    for (size_t i = 0; i < deployment->plan->resource_count; i++) {
        const struct template_resource *one = &deployment->plan->resources[i];
        struct arena arena;
        struct resource_id id;
        struct err err = {0};
        if (one->phase == TEMPLATE_LEFT_OUT)
            continue;
        arena_init(&arena, 0);
        bool sound = resource_id_parse(&arena, bytes_of_cstr(one->id), &id, &err) == STATUS_OK;
        bool known = sound && control_type_of(&id);
        arena_fini(&arena);
        deployment->fault_id = one->id;
        if (!sound)
            return fail(deployment, STATUS_INVALID_ARGUMENT, err.text);
        if (!known) {
            control_fault_set(&deployment->fault, 400, "InvalidResourceType",
                              "The resource type '%.120s' is not known here.", one->type);
            return false;
        }
    }
    deployment->fault_id = NULL;
    return true;
}

static struct deployment *make(struct control *control, struct bytes id, struct deployment *parent)
{
    struct deployment *deployment = calloc(1, sizeof *deployment);
    if (!deployment)
        return NULL;
    deployment->control = control;
    deployment->parent = parent;
    deployment->depth = parent ? parent->depth + 1 : 0;
    deployment->started_ns = control->options.unix_ns();
    deployment->next.on_run = on_next;
    arena_init(&deployment->arena, (size_t)1 << 20);
    list_push_back(&control->deployments, &deployment->link);
    control->deployment_count++;
    struct bytes text = arena_copy(&deployment->arena, id);
    if (text.data && resource_id_parse(&deployment->arena, text, &deployment->id, NULL) == STATUS_OK)
        return deployment;
    release(deployment);
    return NULL;
}

static bool begin(struct deployment *deployment, const json_t *body)
{
    return settle_place(deployment, body) && read_template(deployment, body) && check_types(deployment);
}

/* --- its parts --- */

/* A part is a call like any other, with the rights of whoever asked for the deployment: a template gets nobody
 * past a refusal. */
static struct control_call *make_part(struct deployment *deployment, struct bytes id, json_t *body)
{
    struct control_call *part = calloc(1, sizeof *part);
    if (!part) {
        json_decref(body);
        return NULL;
    }
    part->control = deployment->control;
    part->deployment = deployment;
    part->method = "PUT";
    part->body = body;
    list_init(&part->link);
    arena_init(&part->arena, (size_t)4 << 20);
    struct bytes text = arena_copy(&part->arena, id);
    const struct principal *caller = control_caller(part);
    if (caller)
        part->author = directory_author(caller->id, caller->name);
    if (text.data && resource_id_parse(&part->arena, text, &part->id, NULL) == STATUS_OK)
        return part;
    part->deployment = NULL; /* nobody is to hear of it */
    control_call_destroy(part);
    return NULL;
}

/* A deployment within this one. */
static void begin_inner(struct deployment *deployment, json_t *body)
{
    struct control *control = deployment->control;
    struct deployment *inner = NULL;
    if (deployment->depth >= CONTROL_DEPLOYMENTS_DEEP || control->deployment_count >= CONTROL_DEPLOYMENTS_MAX)
        (void)fail(deployment, STATUS_RESOURCE_EXHAUSTED,
                   "deployments lie too deep within each other, or are too many");
    else
        inner = make(control, bytes_of_cstr(deployment->making->id), deployment);
    if (inner && !begin(inner, body)) {
        deployment->fault = inner->fault;
        release(inner);
        inner = NULL;
    }
    json_decref(body);
    if (inner)
        go_on(inner);
    else if (!deployment->fault.http_status)
        (void)fail(deployment, STATUS_NO_MEMORY, ERR_NO_MEMORY);
    if (!inner)
        go_on(deployment);
}

static void begin_part(struct deployment *deployment, struct template_resource *resource, json_t *body)
{
    deployment->making = resource;
    if (bytes_equal_nocase(bytes_of_cstr(resource->type), BYTES_LITERAL("Microsoft.Resources/deployments"))) {
        begin_inner(deployment, body);
        return;
    }
    struct control_call *part = make_part(deployment, bytes_of_cstr(resource->id), body);
    if (part) {
        control_route_part(part);
    } else {
        (void)fail(deployment, STATUS_NO_MEMORY, ERR_NO_MEMORY);
        go_on(deployment);
    }
}

/* The next that is due and whose body does not wait for another; NULL: none, or it failed. */
static struct template_resource *find_next(struct deployment *deployment, json_t **ret_body, bool *ret_left)
{
    struct deployment_plan *plan = deployment->plan;
    *ret_left = false;
    for (size_t i = 0; i < plan->resource_count; i++) {
        struct template_resource *one = &plan->resources[i];
        struct err err = {0};
        if (one->phase != TEMPLATE_WAITS)
            continue;
        *ret_left = true;
        if (!template_is_due(plan, one))
            continue;
        enum status status = template_body(plan, one, ret_body, &err);
        if (status == STATUS_OK)
            return one;
        if (status != STATUS_UNAVAILABLE) {
            deployment->fault_id = one->id;
            (void)fail(deployment, status, err.text);
            return NULL;
        }
    }
    return NULL;
}

/* --- its end --- */

static void answer(struct deployment *deployment)
{
    struct control_call *call = deployment->call;
    const struct resource *resource = resource_store_get(deployment->control->store, deployment->id.key);
    bool replaced = resource && resource->created_ns < deployment->started_ns;
    if (deployment->fault.http_status)
        control_answer(call, deployment->fault.http_status, deployment_refusal(deployment));
    else if (resource)
        control_answer_resource(call, replaced ? 200 : 201, resource);
    else
        control_answer_missing(call);
}

/* Its parent goes on, or whoever asked has his answer. */
static void finish(struct deployment *deployment)
{
    struct deployment *parent = deployment->parent;
    struct control_call *call = deployment->call;
    if (parent) {
        if (deployment->fault.http_status) {
            parent->fault = deployment->fault;
            parent->fault_id =
                arena_fmt(&parent->arena, "%s", text_or(deployment->fault_id, parent->making->id));
        } else {
            parent->making->phase = TEMPLATE_MADE;
        }
        parent->making = NULL;
        release(deployment);
        go_on(parent);
        return;
    }
    answer(deployment);
    release(deployment);
    control_call_destroy(call);
}

/* After its parts: a record says what came of them. It is one more part, whose end is the end. */
static void keep_record(struct deployment *deployment)
{
    struct control_call *part = make_part(deployment, deployment->id.text, deployment_record(deployment));
    deployment->keeping = true;
    if (!part || !part->body) {
        if (part) {
            part->deployment = NULL;
            control_call_destroy(part);
        }
        if (!deployment->fault.http_status)
            (void)fail(deployment, STATUS_NO_MEMORY, ERR_NO_MEMORY);
        finish(deployment);
        return;
    }
    part->verbatim = true;
    part->type = control_type_of(&part->id);
    control_enqueue(part);
}

/* The first fault stands; what was made before it stays, as a template can be put again. */
void deployment_part_done(struct deployment *deployment, const struct control_call *part)
{
    bool failed = part->outcome.http_status != 0;
    if (failed && !deployment->fault.http_status)
        deployment->fault = part->outcome;
    if (!deployment->keeping && deployment->making) {
        if (failed)
            deployment->fault_id = deployment->making->id;
        else
            deployment->making->phase = TEMPLATE_MADE;
        deployment->making = NULL;
    }
    go_on(deployment);
}

/* --- the walk --- */

/* Not from within the end of a part, whose call is being freed. */
static void go_on(struct deployment *deployment)
{
    loop_defer(deployment->control->loop, &deployment->next);
}

static void on_next(struct loop_task *task)
{
    struct deployment *deployment = CONTAINER_OF(task, struct deployment, next);
    json_t *body = NULL;
    bool left = false;
    struct err err = {0};
    if (deployment->keeping) {
        finish(deployment);
        return;
    }
    struct template_resource *resource =
        deployment->fault.http_status ? NULL : find_next(deployment, &body, &left);
    if (resource) {
        begin_part(deployment, resource, body);
        return;
    }
    if (!deployment->fault.http_status && left)
        (void)fail(deployment, STATUS_INVALID_ARGUMENT, "its resources wait for each other in a circle");
    if (!deployment->fault.http_status) {
        enum status status = template_outputs(deployment->plan, &deployment->outputs, &err);
        if (status != STATUS_OK)
            (void)fail(deployment, status, err.text);
    }
    keep_record(deployment);
}

/* --- requests --- */

static void refuse(struct control_call *call, const struct control_fault *fault)
{
    control_answer_fault(call, fault);
    control_call_destroy(call);
}

/* A template that cannot be begun is answered, and nothing is kept of it. */
static struct deployment *open_for(struct control_call *call)
{
    struct control *control = call->control;
    struct control_fault fault = {0};
    const struct control_type *type = call->type;
    struct deployment *deployment = NULL;
    if (!type->name_fits(control_name_of(&call->id)))
        control_fault_set(&fault, 400, "InvalidDeploymentName",
                          "The name of the deployment is not valid: %s.", type->name_rule);
    else if (control->deployment_count >= CONTROL_DEPLOYMENTS_MAX)
        control_fault_set(&fault, 429, "TooManyRequests", "%d deployments go on already. Come again.",
                          CONTROL_DEPLOYMENTS_MAX);
    else if (!(deployment = make(control, call->id.text, NULL)))
        control_fault_no_memory(&fault);
    if (!deployment) {
        control_answer_fault(call, &fault);
        return NULL;
    }
    deployment->call = call; /* whose rights count */
    if (begin(deployment, call->body))
        return deployment;
    fault = deployment->fault;
    release(deployment);
    control_answer_fault(call, &fault);
    return NULL;
}

static bool is_active(const struct control_call *call)
{
    list_each (it, &call->control->deployments)
        if (bytes_equal(CONTAINER_OF(it, struct deployment, link)->id.key, call->id.key))
            return true;
    return false;
}

void control_serve_deployments(struct control_call *call, struct bytes name)
{
    struct control_fault fault = {0};
    bool reads = strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0;
    if (reads && name.size == 0)
        control_list(call, call->type);
    else if (reads)
        control_get(call);
    if (reads) {
        control_call_destroy(call);
    } else if (call->erase) {
        control_enqueue(call);
    } else if (strcmp(call->method, "PUT") != 0 || !call->body) {
        control_fault_set(&fault, 400, "InvalidRequestContent",
                          "A deployment is made by PUT, with a template.");
        refuse(call, &fault);
    } else if (is_active(call)) {
        control_fault_set(&fault, 409, "DeploymentActive", "A deployment of that name goes on.");
        refuse(call, &fault);
    } else {
        struct deployment *deployment = open_for(call);
        if (deployment)
            go_on(deployment);
        else
            control_call_destroy(call);
    }
}

enum control_act control_act_deployment(struct control_call *call, struct bytes action)
{
    if (!bytes_equal_nocase(action, BYTES_LITERAL("validate")))
        return CONTROL_ACT_NONE;
    struct deployment *deployment = open_for(call);
    if (deployment) {
        control_answer(call, 200, deployment_validation(deployment));
        release(deployment);
    }
    return CONTROL_ACT_DONE;
}
