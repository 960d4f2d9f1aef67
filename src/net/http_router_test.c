/* SPDX-License-Identifier: MIT */
/* http_router_test.c — what is refused before a handler runs, over a real connection, and what a handler then
 * knows of its request. */
#include "lib/http_server_rig.h"
#include "net/http_router.h"
#include "net/http_server_internal.h"
#include "net/http_tag.h"

struct world {
    struct http_rig rig;
    struct http_router router;
    int calls;
    char seen[200];     /* what the last handler knew */
    char exchange[200]; /* the last one that was reported */
    int exchanges;
};

static void handle(void *context, struct http_request *request)
{
    struct world *world = context;
    struct bytes value = http_request_value(request);
    struct bytes prefix = http_request_prefix(request);
    world->calls++;
    snprintf(world->seen, sizeof world->seen, "%s value=%.*s prefix=%.*s type=%u body=%.*s",
             http_request_route(request)->pattern, BYTES_FMT(value), BYTES_FMT(prefix),
             http_request_type(request), BYTES_FMT(http_request_body(request)));
    http_respond(request, 200, "text/plain", b(world->seen));
}

static void write_shape(void *context, struct http_request *request, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type)
{
    buf_append_fmt(ret_body, "shape %d %s", http_status, detail);
    *ret_content_type = "text/shape";
}

#define ROW(m, p, ...)                                                                                       \
    {                                                                                                        \
        .method = m, .pattern = p, .query = "", .access = ACCESS_READ, .handle = handle, .summary = "s",     \
        __VA_ARGS__                                                                                          \
    }
static const struct http_route app_rows[] = {
    ROW("GET", "/", .page = true),
    ROW("GET", "/items/{id}"),
    ROW("DELETE", "/items/{id}"),
    ROW("POST", "/items", .types = HTTP_TYPE_JSON, .body_limit = HTTP_BODY_COMMON),
    ROW("POST", "/plain"),
};
static const struct http_route pool_rows[] = {ROW("GET", "/files/{name*}"), ROW("POST", "/run")};

/* The parts have the world as their context, so they are made for each. */
static struct http_part parts[2];

static void on_exchange(void *context, const struct http_exchange *exchange)
{
    struct world *world = context;
    world->exchanges++;
    snprintf(world->exchange, sizeof world->exchange, "%.*s %s %s %d %llu %.10s", BYTES_FMT(exchange->method),
             exchange->part ? exchange->part : "-", exchange->pattern ? exchange->pattern : "-",
             exchange->http_status, (unsigned long long)exchange->size, exchange->peer);
    assert_true(exchange->duration_ns >= 0);
}

/* Plays a server with sign-in: the same router, asked by somebody else than the local user. */
static const struct principal *asker;
static void (*router_on_head)(void *context, struct http_request *request, struct http_admission *ret);

static void on_head(void *context, struct http_request *request, struct http_admission *ret)
{
    if (asker)
        request->principal = asker;
    router_on_head(context, request, ret);
}

static void begin(struct world *world)
{
    *world = (struct world){.calls = 0};
    parts[0] = (struct http_part){.name = "app",
                                  .prefix = "",
                                  .claims = "",
                                  .routes = app_rows,
                                  .route_count = ARRAY_SIZE(app_rows),
                                  .body_limits = {10, 20, 30},
                                  .context = world};
    parts[1] = (struct http_part){.name = "pool",
                                  .prefix = "/pools/{pool}",
                                  .claims = "/pools/",
                                  .raw_values = true,
                                  .no_options = true,
                                  .routes = pool_rows,
                                  .route_count = ARRAY_SIZE(pool_rows),
                                  .write_error = write_shape,
                                  .context = world};
    rig_start_bare(&world->rig, NULL);
    http_router_init(&world->router, parts, ARRAY_SIZE(parts));
    struct http_handler handler = world->router.handler;
    router_on_head = handler.on_head;
    handler.on_head = on_head;
    asker = NULL;
    http_server_serve(world->rig.server, &handler);
    http_server_on_exchange(world->rig.server, on_exchange, world);
}

