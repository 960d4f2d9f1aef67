/* SPDX-License-Identifier: MIT */
/* app_type.c — Microsoft.App/managedEnvironments and containerApps (CS-29, CS-30): which apps there can be, and how they are made
 * and shown. The image `sallyport/app` is this program's own and runs as a process; an app of any other image runs by the
 * container engine that the operator named, or is kept and shown, and `runningStatus` says that nothing runs it. What a process or
 * container is given is app_description.c's. Values of secrets are never shown but by listSecrets. */
#include <stdio.h>
#include <stdlib.h>

#include "base/no_memory.h"
#include "base/text.h"
#include "svc/control/control_internal.h"

/* --- its identities --- */

static bool has_own_identity(const json_t *record)
{
    struct bytes type = json_member_bytes(json_object_get(record, "identity"), "type");
    return bytes_find(type, BYTES_LITERAL("SystemAssigned")) < type.size;
}

static bool lower(const char *id, char *ret_key, size_t size)
{
    size_t length = strlen(id);
    for (size_t i = 0; i < length && i < size - 1; i++)
        ret_key[i] = (char)ascii_lower((uint8_t)id[i]);
    ret_key[MIN(length, size - 1)] = '\0';
    return length < size;
}

/* Whoever gives an identity to an app speaks as that identity from then on, so he must be able to change it. */
static bool check_identities(struct control *control, json_t *record, struct control_fault *ret_fault)
{
    const struct control_call *call = control->current;
    json_t *users = json_object_get(json_object_get(record, "identity"), "userAssignedIdentities");
    const char *id;
    json_t *value;
    char key[RESOURCE_ID_SIZE_MAX];
    if (json_object_size(users) > CONTROL_APP_IDENTITIES_MAX - 1)
        return control_refuse(ret_fault, "identity", "too many identities",
                              BYTES_LITERAL("userAssignedIdentities"));
    json_object_foreach(users, id, value)
    {
        bool known = lower(id, key, sizeof key) && control_application_of(control, bytes_of_cstr(key));
        bool may = known && call && control_may(call, ACCESS_CONTROL_WRITE, bytes_of_cstr(id));
        if (!known)
            return control_refuse(ret_fault, "identity", "there is no such identity", bytes_of_cstr(id));
        if (!may) {
            control_fault_set(
                ret_fault, 403, "LinkedAuthorizationFailed",
                "The caller may not assign the identity '%.300s': that takes the right to change it.", id);
            return false;
        }
        (void)json_object_clear(value);
    }
    json_t *identity = json_object_get(record, "identity");
    (void)json_object_del(identity, "principalId");
    (void)json_object_del(identity, "tenantId");
    return true;
}

/* --- the record --- */

static json_t *ingress_of(const json_t *record)
{
    const json_t *properties = json_object_get(record, "properties");
    return json_object_get(json_object_get(properties, "configuration"), "ingress");
}

static json_t *former_record(struct control *control, const struct resource_id *id)
{
    const struct resource *former = resource_store_get(control->store, id->key);
    json_t *record = NULL;
    struct err error = {0};
    return former && json_parse(former->text, NULL, &record, &error) == STATUS_OK ? record : NULL;
}

/* An app keeps the port that it got at first, and stays stopped until somebody starts it. */
static bool take_place(struct control *control, const struct resource_id *id, json_t *record,
                       struct control_fault *ret_fault)
{
    const struct control_engine *engine = &control->options.engine;
    const struct control_call *call = control->current;
    CLEANUP(json_release) json_t *before = former_record(control, id);
    struct err error = {0};
    uint16_t port = (uint16_t)json_integer_value(json_object_get(before, "port"));
    bool stopped = json_is_true(json_object_get(before, "stopped"));
    if (call && (call->starts || call->stops))
        stopped = call->stops;
    if (!port && engine->scheduler_port) {
        enum status status = engine->scheduler_port(engine->context, &port, &error);
        if (status != STATUS_OK) {
            control_fault_status(ret_fault, status, error.text);
            return false;
        }
    }
    return json_object_set_new(record, "stopped", json_boolean(stopped)) == 0 &&
           json_object_set_new(record, "port", json_integer(port)) == 0;
}

/* Nothing runs what an engine would run: then it is kept as it is. */
static bool runs(const struct control *control, const json_t *record)
{
    return control_app_is_own(record) || !control->options.engine.no_containers;
}

static bool check_description(const struct control *control, const json_t *record,
                              struct control_fault *ret_fault)
{
    CLEANUP(buf_fini) struct buf block = {0};
    bool sound = !runs(control, record) || control_app_describe(record, &block, ret_fault);
    if (block.data)
        explicit_bzero(block.data, block.size);
    return sound;
}

