/* SPDX-License-Identifier: MIT */
/* access_walk_test.c — walks every route of every service, from the rows that the router serves, and every call, from the
 * description of the protocol, with every role and with none. What each permits is written down here a second time, so a
 * new route or call without an entry fails, and so does one whose permission was changed in one place only.
 * If it fails: somebody may do what nobody decided that he may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/access/access.h"
#include "svc/app/app_service.h"
#include "svc/audit/audit_service.h"
#include "svc/confirm/confirm_service.h"
#include "svc/confirm/slack_service.h"
#include "svc/control/control.h"
#include "svc/directory/people.h"
#include "svc/directory/sign_in.h"
#include "svc/mcp/mcp_service.h"
#include "svc/page/page_service.h"
#include "svc/page/page_sign_in.h"
#include "svc/pool/http/pool_service.h"
#include "svc/scheduler/http/scheduler_http.h"
#include "svc/scheduler/scheduler_access.h"
#include "svc/webhook/webhook_service.h"
#include "wire/pb/backend_service.pb.h"
#include "wire/pb/orchestrator_service.pb.h"

/* Roles by letters, in the order of enum access_role: Owner, Contributor, Reader of the control plane; Data contributor,
 * Worker, data reader (V) of task hubs; session eXecutor; Submitter, reviewer (J), oPerator, Auditor. */
static const char letters[] = "OCRDWVXSJPA";

#define SERVICE_SIZE                                                                                         \
    ((size_t)1 << 20) /* bytes; a service that was never created has zeros for its settings */

/* In the place of letters: also who shows no credentials; and whoever is known, with any role or none ("*"). */
#define ANYONE "anyone"

struct entry {
    const char *what; /* "POST /v1/requests", or a method of the scheduler */
    const char *who;
};

static const struct entry app[] = {
    {"POST /code/execute", "S"},
    {"POST /code/review", "J"},
    {"POST /v1/requests", "S"},
    {"GET /v1/requests", "SJPA"},
    {"GET /v1/requests/{id}", "SJPA"},
    {"GET /v1/requests/{id}/receipt", "SJPA"},
    {"POST /v1/requests/{id}/decision", "J"},
    {"POST /v1/requests/{id}/votes", "J"},
    {"POST /v1/requests/{id}/revisions", "S"},
    {"POST /v1/requests/{id}/cancel", "SP"},
    {"GET /v1/requests/{id}/export", "SJPA"},
    {"GET /v1/requests/{id}/manifest", "SJPA"},
    {"GET /v1/requests/{id}/result", "SJPA"},
    {"GET /v1/requests/{id}/revisions/{number}/code", "SJPA"},
    {"GET /v1/requests/{id}/revisions/{number}/step", "SJPA"},
    {"GET /v1/requests/{id}/runs/{n}/output", "SJPA"},
    {"GET /v1/requests/{id}/files", "SJPA"},
    {"GET /v1/requests/{id}/files/{path*}", "SJPA"},
    {"GET /v1/requests/{id}/inputs", "SJPA"},
    {"GET /v1/requests/{id}/inputs/{path*}", "SJPA"},
    {"GET /v1/requests/{id}/diff", "SJPA"},
    {"GET /v1/events", "SJPA"},
    {"GET /v1/policy", "OJPA"},
    {"PUT /v1/policy", "OP"},
    {"GET /v1/policy/versions", "OJPA"},
    {"GET /v1/policy/rules", "OJPA"},
    {"POST /v1/policy/rehearse", "OJPA"},
    {"GET /v1/absences", "OJPA"},
    {"POST /v1/absences", "OJPA"},
    {"DELETE /v1/absences/{id}", "OJPA"},
    {"GET /v1/policy/standing", "OJPA"},
    {"DELETE /v1/policy/standing/{id}", "OJPA"},
    {"GET /v1/policy/versions/{number}", "OJPA"},
    {"GET /v1/me", "*"},
};

static const struct entry audit[] = {{"GET /v1/audit", "A"}, {"GET /v1/audit/key", "A"}};

