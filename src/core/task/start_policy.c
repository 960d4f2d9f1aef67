/* SPDX-License-Identifier: MIT */
/* start_policy.c — what an id may be, a policy as it was asked for, and the decision. */
#include "core/task/start_policy.h"

#define BIT(status)   (1u << INSTANCE_##status)
#define LIVE_STATUSES (BIT(PENDING) | BIT(RUNNING) | BIT(SUSPENDED))

#define OLD_ACTION_IGNORE    1
#define OLD_ACTION_TERMINATE 2

static enum status refuse(const char *text, const char **ret_text)
{
    *ret_text = text;
    return STATUS_INVALID_ARGUMENT;
}

enum status start_policy_check_id(struct bytes id, const char **ret_text)
{
    if (id.size == 0 || id.size > INSTANCE_ID_SIZE_MAX)
        return refuse("instance id length must be 1 to 100 characters", ret_text);
    for (size_t i = 0; i < id.size; i++)
        if (id.data[i] < 0x20 || id.data[i] > 0x7e)
            return refuse("instance id must be printable ASCII", ret_text);
    if (id.data[0] == '@')
        return refuse("instance id must not begin with '@': that is the id of an entity", ret_text);
    return STATUS_OK;
}

enum status start_policy_read(const int32_t *statuses, size_t count, int old_action,
                              struct start_policy *ret_policy, const char **ret_text)
{
    struct start_policy policy = {.form = START_POLICY_LISTED};
    for (size_t i = 0; i < count; i++) {
        if (statuses[i] < 0 || statuses[i] >= INSTANCE_NONE)
            return refuse("orchestration id reuse policy lists an unknown status", ret_text);
        policy.listed |= 1u << statuses[i];
    }
    if (old_action == OLD_ACTION_IGNORE)
        policy.form = START_POLICY_OLD_IGNORE;
    else if (old_action == OLD_ACTION_TERMINATE)
        policy.form = START_POLICY_OLD_TERMINATE;
    if (policy.form == START_POLICY_LISTED && (policy.listed & LIVE_STATUSES) &&
        !(policy.listed & BIT(TERMINATED)))
        return refuse("Invalid reusable statuses: cannot exclude 'Terminated' while also allowing reuse of "
                      "running instances",
                      ret_text);
    *ret_policy = policy;
    return STATUS_OK;
}

enum start_decision start_policy_decide(const struct start_policy *policy,
                                        enum instance_status existing_status)
{
    if (existing_status == INSTANCE_NONE)
        return START_CREATE;
    bool listed = policy->listed >> existing_status & 1u;
    switch (policy->form) {
    case START_POLICY_ABSENT:
        return instance_status_terminal(existing_status) ? START_REPLACE : START_REFUSE;
    case START_POLICY_LISTED:
    case START_POLICY_OLD_TERMINATE:
        return listed ? START_REPLACE : START_REFUSE;
    case START_POLICY_OLD_IGNORE:
        return listed ? START_KEEP : START_REFUSE;
    }
    ASSERT(false && "a policy form outside its enum");
}
