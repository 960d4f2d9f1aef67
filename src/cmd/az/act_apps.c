/* SPDX-License-Identifier: MIT */
/* act_apps.c — bodies of pools, environments and apps that are more than a member for each argument; an app's change is
 * made to what is there; its log is read from where the app says. */
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/text.h"
#include "cmd/az/acts.h"
#include "cmd/az/request.h"
#include "wire/json/json.h"

#define SECRET_REFERENCE "secretref:"

/* --- members --- */

/* Sets what is not there yet. */
static bool add_default(json_t *body, const char *member, json_t *value)
{
    struct bytes rest = bytes_of_cstr(member);
    const json_t *at = body;
    while (at && rest.data) {
        struct bytes name = bytes_split(&rest, '.');
        at = json_object_getn(at, (const char *)name.data, name.size);
    }
    if (at) {
        json_decref(value);
        return true;
    }
    return az_member_set(body, member, value);
}

static bool out_of_memory(void)
{
    (void)az_no_memory();
    return false;
}

/* [{"name", "value"}], or for environment variables "secretRef" in place of the value. */
static json_t *named_values(const struct az_call *call, const char *key, bool references)
{
    const struct az_value *typed = az_value_of(&call->values, key);
    json_t *array = json_array();
    for (size_t i = 0; typed && i < typed->count; i++) {
        const char *text = call->values.texts[typed->first + i];
        const char *equals = strchr(text, '=');
        const char *value = equals ? equals + 1 : "";
        bool reference = references && strncmp(value, SECRET_REFERENCE, strlen(SECRET_REFERENCE)) == 0;
        if (!equals || equals == text) {
            (void)az_fail(EXIT_USAGE, "%s: expected NAME=VALUE, not '%s'", key, references ? text : "…");
            json_decref(array);
            return NULL;
        }
        const char *member = "value";
        if (reference) {
            member = "secretRef";
            value += strlen(SECRET_REFERENCE);
        }
        (void)json_array_append_new(
            array, json_pack("{s:s%, s:s}", "name", text, (size_t)(equals - text), member, value));
    }
    return array;
}

static json_t *texts_of(const struct az_call *call, const char *key)
{
    const struct az_value *typed = az_value_of(&call->values, key);
    json_t *array = typed ? json_array() : NULL;
    for (size_t i = 0; typed && i < typed->count; i++)
        (void)json_array_append_new(array, json_string(call->values.texts[typed->first + i]));
    return array;
}

/* --- pools and environments --- */

/* What the cloud's CLI sends where nothing was said. */
bool az_prepare_pool(struct az_call *call, json_t *body)
{
    const char *life = "properties.dynamicPoolConfiguration.lifecycleConfiguration.lifecycleType";
    const char *typed = az_text_of(&call->values, "lifecycle-type");
    bool on_exit = typed && strcmp(typed, "OnContainerExit") == 0;
    bool good =
        add_default(body, life, json_string("Timed")) &&
        add_default(body, "properties.scaleConfiguration.maxConcurrentSessions", json_integer(10)) &&
        add_default(body, "properties.sessionNetworkConfiguration.status", json_string("EgressDisabled"));
    if (good && on_exit)
        good = add_default(
            body, "properties.dynamicPoolConfiguration.lifecycleConfiguration.maxAlivePeriodInSeconds",
            json_integer(3600));
    else if (good)
        good = add_default(
            body, "properties.dynamicPoolConfiguration.lifecycleConfiguration.cooldownPeriodInSeconds",
            json_integer(300));
    if (!good)
        return out_of_memory();
    if (!az_value_of(&call->values, "secrets"))
        return true;
    json_t *secrets = named_values(call, "secrets", false);
    return secrets && (az_member_set(body, "properties.secrets", secrets) || out_of_memory());
}

bool az_prepare_environment(struct az_call *call, json_t *body)
{
    const char *destination = az_text_of(&call->values, "logs-destination");
    if (destination && strcmp(destination, "none") != 0)
        az_warn(call, "logs stay with the server: --logs-destination %s is not there", destination);
    return az_member_set(body, "properties.appLogsConfiguration",
                         json_pack("{s:n, s:n}", "destination", "logAnalyticsConfiguration")) ||
           out_of_memory();
}

/* --- how long what is over is kept --- */

