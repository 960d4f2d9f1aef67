/* SPDX-License-Identifier: MIT */
/* webhook_body_test.c — what a request may say of a webhook, member by member and together. If it fails, what nobody can deliver is taken,
 * or a place inside the network is. */
#include "svc/webhook/webhook_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct notice_hosts nobody;

static const struct webhook_means with_mail = {.hosts = &nobody, .mail = true},
                                  without_mail = {.hosts = &nobody};

/* The object's texts belong to `ret_root`. */
static bool reads(const char *text, bool is_new, json_t **ret_root, struct webhook_body *ret_body)
{
    *ret_root = json_loads(text, JSON_ALLOW_NUL, NULL);
    assert_non_null(*ret_root);
    return webhook_body_read(*ret_root, is_new, ret_body);
}

/* RP-41. */
static void test_defaults_of_a_new_one(void **state)
{
    struct webhook_body body, other;
    json_t *root = NULL, *more = NULL;
    (void)state;
    assert_true(reads("{\"name\":\"a\",\"url\":\"https://h.example/\"}", true, &root, &body));
    assert_true(webhook_body_fits(&body, NULL, &without_mail));
    assert_string_equal(body.draft.format, "cloudevents");
    assert_string_equal(body.draft.events, "*");
    assert_true(notice_secret_is_sound(bytes_of_cstr(body.draft.secret)));
    assert_true(reads("{\"name\":\"a\",\"url\":\"https://h.example/\"}", true, &more, &other));
    assert_string_not_equal(body.secret, other.secret);
    json_decref(root);
    json_decref(more);
    assert_true(reads("{}", false, &root, &body)); /* a change says what it changes */
    assert_null(body.draft.secret);
    assert_null(body.draft.url);
    json_decref(root);
}

/* RP-41. */
static void test_members_that_are_none(void **state)
{
    static const char *const texts[] = {
        "{\"url\":\"https://h.example/\"}",
        "{\"name\":\"a\"}",
        "{\"name\":\"a\",\"url\":7}",
        "{\"name\":\"a b\",\"url\":\"https://h.example/\"}",
        "{\"name\":\"-a\",\"url\":\"https://h.example/\"}",
        "{\"name\":\"a\\u0000b\",\"url\":\"https://h.example/\"}",
        "{\"name\":\"a\",\"url\":\"https://h.example/\",\"state\":\"paused\"}",
        "{\"name\":\"a\",\"url\":\"https://h.example/\",\"colour\":\"red\"}",
        "{\"name\":\"a\",\"url\":\"https://h.example/\",\"format\":\"xml\"}",
        "{\"name\":\"a\",\"url\":\"https://h.example/\",\"events\":[]}",
        "{\"name\":\"a\",\"url\":\"https://h.example/\",\"events\":[\"request.aproved\"]}",
        "{\"name\":\"a\",\"url\":\"https://h.example/\",\"secret\":\"whsec_AAAA\"}",
        "{\"name\":\"a\",\"url\":\"https://h.example/\",\"secret\":false}",
        "{\"name\":\"a\",\"url\":\"https://h.example/\",\"token\":\"a b\"}",
        "{\"name\":\"a\",\"url\":\"https://h.example/\",\"token\":\"a\\r\\nX-B: c\"}",
        "{\"name\":\"a\",\"url\":\"https://h.example/\",\"token\":\"\\u00fc\"}",
        "{\"name\":\"a\",\"url\":\"https://h.example/\",\"token\":7}",
    };
    struct webhook_body body;
    json_t *root = NULL;
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (reads(texts[i], true, &root, &body))
            fail_msg("%s is taken", texts[i]);
        assert_true(body.fault[0]);
        json_decref(root);
    }
}

/* RP-42, RP-43: alone and with what stays of one that is there. */
static void test_what_fits(void **state)
{
    static const struct {
        const char *present, *given;
        bool mail, fits;
    } rows[] = {
        {NULL, "{\"name\":\"a\",\"url\":\"mailto:a@b.example\",\"format\":\"email\"}", true, true},
        {NULL, "{\"name\":\"a\",\"url\":\"mailto:a@b.example\",\"format\":\"email\"}", false, false},
        {NULL, "{\"name\":\"a\",\"url\":\"mailto:a@b.example\",\"format\":\"email\",\"secret\":true}", true,
         false},
        {NULL, "{\"name\":\"a\",\"url\":\"https://n.example/t\",\"format\":\"ntfy\",\"token\":\"x\"}", false,
         true},
        {NULL, "{\"name\":\"a\",\"url\":\"https://n.example/t\",\"token\":\"x\"}", false, false},
        {NULL, "{\"name\":\"a\",\"url\":\"https://n.example/t\",\"token\":null}", false, true},
        {NULL, "{\"name\":\"a\",\"url\":\"http://n.example/t\"}", false, false},
        {NULL, "{\"name\":\"a\",\"url\":\"https://127.0.0.1/t\",\"format\":\"ntfy\"}", false, false},
        {"{\"url\":\"https://h.example/t\",\"format\":\"slack\"}", "{\"format\":\"ntfy\"}", false, true},
        {"{\"url\":\"https://h.example/\",\"format\":\"slack\"}", "{\"format\":\"ntfy\"}", false, false},
        {"{\"url\":\"https://h.example/\",\"format\":\"slack\"}", "{\"format\":\"email\"}", true, false},
        {"{\"url\":\"mailto:a@b.example\",\"format\":\"email\"}", "{\"url\":\"https://h.example/\"}", true,
         false},
        {"{\"url\":\"mailto:a@b.example\",\"format\":\"email\"}", "{\"name\":\"b\"}", true, true},
        {"{\"url\":\"https://h.example/\",\"format\":\"slack\"}", "{\"token\":\"x\"}", true, false},
        {"{\"url\":\"https://h.example/\",\"format\":\"slack\"}", "{\"token\":\"\"}", true, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct webhook_body body;
        json_t *root = NULL, *present = rows[i].present ? json_loads(rows[i].present, 0, NULL) : NULL;
        assert_true(reads(rows[i].given, !present, &root, &body));
        bool fits = webhook_body_fits(&body, present, rows[i].mail ? &with_mail : &without_mail);
        if (fits != rows[i].fits)
            fail_msg("%s: %s", rows[i].given, body.fault);
        assert_true(fits || body.fault[0]);
        json_decref(root);
        json_decref(present);
    }
}

/* Of what there is to choose from only what this server can. */
static void test_formats(void **state)
{
    (void)state;
    json_t *all = webhook_formats_json(&with_mail), *some = webhook_formats_json(&without_mail);
    assert_int_equal(json_array_size(all), json_array_size(some) + 1);
    json_decref(all);
    json_decref(some);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_of_a_new_one),
        cmocka_unit_test(test_members_that_are_none),
        cmocka_unit_test(test_what_fits),
        cmocka_unit_test(test_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
