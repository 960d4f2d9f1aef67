/* SPDX-License-Identifier: MIT */
/* webhook_service_test.c — RP-41: the routes over a real connection and a real book. If it fails, a secret is shown twice, one of two who change a
 * webhook loses their change unseen, or somebody without the right to operate has receivers told. */
#include "svc/webhook/webhook_service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hook_rig.h"
#include "lib/http_server_rig.h"
#include "net/http_server_internal.h"
#include "svc/webhook/limit_values.h"

struct webhook_world {
    struct http_rig rig;
    struct book_fixture book;
    struct http_router router;
    struct webhook_service service;
    struct http_part part;
};

static struct webhook_world world;

/* --- who asks --- */

static const struct principal *asker;
static void (*router_on_head)(void *context, struct http_request *request, struct http_admission *ret);

/* Plays a server with sign-in: the same router, asked by somebody else than the local user. */
static void on_head(void *context, struct http_request *request, struct http_admission *ret)
{
    if (asker)
        request->principal = asker;
    router_on_head(context, request, ret);
}

static int set_up(void **state)
{
    static const struct notice_hosts hosts;
    (void)state;
    world = (struct webhook_world){.book = {.folder = "/tmp/webhook_service_test.XXXXXX"}};
    rig_start_bare(&world.rig, NULL);
    assert_non_null(mkdtemp(world.book.folder));
    world.book.loop = world.rig.loop;
    rig_open(&world.book);
    world.service = (struct webhook_service){.store = world.book.store, .means = {.hosts = &hosts}};
    world.part = webhook_service_part(&world.service);
    http_router_init(&world.router, &world.part, 1);
    struct http_handler handler = world.router.handler;
    router_on_head = handler.on_head;
    handler.on_head = on_head;
    asker = NULL;
    http_server_serve(world.rig.server, &handler);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    rig_close(&world.book);
    rig_stop(&world.rig);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", world.book.folder);
    return system(command);
}

/* --- asking --- */

struct heard {
    int status;
    char etag[100]; /* "": there is none */
    json_t *json;
};

static void heard_fini(struct heard *heard)
{
    json_decref(heard->json);
}