/* The shorthand's keys as they are in JSON. */
static void rename_keys(json_t *policies)
{
    static const char *const names[][2] = {{"retention-period-in-days", "retentionPeriodInDays"},
                                           {"orchestration-state", "orchestrationState"}};
    for (size_t i = 0; i < json_array_size(policies); i++) {
        json_t *policy = json_array_get(policies, i);
        for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
            json_t *value = json_object_get(policy, names[n][0]);
            if (value && json_object_set(policy, names[n][1], value) == 0)
                (void)json_object_del(policy, names[n][0]);
        }
    }
}

bool az_prepare_retention(struct az_call *call, json_t *body)
{
    static const char *const states[][2] = {{"default-days", NULL},
                                            {"completed-days", "Completed"},
                                            {"failed-days", "Failed"},
                                            {"terminated-days", "Terminated"},
                                            {"canceled-days", "Canceled"}};
    json_t *properties = json_object_get(body, "properties");
    json_t *policies = json_object_get(properties, "retentionPolicies");
    if (!json_is_array(policies)) {
        policies = json_array();
        if (json_object_set_new(properties, "retentionPolicies", policies) != 0)
            return out_of_memory();
    }
    rename_keys(policies);
    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        const char *days = az_text_of(&call->values, states[i][0]);
        if (days)
            (void)json_array_append_new(policies, json_pack("{s:I, s:s*}", "retentionPeriodInDays",
                                                            (json_int_t)strtoll(days, NULL, 10),
                                                            "orchestrationState", states[i][1]));
    }
    if (json_array_size(policies) > 0)
        return true;
    (void)az_fail(EXIT_USAGE, "say --default-days N, or --retention-policies");
    return false;
}

/* --- apps --- */

/* What was typed about the container goes into it. */
static bool change_container(const struct az_call *call, json_t *container)
{
    static const char *const lists[] = {"command", "args"};
    const char *image = az_text_of(&call->values, "image");
    const char *name = az_text_of(&call->values, "container-name");
    const char *cpu = az_text_of(&call->values, "cpu");
    const char *memory = az_text_of(&call->values, "memory");
    bool good = !image || json_object_set_new(container, "image", json_string(image)) == 0;
    good = good && (!name || json_object_set_new(container, "name", json_string(name)) == 0);
    for (size_t i = 0; good && i < ARRAY_SIZE(lists); i++) {
        json_t *texts = texts_of(call, lists[i]);
        good = !texts || json_object_set_new(container, lists[i], texts) == 0;
    }
    char *end = NULL;
    double processors = cpu ? strtod(cpu, &end) : 0;
    if (cpu && (*end || processors <= 0)) {
        (void)az_fail(EXIT_USAGE, "argument --cpu: invalid float value: '%s'", cpu);
        return false;
    }
    good = good && (!cpu || az_member_set(container, "resources.cpu", json_real(processors)));
    good = good && (!memory || az_member_set(container, "resources.memory", json_string(memory)));
    return good || out_of_memory();
}

/* "SystemAssigned", identities by id, or none. */
static json_t *identity_of(const struct az_call *call)
{
    const struct az_value *users = az_value_of(&call->values, "user-assigned");
    bool own = az_flag_of(&call->values, "system-assigned");
    json_t *identities = users ? json_object() : NULL;
    for (size_t i = 0; users && i < users->count; i++) {
        CLEANUP(buf_fini) struct buf id = {0};
        az_request_id(az_subscription_id(call), az_text_of(&call->values, "resource-group"),
                      "Microsoft.ManagedIdentity/userAssignedIdentities",
                      call->values.texts[users->first + i], &id);
        buf_append_byte(&id, '\0');
        if (!id.failed)
            (void)json_object_set_new(identities, (const char *)id.data, json_object());
    }
    static const char *const types[2][2] = {{"None", "UserAssigned"},
                                            {"SystemAssigned", "SystemAssigned, UserAssigned"}};
    const char *type = types[own][users != NULL];
    return json_pack("{s:s, s:o*}", "type", type, "userAssignedIdentities", identities);
}

