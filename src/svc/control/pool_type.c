/* SPDX-License-Identifier: MIT */
/* pool_type.c — Microsoft.App/sessionPools (CS-22): which pools there can be, and the pool as the engine wants it. */
#include <stdio.h>

#include "base/duration.h"
#include "svc/control/control_internal.h"

/* As the cloud's CLI has them. */
#define SESSIONS_DEFAULT 10
#define READY_DEFAULT    5
#define COOLDOWN_DEFAULT 300 /* s */

#define SESSIONS_MAX 10000
#define COOLDOWN_MAX 86400 /* s */

/* What sessions run, and why not. NULL: they do. */
static const struct {
    const char *word;
    const char *refusal;
} runtimes[] = {
    {"PythonLTS", NULL},
    {"NodeLTS", "sessions run Python here; Node.js is not built yet. Use PythonLTS"},
    {"Shell", "sessions run Python here, which can start programs of the session; a shell of its own is not "
              "built yet. "
              "Use PythonLTS"},
    {"CustomContainer", "no OCI engine is used for session pools here; sessions run Python. Use PythonLTS"},
};
#define RUNTIME_WORDS "PythonLTS NodeLTS Shell CustomContainer"

static bool refuse(struct control_fault *fault, const char *code, const char *target, const char *why)
{
    control_fault_set(fault, 400, code, "%s.", why);
    snprintf(fault->target, sizeof fault->target, "%s", target);
    return false;
}

static bool check_runtime(json_t *properties, struct control_fault *ret_fault)
{
    const char *target = "properties.containerType";
    if (!control_take_word(properties, "containerType", target, RUNTIME_WORDS, "PythonLTS", ret_fault))
        return false;
    struct bytes given = json_member_bytes(properties, "containerType");
    for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++)
        if (bytes_equal_cstr(given, runtimes[i].word) && runtimes[i].refusal)
            return refuse(ret_fault, "ContainerTypeNotSupported", target, runtimes[i].refusal);
    return true;
}

/* The first preview had the cooldown, and executionType, one storey higher. */
static bool check_life(json_t *properties, struct control_fault *ret_fault)
{
    const char *const target = "properties.dynamicPoolConfiguration";
    json_t *dynamic = control_take_object(properties, "dynamicPoolConfiguration", target, ret_fault);
    if (!dynamic)
        return false;
    json_t *life = control_take_object(dynamic, "lifecycleConfiguration", target, ret_fault);
    if (!life)
        return false;
    /* It counts where it is given: what it is merged into has the other one. */
    json_t *older = json_object_get(dynamic, "cooldownPeriodInSeconds");
    if (older)
        (void)json_object_set(life, "cooldownPeriodInSeconds", older);
    (void)json_object_del(dynamic, "cooldownPeriodInSeconds");
    (void)json_object_del(dynamic, "executionType");
    if (!control_take_word(life, "lifecycleType",
                           "properties.dynamicPoolConfiguration.lifecycleConfiguration.lifecycleType",
                           "Timed OnContainerExit", "Timed", ret_fault) ||
        !control_take_int(
            life, "cooldownPeriodInSeconds",
            "properties.dynamicPoolConfiguration.lifecycleConfiguration.cooldownPeriodInSeconds", 0,
            COOLDOWN_MAX, COOLDOWN_DEFAULT, ret_fault))
        return false;
    if (bytes_equal_cstr(json_member_bytes(life, "lifecycleType"), "OnContainerExit"))
        return refuse(ret_fault, "LifecycleTypeNotSupported", target,
                      "lifecycleType OnContainerExit is for pools of containers; sessions of Python end by "
                      "their cooldown. Use "
                      "Timed");
    return true;
}

static bool check_scale(json_t *properties, struct control_fault *ret_fault)
{
    json_t *scale =
        control_take_object(properties, "scaleConfiguration", "properties.scaleConfiguration", ret_fault);
    if (!scale || !control_take_int(scale, "maxConcurrentSessions",
                                    "properties.scaleConfiguration.maxConcurrentSessions", 1, SESSIONS_MAX,
                                    SESSIONS_DEFAULT, ret_fault))
        return false;
    int64_t sessions_max = json_integer_value(json_object_get(scale, "maxConcurrentSessions"));
    return control_take_int(scale, "readySessionInstances",
                            "properties.scaleConfiguration.readySessionInstances", 0, sessions_max,
                            MIN(READY_DEFAULT, sessions_max), ret_fault);
}

