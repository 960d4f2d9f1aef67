/* SPDX-License-Identifier: MIT */
/* site_test.c — who may ask, row by row. If one of these rows turns, a web page drives somebody's server, or
 * an honest client is turned away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "wire/http1/site.h"

static const struct bytes names[] = {BYTES_LITERAL("pool.example"), BYTES_LITERAL("10.1.2.3"),
                                     BYTES_LITERAL("fe80::7")};
static const struct site with_names = {.names = names, .name_count = ARRAY_SIZE(names)};
static const struct site plain = {0};
static const struct site everywhere = {.any_address = true};

static struct bytes value(const char *text)
{
    return text ? bytes_of_cstr(text) : (struct bytes){0};
}

static void a_host_is_known_by_name_and_at_any_port(void **state)
{
    static const struct {
        const struct site *site;
        const char *authority;
        bool known;
    } cases[] = {
        {&plain, "localhost", true},
        {&plain, "LocalHost:8080", true},
        {&plain, "localhost:", true},
        {&plain, "127.0.0.1:1", true},
        {&plain, "[::1]:65535", true},
        {&plain, "[::1]", true},
        /* a name that somebody else's DNS answers for */
        {&plain, "evil.example", false},
        {&plain, "evil.example:8080", false},
        {&plain, "localhost.evil.example", false},
        {&plain, "127.0.0.1.evil.example", false},
        {&plain, "evil.localhost", false},
        {&plain, "localhost.", false},
        {&plain, "pool.example", false},
        /* other spellings of loopback: not ours, nobody honest sends them */
        {&plain, "127.0.0.2", false},
        {&plain, "127.1", false},
        {&plain, "0.0.0.0", false},
        {&plain, "2130706433", false},
        {&plain, "[::ffff:127.0.0.1]", false},
        /* what is not an authority */
        {&plain, "", false},
        {&plain, ":8080", false},
        {&plain, "[]", false},
        {&plain, "[::1", false},
        {&plain, "::1", false},
        {&plain, "[::1]8080", false},
        {&plain, "[localhost]", false},
        {&plain, "localhost:65536", false},
        {&plain, "localhost:80a", false},
        {&plain, "localhost:080808", false},
        {&plain, "localhost@evil.example", false},
        {&plain, "evil.example@localhost", false},
        {&plain, "localhost, evil.example", false},
        {&plain, "local host", false},
        {&plain, "localhost/", false},
        /* configured */
        {&with_names, "Pool.Example:443", true},
        {&with_names, "10.1.2.3:80", true},
        {&with_names, "[fe80::7]:80", true},
        {&with_names, "localhost", true},
        {&with_names, "a.pool.example", false},
        {&with_names, "10.1.2.33", false},
        /* a server on all addresses is known by every address, and by no other name */
        {&everywhere, "192.168.7.9:8080", true},
        {&everywhere, "[2001:db8::1]:8080", true},
        {&everywhere, "evil.example", false},
        {&everywhere, "1.2.3.evil", false},
        {&everywhere, "1.2.3", false},
        {&everywhere, "1.2.3.4.5", false},
        {&everywhere, "1..2.3.4", false},
        {&everywhere, "1234.2.3.4", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (site_knows(cases[i].site, value(cases[i].authority)) != cases[i].known)
            fail_msg("\"%s\" is%s known", cases[i].authority, cases[i].known ? " not" : "");
}

