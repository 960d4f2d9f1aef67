/* SPDX-License-Identifier: MIT */
/* app_type.c — Microsoft.App/managedEnvironments and containerApps (CS-29, CS-30): kept and shown. Nothing runs an app yet,
 * which is what `runningStatus` and `runningStatusDetails` say. Values of secrets are never shown but by listSecrets.
 *
 * What is missing of section 6: the image `sallyport/app`, which needs no engine, as a process of its own (start, restart with
 * backoff, logs, a port for `ingress.fqdn`, end with the resource); any other image with an engine that is there. */
#include <stdio.h>

#include "base/text.h"
#include "svc/control/control_internal.h"

#define DOMAIN "localhost"

/* The app of this program under its image's name: no engine is needed for it. */
#define OWN_IMAGE "sallyport/app"

/* Why an app does not run. */
static const struct app_state {
    const char *status; /* also the code of a refusal to start it */
    const char *why;
} app_no_engine = {"NoEngine",
                   "Nothing here runs containers yet: the app is kept and shown. Run its image by hand, with "
                   "podman or docker."},
  app_own_image = {"NotRunning",
                   "The image " OWN_IMAGE
                   " needs no engine, but the control plane does not start it yet: the "
                   "app is kept and shown. Start it by hand: sallyport app. Within sallyport dev it runs "
                   "anyway."};

/* "sallyport/app", also with a registry before it, and with a tag or a digest behind it. */
static bool is_own_image(struct bytes image)
{
    const struct bytes own = BYTES_LITERAL(OWN_IMAGE);
    for (size_t at = 0; at + own.size <= image.size; at++) {
        bool begins = at == 0 || image.data[at - 1] == '/';
        size_t end = at + own.size;
        bool ends = end == image.size || image.data[end] == ':' || image.data[end] == '@';
        if (begins && ends && bytes_equal(bytes_slice(image, at, own.size), own))
            return true;
    }
    return false;
}

/* Of a record: an app is ours only if all of its containers are. */
static const struct app_state *state_of(const json_t *record)
{
    const json_t *template = json_object_get(json_object_get(record, "properties"), "template");
    const json_t *containers = json_object_get(template, "containers");
    for (size_t i = 0; i < json_array_size(containers); i++)
        if (!is_own_image(json_bytes(json_object_get(json_array_get(containers, i), "image"))))
            return &app_no_engine;
    return &app_own_image;
}

bool control_check_app(struct control *control, const struct resource_id *id, json_t *record,
                       struct control_fault *ret_fault)
{
    json_t *properties = control_properties(record);
    static const char *const derived[] = {"latestRevisionName",  "latestReadyRevisionName",
                                          "runningStatus",       "runningStatusDetails",
                                          "eventStreamEndpoint", "outboundIpAddresses"};
    (void)control;
    (void)id;
    for (size_t i = 0; i < ARRAY_SIZE(derived); i++)
        (void)json_object_del(properties, derived[i]);
    json_t *template = control_take_object(properties, "template", "properties.template", ret_fault);
    json_t *settings =
        template ? control_take_object(properties, "configuration", "properties.configuration", ret_fault)
                 : NULL;
    if (!settings)
        return false;
    json_t *containers = json_object_get(template, "containers");
    bool sound = json_is_array(containers) && json_array_size(containers) > 0;
    for (size_t i = 0; sound && i < json_array_size(containers); i++)
        sound = json_bytes(json_object_get(json_array_get(containers, i), "image")).size > 0;
    if (!sound) {
        control_fault_set(ret_fault, 400, "InvalidRequestContent",
                          "'properties.template.containers' must list at least one container with an image.");
        snprintf(ret_fault->target, sizeof ret_fault->target, "properties.template.containers");
    }
    return sound;
}

static void hide_secrets(json_t *settings)
{
    json_t *secrets = json_object_get(settings, "secrets");
    for (size_t i = 0; i < json_array_size(secrets); i++)
        (void)json_object_del(json_array_get(secrets, i), "value");
}

void control_show_app(struct control *control, const struct resource_id *id, json_t *shown)
{
    json_t *properties = json_object_get(shown, "properties");
    json_t *settings = json_object_get(properties, "configuration");
    struct bytes name = control_name_of(id);
    (void)control;
    hide_secrets(settings);
    const struct app_state *state = state_of(shown);
    (void)json_object_set_new(properties, "runningStatus", json_string(state->status));
    (void)json_object_set_new(properties, "runningStatusDetails", json_string(state->why));
    (void)json_object_set_new(properties, "latestRevisionName",
                              json_pack("s#s", (const char *)name.data, (int)name.size, ""));
    json_t *ingress = json_object_get(settings, "ingress");
    if (json_is_object(ingress)) {
        char host[RESOURCE_ID_SEGMENT_MAX + sizeof "." DOMAIN];
        snprintf(host, sizeof host, "%.*s." DOMAIN, BYTES_FMT(name));
        for (char *at = host; *at; at++)
            *at = (char)ascii_lower((uint8_t)*at);
        (void)json_object_set_new(ingress, "fqdn", json_string(host));
    }
}

static void list_secrets(struct control_call *call, const json_t *record)
{
    json_t *secrets =
        json_object_get(json_object_get(json_object_get(record, "properties"), "configuration"), "secrets");
    control_answer(call, 200, json_pack("{s:o}", "value", secrets ? json_incref(secrets) : json_array()));
}

static void refuse_to_run(struct control_call *call, const json_t *record)
{
    const struct app_state *state = state_of(record);
    struct control_fault fault = {0};
    control_fault_set(&fault, 409, state->status, "%s", state->why);
    control_answer_fault(call, &fault);
}

bool control_act_app(struct control_call *call, struct bytes action)
{
    const struct resource *resource = resource_store_get(call->control->store, call->id.key);
    bool secrets = bytes_equal_nocase(action, BYTES_LITERAL("listSecrets"));
    bool runs = bytes_equal_nocase(action, BYTES_LITERAL("start")) ||
                bytes_equal_nocase(action, BYTES_LITERAL("stop"));
    if (!secrets && !runs)
        return false;
    if (!resource) {
        control_answer_missing(call);
        return true;
    }
    CLEANUP(json_release) json_t *record = NULL;
    struct err error = {0};
    enum status status = json_parse(resource->text, NULL, &record, &error);
    if (status != STATUS_OK) {
        struct control_fault fault = {0};
        control_fault_status(&fault, status, error.text);
        control_answer_fault(call, &fault);
    } else if (secrets) {
        list_secrets(call, record);
    } else {
        refuse_to_run(call, record);
    }
    return true;
}

void control_show_environment(struct control *control, const struct resource_id *id, json_t *shown)
{
    json_t *properties = json_object_get(shown, "properties");
    (void)control;
    (void)id;
    (void)json_object_set_new(properties, "defaultDomain", json_string(DOMAIN));
    (void)json_object_set_new(properties, "staticIp", json_string("127.0.0.1"));
}