static struct heard ask(const char *method, const char *path, const char *headers, const char *body)
{
    struct heard heard = {0};
    struct client client = client_of(&world.rig);
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_fmt(&text, "%s %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s", method, path, headers);
    if (body)
        buf_append_fmt(&text, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
    buf_append_fmt(&text, "\r\n%s", body ? body : "");
    client_say_bytes(&client, buf_peek(&text));
    client_await(&client, NULL);

    buf_append_byte(&client.in, '\0');
    const char *answer = (const char *)client.in.data;
    const char *tag = strstr(answer, "\r\nETag: "), *end = strstr(answer, "\r\n\r\n");
    assert_int_equal(sscanf(answer, "HTTP/1.1 %d ", &heard.status), 1);
    if (tag && tag < end)
        assert_int_equal(sscanf(tag, "\r\nETag: %99[^\r]", heard.etag), 1);
    assert_non_null(end);
    heard.json = json_loads(end + 4, 0, NULL);
    client_hang_up(&client);
    return heard;
}

/* The kind of a problem; "": it is none. */
static const char *problem_of(const struct heard *heard)
{
    static const char prefix[] = "urn:sallyport:problem:";
    const char *type = text_of(heard->json, "type");
    return strncmp(type, prefix, sizeof prefix - 1) == 0 ? type + sizeof prefix - 1 : type;
}

#define ASK(name, ...) CLEANUP(heard_fini) struct heard name = ask(__VA_ARGS__)
#define HOOK           "{\"name\":\"all\",\"url\":\"https://hooks.example.org/x\"}"

/* --- tests --- */

/* RP-41: a secret is made, shown in the answer to who made it, and nowhere again. */
static void one_is_made_shown_changed_and_deleted(void **state)
{
    (void)state;
    ASK(made, "POST", "/v1/webhooks", "", HOOK);
    assert_int_equal(made.status, 201);
    assert_true(notice_secret_is_sound(bytes_of_cstr(text_of(made.json, "secret"))));
    assert_string_equal(text_of(made.json, "format"), "cloudevents");
    assert_string_not_equal(made.etag, "");

    char path[100];
    (void)snprintf(path, sizeof path, "/v1/webhooks/%s", text_of(made.json, "id"));
    ASK(shown_one, "GET", path, "", NULL);
    assert_int_equal(shown_one.status, 200);
    assert_null(json_object_get(shown_one.json, "secret"));
    assert_string_equal(shown_one.etag, made.etag);

    ASK(listed, "GET", "/v1/webhooks", "", NULL);
    assert_int_equal(json_array_size(json_object_get(listed.json, "webhooks")), 1);
    assert_true(json_array_size(json_object_get(listed.json, "events")) > 5);
    assert_true(json_array_size(json_object_get(listed.json, "formats")) > 2);

    ASK(changed, "PATCH", "/v1/webhooks/all", "", "{\"state\":\"paused\",\"events\":[\"request.approved\"]}");
    assert_int_equal(changed.status, 200);
    assert_string_equal(text_of(changed.json, "state"), "paused");
    assert_null(json_object_get(changed.json, "secret"));
    ASK(another, "PATCH", "/v1/webhooks/all", "", "{\"secret\":\"" OTHER_SECRET "\"}");
    assert_string_equal(text_of(another.json, "secret"), OTHER_SECRET);

    ASK(gone, "DELETE", "/v1/webhooks/all", "", NULL);
    assert_int_equal(gone.status, 200);
    ASK(missing, "GET", path, "", NULL);
    assert_int_equal(missing.status, 404);
    assert_string_equal(problem_of(&missing), "unknown-webhook");
}

/* RP-40: who saw an older one changes nothing. */
static void who_saw_an_older_one_is_told(void **state)
{
    (void)state;
    char match[140];
    ASK(made, "POST", "/v1/webhooks", "", HOOK);
    (void)snprintf(match, sizeof match, "If-Match: %s\r\n", made.etag);
    ASK(first, "PATCH", "/v1/webhooks/all", match, "{\"state\":\"paused\"}");
    assert_int_equal(first.status, 200);
    assert_string_not_equal(first.etag, made.etag);
    ASK(second, "PATCH", "/v1/webhooks/all", match, "{\"state\":\"active\"}");
    assert_int_equal(second.status, 412);
    assert_string_equal(problem_of(&second), "webhook-replaced");
    ASK(kept, "DELETE", "/v1/webhooks/all", match, NULL);
    assert_int_equal(kept.status, 412);
    assert_string_equal(problem_of(&kept), "webhook-replaced");
    ASK(seen, "GET", "/v1/webhooks/all", "", NULL);
    assert_string_equal(text_of(seen.json, "state"), "paused");
    (void)snprintf(match, sizeof match, "If-Match: %s\r\n", seen.etag);
    ASK(gone, "DELETE", "/v1/webhooks/all", match, NULL);
    assert_int_equal(gone.status, 200);
}

/* RP-41, RP-42: what is refused, and why. */
static void what_is_refused(void **state)
{
    static const struct {
        const char *method, *path, *body;
        int status;
        const char *problem;
    } rows[] = {
        {"POST", "/v1/webhooks", HOOK, 409, "webhook-name-taken"},
        {"POST", "/v1/webhooks", "[]", 400, ""},
        {"POST", "/v1/webhooks", "{", 400, ""},
        {"POST", "/v1/webhooks", "{\"name\":\"b\"}", 400, ""},
        {"POST", "/v1/webhooks", "{\"name\":\"b\",\"url\":\"https://127.0.0.1/\"}", 400, ""},
        {"POST", "/v1/webhooks", "{\"name\":\"b\",\"url\":\"mailto:a@example.org\",\"format\":\"email\"}",
         400, ""},
        {"PATCH", "/v1/webhooks/all", "{\"url\":\"http://example.org/\"}", 400, ""},
        {"PATCH", "/v1/webhooks/nobody", "{\"state\":\"paused\"}", 404, "unknown-webhook"},
        {"DELETE", "/v1/webhooks/nobody", NULL, 404, "unknown-webhook"},
        {"POST", "/v1/webhooks/nobody/ping", NULL, 404, "unknown-webhook"},
        {"GET", "/v1/webhooks/a%00b", NULL, 400, "bad-request"},
        {"GET",
         "/v1/webhooks/"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxxx",
         NULL, 404, "unknown-webhook"},
        {"GET", "/v1/webhooks/all/deliveries?limit=0", NULL, 400, ""},
        {"GET", "/v1/webhooks/all/deliveries?limit=201", NULL, 400, ""},
        {"GET", "/v1/webhooks/all/deliveries?after=x", NULL, 400, ""},
        {"GET", "/v1/webhooks/all/deliveries/x", NULL, 404, "unknown-delivery"},
        {"GET", "/v1/webhooks/all/deliveries/7", NULL, 404, "unknown-delivery"},
        {"GET", "/v1/webhooks/nobody/deliveries/7", NULL, 404, "unknown-webhook"},
        {"POST", "/v1/webhooks/all/deliveries/7/replay", NULL, 404, "unknown-delivery"},
    };
    (void)state;
    ASK(made, "POST", "/v1/webhooks", "", HOOK);
    assert_int_equal(made.status, 201);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        ASK(heard, rows[i].method, rows[i].path, "", rows[i].body);
        if (heard.status != rows[i].status ||
            (rows[i].problem[0] && strcmp(problem_of(&heard), rows[i].problem) != 0))
            fail_msg("%s %s: %d %s", rows[i].method, rows[i].path, heard.status, problem_of(&heard));
    }
    ASK(seen, "GET", "/v1/webhooks/all", "", NULL);
    assert_string_equal(seen.etag, made.etag);
}

