/* SPDX-License-Identifier: MIT */
/* api_problem.c — two tables: the causes, and which one a status stands for. */
#include "svc/scheduler/http/api_problem.h"

const struct http_problem api_problems[API_PROBLEM_COUNT] = {
    [API_UNKNOWN_HUB] = {404, "unknown-task-hub", "Unknown Task Hub"},
    [API_UNKNOWN_INSTANCE] = {404, "unknown-instance", "Unknown Instance"},
    [API_UNKNOWN_ENTITY] = {404, "unknown-entity", "Unknown Entity"},
    [API_INSTANCE_EXISTS] = {409, "instance-exists", "Instance Exists"},
    [API_WRONG_STATE] = {409, "wrong-state", "Wrong State"},
    [API_UNSUPPORTED] = {501, "unsupported-operation", "Unsupported Operation"},
    [API_UNAVAILABLE] = {503, "scheduler-unavailable", "Task Scheduler Unavailable"},
    [API_FAILED] = {500, "scheduler-failed", "Task Scheduler Failed"},
    [API_STOPPING] = {503, "stopping", "Server Stopping"},
};

static const struct {
    enum status status;
    enum api_problem problem;
} causes[] = {
    {STATUS_ALREADY_EXISTS, API_INSTANCE_EXISTS},
    {STATUS_FAILED_PRECONDITION, API_WRONG_STATE},
    {STATUS_ABORTED, API_WRONG_STATE},
    {STATUS_UNIMPLEMENTED, API_UNSUPPORTED},
    {STATUS_UNAVAILABLE, API_UNAVAILABLE},
    {STATUS_RESOURCE_EXHAUSTED, API_UNAVAILABLE},
    {STATUS_NO_MEMORY, API_UNAVAILABLE},
    {STATUS_IO, API_UNAVAILABLE},
    {STATUS_INTERNAL, API_FAILED},
    {STATUS_UNKNOWN, API_FAILED},
    {STATUS_DATA_LOSS, API_FAILED},
};

const struct http_problem *api_problem_of(enum status status, enum api_problem unknown)
{
    if (status == STATUS_NOT_FOUND)
        return &api_problems[unknown];
    for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
        if (causes[i].status == status)
            return &api_problems[causes[i].problem];
    return http_problem_of_status(status_http(status));
}