static void a_request_is_judged_by_what_a_page_cannot_forge(void **state)
{
    static const struct {
        const struct site *site;
        const char *method, *host, *origin, *fetch_site, *fetch_mode, *fetch_dest;
        enum site_verdict verdict;
    } cases[] = {
        /* programs */
        {&plain, "GET", "localhost:8080", NULL, NULL, NULL, NULL, SITE_OWN},
        {&plain, "POST", "127.0.0.1:8080", NULL, NULL, NULL, NULL, SITE_OWN},
        {&plain, "GET", NULL, NULL, NULL, NULL, NULL, SITE_OWN}, /* HTTP/1.0 */
        {&plain, "GET", NULL, "http://localhost", NULL, NULL, NULL, SITE_FOREIGN},
        {&plain, "GET", "", NULL, NULL, NULL, NULL, SITE_UNKNOWN_HOST},
        /* a rebinding page is of one origin with itself; the host gives it away */
        {&plain, "GET", "evil.example", NULL, NULL, NULL, NULL, SITE_UNKNOWN_HOST},
        {&plain, "POST", "evil.example:8080", "http://evil.example:8080", "same-origin", "cors", "empty",
         SITE_UNKNOWN_HOST},
        /* our own page */
        {&plain, "POST", "localhost:8080", "http://localhost:8080", "same-origin", "cors", "empty", SITE_OWN},
        {&plain, "POST", "LOCALHOST", "http://localhost:80", "same-origin", NULL, NULL, SITE_OWN},
        {&plain, "POST", "[::1]:80", "http://[::1]", NULL, NULL, NULL, SITE_OWN},
        {&plain, "GET", "localhost:8080", NULL, "none", "navigate", "document", SITE_OWN},
        {&plain, "POST", "localhost:8080", "http://localhost:8080", "cross-site", NULL, NULL, SITE_FOREIGN},
        /* another port, scheme or name is another site */
        {&plain, "POST", "localhost:8080", "http://localhost:3000", "same-site", "cors", "empty",
         SITE_FOREIGN},
        {&plain, "POST", "localhost:8080", "http://localhost", NULL, NULL, NULL, SITE_FOREIGN},
        {&plain, "POST", "localhost:8080", "https://localhost:8080", NULL, NULL, NULL, SITE_FOREIGN},
        {&plain, "POST", "localhost:8080", "http://127.0.0.1:8080", NULL, NULL, NULL, SITE_FOREIGN},
        {&plain, "POST", "localhost:8080", "http://evil.example", "cross-site", "cors", "empty",
         SITE_FOREIGN},
        {&plain, "POST", "localhost:8080", "http://evil.example", NULL, NULL, NULL, SITE_FOREIGN},
        {&plain, "POST", "localhost:8080", "HTTP://localhost:8080", NULL, NULL, NULL, SITE_FOREIGN},
        {&plain, "POST", "localhost:8080", "http://localhost:8080/", NULL, NULL, NULL, SITE_FOREIGN},
        {&plain, "POST", "localhost:8080", "http://localhost:8080 http://evil", NULL, NULL, NULL,
         SITE_FOREIGN},
        {&plain, "POST", "localhost:8080", "http://evil@localhost:8080", NULL, NULL, NULL, SITE_FOREIGN},
        /* sandboxed frames, local files, extensions */
        {&plain, "POST", "localhost:8080", "null", "cross-site", "cors", "empty", SITE_FOREIGN},
        {&plain, "GET", "localhost:8080", "null", NULL, NULL, NULL, SITE_FOREIGN},
        {&plain, "POST", "localhost:8080", "file://", NULL, NULL, NULL, SITE_FOREIGN},
        {&plain, "POST", "localhost:8080", "", NULL, NULL, NULL, SITE_FOREIGN},
        {&plain, "POST", "localhost:8080", "chrome-extension://abcdef", "none", NULL, NULL, SITE_FOREIGN},
        /* images, scripts, frames and forms that read, which have no Origin */
        {&plain, "GET", "localhost:8080", NULL, "cross-site", "no-cors", "image", SITE_FOREIGN},
        {&plain, "GET", "localhost:8080", NULL, "same-site", "no-cors", "script", SITE_FOREIGN},
        {&plain, "GET", "localhost:8080", NULL, "cross-site", "navigate", "iframe", SITE_FOREIGN},
        {&plain, "HEAD", "localhost:8080", NULL, "cross-site", "no-cors", "empty", SITE_FOREIGN},
        {&plain, "OPTIONS", "localhost:8080", "http://evil.example", "cross-site", "cors", "empty",
         SITE_FOREIGN},
        {&plain, "GET", "localhost:8080", NULL, "same-origin, cross-site", "cors", "empty", SITE_FOREIGN},
        {&plain, "GET", "localhost:8080", NULL, "something-new", "navigate", "empty", SITE_FOREIGN},
        /* a link that a person follows */
        {&plain, "GET", "localhost:8080", NULL, "cross-site", "navigate", "document", SITE_VISIT},
        {&plain, "GET", "localhost:8080", NULL, "same-site", "navigate", "document", SITE_VISIT},
        {&plain, "POST", "localhost:8080", NULL, "cross-site", "navigate", "document", SITE_FOREIGN},
        {&plain, "GET", "localhost:8080", "http://evil.example", "cross-site", "navigate", "document",
         SITE_FOREIGN},
        /* behind a proxy with a certificate, which passes the name on */
        {&with_names, "POST", "pool.example", "https://pool.example", "same-origin", NULL, NULL, SITE_OWN},
        {&with_names, "POST", "pool.example:444", "https://pool.example:444", NULL, NULL, NULL, SITE_OWN},
        {&with_names, "POST", "pool.example", "https://pool.example:444", NULL, NULL, NULL, SITE_FOREIGN},
        {&with_names, "POST", "pool.example", "https://localhost", NULL, NULL, NULL, SITE_FOREIGN},
        {&everywhere, "POST", "192.168.7.9:80", "http://192.168.7.9", NULL, NULL, NULL, SITE_OWN},
        {&everywhere, "POST", "192.168.7.9:80", "http://192.168.7.8", NULL, NULL, NULL, SITE_FOREIGN},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct site_request request = {
            .method = value(cases[i].method),
            .host = value(cases[i].host),
            .origin = value(cases[i].origin),
            .fetch_site = value(cases[i].fetch_site),
            .fetch_mode = value(cases[i].fetch_mode),
            .fetch_dest = value(cases[i].fetch_dest),
        };
        enum site_verdict verdict = site_judge(cases[i].site, &request);
        if (verdict != cases[i].verdict)
            fail_msg("row %zu is judged %d, not %d", i, verdict, cases[i].verdict);
    }
}

