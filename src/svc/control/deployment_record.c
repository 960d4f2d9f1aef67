/* SPDX-License-Identifier: MIT */
/* deployment_record.c — what is kept of a deployment (CS-32), and what is shown of it. Values of secure parameters are in neither. */
#include <stdio.h>

#include "base/duration.h"
#include "base/text.h"
#include "svc/control/deployment.h"

/* --- what is kept --- */

static json_t *resources_of(const struct deployment *deployment, bool all)
{
    const struct deployment_plan *plan = deployment->plan;
    json_t *list = json_array();
    for (size_t i = 0; plan && i < plan->resource_count; i++) {
        const struct template_resource *one = &plan->resources[i];
        if (one->phase == TEMPLATE_MADE || (all && one->phase == TEMPLATE_WAITS))
            (void)json_array_append_new(list, json_pack("{s:s}", "id", one->id));
    }
    return list;
}

static json_t *error_of(const struct deployment *deployment)
{
    const struct control_fault *fault = &deployment->fault;
    return json_pack("{s:s, s:s, s:[{s:s, s:s, s:s*}]}", "code", "DeploymentFailed", "message",
                     "At least one resource could not be made; what was made before stays.", "details",
                     "code", fault->code, "message", fault->message, "target", deployment->fault_id);
}

static void write_duration(int64_t ns, char ret_text[32])
{
    snprintf(ret_text, 32, "PT%lld.%03lldS", (long long)(ns / NS_PER_S), (long long)(ns / NS_PER_MS % 1000));
}

json_t *deployment_record(const struct deployment *deployment)
{
    char started[TIME_TEXT_SIZE_MAX];
    char duration[32];
    bool failed = deployment->fault.http_status != 0;
    time_format(deployment->started_ns, 7, started);
    write_duration(deployment->control->options.unix_ns() - deployment->started_ns, duration);
    json_t *properties =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:[], s:[]}", "state", failed ? "Failed" : "Succeeded",
                  "mode", "Incremental", "timestamp", started, "duration", duration, "parameters",
                  deployment->plan ? template_parameters(deployment->plan) : json_object(), "outputResources",
                  resources_of(deployment, false), "dependencies", "providers");
    if (failed)
        (void)json_object_set_new(properties, "error", error_of(deployment));
    else if (deployment->outputs)
        (void)json_object_set(properties, "outputs", deployment->outputs);
    const char *location = deployment->place.group ? NULL : deployment->place.location;
    return json_pack("{s:s*, s:o}", "location", location, "properties", properties);
}

json_t *deployment_refusal(const struct deployment *deployment)
{
    return json_pack("{s:o}", "error", error_of(deployment));
}

json_t *deployment_validation(const struct deployment *deployment)
{
    struct bytes name = control_name_of(&deployment->id);
    return json_pack("{s:s%, s:s%, s:s, s:{s:s, s:s, s:o, s:o}}", "id",
                     (const char *)deployment->id.text.data, deployment->id.text.size, "name",
                     (const char *)name.data, name.size, "type", "Microsoft.Resources/deployments",
                     "properties", "provisioningState", "Succeeded", "mode", "Incremental", "parameters",
                     template_parameters(deployment->plan), "validatedResources",
                     resources_of(deployment, true));
}

/* --- what is shown --- */

void control_show_deployment(struct control *control, const struct resource_id *id, json_t *shown)
{
    json_t *properties = json_object_get(shown, "properties");
    json_t *state = json_object_get(properties, "state");
    if (state)
        (void)json_object_set(properties, "provisioningState", state);
    (void)json_object_del(properties, "state");
}

/* "Microsoft.App/sessionPools" of an id's last type; for people who look at a list. */
static json_t *target_of(struct arena *arena, const json_t *output)
{
    const char *text = json_member_text(output, "id");
    struct resource_id id;
    if (!text || resource_id_parse(arena, bytes_of_cstr(text), &id, NULL) != STATUS_OK)
        return json_object();
    const struct control_type *type = control_type_of(&id);
    struct bytes name = control_name_of(&id);
    return json_pack("{s:s, s:s++, s:s%}", "id", text, "resourceType", type ? type->space : "",
                     type ? "/" : "", type ? type->type : "", "resourceName", (const char *)name.data,
                     name.size);
}

void control_serve_operations(struct control_call *call, struct bytes name)
{
    struct bytes key = resource_id_prefix_key(&call->id, call->id.provider + 4);
    const struct resource *resource = resource_store_get(call->control->store, key);
    CLEANUP(json_release) json_t *record = NULL;
    if (!resource || json_parse(resource->text, NULL, &record, NULL) != STATUS_OK) {
        control_answer_missing(call);
        control_call_destroy(call);
        return;
    }
    const json_t *made = json_object_get(json_object_get(record, "properties"), "outputResources");
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(made); i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i + 1);
        json_t *one =
            json_pack("{s:s%++, s:s, s:{s:s, s:s, s:s, s:o}}", "id", (const char *)resource->id.data,
                      resource->id.size, "/operations/", number, "operationId", number, "properties",
                      "provisioningOperation", "Create", "provisioningState", "Succeeded", "statusCode", "OK",
                      "targetResource", target_of(&call->arena, json_array_get(made, i)));
        (void)json_array_append_new(list, one);
    }
    control_answer_list(call, list);
    control_call_destroy(call);
}
