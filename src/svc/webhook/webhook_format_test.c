/* SPDX-License-Identifier: MIT */
/* webhook_format_test.c — what is sent of an event, by its format. If it fails, a program gets another event than happened, or people get
 * a message that leads nowhere, or a mail whose id is another at each attempt. */
#include "svc/webhook/webhook_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define EVENT                                                                                                \
    "{\"specversion\":\"1.0\",\"id\":\"book-7\",\"type\":\"sallyport.request.waiting\",\"subject\":"         \
    "\"requests/r-1\",\"data\":{\"id\":\"r-1\",\"purpose\":\"churn\"}}"

static const struct webhook_message whole = {.event = BYTES_LITERAL(EVENT),
                                             .event_id = "book-7",
                                             .at_ns = 1795939786000000000,
                                             .base_url = "https://sally.example",
                                             .topic = "alerts",
                                             .from = "sally@ex.example",
                                             .to = "mina@example.org"};

static bool has(const struct buf *out, const char *part)
{
    return bytes_find(buf_peek(out), bytes_of_cstr(part)) < out->size;
}

/* RP-41. */
static void test_an_event_is_sent_as_it_is(void **state)
{
    struct webhook_message message = whole;
    struct buf out = {0};
    const char *type = NULL;
    (void)state;
    message.format = "cloudevents";
    assert_int_equal(webhook_format_write(&message, &out, &type, NULL), STATUS_OK);
    assert_true(bytes_equal_cstr(buf_peek(&out), EVENT));
    assert_string_equal(type, "application/cloudevents+json; charset=utf-8");
    buf_fini(&out);
}

/* RP-43. */
static void test_messages_lead_to_where_one_answers(void **state)
{
    (void)state;
    for (size_t i = 0; webhook_format_name(i); i++) {
        struct webhook_message message = whole;
        struct buf out = {0}, alone = {0};
        const char *type = NULL;
        message.format = webhook_format_name(i);
        assert_true(webhook_format_is_known(message.format));
        assert_int_equal(webhook_format_write(&message, &out, &type, NULL), STATUS_OK);
        if (webhook_format_way(message.format) == WEBHOOK_BY_MAIL) {
            assert_true(
                has(&out, "\r\nMessage-ID: <book-7@ex.example>\r\nIn-Reply-To: <r-1@ex.example>\r\n"));
            assert_true(has(&out, "\r\nDate: Sun, 29 Nov 2026 08:09:46 +0000\r\n"));
        } else if (i > 0) {
            assert_true(has(&out, "https://sally.example/#/confirm/r-1"));
        }
        message.base_url = "";
        assert_int_equal(webhook_format_write(&message, &alone, &type, NULL), STATUS_OK);
        assert_false(has(&alone, "/#/"));
        buf_fini(&alone);
        buf_fini(&out);
    }
}

/* RP-43: who is not asked for an answer is led to where all of it is. */
static void test_what_asks_nothing_leads_to_the_whole_request(void **state)
{
    struct webhook_message message = whole;
    struct buf out = {0};
    const char *type = NULL;
    (void)state;
    message.format = "slack";
    message.event = BYTES_LITERAL("{\"type\":\"sallyport.request.approved\",\"data\":{\"id\":\"r-1\"}}");
    assert_int_equal(webhook_format_write(&message, &out, &type, NULL), STATUS_OK);
    assert_true(has(&out, "https://sally.example/#/requests/r-1"));
    buf_fini(&out);
}

/* RP-43: an id that could be more than one begins no header. */
static void test_threads_of_odd_ids(void **state)
{
    static const char *const ids[] = {"a>\\r\\nBcc: <b@c", "a b", "", "\\u00fc"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        struct webhook_message message = whole;
        struct buf event = {0}, out = {0};
        const char *type = NULL;
        buf_append_fmt(&event, "{\"type\":\"sallyport.request.waiting\",\"data\":{\"id\":\"%s\"}}", ids[i]);
        message.event = buf_peek(&event);
        message.format = "email";
        assert_int_equal(webhook_format_write(&message, &out, &type, NULL), STATUS_OK);
        assert_false(has(&out, "In-Reply-To"));
        assert_false(has(&out, "Bcc"));
        buf_fini(&event);
        buf_fini(&out);
    }
}

/* RP-41. */
static void test_what_cannot_be_sent(void **state)
{
    struct webhook_message message = whole;
    struct buf out = {0};
    struct err err = {0};
    const char *type = NULL;
    (void)state;
    message.format = "xml";
    assert_int_equal(webhook_format_write(&message, &out, &type, &err), STATUS_INVALID_ARGUMENT);
    message.format = "slack";
    message.event = BYTES_LITERAL("{");
    assert_int_equal(webhook_format_write(&message, &out, &type, &err), STATUS_MALFORMED);
    message = whole;
    message.format = "email";
    message.event_id = "a\r\nb";
    assert_int_equal(webhook_format_write(&message, &out, &type, &err), STATUS_INVALID_ARGUMENT);
    message.event_id = whole.event_id;
    message.from = "";
    assert_int_equal(webhook_format_write(&message, &out, &type, &err), STATUS_INVALID_ARGUMENT);
    assert_int_equal(out.size, 0);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_event_is_sent_as_it_is),
        cmocka_unit_test(test_messages_lead_to_where_one_answers),
        cmocka_unit_test(test_what_asks_nothing_leads_to_the_whole_request),
        cmocka_unit_test(test_threads_of_odd_ids),
        cmocka_unit_test(test_what_cannot_be_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