static const struct entry webhooks[] = {{"GET /v1/webhooks", "OP"},
                                        {"POST /v1/webhooks", "OP"},
                                        {"GET /v1/webhooks/{id}", "OP"},
                                        {"PATCH /v1/webhooks/{id}", "OP"},
                                        {"DELETE /v1/webhooks/{id}", "OP"},
                                        {"POST /v1/webhooks/{id}/ping", "OP"},
                                        {"GET /v1/webhooks/{id}/deliveries", "OP"},
                                        {"GET /v1/webhooks/{id}/deliveries/{number}", "OP"},
                                        {"POST /v1/webhooks/{id}/deliveries/{number}/replay", "OP"}};

static const struct entry mcp[] = {{"POST /mcp", "SJPA"}};
/* A link is its own proof. */
static const struct entry confirm[] = {{"POST /v1/requests/{id}/links", "J"},
                                       {"GET /confirm/{token}", ANYONE},
                                       {"POST /confirm/{token}", ANYONE}};
/* Slack signs. */
static const struct entry slack[] = {{"GET /v1/requests/{id}/slack-message", "J"},
                                     {"POST /v1/slack/interactions", ANYONE}};
static const struct entry page[] = {{"GET /assets/{name}", ANYONE}};
static const struct entry page_sign_in[] = {{"POST /page/sign-in", ANYONE},
                                            {"POST /page/links", "*"},
                                            {"GET /page/session", ANYONE},
                                            {"POST /page/sign-out", ANYONE}};

static const struct entry pool[] = {
    {"POST /code/execute", "X"},
    {"POST /python/execute", "X"},
    {"POST /executions", "X"},
    {"POST /execute", "X"},
    {"GET /executions/{id}", "X"},
    {"GET /executions/{id}/output", "X"},
    {"POST /executions/{id}/cancel", "X"},
    {"GET /files", "X"},
    {"POST /files", "X"},
    {"POST /files/upload", "X"},
    {"GET /files/content/{name*}", "X"},
    {"GET /files/{name*}/content", "X"},
    {"GET /files/{name*}", "X"},
    {"DELETE /files/{name*}", "X"},
    {"GET /session", "X"},
    {"DELETE /session", "X"},
    {"GET /metadata", "X"},
    {"GET /sallyport", "X"},
    {"POST /.management/stopSession", "X"},
    {"GET /listSessions", "OP"},
};

static const struct entry api[] = {
    {"GET /v1/taskhubs/ping", "DVA"},
    {"GET /v1/taskhubs/changes", "DVA"},
    {"POST /v1/taskhubs/orchestrations/query", "DVA"},
    {"POST /v1/taskhubs/orchestrations", "D"},
    {"POST /v1/taskhubs/orchestrations/addhistoryevents", "D"},
    {"POST /v1/taskhubs/orchestrations/forceterminate", "D"},
    {"DELETE /v1/taskhubs/orchestrations/purge", "D"},
    {"GET /v1/taskhubs/orchestrations/{id}", "DVA"},
    {"DELETE /v1/taskhubs/orchestrations/{id}", "D"},
    {"GET /v1/taskhubs/orchestrations/{id}/payloads", "DVA"},
    {"GET /v1/taskhubs/orchestrations/{id}/executions/{executionId}/history", "DVA"},
    {"POST /v1/taskhubs/orchestrations/{id}/history", "D"},
    {"POST /v1/taskhubs/orchestrations/{id}/restart", "D"},
    {"POST /v1/taskhubs/entities/query", "DVA"},
    {"DELETE /v1/taskhubs/entities/delete", "D"},
    {"GET /v1/taskhubs/entities/{id}", "DVA"},
    {"DELETE /v1/taskhubs/entities/{id}", "D"},
    {"GET /v1/taskhubs/entities/{id}/state", "DVA"},
    {"POST /v1/taskhubs/entities/{id}/signal", "D"},
    {"GET /v1/taskhubs/schedules", "DVA"},
    {"POST /v1/taskhubs/schedules", "D"},
    {"DELETE /v1/taskhubs/schedules/{id}", "D"},
    {"POST /v1/taskhubs/schedules/{id}/pause", "D"},
    {"POST /v1/taskhubs/schedules/{id}/resume", "D"},
    {"GET /v1/taskhubs/workers", "DVA"},
    {"GET /v1/taskhubs/retentionPolicies/default", "DVA"},
    {"PUT /v1/taskhubs/retentionPolicies/default", "OCP"},
    {"DELETE /v1/taskhubs/retentionPolicies/default", "OCP"},
    {"GET /v1/hubs", "DVA"},
    {"PUT /v1/hubs/{name}", "OCP"},
    {"DELETE /v1/hubs/{name}", "OCP"},
};

