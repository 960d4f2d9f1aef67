/* SPDX-License-Identifier: MIT */
/* http_inner_test.c — a request of the process to its own server: /outer asks for what its query says, and hands on what came. */
#include "lib/http_server_rig.h"
#include "net/http_inner.h"

#define ANSWER_CAPACITY 1000 /* bytes */

struct inner_world {
    struct http_rig rig;
    struct http_inner *inner;
    struct http_request *outer;
    struct http_request *kept; /* what /keep does not answer */
    int answers;
    int gone; /* of what /keep keeps */
};

static void on_answer(void *context, const struct http_inner_answer *answer)
{
    struct inner_world *world = context;
    char text[ANSWER_CAPACITY + 200];
    world->inner = NULL;
    world->answers++;
    snprintf(text, sizeof text, "inner %d %.*s: %.*s", answer->http_status, BYTES_FMT(answer->content_type),
             BYTES_FMT(answer->body));
    http_respond(world->outer, 200, "text/plain", b(text));
}

static void on_outer_gone(void *context)
{
    struct inner_world *world = context;
    http_inner_cancel(world->inner);
    world->inner = NULL;
}

static void on_kept_gone(void *context)
{
    struct inner_world *world = context;
    world->gone++;
    world->kept = NULL;
}

/* /outer?to=TARGET[&as=AUTHORIZATION] */
static void ask(struct inner_world *world, struct http_request *request)
{
    struct err err = {0};
    struct bytes body = http_request_body(request);
    const struct http_inner_request inner = {.method = body.size ? "POST" : "GET",
                                             .target = http_request_query(request, "to"),
                                             .content_type = body.size ? "text/plain" : NULL,
                                             .body = body,
                                             .authorization = http_request_query(request, "as")};
    world->outer = request;
    http_request_on_gone(request, on_outer_gone, world);
    enum status status = http_inner_ask(world->rig.server, request, &inner, ANSWER_CAPACITY, on_answer, world,
                                        &world->inner, &err);
    if (status != STATUS_OK)
        http_respond(request, 200, "text/plain", b(err.text));
}

static void on_request(void *context, struct http_request *request)
{
    struct inner_world *world = context;
    char text[300];
    struct bytes path = http_request_path(request);
    if (bytes_equal_cstr(path, "/outer")) {
        ask(world, request);
    } else if (bytes_equal_cstr(path, "/keep")) {
        world->kept = request;
        http_request_on_gone(request, on_kept_gone, world);
    } else if (bytes_equal_cstr(path, "/large")) {
        char large[ANSWER_CAPACITY + 1] = {0};
        http_respond(request, 200, "text/plain", bytes_of(large, sizeof large));
    } else {
        snprintf(text, sizeof text, "%.*s %.*s host=%.*s authorization=%.*s origin=%zu body=%.*s",
                 BYTES_FMT(http_request_method(request)), BYTES_FMT(path),
                 BYTES_FMT(http_request_header(request, "host")),
                 BYTES_FMT(http_request_header(request, "authorization")),
                 http_request_header(request, "origin").size, BYTES_FMT(http_request_body(request)));
        http_respond(request, 201, "text/seen", b(text));
    }
}

static void begin(struct inner_world *world)
{
    *world = (struct inner_world){.answers = 0};
    rig_start_bare(&world->rig, NULL);
    const struct http_handler handler = {.on_request = on_request, .context = world};
    http_server_serve(world->rig.server, &handler);
}

static void an_answer_comes_back(void **state)
{
    struct inner_world world;
    begin(&world);
    struct client client = client_of(&world.rig);
    client_say(&client, "GET /outer?to=/seen%3Fa=b HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer k\r\n\r\n");
    client_await(&client, "inner 201 text/seen: GET /seen host=h authorization=Bearer k origin=0 body=");
    client_forget(&client);
    client_say(&client, "POST /outer?to=/seen " HOST TYPE "Content-Length: 3\r\n\r\nabc");
    client_await(&client, "inner 201 text/seen: POST /seen host=h authorization= origin=0 body=abc");
    assert_int_equal(world.answers, 2);
    client_hang_up(&client);
    rig_stop(&world.rig);
}

/* If it fails: a service that acts for somebody asks with the rights of whoever happens to ask it. */
static void who_is_stood_in_for_asks_instead(void **state)
{
    struct inner_world world;
    begin(&world);
    struct client client = client_of(&world.rig);
    client_say(
        &client,
        "GET /outer?to=/seen&as=Bearer%20other HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer k\r\n\r\n");
    client_await(&client, "inner 201 text/seen: GET /seen host=h authorization=Bearer other origin=0 body=");
    client_forget(&client);
    client_say(&client, "GET /outer?to=/seen&as=Bearer%20x%0d%0aX:%20y " HOST "\r\n");
    client_await(&client, "the credentials of a request are more than one line");
    assert_int_equal(world.answers, 1);
    client_hang_up(&client);
    rig_stop(&world.rig);
}

static void a_target_cannot_end_its_line(void **state)
{
    struct inner_world world;
    begin(&world);
    struct client client = client_of(&world.rig);
    client_say(&client, "GET /outer?to=/a%0d%0aX:%20y " HOST "\r\n");
    client_await(&client, "the target of a request is no single word");
    client_forget(&client);
    client_say(&client, "GET /outer?to= " HOST "\r\n");
    client_await(&client, "the target of a request is no single word");
    client_hang_up(&client);
    rig_stop(&world.rig);
}

static void an_answer_over_its_limit_is_none(void **state)
{
    struct inner_world world;
    begin(&world);
    struct client client = client_of(&world.rig);
    client_say(&client, "GET /outer?to=/large " HOST "\r\n");
    client_await(&client, "inner 0 : ");
    client_hang_up(&client);
    rig_stop(&world.rig);
}

static void who_asked_goes_and_the_inner_request_with_it(void **state)
{
    struct inner_world world;
    begin(&world);
    struct client client = client_of(&world.rig);
    client_say(&client, "GET /outer?to=/keep " HOST "\r\n");
    RIG_WAIT(&world.rig, world.kept != NULL);
    client_hang_up(&client);
    RIG_WAIT(&world.rig, world.gone == 1);
    assert_null(world.inner);
    assert_int_equal(world.answers, 0);
    rig_stop(&world.rig);
}

static void the_end_of_the_server_ends_both(void **state)
{
    struct inner_world world;
    begin(&world);
    struct client client = client_of(&world.rig);
    client_say(&client, "GET /outer?to=/keep " HOST "\r\n");
    RIG_WAIT(&world.rig, world.kept != NULL);
    rig_stop(&world.rig);
    assert_int_equal(world.gone, 1);
    client_hang_up(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_back),
        cmocka_unit_test(who_is_stood_in_for_asks_instead),
        cmocka_unit_test(a_target_cannot_end_its_line),
        cmocka_unit_test(an_answer_over_its_limit_is_none),
        cmocka_unit_test(who_asked_goes_and_the_inner_request_with_it),
        cmocka_unit_test(the_end_of_the_server_ends_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
