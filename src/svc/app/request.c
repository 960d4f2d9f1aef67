/* SPDX-License-Identifier: MIT */
/* request.c — from orchestration state to request. */
#include "svc/app/request.h"

#include "base/encode.h"
#include "base/text.h"
#include "wire/json/json.h"

enum { /* OrchestrationStatus, durable-task-protocol.md 1.4 */
       ORCHESTRATION_RUNNING = 0,
       ORCHESTRATION_COMPLETED = 1,
       ORCHESTRATION_CONTINUED = 2,
       ORCHESTRATION_FAILED = 3,
       ORCHESTRATION_CANCELED = 4,
       ORCHESTRATION_TERMINATED = 5,
       ORCHESTRATION_PENDING = 6,
       ORCHESTRATION_SUSPENDED = 7,
};

static const char *const state_names[] = {
#define X(code, text) [REQUEST_##code] = text,
    REQUEST_STATE_TABLE(X)
#undef X
};

const char *request_state_name(enum request_state state)
{
    ASSERT((size_t)state < ARRAY_SIZE(state_names));
    return state_names[state];
}

enum request_state request_state_from_name(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_SIZE(state_names); i++)
        if (bytes_equal_cstr(name, state_names[i]))
            return (enum request_state)i;
    return REQUEST_STATE_COUNT;
}

unsigned request_state_statuses(enum request_state state)
{
    /* What is not over may have noted any state in its custom status. */
    const unsigned open = 1u << ORCHESTRATION_RUNNING | 1u << ORCHESTRATION_CONTINUED |
                          1u << ORCHESTRATION_SUSPENDED | 1u << ORCHESTRATION_PENDING;
    switch (state) {
    case REQUEST_QUEUED:
    case REQUEST_RUNNING:
    case REQUEST_WAITING:
        return open;
    case REQUEST_FAILED:
        return open | 1u << ORCHESTRATION_COMPLETED | 1u << ORCHESTRATION_FAILED;
    case REQUEST_CANCELLED:
        return open | 1u << ORCHESTRATION_COMPLETED | 1u << ORCHESTRATION_CANCELED |
               1u << ORCHESTRATION_TERMINATED;
    default:
        return open | 1u << ORCHESTRATION_COMPLETED;
    }
}

bool request_state_over(enum request_state state)
{
    return state >= REQUEST_APPROVED;
}

static json_t *parse(const char *text)
{
    return text ? json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
}

/* The state in our orchestrator's custom status, or COUNT for none or a foreign one. */
static enum request_state noted_state(const json_t *custom)
{
    const char *name = json_member_text(custom, "state");
    return name ? request_state_from_name(bytes_of_cstr(name)) : REQUEST_STATE_COUNT;
}

static enum request_state state_when_completed(const struct request_facts *facts, enum request_state noted)
{
    if (noted != REQUEST_STATE_COUNT && request_state_over(noted))
        return noted;
    bool approved = facts->output && bytes_equal_cstr(bytes_trim(bytes_of_cstr(facts->output)), "true");
    /* the sample folds rejection and time-out into false */
    return approved ? REQUEST_APPROVED : REQUEST_REJECTED;
}

static enum request_state state_with(const struct request_facts *facts, const json_t *custom)
{
    enum request_state noted = noted_state(custom);
    switch (facts->status) {
    case ORCHESTRATION_PENDING:
        return REQUEST_QUEUED;
    case ORCHESTRATION_COMPLETED:
        return state_when_completed(facts, noted);
    case ORCHESTRATION_FAILED:
        return REQUEST_FAILED;
    case ORCHESTRATION_CANCELED:
    case ORCHESTRATION_TERMINATED:
        return REQUEST_CANCELLED;
    default:
        break;
    }
    if (noted != REQUEST_STATE_COUNT)
        return noted;
    /* the sample sets its custom status when it starts to wait */
    return custom ? REQUEST_WAITING : REQUEST_QUEUED;
}

enum request_state request_state_of(const struct request_facts *facts)
{
    json_t *custom = parse(facts->custom_status);
    enum request_state state = state_with(facts, custom);
    json_decref(custom);
    return state;
}

json_t *request_decision(const struct request_facts *facts)
{
    json_t *custom = parse(facts->custom_status);
    json_t *decision = json_incref(json_object_get(custom, "decision"));
    json_decref(custom);
    return decision;
}

static json_t *time_json(int64_t unix_ns)
{
    char text[TIME_TEXT_SIZE_MAX];
    time_format(unix_ns, 7, text);
    return json_string(text);
}

/* Moves a member of the custom status over, if it is there. */
static void copy_member(json_t *to, const json_t *custom, const char *name)
{
    json_t *value = json_object_get(custom, name);
    if (value && !json_is_null(value))
        json_object_set(to, name, value);
}

static void add_error(json_t *root, const struct request_facts *facts, const json_t *custom)
{
    if (facts->status != ORCHESTRATION_FAILED && facts->status != ORCHESTRATION_TERMINATED)
        return;
    const char *type = text_or(facts->failure_type, "Cancelled");
    const char *message = text_or(facts->failure_message, "the request was terminated");
    json_t *hint = json_object_get(json_object_get(json_object_get(custom, "result"), "error"), "hint");
    json_object_set_new(root, "error",
                        json_pack("{s:s, s:s, s:O*}", "type", type, "message", message, "hint", hint));
}

static void add_detail(json_t *root, const struct request_facts *facts, json_t *custom)
{
    json_t *code = parse(facts->input);
    json_object_set_new(root, "code", code ? code : json_null());
    copy_member(root, custom, "result");
    /* A foreign orchestrator's custom status is shown as it is: for the sample it is the pool's answer as
     * text. */
    if (custom && noted_state(custom) == REQUEST_STATE_COUNT)
        json_object_set(root, "customStatus", custom);
}

/* What the submitter said besides the code. */
static void add_submission(json_t *root, const struct request_facts *facts)
{
    uint64_t ms;
    if (facts->submitted_by)
        json_object_set_new(root, "submittedBy", json_string(facts->submitted_by));
    if (facts->approval_timeout_ms &&
        bytes_parse_u64(bytes_of_cstr(facts->approval_timeout_ms), &ms) == STATUS_OK)
        json_object_set_new(root, "approvalTimeoutSeconds",
                            ms % 1000 ? json_real((double)ms / 1000) : json_integer((json_int_t)(ms / 1000)));
}

json_t *request_to_json(const struct request_facts *facts, bool brief)
{
    json_t *custom = parse(facts->custom_status);
    json_t *root = json_object();
    json_object_set_new(root, "id", json_string(facts->id));
    json_object_set_new(root, "state", json_string(request_state_name(state_with(facts, custom))));
    json_object_set_new(root, "createdAt", time_json(facts->created_ns));
    json_object_set_new(root, "updatedAt", time_json(facts->updated_ns));
    add_submission(root, facts);
    static const char *const members[] = {"deadline",     "attempts", "sha256",
                                          "sha256Covers", "template", "decision"};
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        copy_member(root, custom, members[i]);
    if (json_object_get(root, "sha256") && !json_object_get(root, "sha256Covers")) /* of the first release */
        json_object_set_new(root, "sha256Covers", json_pack("[s, s]", "code", "result"));
    if (!brief)
        add_detail(root, facts, custom);
    add_error(root, facts, custom);
    json_decref(custom);
    return root;
}