/* Who may see who there is; only who may grant makes people, too, since he could act as any of them. */
static const struct entry people[] = {
    {"GET /v1/directory/me", "*"},
    {"GET /v1/directory/users", "OCRPA"},
    {"POST /v1/directory/users", "O"},
    {"DELETE /v1/directory/users/{name}", "O"},
    {"POST /v1/directory/secrets/{name}", "O"},
    {"GET /v1/directory/groups", "OCRPA"},
    {"POST /v1/directory/groups", "O"},
    {"DELETE /v1/directory/groups/{name}", "O"},
    {"POST /v1/directory/groups/{name}/members", "O"},
    {"DELETE /v1/directory/groups/{name}/members/{member}", "O"},
    {"GET /v1/directory/applications", "OCRPA"},
    {"POST /v1/directory/applications", "O"},
    {"DELETE /v1/directory/applications/{name}", "O"},
    {"GET /v1/directory/keys", "OCRPA"},
    {"POST /v1/directory/keys", "O"},
    {"DELETE /v1/directory/keys/{name}", "O"},
    {"GET /v1/directory/assignments", "OCRPA"},
    {"POST /v1/directory/assignments", "O"},
    {"DELETE /v1/directory/assignments/{id}", "O"},
};

static const struct entry graph[] = {
    {"GET /v1.0/me", "*"},
    {"GET /v1.0/users", "OCRPA"},
    {"GET /v1.0/users/{id}", "OCRPA"},
    {"GET /v1.0/groups", "OCRPA"},
    {"GET /v1.0/groups/{id}", "OCRPA"},
    {"GET /v1.0/servicePrincipals", "OCRPA"},
    {"GET /v1.0/servicePrincipals/{id}", "OCRPA"},
    {"POST /v1.0/directoryObjects/getByIds", "OCRPA"},
};

/* Who has no credentials yet must be able to ask for them. */
static const struct entry sign_in[] = {
    {"GET /metadata/endpoints", ANYONE},
    {"GET /{tenant}/v2.0/.well-known/openid-configuration", ANYONE},
    {"GET /{tenant}/.well-known/openid-configuration", ANYONE},
    {"GET /{tenant}/discovery/instance", ANYONE},
    {"GET /{tenant}/discovery/v2.0/keys", ANYONE},
    {"GET /{tenant}/discovery/keys", ANYONE},
    {"POST /{tenant}/oauth2/v2.0/token", ANYONE},
    {"POST /{tenant}/oauth2/token", ANYONE},
    {"POST /{tenant}/oauth2/v2.0/devicecode", ANYONE},
    {"GET /device", ANYONE},
    {"POST /device", ANYONE},
    {"GET /{tenant}/oauth2/v2.0/authorize", ANYONE},
    {"POST /{tenant}/oauth2/v2.0/authorize", ANYONE},
};

/* "*": whoever is known. What is asked for below a subscription is a place of its own, by control_scope. */
static const struct entry control[] = {
    {"GET /subscriptions", "*"},
    {"GET /tenants", "*"},
    {"GET /subscriptions/{id}/locations", "*"},
    {"GET /subscriptions/{id}/providers", "*"},
    {"GET /subscriptions/{id}/providers/{namespace}", "*"},
    {"GET /subscriptions/{id}/resourceGroups", "*"},
    {"GET /subscriptions/{id}/resources", "*"},
    {"GET /subscriptions/{resource*}/logstream", "OC"},
    {"GET /subscriptions/{resource*}", "OCRA"},
    {"PUT /subscriptions/{resource*}", "OC"},
    {"PATCH /subscriptions/{resource*}", "OC"},
    {"DELETE /subscriptions/{resource*}", "OC"},
    /* checkAccess; all other actions are for OC: test/control/control_auth_test.py. */
    {"POST /subscriptions/{resource*}", "OCRA"},
    {"GET /providers/{resource*}", "OCRA"},
    {"PUT /providers/{resource*}", "O"},
    {"DELETE /providers/{resource*}", "O"},
    {"POST /providers/{resource*}", "OCRA"},
};