static void a_name_that_can_be_configured_is_a_bare_host(void **state)
{
    static const char *const good[] = {"pool.example", "pool_1", "10.0.0.1", "::1", "2001:db8::1"};
    static const char *const bad[] = {"",   "pool.example:80", "[::1]", "*.example", "http://pool", "a b",
                                      "a/b"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(site_name_valid(value(good[i])));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(site_name_valid(value(bad[i])));
}

/* One port speaks both: a page that came in clear text could be anybody's on the way, and may not act on what is
 * protected. */
static void a_page_in_clear_text_is_foreign_to_tls(void **state)
{
    const struct site site = {.name_count = 0};
    struct site_request request = {.method = BYTES_LITERAL("POST"),
                                   .host = BYTES_LITERAL("localhost:8080"),
                                   .origin = BYTES_LITERAL("https://localhost:8080"),
                                   .secure = true};
    assert_int_equal(site_judge(&site, &request), SITE_OWN);
    request.origin = BYTES_LITERAL("http://localhost:8080");
    assert_int_equal(site_judge(&site, &request), SITE_FOREIGN);
    request.origin = BYTES_LITERAL("https://evil.example");
    assert_int_equal(site_judge(&site, &request), SITE_FOREIGN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_known_by_name_and_at_any_port),
        cmocka_unit_test(a_request_is_judged_by_what_a_page_cannot_forge),
        cmocka_unit_test(a_page_in_clear_text_is_foreign_to_tls),
        cmocka_unit_test(a_name_that_can_be_configured_is_a_bare_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
