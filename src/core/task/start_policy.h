/* SPDX-License-Identifier: MIT */
/* start_policy.h — may a new instance take this id? The tables of spec 3.2 and 1.5 rule 3, as pure functions.
 * Called for StartInstance; knows nothing of instances but the status of the one that holds the id. */
#ifndef CORE_TASK_START_POLICY_H
#define CORE_TASK_START_POLICY_H

#include "base/bytes.h"
#include "core/task/instance_status.h"

#define INSTANCE_ID_SIZE_MAX 100 /* characters (spec 2.6) */

/* OK, or INVALID_ARGUMENT with a text for people: 1..100 characters of printable ASCII, and not the id of an
 * entity ('@' in front). `*ret_text` is static and written only on failure. */
STATUS_RESULT start_policy_check_id(struct bytes instance_id, const char **ret_text);

/* OrchestrationIdReusePolicy of either age. */
enum start_policy_form {
    START_POLICY_ABSENT,
    START_POLICY_LISTED,        /* replaceableStatus decides */
    START_POLICY_OLD_IGNORE,    /* 2023 form: a listed existing instance is the answer */
    START_POLICY_OLD_TERMINATE, /* 2023 form: a listed existing instance is replaced */
};
struct start_policy {
    enum start_policy_form form;
    unsigned listed; /* bit n: OrchestrationStatus n */
};

/* Reads the policy from its parts: `statuses` is replaceableStatus (in the old form: operationStatus, the
 * same field), `old_action` the varint of the reserved field 2, or -1 if there is none. INVALID_ARGUMENT for
 * a list that would replace running instances without listing TERMINATED (new form only), or with an unknown
 * status.
 */
STATUS_RESULT start_policy_read(const int32_t *statuses, size_t count, int old_action,
                                struct start_policy *ret_policy, const char **ret_text);

enum start_decision {
    START_CREATE,  /* nobody has the id */
    START_REPLACE, /* drop the old instance, then create */
    START_KEEP,    /* answer with the existing instance, create nothing */
    START_REFUSE,  /* ALREADY_EXISTS */
};
enum start_decision start_policy_decide(const struct start_policy *policy,
                                        enum instance_status existing_status);

#endif
