/* SPDX-License-Identifier: MIT */
/* problem.c — one row for each cause. */
#include "svc/app/problem.h"

const struct http_problem app_problems[APP_PROBLEM_COUNT] = {
    [APP_UNKNOWN_REQUEST] = {404, "unknown-request", "Unknown Request"},
    [APP_ALREADY_DECIDED] = {409, "already-decided", "Already Decided"},
    [APP_REQUEST_OVER] = {409, "request-over", "Request Over"},
    [APP_RESULT_DIFFERS] = {409, "result-differs", "Another Result"},
    [APP_MANIFEST_DIFFERS] = {409, "manifest-differs", "Another Manifest"},
    [APP_OWN_REQUEST] = {403, "own-request", "Own Request"},
    [APP_REQUEST_CHANGED] = {412, "request-changed", "Request Changed"},
    [APP_ALREADY_VOTED] = {409, "already-voted", "Already Voted"},
    [APP_COMMENT_NEEDED] = {422, "comment-needed", "Comment Needed"},
    [APP_NOT_REMEMBERED] = {422, "not-remembered", "Not Remembered"},
    [APP_UNKNOWN_STANDING] = {404, "unknown-standing", "Unknown Standing Approval"},
    [APP_UNKNOWN_ABSENCE] = {404, "unknown-absence", "Unknown Absence"},
    [APP_NOT_YOURS] = {403, "not-yours", "Not Your Request"},
    [APP_NOT_NOW] = {409, "not-now", "Not In This State"},
    [APP_NOT_RELEASED] = {403, "not-released", "Not Released"},
    [APP_UNKNOWN_POLICY] = {404, "unknown-policy", "Unknown Policy"},
    [APP_POLICY_REFUSED] = {422, "policy-refused", "Policy Refused"},
    [APP_POLICY_REPLACED] = {412, "policy-replaced", "Policy Replaced"},
    [APP_POLICY_UNMATCHED] = {428, "policy-version-needed", "Policy Version Needed"},
    [APP_UNKNOWN_INPUT] = {400, "unknown-input", "Unknown Input"},
    [APP_STEP_IN_SESSION] = {409, "step-in-session", "Step In A Named Session"},
    [APP_UNKNOWN_FILE] = {404, "unknown-file", "Unknown File"},
    [APP_RANGE_BEHIND_END] = {416, "range-not-satisfiable", "Range Not Satisfiable"},
    [APP_CONTENT_REMOVED] = {410, "content-removed", "Content Removed"},
    [APP_KEY_USED] = {422, "idempotency-key-used", "Idempotency Key Used"},
    [APP_ID_TAKEN] = {409, "id-taken", "Id Taken"},
    [APP_SCHEDULER_UNAVAILABLE] = {503, "scheduler-unavailable", "Task Scheduler Unavailable"},
    [APP_SCHEDULER_FAILED] = {500, "scheduler-failed", "Task Scheduler Failed"},
    [APP_AUDIT_UNAVAILABLE] = {503, "audit-log-unavailable", "Audit Log Unavailable"},
    [APP_STOPPING] = {503, "stopping", "Server Stopping"},
};

json_t *app_problem_json(enum app_problem problem, const char *detail)
{
    const struct http_problem *row = &app_problems[problem];
    return json_pack("{s:s+, s:s, s:i, s:s}", "type", HTTP_PROBLEM_PREFIX, row->name, "title", row->title,
                     "status", row->http_status, "detail", detail);
}