/* As many as there may be, and no further one. */
static void there_is_a_most(void **state)
{
    (void)state;
    for (int i = 0; i < WEBHOOKS_MAX; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "hook %d", i);
        make(&world.book, name, "*");
    }
    ASK(heard, "POST", "/v1/webhooks", "", HOOK);
    assert_int_equal(heard.status, 429);
    assert_string_equal(problem_of(&heard), "too-many-webhooks");
}

/* RP-41: the log, page by page, and the same event once more by hand. */
static void deliveries_are_listed_shown_and_replayed(void **state)
{
    (void)state;
    char path[100];
    ASK(made, "POST", "/v1/webhooks", "", HOOK);
    assert_int_equal(made.status, 201);
    hand_in(&world.book, "a");
    ASK(pinged, "POST", "/v1/webhooks/all/ping", "", NULL);
    assert_int_equal(pinged.status, 202);
    ASK(first, "GET", "/v1/webhooks/all/deliveries?limit=2", "", NULL);
    const json_t *page = json_object_get(first.json, "deliveries");
    assert_int_equal(json_array_size(page), 2);
    assert_int_equal(number_of(json_array_get(page, 0), "number"), number_of(pinged.json, "number"));
    (void)snprintf(path, sizeof path, "/v1/webhooks/all/deliveries?limit=2&after=%d",
                   (int)number_of(first.json, "next"));
    ASK(second, "GET", path, "", NULL);
    assert_int_equal(json_array_size(json_object_get(second.json, "deliveries")), 1);
    assert_null(json_object_get(second.json, "next"));

    const json_t *oldest = json_array_get(json_object_get(second.json, "deliveries"), 0);
    (void)snprintf(path, sizeof path, "/v1/webhooks/all/deliveries/%d", (int)number_of(oldest, "number"));
    ASK(one, "GET", path, "", NULL);
    assert_int_equal(one.status, 200);
    assert_string_equal(text_of(json_object_get(one.json, "event"), "type"), "sallyport.request.submitted");
    assert_true(json_is_array(json_object_get(one.json, "tries")));
    strcat(path, "/replay");
    ASK(again, "POST", path, "", NULL);
    assert_int_equal(again.status, 202);
    assert_string_equal(text_of(again.json, "eventId"), text_of(one.json, "eventId"));
    assert_int_equal(number_of(again.json, "replayOf"), number_of(oldest, "number"));
}

/* Whoever runs the server, and nobody else: a URL may be a secret of its own. */
static void only_who_operates_may(void **state)
{
    static const struct access_grant grants[] = {{ROLE_AUDITOR, BYTES_LITERAL("/")},
                                                 {ROLE_REVIEWER, BYTES_LITERAL("/")}};
    static const struct principal auditor = {"a", "an auditor", grants, ARRAY_SIZE(grants)};
    (void)state;
    ASK(made, "POST", "/v1/webhooks", "", HOOK);
    assert_int_equal(made.status, 201);
    asker = &auditor;
    for (size_t i = 0; i < world.part.route_count; i++) {
        char path[100] = "";
        const char *at = world.part.routes[i].pattern, *open;
        while ((open = strchr(at, '{'))) {
            (void)snprintf(path + strlen(path), sizeof path - strlen(path), "%.*s1", (int)(open - at), at);
            at = strchr(open, '}') + 1;
        }
        (void)snprintf(path + strlen(path), sizeof path - strlen(path), "%s", at);
        ASK(heard, world.part.routes[i].method, path, "",
            strcmp(world.part.routes[i].method, "PATCH") ? NULL : "{}");
        assert_int_equal(heard.status, 403);
    }
}

/* Broken: the answer of the book is given to a request that is no more. */
static void whoever_goes_is_not_answered(void **state)
{
    (void)state;
    struct client client = client_of(&world.rig);
    client_say(&client, "POST /v1/webhooks HTTP/1.1\r\nHost: h\r\nContent-Type: "
                        "application/json\r\nContent-Length: 50\r\n\r\n" HOOK);
    assert_int_equal(strlen(HOOK), 50);
    rig_steps(&world.rig, 3);
    client_hang_up(&client);
    review_store_settle(world.book.store);
    RIG_WAIT(&world.rig, http_server_connection_count(world.rig.server) == 0);
    json_t *hook = shown(&world.book, "all");
    assert_string_equal(text_of(hook, "name"), "all");
    json_decref(hook);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(one_is_made_shown_changed_and_deleted),
        CASE(who_saw_an_older_one_is_told),
        CASE(what_is_refused),
        CASE(there_is_a_most),
        CASE(deliveries_are_listed_shown_and_replayed),
        CASE(only_who_operates_may),
        CASE(whoever_goes_is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