static void end(struct world *world)
{
    rig_stop(&world->rig);
}

/* Says `request` on a connection of its own and hears all of `wanted`; returns without the connection. */
static void expect(struct world *world, const char *request, const char *const *wanted)
{
    struct client client = client_of(&world->rig);
    client_say(&client, request);
    client_await(&client, "\r\n\r\n");
    for (; *wanted; wanted++)
        client_await(&client, *wanted);
    client_hang_up(&client);
    RIG_WAIT(&world->rig, http_server_connection_count(world->rig.server) == 0);
}
#define EXPECT(w, request, ...) expect(w, request, (const char *const[]){__VA_ARGS__, NULL})

static void a_handler_knows_its_route_value_and_type(void **state)
{
    struct world world;
    begin(&world);
    EXPECT(&world, "GET /Items//a%20b/ " HOST "\r\n", "200 OK", "/items/{id} value=a b prefix= type=0");
    EXPECT(&world, "POST /items " HOST "Content-Type: text/json\r\nContent-Length: 2\r\n\r\n{}", "200 OK",
           "/items value= prefix= type=1 body={}");
    EXPECT(&world, "GET /pools/p/files//a/%zz " HOST "\r\n", "200 OK", "value=/a/%zz prefix=/pools/p type=0");
    EXPECT(&world, "HEAD /items/x " HOST "\r\n", "200 OK", "Content-Length: ");
    EXPECT(&world, "POST /plain " HOST "\r\n", "200 OK");
    assert_int_equal(world.calls, 5);
    end(&world);
}

static void who_may_not_is_refused_before_anything_is_read(void **state)
{
    static const struct access_grant grants[] = {{ROLE_AUDITOR, BYTES_LITERAL("/pool")},
                                                 {ROLE_SESSION_EXECUTOR, BYTES_LITERAL("/")}};
    static const struct principal auditor = {"a", "an auditor", grants, ARRAY_SIZE(grants)};
    struct world world;
    begin(&world);
    asker = &auditor; /* of the pool, whose rows ask for READ, and not of the app */
    EXPECT(&world, "GET /pools/p/files/a " HOST "\r\n", "200 OK");
    EXPECT(&world, "GET /items/x " HOST "\r\n", "403 Forbidden", "an auditor lacks the role",
           "permission-denied", "sallyport role create");
    EXPECT(&world, "POST /items " HOST "Content-Type: application/json\r\nContent-Length: 15\r\n\r\n",
           "403 ");
    asker = &access_nobody;
    EXPECT(&world, "GET /items/%zz " HOST "\r\n", "401 Unauthorized", "WWW-Authenticate: Bearer", "Sign in");
    EXPECT(&world, "GET /pools/p/files/a " HOST "\r\n", "401 ", "shape 401 ");
    assert_int_equal(world.calls, 1);
    end(&world);
}

/* The place is the value in the path. */
static void place(void *context, struct http_request *request, struct buf *scope)
{
    buf_append_byte(scope, '/');
    buf_append_bytes(scope, http_request_value(request));
}

/* If this fails, who may see one task hub sees all, or none. */
static void a_grant_may_be_for_one_place_of_a_part(void **state)
{
    static const struct access_grant grants[] = {{ROLE_AUDITOR, BYTES_LITERAL("/app/mine")}};
    static const struct principal auditor = {"a", "an auditor", grants, ARRAY_SIZE(grants)};
    struct world world;
    begin(&world);
    parts[0].place = place;
    asker = &auditor;
    EXPECT(&world, "GET /items/mine " HOST "\r\n", "200 OK");
    EXPECT(&world, "GET /items/MI%6eE " HOST "\r\n", "200 OK");
    EXPECT(&world, "GET /items/yours " HOST "\r\n", "403 Forbidden");
    EXPECT(&world, "GET /items/%zz " HOST "\r\n", "403 Forbidden");
    asker = &access_nobody;
    EXPECT(&world, "GET /items/mine " HOST "\r\n", "401 Unauthorized");
    EXPECT(&world, "GET /items/%zz " HOST "\r\n", "401 Unauthorized");
    assert_int_equal(world.calls, 2);
    end(&world);
}

