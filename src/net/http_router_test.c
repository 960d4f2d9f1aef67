/* SPDX-License-Identifier: MIT */
/* http_router_test.c — what is refused before a handler runs, over a real connection, and what a handler then
 * knows of its request. */
#include "net/http_router.h"
#include "net/http_server_rig.h"

struct world {
    struct rig rig;
    struct http_router router;
    int calls;
    char seen[200];     /* what the last handler knew */
    char exchange[200]; /* the last one that was reported */
    int exchanges;
};

static void handle(void *context, struct http_request *r)
{
    struct world *w = context;
    struct bytes value = http_request_value(r);
    struct bytes prefix = http_request_prefix(r);
    w->calls++;
    snprintf(w->seen, sizeof w->seen, "%s value=%.*s prefix=%.*s type=%u body=%.*s",
             http_request_route(r)->pattern, BYTES_FMT(value), BYTES_FMT(prefix), http_request_type(r),
             BYTES_FMT(http_request_body(r)));
    http_respond(r, 200, "text/plain", b(w->seen));
}

static void write_shape(void *context, struct http_request *r, int http_status, const char *detail,
                        struct buf *ret_body, const char **ret_content_type)
{
    buf_append_fmt(ret_body, "shape %d %s", http_status, detail);
    *ret_content_type = "text/shape";
}

#define ROW(m, p, ...)                                                                                       \
    {                                                                                                        \
        .method = m, .pattern = p, .query = "", .access = HTTP_ACCESS_READ, .handle = handle,                \
        .summary = "s", __VA_ARGS__                                                                          \
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
    struct world *w = context;
    w->exchanges++;
    snprintf(w->exchange, sizeof w->exchange, "%.*s %s %s %d %llu %.10s", BYTES_FMT(exchange->method),
             exchange->part ? exchange->part : "-", exchange->pattern ? exchange->pattern : "-",
             exchange->http_status, (unsigned long long)exchange->size, exchange->peer);
    assert_true(exchange->duration_ns >= 0);
}

static void begin(struct world *w)
{
    *w = (struct world){.calls = 0};
    parts[0] = (struct http_part){.name = "app",
                                  .prefix = "",
                                  .claims = "",
                                  .routes = app_rows,
                                  .route_count = ARRAY_SIZE(app_rows),
                                  .body_limits = {10, 20, 30},
                                  .context = w};
    parts[1] = (struct http_part){.name = "pool",
                                  .prefix = "/pools/{pool}",
                                  .claims = "/pools/",
                                  .raw_values = true,
                                  .no_options = true,
                                  .routes = pool_rows,
                                  .route_count = ARRAY_SIZE(pool_rows),
                                  .write_error = write_shape,
                                  .context = w};
    rig_start_bare(&w->rig, NULL);
    http_router_init(&w->router, parts, ARRAY_SIZE(parts));
    assert_int_equal(http_server_mount(w->rig.server, "", &w->router.handler), STATUS_OK);
    http_server_on_exchange(w->rig.server, on_exchange, w);
}

static void end(struct world *w)
{
    rig_stop(&w->rig);
}

/* Says `request` on a connection of its own and hears all of `wanted`; returns without the connection. */
static void expect(struct world *w, const char *request, const char *const *wanted)
{
    struct client c = client_of(&w->rig);
    client_say(&c, request);
    client_await(&c, "\r\n\r\n");
    for (; *wanted; wanted++)
        client_await(&c, *wanted);
    client_hang_up(&c);
    RIG_WAIT(&w->rig, http_server_connection_count(w->rig.server) == 0);
}
#define EXPECT(w, request, ...) expect(w, request, (const char *const[]){__VA_ARGS__, NULL})

static void a_handler_knows_its_route_value_and_type(void **state)
{
    struct world w;
    begin(&w);
    EXPECT(&w, "GET /Items//a%20b/ " HOST "\r\n", "200 OK", "/items/{id} value=a b prefix= type=0");
    EXPECT(&w, "POST /items " HOST "Content-Type: text/json\r\nContent-Length: 2\r\n\r\n{}", "200 OK",
           "/items value= prefix= type=1 body={}");
    EXPECT(&w, "GET /pools/p/files//a/%zz " HOST "\r\n", "200 OK", "value=/a/%zz prefix=/pools/p type=0");
    EXPECT(&w, "HEAD /items/x " HOST "\r\n", "200 OK", "Content-Length: ");
    EXPECT(&w, "POST /plain " HOST "\r\n", "200 OK");
    assert_int_equal(w.calls, 5);
    end(&w);
}