static const struct entry calls[] = {
    {"Hello", "DWVP"},
    {"StartInstance", "D"},
    {"GetInstance", "DVA"},
    {"RewindInstance", "D"},
    {"RestartInstance", "D"},
    {"WaitForInstanceStart", "DVA"},
    {"WaitForInstanceCompletion", "DVA"},
    {"RaiseEvent", "D"},
    {"TerminateInstance", "D"},
    {"SuspendInstance", "D"},
    {"ResumeInstance", "D"},
    {"QueryInstances", "DVA"},
    {"ListInstanceIds", "DVA"},
    {"PurgeInstances", "D"},
    {"GetWorkItems", "DW"},
    {"CompleteActivityTask", "DW"},
    {"CompleteOrchestratorTask", "DW"},
    {"CompleteEntityTask", "DW"},
    {"StreamInstanceHistory", "DVA"},
    {"CreateTaskHub", "OCP"},
    {"DeleteTaskHub", "OCP"},
    {"SignalEntity", "D"},
    {"GetEntity", "DVA"},
    {"QueryEntities", "DVA"},
    {"CleanEntityStorage", "D"},
    {"AbandonTaskActivityWorkItem", "DW"},
    {"AbandonTaskOrchestratorWorkItem", "DW"},
    {"AbandonTaskEntityWorkItem", "DW"},
    {"SkipGracefulOrchestrationTerminations", "D"},
};

static const char *who_may(const struct entry *entries, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(entries[i].what, what) == 0)
            return entries[i].who;
    fail_msg("%s has no entry: decide who may, and write it down", what);
    return NULL;
}

/* What the door says to each role, each at the right place and at another one, and to nobody. */
static void expect(const char *what, const char *who, enum access_permission permission, const char *scope)
{
    if (strcmp(who, ANYONE) == 0) {
        if (permission != ACCESS_ANYONE)
            fail_msg("%s: not everybody may", what);
        return;
    }
    if (strcmp(who, "*") == 0) {
        if (permission != ACCESS_SIGNED_IN)
            fail_msg("%s: not everybody who is known may", what);
        return;
    }
    for (enum access_role role = 0; role < ROLE_LOCAL; role++) {
        const struct access_grant here = {role, bytes_of_cstr(scope)},
                                  elsewhere = {role, BYTES_LITERAL("/other")};
        struct principal principal = {.id = "one", .name = "one", .grants = &here, .grant_count = 1};
        bool may = strchr(who, letters[role]) != NULL;
        enum access_verdict verdict = access_decide(&principal, permission, bytes_of_cstr(scope));
        if ((verdict == ACCESS_GRANTED) != may)
            fail_msg("%s: %s may%s", what, access_role_name(role), may ? " not" : "");
        principal.grants = &elsewhere;
        assert_int_equal(access_decide(&principal, permission, bytes_of_cstr(scope)), ACCESS_DENIED);
    }
    assert_int_equal(access_decide(&access_nobody, permission, bytes_of_cstr(scope)), ACCESS_UNKNOWN);
    assert_int_equal(access_decide(&access_local, permission, bytes_of_cstr(scope)), ACCESS_GRANTED);
}

static void walk(const struct http_part *part, const struct entry *entries, size_t count)
{
    char what[256], scope[64];
    snprintf(scope, sizeof scope, "%s%s", part->where ? "" : "/", part->where ? part->where : part->name);
    for (size_t i = 0; i < part->route_count; i++) {
        const struct http_route *route = &part->routes[i];
        snprintf(what, sizeof what, "%s %s", route->method, route->pattern);
        expect(what, who_may(entries, count, what), route->access, scope);
    }
    /* An entry without a route is as wrong: somebody thinks that it guards something. */
    assert_int_equal(part->route_count, count);
}

