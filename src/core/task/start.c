/* SPDX-License-Identifier: MIT */
/* start.c — StartInstance and RestartInstance (spec 3.2, 3.15). */
#include "core/task/call.h"
#include "core/task/instance.h"
#include "core/task/limits.h"
#include "core/task/message.h"
#include "core/task/methods.h"
#include "core/task/start_policy.h"

/* The action enum of the 2023 form of the policy, or -1 (spec 1.5 rule 3). */
static int old_action(const struct pb_orchestration_id_reuse_policy *p)
{
    enum { OLD_ACTION_FIELD = 2 };
    int action = -1;
    struct pb_reader r = pb_reader_of(p->unknown);
    while (pb_reader_next(&r))
        if (r.number == OLD_ACTION_FIELD && r.wire == PB_WIRE_VARINT)
            action = r.value <= 2 ? (int)r.value : -1;
    return action;
}

static enum status read_policy(const struct pb_create_instance_request *r, struct start_policy *ret_policy,
                               const char **ret_text)
{
    const struct pb_orchestration_id_reuse_policy *p = r->orchestration_id_reuse_policy;
    if (!p) {
        *ret_policy = (struct start_policy){.form = START_POLICY_ABSENT};
        return STATUS_OK;
    }
    return start_policy_read(p->replaceable_status, p->replaceable_status_count, old_action(p), ret_policy,
                             ret_text);
}

static enum status validate(struct engine *e, const struct pb_create_instance_request *r,
                            struct start_policy *ret_policy, const char **ret_text)
{
    if (r->instance_id.size && start_policy_check_id(r->instance_id, ret_text) != STATUS_OK)
        return STATUS_INVALID_ARGUMENT;
    *ret_text = NULL;
    if (r->name.size == 0)
        *ret_text = "the orchestration name must not be empty";
    else if (r->input.value.size > e->options.payload_size_max)
        *ret_text = limits_text(&e->scratch, "the input", r->input.value.size, e->options.payload_size_max);
    else if (r->raw.size > e->options.payload_size_max * 2)
        *ret_text = "name, version and tags are too large";
    else if (r->execution_id.value.size > INSTANCE_ID_SIZE_MAX)
        *ret_text = "execution id length must be at most 100 characters";
    return *ret_text ? STATUS_INVALID_ARGUMENT : read_policy(r, ret_policy, ret_text);
}

static void reply_id(struct engine *e, struct call *c, const struct instance *i)
{
    struct pb_create_instance_response response = {.instance_id = i->row.instance_id};
    call_reply(e, c, message_encode(&e->scratch, &pb_create_instance_response_message, &response),
               i->changed_sequence);
}

static void create(struct engine *e, struct instance *i, const struct pb_create_instance_request *r)
{
    bool id_given = r->execution_id.value.size > 0;
    struct pb_orchestration_instance self = {
        .instance_id = i->row.instance_id,
        .execution_id = id_given ? r->execution_id : pb_some(engine_new_id(e, &e->scratch))};
    struct pb_execution_started_event started = {.name = r->name,
                                                 .version = r->version,
                                                 .input = r->input,
                                                 .orchestration_instance = &self,
                                                 .parent_trace_context = r->parent_trace_context,
                                                 .tags = r->tags,
                                                 .tags_count = r->tags_count};
    /* A start in the past, such as the epoch that some SDKs always send, is a start now. */
    if (pb_time_to_ns(r->scheduled_start_timestamp) > e->unix_ns)
        started.scheduled_start_timestamp = r->scheduled_start_timestamp;
    instance_create(e, i, &started, NULL);
}

void start_instance(struct engine *e, struct call *c)
{
    struct pb_create_instance_request r;
    struct start_policy policy = {.form = START_POLICY_ABSENT};
    const char *text = "the request is not a CreateInstanceRequest";
    if (pb_create_instance_request_decode(&e->inbound, c->message, &r) != STATUS_OK ||
        validate(e, &r, &policy, &text) != STATUS_OK) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, text, 0);
        return;
    }
    struct instance *i = r.instance_id.size ? call_need(e, c, r.instance_id)
                                            : instance_obtain_fresh(e, c->hub, engine_new_id(e, &e->scratch));
    if (!i)
        return;
    /* A start that was sent once more, since its answer was lost: the caller's mark says whose work this is. */
    bool again = instance_exists(i) && r.execution_id.value.size > 0 &&
                 bytes_equal(i->row.execution_id, r.execution_id.value);
    if (again) {
        reply_id(e, c, i);
        return;
    }
    switch (start_policy_decide(&policy, i->row.status)) {
    case START_KEEP:
        reply_id(e, c, i);
        return;
    case START_REFUSE:
        text = memory_must(arena_fmt(&e->scratch, "orchestration instance already exists: '%.*s' is %s",
                                     BYTES_FMT(i->row.instance_id), instance_status_name(i->row.status)));
        call_fail(e, c, STATUS_ALREADY_EXISTS, text, i->changed_sequence);
        return;
    case START_REPLACE:
        instance_delete(e, i);
        break;
    case START_CREATE:
        break;
    }
    create(e, i, &r);
    reply_id(e, c, i);
}

/* --- RestartInstance --- */

void start_again(struct engine *e, struct call *c)
{
    struct pb_restart_instance_request r;
    if (pb_restart_instance_request_decode(&e->inbound, c->message, &r) != STATUS_OK ||
        r.instance_id.size == 0 || r.instance_id.size > INSTANCE_ID_SIZE_MAX) {
        call_fail(e, c, STATUS_INVALID_ARGUMENT, "instance id length must be 1 to 100 characters", 0);
        return;
    }
    struct instance *i = call_need(e, c, r.instance_id);
    if (!i)
        return;
    if (!instance_exists(i)) {
        const char *text =
            memory_must(arena_fmt(&e->scratch, "no orchestration instance '%.*s'", BYTES_FMT(r.instance_id)));
        call_fail(e, c, STATUS_NOT_FOUND, text, i->changed_sequence);
        return;
    }
    if (!call_need_payloads(e, c, i))
        return;
    if (!r.restart_with_new_instance_id && instance_live(i)) {
        call_fail(e, c, STATUS_FAILED_PRECONDITION,
                  "the instance has not ended: only an ended instance can be restarted under its own id",
                  i->changed_sequence);
        return;
    }
    /* Its views end with the instance it was read from. */
    const struct pb_execution_started_event *old = instance_started(e, i);
    struct pb_create_instance_request like = {
        .name = memory_arena_copy(&e->scratch, old->name),
        .version = {old->version.present, memory_arena_copy(&e->scratch, old->version.value)},
        .input = {i->payloads[PAYLOAD_INPUT].present,
                  memory_arena_copy(&e->scratch, i->payloads[PAYLOAD_INPUT].value)},
        .tags = memory_must(arena_alloc_array(&e->scratch, old->tags_count, sizeof *old->tags)),
        .tags_count = old->tags_count};
    for (size_t n = 0; n < old->tags_count; n++)
        like.tags[n] = (struct pb_string_entry){memory_arena_copy(&e->scratch, old->tags[n].key),
                                                memory_arena_copy(&e->scratch, old->tags[n].value)};
    if (r.restart_with_new_instance_id)
        i = instance_obtain_fresh(e, c->hub, engine_new_id(e, &e->scratch));
    else
        instance_delete(e, i);
    create(e, i, &like);
    struct pb_restart_instance_response response = {.instance_id = i->row.instance_id};
    call_reply(e, c, message_encode(&e->scratch, &pb_restart_instance_response_message, &response),
               i->changed_sequence);
}