static bool check_containers(const json_t *record, struct control_fault *ret_fault)
{
    const json_t *containers = control_app_containers(record);
    bool sound = json_is_array(containers) && json_array_size(containers) > 0;
    for (size_t i = 0; sound && i < json_array_size(containers); i++)
        sound = json_member_bytes(json_array_get(containers, i), "image").size > 0;
    if (!sound) {
        control_fault_set(ret_fault, 400, "InvalidRequestContent",
                          "'properties.template.containers' must list at least one container with an image.");
        snprintf(ret_fault->target, sizeof ret_fault->target, "properties.template.containers");
    }
    return sound;
}

static struct bytes environment_of(const json_t *record)
{
    return json_member_bytes(json_object_get(record, "properties"), "environmentId");
}

/* One that the app is put into must be there; where it has gone since, all else of the app can still be changed. */
static bool environment_is_there(struct control *control, const struct resource_id *id, const json_t *record,
                                 struct control_fault *ret_fault)
{
    CLEANUP(arena_fini) struct arena arena;
    CLEANUP(json_release) json_t *before = NULL;
    struct resource_id environment;
    struct bytes wanted = environment_of(record);
    arena_init(&arena, 0);
    if (wanted.size == 0)
        return true;
    const struct resource *former = resource_store_get(control->store, id->key);
    bool stays = former && json_parse(former->text, NULL, &before, NULL) == STATUS_OK &&
                 bytes_equal(environment_of(before), wanted);
    if (stays)
        return true;
    const struct control_type *type = NULL;
    if (resource_id_parse(&arena, wanted, &environment, NULL) == STATUS_OK)
        type = control_type_of(&environment);
    if (type && strcmp(type->type, "managedEnvironments") == 0 &&
        resource_store_get(control->store, environment.key))
        return true;
    control_fault_set(
        ret_fault, 400, "ManagedEnvironmentNotFound",
        "The environment '%.*s' is not there. Make it first: sallyport az containerapp env create.",
        BYTES_FMT(bytes_slice(wanted, 0, 300)));
    snprintf(ret_fault->target, sizeof ret_fault->target, "properties.environmentId");
    return false;
}

bool control_check_app(struct control *control, const struct resource_id *id, json_t *record,
                       struct control_fault *ret_fault)
{
    json_t *properties = control_properties(record);
    static const char *const derived[] = {
        "latestRevisionName",   "latestReadyRevisionName", "latestRevisionFqdn", "runningStatus",
        "runningStatusDetails", "eventStreamEndpoint",     "outboundIpAddresses"};
    for (size_t i = 0; i < ARRAY_SIZE(derived); i++)
        (void)json_object_del(properties, derived[i]);
    json_t *template = control_take_object(properties, "template", "properties.template", ret_fault);
    json_t *settings =
        template ? control_take_object(properties, "configuration", "properties.configuration", ret_fault)
                 : NULL;
    return settings && check_containers(record, ret_fault) && check_description(control, record, ret_fault) &&
           check_identities(control, record, ret_fault) &&
           environment_is_there(control, id, record, ret_fault) &&
           control_app_host_is_free(control, id, record, ret_fault) &&
           take_place(control, id, record, ret_fault);
}

/* --- making and ending it --- */

/* While the directory writes; in the arena of the change. */
struct app_making {
    struct control *control;
    const json_t *record;
    control_done *on_done;
    void *context;
    struct bytes key;
};

static void add_identity(struct control *control, struct control_app *app, struct bytes key)
{
    const struct directory_application *application = control_application_of(control, key);
    if (application && app->identity_count < CONTROL_APP_IDENTITIES_MAX)
        app->identities[app->identity_count++] = application->id;
}

static enum status run(struct control *control, struct bytes key, const json_t *record, struct err *err)
{
    const struct control_engine *engine = &control->options.engine;
    CLEANUP(buf_fini) struct buf block = {0};
    CLEANUP(buf_fini) struct buf host = {0};
    struct control_fault fault = {0};
    struct control_app app = {.port = (uint16_t)json_integer_value(json_object_get(record, "port")),
                              .wanted = !json_is_true(json_object_get(record, "stopped"))};
    char user[RESOURCE_ID_SIZE_MAX];
    const char *id;
    json_t *value;
    if (!runs(control, record) || !engine->app_put) {
        if (engine->app_remove) /* the image was another before */
            engine->app_remove(engine->context, key);
        return STATUS_OK;
    }
    app.contained = !control_app_is_own(record);
    if (!control_app_describe(record, &block, &fault))
        return err_set(err, STATUS_INVALID_ARGUMENT, "%s", fault.message);
    if (has_own_identity(record))
        add_identity(control, &app, key);
    json_object_foreach(json_object_get(json_object_get(record, "identity"), "userAssignedIdentities"), id,
                        value) if (lower(id, user, sizeof user))
        add_identity(control, &app, bytes_of_cstr(user));
    control_app_host(control, control_key_name(key), record, &host);
    app.host = buf_peek(&host);
    app.external = json_is_true(json_object_get(ingress_of(record), "external"));
    app.description = buf_peek(&block);
    enum status status = engine->app_put(engine->context, key, &app, err);
    if (block.data)
        explicit_bzero(block.data, block.size);
    return status;
}

