/* SPDX-License-Identifier: MIT */
/* http_problem.c — the general causes, and the one writer. */
#include "net/http_problem.h"

#include <stdio.h>

#include "wire/json/json.h"

const struct http_problem http_problems[] = {
    {400, "bad-request", "Bad Request"},
    {401, "sign-in-needed", "Sign-In Needed"},
    {403, "cross-site-request", "Cross-Site Request"},
    {403, HTTP_PROBLEM_DENIED, "Permission Denied"},
    {404, "no-such-route", "No Such Route"},
    {405, "method-not-allowed", "Method Not Allowed"},
    {408, "request-timeout", "Request Timeout"},
    {409, "already-exists", "Already Exists"},
    {409, HTTP_PROBLEM_SIGNED_IN, "Signed In Already"},
    {413, "content-too-large", "Content Too Large"},
    {414, "uri-too-long", "URI Too Long"},
    {415, "unsupported-media-type", "Unsupported Media Type"},
    {417, "expectation-failed", "Expectation Failed"},
    {421, "misdirected-request", "Misdirected Request"},
    {429, "too-many-requests", "Too Many Requests"},
    {431, "header-too-large", "Request Header Fields Too Large"},
    {500, "internal-error", "Internal Server Error"},
    {501, "not-implemented", "Not Implemented"},
    {502, "bad-gateway", "Bad Gateway"},
    {503, "unavailable", "Service Unavailable"},
    {504, "gateway-timeout", "Gateway Timeout"},
    {505, "http-version-not-supported", "HTTP Version Not Supported"},
};
const size_t http_problem_count = ARRAY_SIZE(http_problems);

const struct http_problem *http_problem_named(const char *name)
{
    for (size_t i = 0; i < http_problem_count; i++)
        if (strcmp(http_problems[i].name, name) == 0)
            return &http_problems[i];
    return http_problem_of_status(500);
}

const struct http_problem *http_problem_of_status(int http_status)
{
    const struct http_problem *internal = NULL;
    for (size_t i = 0; i < http_problem_count; i++) {
        if (http_problems[i].http_status == http_status)
            return &http_problems[i];
        if (http_problems[i].http_status == 500)
            internal = &http_problems[i];
    }
    return internal;
}

void http_problem_type(const struct http_problem *problem, char ret_type[HTTP_PROBLEM_TYPE_SIZE])
{
    int size = snprintf(ret_type, HTTP_PROBLEM_TYPE_SIZE, HTTP_PROBLEM_PREFIX "%s", problem->name);
    ASSERT(size > 0 && size < HTTP_PROBLEM_TYPE_SIZE);
}

const char *http_problem_write(struct buf *out, const struct http_problem *problem, const char *detail)
{
    struct json_writer json = {.out = out, .replace_invalid = true};
    char type[HTTP_PROBLEM_TYPE_SIZE];
    http_problem_type(problem, type);
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "type", type);
    json_write_member_cstr(&json, "title", problem->title);
    json_write_member_int(&json, "status", problem->http_status);
    if (detail)
        json_write_member_cstr(&json, "detail", detail);
    json_write_end_object(&json);
    buf_append_byte(out, '\n');
    return "application/problem+json";
}