static bool prepare_ingress(const struct az_call *call, json_t *body)
{
    const char *ingress = az_text_of(&call->values, "ingress");
    const char *transport = az_text_of(&call->values, "transport");
    if (!ingress && az_text_of(&call->values, "target-port")) {
        (void)az_fail(EXIT_USAGE, "Usage error: must specify --ingress with --target-port");
        return false;
    }
    if (!ingress)
        return true;
    if (!az_text_of(&call->values, "target-port")) {
        (void)az_fail(EXIT_USAGE, "Usage error: must specify --target-port with --ingress");
        return false;
    }
    return (az_member_set(body, "properties.configuration.ingress.external",
                          json_boolean(strcmp(ingress, "external") == 0)) &&
            az_member_set(body, "properties.configuration.ingress.transport",
                          json_string(text_or(transport, "auto")))) ||
           out_of_memory();
}

bool az_prepare_app(struct az_call *call, json_t *body)
{
    CLEANUP(json_release)
    json_t *container = json_pack("{s:s, s:s}", "name", az_text_of(&call->values, "name"), "image",
                                  "mcr.microsoft.com/k8se/quickstart:latest");
    json_t *variables = named_values(call, "env-vars", true);
    json_t *secrets = variables ? named_values(call, "secrets", false) : NULL;
    if (!container || !variables || !secrets || !change_container(call, container) ||
        !prepare_ingress(call, body)) {
        json_decref(variables);
        json_decref(secrets);
        return false;
    }
    bool good = json_object_set_new(container, "env", variables) == 0;
    good = az_member_set(body, "properties.configuration.secrets", secrets) && good;
    good = az_member_set(body, "properties.template.containers", json_pack("[O]", container)) && good;
    good = az_member_set(body, "identity", identity_of(call)) && good;
    return good || out_of_memory();
}

/* --- changing an app --- */

/* The path of the app, or what `end` says below it. */
static int app_path(struct az_call *call, const char *end, struct buf *out)
{
    struct err err = {0};
    int code = az_call_subscription(call);
    if (code != EXIT_GOOD)
        return code;
    if (az_request_path(&call->values, call->command->path, NULL, az_subscription_id(call), out, &err) !=
        STATUS_OK)
        return az_fail(EXIT_USAGE, "%s", err.text);
    buf_append_cstr(out, end);
    buf_append_byte(out, '\0');
    if (out->failed)
        return az_no_memory();
    return EXIT_GOOD;
}

static void remove_variable(json_t *variables, const char *name)
{
    for (size_t i = json_array_size(variables); i-- > 0;) {
        const char *own = json_member_text(json_array_get(variables, i), "name");
        if (own && strcmp(own, name) == 0)
            (void)json_array_remove(variables, i);
    }
}

/* Sets, replaces and removes variables of the container that is there. */
static bool change_variables(const struct az_call *call, json_t *container)
{
    const struct az_value *removed = az_value_of(&call->values, "remove-env-vars");
    bool anew =
        az_value_of(&call->values, "replace-env-vars") || az_flag_of(&call->values, "remove-all-env-vars");
    CLEANUP(json_release)
    json_t *added = named_values(
        call, az_value_of(&call->values, "replace-env-vars") ? "replace-env-vars" : "set-env-vars", true);
    if (!added)
        return false;
    json_t *variables = json_object_get(container, "env");
    if (anew || !json_is_array(variables)) {
        variables = json_array();
        if (json_object_set_new(container, "env", variables) != 0)
            return out_of_memory();
    }
    for (size_t i = 0; removed && i < removed->count; i++)
        remove_variable(variables, call->values.texts[removed->first + i]);
    for (size_t i = 0; i < json_array_size(added); i++)
        remove_variable(variables, json_member_text(json_array_get(added, i), "name"));
    return json_array_extend(variables, added) == 0 || out_of_memory();
}

int az_act_app_update(struct az_call *call)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *app = NULL;
    CLEANUP(json_release) json_t *body = NULL;
    CLEANUP(json_release) json_t *answer = NULL;
    struct err err = {0};
    int code = app_path(call, "", &path);
    if (code == EXIT_GOOD)
        code = az_ask_manager(call, "GET", (const char *)path.data, call->command->version, NULL, &app);
    if (code != EXIT_GOOD)
        return code;
    if (az_request_body(&call->values, az_subscription_id(call), &body, &err) != STATUS_OK)
        return az_fail(EXIT_USAGE, "%s", err.text);
    json_t *containers =
        json_object_get(json_object_get(json_object_get(app, "properties"), "template"), "containers");
    json_t *container = json_array_get(containers, 0);
    if (!container)
        return az_fail(EXIT_FAILED, "the app has no container");
    if (!change_container(call, container) || !change_variables(call, container))
        return EXIT_USAGE;
    if (!az_member_set(body, "properties.template.containers", json_incref(containers)))
        return az_no_memory();
    code = az_ask_manager(call, "PATCH", (const char *)path.data, call->command->version, body, &answer);
    if (code == EXIT_GOOD && !az_flag_of(&call->values, "no-wait"))
        return az_print_shaped(call, answer);
    return code;
}

