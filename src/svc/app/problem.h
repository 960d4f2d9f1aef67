/* SPDX-License-Identifier: MIT */
/* problem.h — the app's own causes of an error, beside the general ones of net/http_problem.h. A name never
 * changes its meaning; doc/api.md says what to do about each. */
#ifndef SVC_APP_PROBLEM_H
#define SVC_APP_PROBLEM_H

#include <jansson.h>

#include "net/http_problem.h"

enum app_problem {
    APP_UNKNOWN_REQUEST,       /* no request has this id */
    APP_ALREADY_DECIDED,       /* another decision was first */
    APP_REQUEST_OVER,          /* it ended without a decision */
    APP_RESULT_DIFFERS,        /* the reviewer saw another result than the one that is there */
    APP_MANIFEST_DIFFERS,      /* the reviewer saw something else than what there is to decide about */
    APP_OWN_REQUEST,           /* nobody decides on their own request */
    APP_REQUEST_CHANGED,       /* since it had the ETag that If-Match names */
    APP_ALREADY_VOTED,         /* by the same person, on the same manifest, who wanted to do it once */
    APP_COMMENT_NEEDED,        /* the policy wants one with this answer */
    APP_NOT_REMEMBERED,        /* the policy lets no such standing approval be made */
    APP_UNKNOWN_STANDING,      /* no standing approval has this id */
    APP_UNKNOWN_ABSENCE,       /* nobody is away by this id */
    APP_NOT_YOURS,             /* only the submitter may */
    APP_NOT_NOW,               /* not in this state of the request */
    APP_NOT_RELEASED,          /* the result is held until somebody approves */
    APP_UNKNOWN_POLICY,        /* no version of the policy has this number */
    APP_POLICY_REFUSED,        /* the policy has a fault; the one in force stays */
    APP_POLICY_REPLACED,       /* another version is in force than whoever applies one has seen */
    APP_POLICY_UNMATCHED,      /* they do not say which */
    APP_UNKNOWN_INPUT,         /* a file is named by a hash that the request has not had */
    APP_STEP_IN_SESSION,       /* a step for a request whose session has a name */
    APP_UNKNOWN_FILE,          /* the request has no such file */
    APP_RANGE_BEHIND_END,      /* of a file */
    APP_CONTENT_REMOVED,       /* its time is over; the hashes are left */
    APP_KEY_USED,              /* an Idempotency-Key for another submission */
    APP_ID_TAKEN,              /* a request with this id exists */
    APP_SCHEDULER_UNAVAILABLE, /* nothing was changed; come again */
    APP_SCHEDULER_FAILED,
    APP_AUDIT_UNAVAILABLE, /* what was asked for cannot be written down, so it is not done */
    APP_STOPPING,
    APP_PROBLEM_COUNT
};

extern const struct http_problem app_problems[APP_PROBLEM_COUNT];

/* The body of a refusal that has members of its own; the caller adds them. NULL: no memory. */
json_t *app_problem_json(enum app_problem problem, const char *detail);

#endif
