// SPDX-License-Identifier: MIT
// Made by routes.mjs out of /openapi.json; not to be edited.

/** Each route, and the names that its query may have. */
export interface Routes {
  "GET /healthz": never;
  "GET /openapi.json": never;
  "POST /page/links": never;
  "GET /page/session": never;
  "POST /page/sign-in": never;
  "POST /page/sign-out": "everywhere";
  "GET /readyz": never;
  "GET /v1/absences": never;
  "POST /v1/absences": never;
  "DELETE /v1/absences/{id}": never;
  "GET /v1/audit": "after" | "limit" | "object" | "heads" | "order";
  "GET /v1/audit/key": never;
  "GET /v1/directory/applications": "limit" | "after" | "order";
  "POST /v1/directory/applications": never;
  "DELETE /v1/directory/applications/{name}": never;
  "GET /v1/directory/assignments": "limit" | "after" | "order";
  "POST /v1/directory/assignments": never;
  "DELETE /v1/directory/assignments/{id}": never;
  "GET /v1/directory/groups": "limit" | "after" | "order";
  "POST /v1/directory/groups": never;
  "DELETE /v1/directory/groups/{name}": never;
  "POST /v1/directory/groups/{name}/members": never;
  "DELETE /v1/directory/groups/{name}/members/{member}": never;
  "GET /v1/directory/keys": "limit" | "after" | "order";
  "POST /v1/directory/keys": never;
  "DELETE /v1/directory/keys/{name}": never;
  "GET /v1/directory/me": never;
  "POST /v1/directory/secrets/{name}": never;
  "GET /v1/directory/users": "limit" | "after" | "order";
  "POST /v1/directory/users": never;
  "DELETE /v1/directory/users/{name}": never;
  "GET /v1/events": "object" | "type" | "after";
  "GET /v1/hubs": never;
  "PUT /v1/hubs/{name}": never;
  "DELETE /v1/hubs/{name}": never;
  "GET /v1/me": never;
  "GET /v1/policy": never;
  "PUT /v1/policy": "comment";
  "POST /v1/policy/rehearse": "last";
  "GET /v1/policy/rules": never;
  "GET /v1/policy/standing": "after" | "limit" | "order";
  "DELETE /v1/policy/standing/{id}": never;
  "GET /v1/policy/versions": "after" | "limit" | "order";
  "GET /v1/policy/versions/{number}": never;
  "GET /v1/requests": "state" | "limit" | "after" | "order" | "submitter" | "reviewer" | "label" | "rule" | "q" | "since" | "until";
  "POST /v1/requests": "submittedBy" | "approvalTimeoutSeconds" | "wait" | "until" | "mode";
  "GET /v1/requests/{id}": "wait" | "until";
  "POST /v1/requests/{id}/cancel": never;
  "POST /v1/requests/{id}/decision": never;
  "GET /v1/requests/{id}/diff": "from" | "to";
  "GET /v1/requests/{id}/export": never;
  "GET /v1/requests/{id}/files": never;
  "GET /v1/requests/{id}/files/{path}": never;
  "GET /v1/requests/{id}/inputs": "revision";
  "GET /v1/requests/{id}/inputs/{path}": "revision";
  "POST /v1/requests/{id}/links": "format" | "topic";
  "GET /v1/requests/{id}/manifest": "sha256";
  "GET /v1/requests/{id}/receipt": never;
  "GET /v1/requests/{id}/result": never;
  "POST /v1/requests/{id}/revisions": never;
  "GET /v1/requests/{id}/revisions/{number}/code": never;
  "GET /v1/requests/{id}/revisions/{number}/step": never;
  "GET /v1/requests/{id}/runs/{n}/output": "from";
  "GET /v1/requests/{id}/slack-message": never;
  "POST /v1/requests/{id}/votes": never;
  "POST /v1/slack/interactions": never;
  "GET /v1/taskhubs/changes": "taskhub" | "lastEventId" | "instanceId";
  "DELETE /v1/taskhubs/entities/delete": "taskhub";
  "POST /v1/taskhubs/entities/query": "taskhub";
  "GET /v1/taskhubs/entities/{id}": "taskhub";
  "DELETE /v1/taskhubs/entities/{id}": "taskhub";
  "POST /v1/taskhubs/entities/{id}/signal": "taskhub";
  "GET /v1/taskhubs/entities/{id}/state": "taskhub";
  "POST /v1/taskhubs/orchestrations": "taskhub";
  "POST /v1/taskhubs/orchestrations/addhistoryevents": "taskhub";
  "POST /v1/taskhubs/orchestrations/forceterminate": "taskhub";
  "DELETE /v1/taskhubs/orchestrations/purge": "taskhub";
  "POST /v1/taskhubs/orchestrations/query": "taskhub";
  "GET /v1/taskhubs/orchestrations/{id}": "taskhub";
  "DELETE /v1/taskhubs/orchestrations/{id}": "taskhub" | "recursive";
  "GET /v1/taskhubs/orchestrations/{id}/executions/{executionId}/history": "taskhub" | "shape";
  "POST /v1/taskhubs/orchestrations/{id}/history": "taskhub";
  "GET /v1/taskhubs/orchestrations/{id}/payloads": "taskhub";
  "POST /v1/taskhubs/orchestrations/{id}/restart": "taskhub";
  "GET /v1/taskhubs/ping": "taskhub";
  "GET /v1/taskhubs/retentionPolicies/default": "taskhub";
  "PUT /v1/taskhubs/retentionPolicies/default": "taskhub";
  "DELETE /v1/taskhubs/retentionPolicies/default": "taskhub";
  "GET /v1/taskhubs/schedules": "taskhub" | "continuationToken";
  "POST /v1/taskhubs/schedules": "taskhub";
  "DELETE /v1/taskhubs/schedules/{id}": "taskhub";
  "POST /v1/taskhubs/schedules/{id}/pause": "taskhub";
  "POST /v1/taskhubs/schedules/{id}/resume": "taskhub";
  "GET /v1/taskhubs/workers": "taskhub";
  "GET /v1/webhooks": never;
  "POST /v1/webhooks": never;
  "GET /v1/webhooks/{id}": never;
  "PATCH /v1/webhooks/{id}": never;
  "DELETE /v1/webhooks/{id}": never;
  "GET /v1/webhooks/{id}/deliveries": "after" | "limit" | "order";
  "GET /v1/webhooks/{id}/deliveries/{number}": never;
  "POST /v1/webhooks/{id}/deliveries/{number}/replay": never;
  "POST /v1/webhooks/{id}/ping": never;
}