static void what_is_no_route_is_refused_in_the_shape_of_its_service(void **state)
{
    struct world world;
    begin(&world);
    EXPECT(&world, "GET /nothing " HOST "\r\n", "HTTP/1.1 404 ", "urn:sallyport:problem:no-such-route",
           "GET /items/{id}, DELETE /items/{id}, POST /items, POST /plain");
    EXPECT(&world, "GET /pools/x " HOST "\r\n", "HTTP/1.1 404 ", "text/shape",
           "shape 404 There is no such route", "GET /files/{name*}, POST /run");
    EXPECT(&world, "PUT /items/x " HOST "\r\n", "HTTP/1.1 405 ", "Allow: GET, HEAD, DELETE\r\n",
           "This path takes: GET, HEAD, DELETE.");
    EXPECT(&world, "GET /pools/p/run " HOST "\r\n", "HTTP/1.1 405 ", "Allow: POST\r\n", "shape 405");
    EXPECT(&world, "GET /items/%zz " HOST "\r\n", "HTTP/1.1 400 ");
    EXPECT(&world, "GET /items/a%00b " HOST "\r\n", "HTTP/1.1 400 ");
    EXPECT(&world, "GET /items/100% " HOST "\r\n", "HTTP/1.1 400 ");
    assert_int_equal(world.calls, 0);
    end(&world);
}

static void a_body_is_refused_by_its_head(void **state)
{
    struct world world;
    begin(&world);
    /* the bodies never come */
    EXPECT(&world, "POST /items " HOST TYPE "Content-Length: 5\r\n\r\n", "HTTP/1.1 415 ", "application/json");
    EXPECT(&world,
           "POST /items " HOST "Content-Type: application/json;charset=utf-16\r\nContent-Length: 5\r\n\r\n",
           "HTTP/1.1 415 ");
    EXPECT(&world, "POST /items " HOST "\r\n", "HTTP/1.1 415 ");
    EXPECT(&world, "POST /items " HOST "Content-Type: application/json\r\nContent-Length: 21\r\n\r\n",
           "HTTP/1.1 413 ");
    EXPECT(&world, "POST /plain " HOST TYPE "Content-Length: 11\r\n\r\n", "HTTP/1.1 413 ");
    EXPECT(&world, "POST /none " HOST TYPE "Content-Length: 1\r\n\r\n", "HTTP/1.1 404 ",
           "Connection: close\r\n");
    assert_int_equal(world.calls, 0);
    end(&world);
}

static void options_tell_the_methods(void **state)
{
    struct world world;
    begin(&world);
    EXPECT(&world, "OPTIONS /items/x " HOST "\r\n", "HTTP/1.1 204 ", "Allow: GET, HEAD, DELETE\r\n");
    EXPECT(&world, "OPTIONS * " HOST "\r\n", "HTTP/1.1 204 ");
    EXPECT(&world, "OPTIONS /nothing " HOST "\r\n", "HTTP/1.1 404 ");
    EXPECT(&world, "OPTIONS /pools/p/run " HOST "\r\n", "HTTP/1.1 405 ", "Allow: POST\r\n"); /* no_options */
    assert_int_equal(world.calls, 0);
    end(&world);
}

static void a_refusal_keeps_the_connection_unless_a_body_follows(void **state)
{
    struct world world;
    begin(&world);
    struct client client = client_of(&world.rig);
    client_say(&client, "GET /nothing " HOST "\r\nGET /items/%zz " HOST "\r\nGET /items/x " HOST "\r\n");
    client_await(&client, "value=x");
    assert_true(client_heard(&client, "HTTP/1.1 404 ") && client_heard(&client, "HTTP/1.1 400 "));
    assert_false(client_heard(&client, "Connection: close"));
    client_hang_up(&client);
    end(&world);
}