static void every_route_of_the_app(void **state)
{
    void *service = calloc(1, SERVICE_SIZE);
    const struct http_part part = app_service_part(service);
    walk(&part, app, ARRAY_SIZE(app));
    free(service);
}

static void every_route_of_the_agents(void **state)
{
    struct mcp_service service = {0};
    const struct http_part part = mcp_service_part(&service);
    walk(&part, mcp, ARRAY_SIZE(mcp));
}

static void every_route_of_confirm_links(void **state)
{
    (void)state;
    struct confirm_service service = {.lifetime_ns = 0};
    const struct http_part part = confirm_service_part(&service);
    walk(&part, confirm, ARRAY_SIZE(confirm));
    void *presses = calloc(1, SERVICE_SIZE);
    const struct http_part of_slack = slack_service_part(presses);
    walk(&of_slack, slack, ARRAY_SIZE(slack));
    free(presses);
}

static void every_route_of_webhooks(void **state)
{
    (void)state;
    struct webhook_service service = {0};
    const struct http_part part = webhook_service_part(&service);
    walk(&part, webhooks, ARRAY_SIZE(webhooks));
}

static void every_route_of_the_page(void **state)
{
    (void)state;
    const struct http_part part = page_service_part();
    walk(&part, page, ARRAY_SIZE(page));
    struct page_sign_in service = {.sessions = {.count = 0}};
    const struct http_part signs_in = page_sign_in_part(&service);
    walk(&signs_in, page_sign_in, ARRAY_SIZE(page_sign_in));
}

static void every_route_of_the_audit_log(void **state)
{
    struct audit_service service = {0};
    const struct http_part part = audit_service_part(&service);
    walk(&part, audit, ARRAY_SIZE(audit));
}

static void every_route_of_the_pool(void **state)
{
    void *service = calloc(1, SERVICE_SIZE);
    const struct http_part part = pool_service_part(service, true);
    walk(&part, pool, ARRAY_SIZE(pool));
    free(service);
}

static void every_route_of_the_scheduler(void **state)
{
    const struct http_part part = scheduler_http_part(NULL);
    walk(&part, api, ARRAY_SIZE(api));
}

static void every_route_of_the_directory(void **state)
{
    const struct http_part ours = people_part(NULL), clouds = graph_part(NULL), tokens = sign_in_part(NULL);
    walk(&ours, people, ARRAY_SIZE(people));
    walk(&clouds, graph, ARRAY_SIZE(graph));
    walk(&tokens, sign_in, ARRAY_SIZE(sign_in));
}

static void every_route_of_the_control_plane(void **state)
{
    const struct http_part part = control_part(NULL);
    walk(&part, control, ARRAY_SIZE(control));
}

static void every_call_of_the_scheduler(void **state)
{
    for (size_t i = 0; i < PB_TASK_HUB_SIDECAR_SERVICE_METHOD_COUNT; i++) {
        const char *path = pb_task_hub_sidecar_service_methods[i].path;
        const char *name = strrchr(path, '/') + 1;
        enum access_permission permission = scheduler_access_of(bytes_of_cstr(path));
        if (permission == ACCESS_UNSET)
            fail_msg("%s asks for no permission", name);
        expect(name, who_may(calls, ARRAY_SIZE(calls), name), permission, "/scheduler/default");
    }
    assert_int_equal(PB_TASK_HUB_SIDECAR_SERVICE_METHOD_COUNT, ARRAY_SIZE(calls));

    /* The same calls by another name may not ask for less. */
    for (size_t i = 0; i < PB_BACKEND_SERVICE_METHOD_COUNT; i++) {
        const char *path = pb_backend_service_methods[i].path;
        enum access_permission permission = scheduler_access_of(bytes_of_cstr(path));
        if (permission == ACCESS_UNSET || permission == ACCESS_ANYONE)
            fail_msg("%s asks for no permission", path);
        if (strstr(path, "WorkItem"))
            assert_int_equal(permission, ACCESS_HUB_WORK);
    }
}