/** What a Problem may be, by the last part of its type. */
export type ProblemKind =
  | "already-decided"
  | "already-exists"
  | "already-voted"
  | "audit-log-unavailable"
  | "bad-gateway"
  | "bad-request"
  | "comment-needed"
  | "content-removed"
  | "content-too-large"
  | "cross-site-request"
  | "expectation-failed"
  | "gateway-timeout"
  | "header-too-large"
  | "http-version-not-supported"
  | "id-taken"
  | "idempotency-key-used"
  | "instance-exists"
  | "internal-error"
  | "manifest-differs"
  | "method-not-allowed"
  | "misdirected-request"
  | "no-such-route"
  | "not-implemented"
  | "not-now"
  | "not-released"
  | "not-remembered"
  | "not-yours"
  | "own-request"
  | "permission-denied"
  | "policy-refused"
  | "policy-replaced"
  | "policy-version-needed"
  | "range-not-satisfiable"
  | "request-changed"
  | "request-over"
  | "request-timeout"
  | "result-differs"
  | "scheduler-failed"
  | "scheduler-unavailable"
  | "sign-in-needed"
  | "signed-in-already"
  | "step-in-session"
  | "stopping"
  | "too-many-requests"
  | "too-many-webhooks"
  | "unavailable"
  | "unknown-absence"
  | "unknown-delivery"
  | "unknown-entity"
  | "unknown-file"
  | "unknown-input"
  | "unknown-instance"
  | "unknown-policy"
  | "unknown-request"
  | "unknown-standing"
  | "unknown-task-hub"
  | "unknown-webhook"
  | "unsupported-media-type"
  | "unsupported-operation"
  | "uri-too-long"
  | "webhook-name-taken"
  | "webhook-replaced"
  | "wrong-state";