static void a_page_may_be_linked_to_and_data_not(void **state)
{
    struct world world;
    begin(&world);
#define LINK "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n"
    EXPECT(&world, "GET / " HOST LINK, "HTTP/1.1 200 ");
    EXPECT(&world, "GET /items/x " HOST LINK, "HTTP/1.1 403 ");
    EXPECT(&world, "GET /nothing " HOST LINK, "HTTP/1.1 403 "); /* not even what there is */
    assert_int_equal(world.calls, 1);
    end(&world);
}

static void each_exchange_is_reported_without_what_the_peer_chose(void **state)
{
    struct world world;
    begin(&world);
    EXPECT(&world, "GET /items/secret?token=secret " HOST "\r\n", "200 OK");
    assert_string_equal(world.exchange, "GET app /items/{id} 200 45 127.0.0.1:");
    EXPECT(&world, "GET /secret " HOST "\r\n", "HTTP/1.1 404 ");
    assert_non_null(strstr(world.exchange, "GET app - 404 "));
    EXPECT(&world, "nonsense\r\n\r\n", "HTTP/1.1 400 ");
    assert_non_null(strstr(world.exchange, " 400 "));
    assert_int_equal(world.exchanges, 3);
    assert_null(strstr(world.exchange, "secret"));
    end(&world);
}

/* If it fails a program that looks again and again is sent what it has, or keeps what is not so any more. */
static void what_a_client_has_is_not_sent_again(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    parts[0].tagged = true;
    EXPECT(&world, "GET /items/x " HOST "\r\n", "200 OK", "ETag: \"", "Content-Length: ");
    char tag[HTTP_TAG_SIZE], request[200];
    http_tag_of(b(world.seen), tag);
    (void)snprintf(request, sizeof request, "GET /items/x " HOST "If-None-Match: \"y\", W/\"%s\"\r\n\r\n",
                   tag);
    EXPECT(&world, request, "304 Not Modified", "ETag: \"");
    assert_int_equal(world.calls, 2);
    assert_null(strstr(world.exchange, "200"));
    /* another item has other bytes */
    (void)snprintf(request, sizeof request, "GET /items/z " HOST "If-None-Match: \"%s\"\r\n\r\n", tag);
    EXPECT(&world, request, "200 OK", "ETag: \"");
    (void)snprintf(request, sizeof request, "HEAD /items/x " HOST "If-None-Match: *\r\n\r\n");
    EXPECT(&world, request, "304 Not Modified");
    (void)snprintf(request, sizeof request, "DELETE /items/x " HOST "If-None-Match: *\r\n\r\n");
    EXPECT(&world, request, "200 OK");
    parts[0].tagged = false;
    (void)snprintf(request, sizeof request, "GET /items/x " HOST "If-None-Match: \"%s\"\r\n\r\n", tag);
    EXPECT(&world, request, "200 OK");
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handler_knows_its_route_value_and_type),
        cmocka_unit_test(who_may_not_is_refused_before_anything_is_read),
        cmocka_unit_test(a_grant_may_be_for_one_place_of_a_part),
        cmocka_unit_test(what_is_no_route_is_refused_in_the_shape_of_its_service),
        cmocka_unit_test(a_body_is_refused_by_its_head),
        cmocka_unit_test(options_tell_the_methods),
        cmocka_unit_test(a_refusal_keeps_the_connection_unless_a_body_follows),
        cmocka_unit_test(a_page_may_be_linked_to_and_data_not),
        cmocka_unit_test(each_exchange_is_reported_without_what_the_peer_chose),
        cmocka_unit_test(what_a_client_has_is_not_sent_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