static void on_identity(void *context, enum status status, const char *text)
{
    const struct app_making *making = context;
    struct err err = {0};
    if (status == STATUS_OK) {
        status = run(making->control, making->key, making->record, &err);
        text = err.text;
    }
    making->on_done(making->context, status, status == STATUS_OK ? NULL : text);
}

/* An identity of its own comes with the app's record, and goes with it. */
static void write_identity(struct app_making *making, const struct directory_application *known)
{
    struct control *control = making->control;
    char object_id[GUID_TEXT_SIZE + 1], client_id[GUID_TEXT_SIZE + 1];
    directory_guid(object_id);
    directory_guid(client_id);
    struct bytes name = control_key_name(making->key);
    struct arena *arena = &control->current->arena;
    const struct directory_application made = {.id = object_id,
                                               .client_id = client_id,
                                               .name = arena_cstr(arena, name),
                                               .resource_id = arena_cstr(arena, making->key),
                                               .created_ns = control->options.unix_ns()};
    const struct directory_write write = {known ? DIRECTORY_DELETE : DIRECTORY_CREATE, DIRECTORY_APPLICATION,
                                          known ? known : &made};
    if (made.name && made.resource_id)
        control_write_directory(control, &write, 1, on_identity, making);
    else
        on_identity(making, STATUS_NO_MEMORY, ERR_NO_MEMORY);
}

void control_apply_app(struct control *control, const struct resource_id *id, const json_t *record,
                       control_done *on_done, void *context)
{
    const struct app_making wish = {
        .control = control, .record = record, .on_done = on_done, .context = context, .key = id->key};
    const struct directory_application *known = control_application_of(control, id->key);
    struct app_making direct = wish;
    /* At a start it is as it was left. */
    if (!control->current || has_own_identity(record) == (known != NULL)) {
        on_identity(&direct, STATUS_OK, NULL);
        return;
    }
    struct app_making *making = arena_alloc(&control->current->arena, sizeof *making);
    if (!making) {
        on_done(context, STATUS_NO_MEMORY, ERR_NO_MEMORY);
        return;
    }
    *making = wish;
    write_identity(making, known);
}

void control_remove_app(struct control *control, const struct resource_id *id, control_done *on_done,
                        void *context)
{
    const struct control_engine *engine = &control->options.engine;
    const struct directory_application *application = control_application_of(control, id->key);
    if (engine->app_remove)
        engine->app_remove(engine->context, id->key);
    if (application)
        control_write_directory(
            control, &(struct directory_write){DIRECTORY_DELETE, DIRECTORY_APPLICATION, application}, 1,
            on_done, context);
    else
        on_done(context, STATUS_OK, NULL);
}

/* --- showing it --- */

bool control_app_tell(struct control *control, struct bytes key, const json_t *record,
                      struct control_app_state *ret_state)
{
    const struct control_engine *engine = &control->options.engine;
    *ret_state = (struct control_app_state){.status = "NoEngine"};
    snprintf(ret_state->why, sizeof ret_state->why, "%s", text_or(engine->no_containers, ""));
    if (!runs(control, record))
        return false;
    *ret_state = (struct control_app_state){
        .status = "Stopped",
        .why = "No app is started by this server (--made-apps 0), or it could not be made again"};
    return engine->app_tell && engine->app_tell(engine->context, key, ret_state);
}

static void hide_secrets(json_t *settings)
{
    json_t *secrets = json_object_get(settings, "secrets");
    for (size_t i = 0; i < json_array_size(secrets); i++)
        (void)json_object_del(json_array_get(secrets, i), "value");
}

static void show_identities(struct control *control, struct bytes own_key, json_t *identity)
{
    const struct directory_application *own = control_application_of(control, own_key);
    const char *id;
    json_t *value;
    char key[RESOURCE_ID_SIZE_MAX];
    if (own) {
        (void)json_object_set_new(identity, "principalId", json_string(own->id));
        (void)json_object_set_new(identity, "tenantId", json_string(control->tenant));
    }
    json_object_foreach(json_object_get(identity, "userAssignedIdentities"), id, value)
    {
        const struct directory_application *user =
            lower(id, key, sizeof key) ? control_application_of(control, bytes_of_cstr(key)) : NULL;
        if (user) {
            (void)json_object_set_new(value, "principalId", json_string(user->id));
            (void)json_object_set_new(value, "clientId", json_string(user->client_id));
        }
    }
}

