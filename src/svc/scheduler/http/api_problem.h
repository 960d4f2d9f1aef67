/* SPDX-License-Identifier: MIT */
/* api_problem.h — why the scheduler's HTTP API refuses, by name. */
#ifndef SVC_SCHEDULER_HTTP_API_PROBLEM_H
#define SVC_SCHEDULER_HTTP_API_PROBLEM_H

#include "net/http_problem.h"

enum api_problem {
    API_UNKNOWN_HUB,
    API_UNKNOWN_INSTANCE,
    API_UNKNOWN_ENTITY,
    API_INSTANCE_EXISTS,
    API_WRONG_STATE,
    API_UNSUPPORTED,
    API_UNAVAILABLE, /* the app's names and meanings for these three */
    API_FAILED,
    API_STOPPING,
    API_PROBLEM_COUNT,
};

/* By enum api_problem. */
extern const struct http_problem api_problems[API_PROBLEM_COUNT];

/* The cause for what the scheduler answered; `unknown` is what NOT_FOUND means to the route. Of the general ones for a
 * status that no cause of ours has. Never NULL. */
const struct http_problem *api_problem_of(enum status status, enum api_problem unknown);

#endif