static bool check_network(json_t *properties, struct control_fault *ret_fault)
{
    const char *target = "properties.sessionNetworkConfiguration.status";
    json_t *network = control_take_object(properties, "sessionNetworkConfiguration",
                                          "properties.sessionNetworkConfiguration", ret_fault);
    if (!network || !control_take_word(network, "status", target, "EgressDisabled EgressEnabled",
                                       "EgressDisabled", ret_fault))
        return false;
    if (bytes_equal_cstr(json_member_bytes(network, "status"), "EgressEnabled"))
        return refuse(ret_fault, "EgressNotSupported", target,
                      "sessions have no network at all here, so that code that nobody trusts reaches "
                      "nothing; there is no "
                      "proxy yet that could allow some of it. Use EgressDisabled");
    return true;
}

/* What belongs to a pool of containers only must not be taken and then do nothing. */
static bool check_absent(json_t *properties, const char *name, const char *why,
                         struct control_fault *ret_fault)
{
    json_t *value = json_object_get(properties, name);
    bool empty = !value || json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0);
    if (!empty)
        return refuse(ret_fault, "InvalidRequestContent", name, why);
    (void)json_object_del(properties, name);
    return true;
}

bool control_check_pool(struct control *control, const struct resource_id *id, json_t *record,
                        struct control_fault *ret_fault)
{
    json_t *properties = control_properties(record);
    (void)json_object_del(properties, "poolManagementEndpoint");
    (void)json_object_del(properties, "nodeCount");
    if (!control_take_word(properties, "poolManagementType", "properties.poolManagementType",
                           "Dynamic Manual", "Dynamic", ret_fault))
        return false;
    if (bytes_equal_cstr(json_member_bytes(properties, "poolManagementType"), "Manual"))
        return refuse(ret_fault, "PoolManagementTypeNotSupported", "properties.poolManagementType",
                      "pools are Dynamic here: sessions come with their first call");
    return check_runtime(properties, ret_fault) && check_life(properties, ret_fault) &&
           check_scale(properties, ret_fault) && check_network(properties, ret_fault) &&
           check_absent(properties, "customContainerTemplate",
                        "customContainerTemplate is for CustomContainer, which this server does not run",
                        ret_fault) &&
           check_absent(properties, "secrets",
                        "secrets are for CustomContainer, which this server does not run", ret_fault);
}

void control_apply_pool(struct control *control, const struct resource_id *id, const json_t *record,
                        control_done *on_done, void *context)
{
    const struct control_engine *engine = &control->options.engine;
    const json_t *properties = json_object_get(record, "properties");
    const json_t *scale = json_object_get(properties, "scaleConfiguration");
    const json_t *life =
        json_object_get(json_object_get(properties, "dynamicPoolConfiguration"), "lifecycleConfiguration");
    const struct control_pool pool = {
        .group = id->group,
        .name = control_name_of(id),
        .sessions_max = (uint32_t)json_integer_value(json_object_get(scale, "maxConcurrentSessions")),
        .sessions_ready = (uint32_t)json_integer_value(json_object_get(scale, "readySessionInstances")),
        .cooldown_ns = json_integer_value(json_object_get(life, "cooldownPeriodInSeconds")) * NS_PER_S,
    };
    struct err error = {0};
    if (!engine->pool_put) {
        on_done(context, STATUS_UNIMPLEMENTED, "this process runs no session pool");
        return;
    }
    enum status status = engine->pool_put(engine->context, id->key, &pool, &error);
    on_done(context, status, status == STATUS_OK ? NULL : error.text);
}

void control_remove_pool(struct control *control, const struct resource_id *id, control_done *on_done,
                         void *context)
{
    const struct control_engine *engine = &control->options.engine;
    if (engine->pool_remove)
        engine->pool_remove(engine->context, id->key);
    on_done(context, STATUS_OK, NULL);
}

void control_show_pool(struct control *control, const struct resource_id *id, json_t *shown)
{
    json_t *properties = json_object_get(shown, "properties");
    CLEANUP(buf_fini) struct buf url = {0};
    buf_append_fmt(&url, "%s/subscriptions/%s/resourceGroups/%.*s/sessionPools/%.*s", control->options.url,
                   control->subscription, BYTES_FMT(id->group), BYTES_FMT(control_name_of(id)));
    (void)json_object_set_new(properties, "poolManagementEndpoint",
                              json_stringn((const char *)url.data, url.size));
    (void)json_object_set_new(properties, "nodeCount", json_integer(1));
}