/* A port of its own is reached by any client; a name below a domain of loopback only by those whose resolver knows that such
 * names are loopback (RFC 6761 section 6.3), which not every machine's does. */
static void show_address(const struct control *control, struct bytes name, json_t *shown)
{
    json_t *properties = json_object_get(shown, "properties");
    CLEANUP(buf_fini) struct buf host = {0};
    CLEANUP(buf_fini) struct buf own = {0};
    control_app_host(control, name, shown, &host);
    bool named = host.size > 0;
    buf_append_cstr(&host, control->options.apps_port);
    buf_append_fmt(&own, "localhost:%u", (unsigned)json_integer_value(json_object_get(shown, "port")));
    const struct buf *fqdn = named && control->options.apps_public ? &host : &own;
    (void)json_object_set_new(ingress_of(shown), "fqdn", json_stringn((const char *)fqdn->data, fqdn->size));
    if (named)
        (void)json_object_set_new(properties, "latestRevisionFqdn",
                                  json_stringn((const char *)host.data, host.size));
}

void control_show_app(struct control *control, const struct resource_id *id, json_t *shown)
{
    json_t *properties = json_object_get(shown, "properties");
    json_t *settings = json_object_get(properties, "configuration");
    const json_t *ingress = ingress_of(shown);
    struct bytes name = control_name_of(id);
    struct control_app_state state;
    CLEANUP(buf_fini) struct buf url = {0};
    hide_secrets(settings);
    (void)control_app_tell(control, id->key, shown, &state);
    (void)json_object_set_new(properties, "runningStatus", json_string(state.status));
    if (state.why[0])
        (void)json_object_set_new(properties, "runningStatusDetails", json_string(state.why));
    const char *const revisions[] = {"latestRevisionName", "latestReadyRevisionName"};
    for (size_t i = 0; i < ARRAY_SIZE(revisions); i++)
        (void)json_object_set_new(properties, revisions[i], json_stringn((const char *)name.data, name.size));
    buf_append_fmt(&url, "%s/subscriptions/%s/resourceGroups/%.*s/containerApps/%.*s/eventstream",
                   control->options.url, control->subscription, BYTES_FMT(id->group), BYTES_FMT(name));
    (void)json_object_set_new(properties, "eventStreamEndpoint",
                              json_stringn((const char *)url.data, url.size));
    if (json_is_object(ingress))
        show_address(control, name, shown);
    (void)json_object_del(shown, "port");
    (void)json_object_del(shown, "stopped");
    show_identities(control, id->key, json_object_get(shown, "identity"));
}

/* --- actions --- */

static void list_secrets(struct control_call *call, const json_t *record)
{
    json_t *secrets =
        json_object_get(json_object_get(json_object_get(record, "properties"), "configuration"), "secrets");
    control_answer_list(call, secrets ? json_incref(secrets) : json_array());
}

/* Starting what nothing runs is refused; the rest is a change like any other. */
static enum control_act steer(struct control_call *call, const json_t *record, bool starts)
{
    if (!runs(call->control, record)) {
        struct control_fault fault = {0};
        control_fault_set(&fault, 409, "NoEngine", "%s", call->control->options.engine.no_containers);
        control_answer_fault(call, &fault);
        return CONTROL_ACT_DONE;
    }
    json_decref(call->body);
    call->body = json_object();
    call->merge = true;
    call->starts = starts;
    call->stops = !starts;
    return call->body ? CONTROL_ACT_CHANGES : CONTROL_ACT_NONE;
}

enum control_act control_act_app(struct control_call *call, struct bytes action)
{
    CLEANUP(json_release) json_t *record = former_record(call->control, &call->id);
    bool secrets = bytes_equal_nocase(action, BYTES_LITERAL("listSecrets"));
    bool starts = bytes_equal_nocase(action, BYTES_LITERAL("start"));
    bool stops = bytes_equal_nocase(action, BYTES_LITERAL("stop"));
    if (!secrets && !starts && !stops)
        return CONTROL_ACT_NONE;
    if (!record) {
        control_answer_missing(call);
        return CONTROL_ACT_DONE;
    }
    if (starts || stops)
        return steer(call, record, starts);
    list_secrets(call, record);
    return CONTROL_ACT_DONE;
}

void control_show_environment(struct control *control, const struct resource_id *id, json_t *shown)
{
    json_t *properties = json_object_get(shown, "properties");
    CLEANUP(buf_fini) struct buf domain = {0};
    control_environment_domain(control, id->key, &domain);
    (void)json_object_set_new(properties, "defaultDomain",
                              json_stringn((const char *)domain.data, domain.size));
    (void)json_object_set_new(properties, "staticIp", json_string("127.0.0.1"));
}