static void what_is_no_route_is_refused_in_the_shape_of_its_service(void **state)
{
    struct world w;
    begin(&w);
    EXPECT(&w, "GET /nothing " HOST "\r\n", "HTTP/1.1 404 ", "urn:sallyport:problem:no-such-route",
           "GET /items/{id}, DELETE /items/{id}, POST /items, POST /plain");
    EXPECT(&w, "GET /pools/x " HOST "\r\n", "HTTP/1.1 404 ", "text/shape", "shape 404 There is no such route",
           "GET /files/{name*}, POST /run");
    EXPECT(&w, "PUT /items/x " HOST "\r\n", "HTTP/1.1 405 ", "Allow: GET, HEAD, DELETE\r\n",
           "This path takes: GET, HEAD, DELETE.");
    EXPECT(&w, "GET /pools/p/run " HOST "\r\n", "HTTP/1.1 405 ", "Allow: POST\r\n", "shape 405");
    EXPECT(&w, "GET /items/%zz " HOST "\r\n", "HTTP/1.1 400 ");
    EXPECT(&w, "GET /items/a%00b " HOST "\r\n", "HTTP/1.1 400 ");
    EXPECT(&w, "GET /items/100% " HOST "\r\n", "HTTP/1.1 400 ");
    assert_int_equal(w.calls, 0);
    end(&w);
}

static void a_body_is_refused_by_its_head(void **state)
{
    struct world w;
    begin(&w);
    /* the bodies never come */
    EXPECT(&w, "POST /items " HOST TYPE "Content-Length: 5\r\n\r\n", "HTTP/1.1 415 ", "application/json");
    EXPECT(&w,
           "POST /items " HOST "Content-Type: application/json;charset=utf-16\r\nContent-Length: 5\r\n\r\n",
           "HTTP/1.1 415 ");
    EXPECT(&w, "POST /items " HOST "\r\n", "HTTP/1.1 415 ");
    EXPECT(&w, "POST /items " HOST "Content-Type: application/json\r\nContent-Length: 21\r\n\r\n",
           "HTTP/1.1 413 ");
    EXPECT(&w, "POST /plain " HOST TYPE "Content-Length: 11\r\n\r\n", "HTTP/1.1 413 ");
    EXPECT(&w, "POST /none " HOST TYPE "Content-Length: 1\r\n\r\n", "HTTP/1.1 404 ", "Connection: close\r\n");
    assert_int_equal(w.calls, 0);
    end(&w);
}

static void options_tell_the_methods(void **state)
{
    struct world w;
    begin(&w);
    EXPECT(&w, "OPTIONS /items/x " HOST "\r\n", "HTTP/1.1 204 ", "Allow: GET, HEAD, DELETE\r\n");
    EXPECT(&w, "OPTIONS * " HOST "\r\n", "HTTP/1.1 204 ");
    EXPECT(&w, "OPTIONS /nothing " HOST "\r\n", "HTTP/1.1 404 ");
    EXPECT(&w, "OPTIONS /pools/p/run " HOST "\r\n", "HTTP/1.1 405 ", "Allow: POST\r\n"); /* no_options */
    assert_int_equal(w.calls, 0);
    end(&w);
}

static void a_refusal_keeps_the_connection_unless_a_body_follows(void **state)
{
    struct world w;
    begin(&w);
    struct client c = client_of(&w.rig);
    client_say(&c, "GET /nothing " HOST "\r\nGET /items/%zz " HOST "\r\nGET /items/x " HOST "\r\n");
    client_await(&c, "value=x");
    assert_true(client_heard(&c, "HTTP/1.1 404 ") && client_heard(&c, "HTTP/1.1 400 "));
    assert_false(client_heard(&c, "Connection: close"));
    client_hang_up(&c);
    end(&w);
}

static void a_page_may_be_linked_to_and_data_not(void **state)
{
    struct world w;
    begin(&w);
#define LINK "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n"
    EXPECT(&w, "GET / " HOST LINK, "HTTP/1.1 200 ");
    EXPECT(&w, "GET /items/x " HOST LINK, "HTTP/1.1 403 ");
    EXPECT(&w, "GET /nothing " HOST LINK, "HTTP/1.1 403 "); /* not even what there is */
    assert_int_equal(w.calls, 1);
    end(&w);
}

static void each_exchange_is_reported_without_what_the_peer_chose(void **state)
{
    struct world w;
    begin(&w);
    EXPECT(&w, "GET /items/secret?token=secret " HOST "\r\n", "200 OK");
    assert_string_equal(w.exchange, "GET app /items/{id} 200 45 127.0.0.1:");
    EXPECT(&w, "GET /secret " HOST "\r\n", "HTTP/1.1 404 ");
    assert_non_null(strstr(w.exchange, "GET app - 404 "));
    EXPECT(&w, "nonsense\r\n\r\n", "HTTP/1.1 400 ");
    assert_non_null(strstr(w.exchange, " 400 "));
    assert_int_equal(w.exchanges, 3);
    assert_null(strstr(w.exchange, "secret"));
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handler_knows_its_route_value_and_type),
        cmocka_unit_test(what_is_no_route_is_refused_in_the_shape_of_its_service),
        cmocka_unit_test(a_body_is_refused_by_its_head),
        cmocka_unit_test(options_tell_the_methods),
        cmocka_unit_test(a_refusal_keeps_the_connection_unless_a_body_follows),
        cmocka_unit_test(a_page_may_be_linked_to_and_data_not),
        cmocka_unit_test(each_exchange_is_reported_without_what_the_peer_chose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
