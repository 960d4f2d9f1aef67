/* SPDX-License-Identifier: MIT */
/* http_server_site_test.c — requests that a web page of somebody else makes do not reach a handler. The rows
 * of the verdict itself are in wire/http1/site_test.c; here: that it is asked, and what follows. */
#include "lib/http_server_rig.h"
#include "lib/tls_rig.h"

static void a_request_for_another_host_is_misdirected(void **state)
{
    struct http_rig rig;
    rig_start(&rig, NULL);
    expect_refusal(&rig, b("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "HTTP/1.1 421 ");
    expect_refusal(&rig, b("GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n"), "HTTP/1.1 421 ");
    expect_refusal(&rig, b("GET / HTTP/1.1\r\nHost:\r\n\r\n"), "HTTP/1.1 421 ");
    /* the target's authority overrules Host (RFC 9112 section 3.2.2) */
    expect_refusal(&rig, b("GET http://evil.example/ " HOST "\r\n"), "HTTP/1.1 421 ");
    expect_refusal(&rig, b("OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "HTTP/1.1 421 ");
    assert_int_equal(rig.requests, 0);

    struct client client = client_of(&rig);
    client_say(&client, "GET http://localhost:99/a HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    client_await(&client, "GET /a query=");
    client_say(&client, "GET /b HTTP/1.0\r\n\r\n"); /* no browser says so little */
    client_await(&client, "GET /b query=");
    client_hang_up(&client);
    rig_stop(&rig);
}

static void a_page_of_another_site_reaches_no_handler(void **state)
{
    static const char *const refused[] = {
        "POST /a " HOST "Origin: http://evil.example\r\n\r\n",
        "POST /a " HOST "Origin: null\r\n\r\n",
        "POST /a " HOST "Origin: http://h:8080\r\n" TYPE "Content-Length: 5\r\n\r\nhello",
        "POST /a " HOST "Sec-Fetch-Site: cross-site\r\n\r\n",
        "POST /a " HOST "Sec-Fetch-Site: same-site\r\n\r\n",
        "DELETE /a " HOST "Origin: http://evil.example\r\n\r\n",
        "GET /a " HOST "Origin: http://evil.example\r\n\r\n",
        "GET /a " HOST
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n\r\n",
        "GET /a " HOST
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n",
        "GET /page " HOST
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n\r\n",
        "OPTIONS /a " HOST "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n",
    };
    struct http_rig rig;
    rig_start(&rig, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        expect_refusal(&rig, b(refused[i]), "HTTP/1.1 403 ");
    assert_int_equal(rig.requests, 0);
    rig_stop(&rig);
}

static void our_own_page_and_a_link_to_a_page_are_served(void **state)
{
    struct http_rig rig;
    rig_start(&rig, NULL);
    struct client client = client_of(&rig);
    client_say(&client, tls_wires_wanted() ? "POST /own-page " HOST "Origin: https://h\r\n"
                                           : "POST /own-page " HOST "Origin: http://h\r\n");
    client_say(&client, "Sec-Fetch-Site: same-origin\r\n\r\n");
    client_await(&client, "POST /own-page query=");
    client_say(&client, "GET /typed " HOST "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n\r\n");
    client_await(&client, "GET /typed query=");
    client_say(&client, "GET /page " HOST "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
                        "Sec-Fetch-Dest: document\r\n\r\n");
    client_await(&client, "GET /page query=");
    client_hang_up(&client);
    rig_stop(&rig);
}

static void a_body_says_what_it_is(void **state)
{
    struct http_rig rig;
    rig_start(&rig, NULL);
    expect_refusal(&rig, b("POST /a " HOST "Content-Length: 5\r\n\r\nhello"), "HTTP/1.1 415 ");
    expect_refusal(&rig, b("POST /a " HOST "Content-Type:\r\nContent-Length: 5\r\n\r\nhello"),
                   "HTTP/1.1 415 ");
    expect_refusal(&rig, b("POST /a " HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "HTTP/1.1 415 ");
    assert_int_equal(rig.requests, 0);
    rig_stop(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_for_another_host_is_misdirected),
        cmocka_unit_test(a_page_of_another_site_reaches_no_handler),
        cmocka_unit_test(our_own_page_and_a_link_to_a_page_are_served),
        cmocka_unit_test(a_body_says_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
