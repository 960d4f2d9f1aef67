/* SPDX-License-Identifier: MIT */
/* app_read.c — revisions and replicas of apps (CS-30), which are read only: an app has one revision, named as itself, and one
 * replica of it while it runs. They are shown for clients that look for an app's log below them. */
#include <stdio.h>

#include "base/text.h"
#include "base/time_parse.h"
#include "svc/control/control_internal.h"

#define REPLICA     "1"
#define SPAN_OF_APP 4 /* segments from "providers" to the app's name */

/* The app that the path lies below, as it is shown; NULL with an answer. */
static json_t *shown_app(struct control_call *call, struct control_app_state *ret_state)
{
    struct control *control = call->control;
    struct bytes key = resource_id_prefix_key(&call->id, call->id.provider + SPAN_OF_APP);
    const struct resource *resource = resource_store_get(control->store, key);
    CLEANUP(json_release) json_t *record = NULL;
    struct control_fault fault = {0};
    struct err err = {0};
    if (strcmp(call->method, "GET") != 0) {
        control_fault_set(&fault, 405, "MethodNotAllowed",
                          "Revisions and replicas of an app can be read only.");
        control_answer_fault(call, &fault);
        return NULL;
    }
    if (!resource || json_parse(resource->text, NULL, &record, &err) != STATUS_OK) {
        control_answer_missing(call);
        return NULL;
    }
    (void)control_app_tell(control, key, record, ret_state);
    return control_shown(control, resource);
}

/* The segment with the name of the revision or the replica is `wanted`; a list has none. */
static bool is_named(const struct control_call *call, size_t segment, struct bytes wanted)
{
    return segment >= call->id.count || bytes_equal_nocase(call->id.segments[segment], wanted);
}

static void answer(struct control_call *call, bool list, json_t *item)
{
    if (list)
        control_answer(call, 200, json_pack("{s:[o*]}", "value", item));
    else if (item)
        control_answer(call, 200, item);
    else
        control_answer_missing(call);
}

static json_t *revision_of(const json_t *app, const struct control_app_state *state)
{
    const char *id = json_member_text(app, "id");
    const char *name = json_member_text(app, "name");
    json_t *template = json_object_get(json_object_get(app, "properties"), "template");
    return json_pack("{s:s+++, s:s, s:s, s:{s:b, s:i, s:s, s:s, s:O}}", "id", id, "/revisions/", name, "",
                     "name", name, "type", "Microsoft.App/containerApps/revisions", "properties", "active",
                     strcmp(state->status, "Stopped") != 0, "replicas", state->runs ? 1 : 0, "runningState",
                     state->status, "provisioningState", "Provisioned", "template", template);
}

void control_serve_revisions(struct control_call *call, struct bytes name)
{
    struct control_app_state state;
    CLEANUP(json_release) json_t *app = shown_app(call, &state);
    if (app) {
        struct bytes own = json_member_bytes(app, "name");
        bool there = is_named(call, call->id.provider + SPAN_OF_APP + 1, own);
        answer(call, name.size == 0, there ? revision_of(app, &state) : NULL);
    }
    control_call_destroy(call);
}

/* Where its log is, on this server. */
static json_t *stream_of(const struct control_call *call, const char *app, const char *container)
{
    CLEANUP(buf_fini) struct buf url = {0};
    buf_append_fmt(&url,
                   "%s/subscriptions/%s/resourceGroups/%.*s/containerApps/%s/revisions/%s/replicas/" REPLICA
                   "/containers/%s/logstream",
                   call->control->options.url, call->control->subscription, BYTES_FMT(call->id.group), app,
                   app, container);
    return json_stringn((const char *)url.data, url.size);
}

static json_t *replica_of(const struct control_call *call, const json_t *app,
                          const struct control_app_state *state)
{
    const char *id = json_member_text(app, "id");
    const char *name = json_member_text(app, "name");
    const json_t *template = json_object_get(json_object_get(app, "properties"), "template");
    const json_t *first = json_array_get(json_object_get(template, "containers"), 0);
    const char *container = json_member_text(first, "name");
    char created[TIME_TEXT_SIZE_MAX];
    time_format(state->started_unix_ns, 7, created);
    container = container && *container ? container : name;
    return json_pack("{s:s+++++, s:s, s:s, s:{s:s, s:s, s:[{s:s, s:b, s:b, s:i, s:s, s:o}]}}", "id", id,
                     "/revisions/", name, "/replicas/", REPLICA, "", "name", REPLICA, "type",
                     "Microsoft.App/containerApps/revisions/replicas", "properties", "createdTime", created,
                     "runningState", state->status, "containers", "name", container, "ready", state->runs,
                     "started", state->runs, "restartCount", (int)state->restarts, "runningState",
                     state->status, "logStreamEndpoint", stream_of(call, name, container));
}

void control_serve_replicas(struct control_call *call, struct bytes name)
{
    struct control_app_state state;
    CLEANUP(json_release) json_t *app = shown_app(call, &state);
    if (app) {
        struct bytes own = json_member_bytes(app, "name");
        size_t revision = call->id.provider + SPAN_OF_APP + 1;
        bool there = state.started_unix_ns != 0 && is_named(call, revision, own) &&
                     is_named(call, revision + 2, BYTES_LITERAL(REPLICA));
        answer(call, name.size == 0, there ? replica_of(call, app, &state) : NULL);
    }
    control_call_destroy(call);
}