/* --- the log --- */

/* The name of the first of a list below the app. */
static int first_name(struct az_call *call, const char *end, char *ret_name, size_t size)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *items = NULL;
    int code = app_path(call, end, &path);
    if (code == EXIT_GOOD)
        code = az_ask_list(call, (const char *)path.data, call->command->version, &items);
    if (code != EXIT_GOOD)
        return code;
    const char *name = json_member_text(json_array_get(items, 0), "name");
    if (!name)
        return az_fail(EXIT_FAILED, "the app does not run: sallyport az containerapp show tells why");
    (void)snprintf(ret_name, size, "%s", name);
    return EXIT_GOOD;
}

/* Where the log of the replica's container is. */
static int find_stream(struct az_call *call, struct buf *out)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *app = NULL;
    CLEANUP(json_release) json_t *replica_object = NULL;
    char replica[128], end[400];
    const char *revision = az_text_of(&call->values, "revision");
    const char *typed = az_text_of(&call->values, "replica");
    const char *wanted = az_text_of(&call->values, "container");
    int code = app_path(call, "", &path);
    if (code == EXIT_GOOD)
        code = az_ask_manager(call, "GET", (const char *)path.data, call->command->version, NULL, &app);
    if (code != EXIT_GOOD)
        return code;
    if (!revision)
        revision = json_member_text(json_object_get(app, "properties"), "latestRevisionName");
    (void)snprintf(end, sizeof end, "/revisions/%.128s/replicas", text_or(revision, ""));
    if (typed)
        (void)snprintf(replica, sizeof replica, "%s", typed);
    else
        code = first_name(call, end, replica, sizeof replica);
    if (code != EXIT_GOOD)
        return code;
    (void)snprintf(end, sizeof end, "/revisions/%.128s/replicas/%.127s", text_or(revision, ""), replica);
    buf_clear(&path);
    code = app_path(call, end, &path);
    if (code == EXIT_GOOD)
        code = az_ask_manager(call, "GET", (const char *)path.data, call->command->version, NULL,
                              &replica_object);
    const json_t *containers = json_object_get(json_object_get(replica_object, "properties"), "containers");
    for (size_t i = 0; i < json_array_size(containers); i++) {
        const json_t *container = json_array_get(containers, i);
        const char *name = json_member_text(container, "name");
        const char *stream = json_member_text(container, "logStreamEndpoint");
        if (stream && (!wanted || (name && strcmp(name, wanted) == 0)) && !out->size)
            buf_append_cstr(out, stream);
    }
    if (code != EXIT_GOOD)
        return code;
    if (!out->size)
        return az_fail(EXIT_FAILED, "the app has no log");
    return EXIT_GOOD;
}

static void write_line(struct bytes data, void *context)
{
    fwrite(data.data, 1, data.size, stdout);
    fflush(stdout);
}

int az_act_app_logs(struct az_call *call)
{
    CLEANUP(buf_fini) struct buf url = {0};
    const char *base = (const char *)call->server.url.data;
    int code = find_stream(call, &url);
    if (code != EXIT_GOOD)
        return code;
    buf_append_fmt(&url, "%sfollow=%s&output=%s&tailLines=%s", memchr(url.data, '?', url.size) ? "&" : "?",
                   az_flag_of(&call->values, "follow") ? "true" : "false",
                   az_text_of(&call->values, "format"), az_text_of(&call->values, "tail"));
    buf_append_byte(&url, '\0');
    if (url.failed)
        return az_no_memory();
    const char *target = (const char *)url.data;
    bool ours = target[0] == '/' || (strncmp(target, base, strlen(base)) == 0 && target[strlen(base)] == '/');
    const struct az_ask ask = {
        .method = "GET", .path = target, .audience = ours ? AZ_MANAGER : AZ_NOBODY, .on_data = write_line};
    return az_ask(call, &ask, NULL);
}