/* Through the scheduler's own door: the hub is the place, and a name cannot reach out of it. */
static void a_call_is_refused_with_what_to_do(void **state)
{
    const struct access_grant grant = {ROLE_HUB_READER, BYTES_LITERAL("/scheduler/mine")};
    const struct principal reader = {.id = "r", .name = "reader", .grants = &grant, .grant_count = 1};
    const struct bytes get = BYTES_LITERAL("/TaskHubSidecarService/GetInstance");
    const struct bytes start = BYTES_LITERAL("/TaskHubSidecarService/StartInstance");
    struct err err = {0};
    assert_int_equal(scheduler_access_check(&reader, get, BYTES_LITERAL("mine"), (struct bytes){0}, &err),
                     STATUS_OK);
    assert_int_equal(scheduler_access_check(&reader, get, BYTES_LITERAL("MINE"), (struct bytes){0}, &err),
                     STATUS_OK);
    assert_int_equal(scheduler_access_check(&reader, start, BYTES_LITERAL("mine"), (struct bytes){0}, &err),
                     STATUS_PERMISSION_DENIED);
    assert_non_null(strstr(err.text, "reader"));
    assert_non_null(strstr(err.text, "Durable Task Data Contributor"));
    const struct bytes others[] = {BYTES_LITERAL("other"),
                                   BYTES_LITERAL("mine2"),
                                   BYTES_LITERAL("mine/../other"),
                                   BYTES_LITERAL("../scheduler/mine"),
                                   BYTES_LITERAL(""),
                                   {NULL, 0}};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        assert_int_equal(scheduler_access_check(&reader, get, others[i], (struct bytes){0}, &err),
                         STATUS_PERMISSION_DENIED);
    assert_int_equal(
        scheduler_access_check(&access_nobody, get, BYTES_LITERAL("mine"), (struct bytes){0}, &err),
        STATUS_UNAUTHENTICATED);
    assert_int_equal(scheduler_access_check(&access_local, get, others[5], (struct bytes){0}, &err),
                     STATUS_OK);

    /* A hub is a resource, too: a role that was assigned there holds, and for no other hub. */
    const char *scheduler = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DurableTask/schedulers/d";
    CLEANUP(buf_fini) struct buf resource = {0};
    scheduler_access_resource(scheduler, BYTES_LITERAL("mine"), &resource);
    const struct access_grant there = {ROLE_HUB_READER, buf_peek(&resource)};
    const struct principal assigned = {.id = "a", .name = "assigned", .grants = &there, .grant_count = 1};
    assert_int_equal(scheduler_access_check(&assigned, get, BYTES_LITERAL("mine"), buf_peek(&resource), &err),
                     STATUS_OK);
    CLEANUP(buf_fini) struct buf other = {0};
    scheduler_access_resource(scheduler, BYTES_LITERAL("other"), &other);
    assert_int_equal(scheduler_access_check(&assigned, get, BYTES_LITERAL("other"), buf_peek(&other), &err),
                     STATUS_PERMISSION_DENIED);

    const struct bytes health = BYTES_LITERAL("/grpc.health.v1.Health/Check");
    assert_int_equal(scheduler_access_check(&access_nobody, health, others[5], (struct bytes){0}, &err),
                     STATUS_OK);
    const struct bytes unknown = BYTES_LITERAL("/TaskHubSidecarService/Unheard"); /* fails closed */
    assert_int_equal(scheduler_access_check(&access_local, unknown, others[5], (struct bytes){0}, &err),
                     STATUS_PERMISSION_DENIED);
}

int main(void)
{
    assert_int_equal(sizeof letters - 1, ROLE_LOCAL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_of_the_app),       cmocka_unit_test(every_route_of_the_pool),
        cmocka_unit_test(every_route_of_the_scheduler), cmocka_unit_test(every_route_of_the_directory),
        cmocka_unit_test(every_call_of_the_scheduler),  cmocka_unit_test(a_call_is_refused_with_what_to_do),
        cmocka_unit_test(every_route_of_the_audit_log), cmocka_unit_test(every_route_of_the_agents),
        cmocka_unit_test(every_route_of_confirm_links), cmocka_unit_test(every_route_of_webhooks),
        cmocka_unit_test(every_route_of_the_page),      cmocka_unit_test(every_route_of_the_control_plane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
