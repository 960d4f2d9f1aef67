/* SPDX-License-Identifier: MIT */
/* event_test.c — filters of webhooks. If it fails, a target misses an event that it asked for, or a typing error is taken. */
#include "core/notice/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_filters(void **state)
{
    static const struct {
        const char *filter, *type;
        bool sound, wants;
    } rows[] = {
        {"*", "sallyport.request.vote", true, true},
        {"*", "other.request.vote", true, false},
        {"request.*", "sallyport.request.vote", true, true},
        {"request.*", "sallyport.webhook.ping", true, false},
        {"request.*", "sallyport.request.", true, false},
        {"request.approved", "sallyport.request.approved", true, true},
        {"request.approved", "sallyport.request.rejected", true, false},
        {"request.approve", "sallyport.request.approved", false, false},
        {"request.app*", "sallyport.request.approved", false, false},
        {"request", "sallyport.request.approved", false, false},
        {"sallyport.request.approved", "sallyport.request.approved", false, false},
        {"", "sallyport.", false, true},
        {".*", "sallyport.request.approved", false, false},
        {"webhook.*", "sallyport.webhook.ping", true, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct bytes filter = bytes_of_cstr(rows[i].filter);
        if (notice_filter_is_sound(filter) != rows[i].sound ||
            notice_filter_wants(filter, bytes_of_cstr(rows[i].type)) != rows[i].wants)
            fail_msg("row %zu: \"%s\" and %s", i, rows[i].filter, rows[i].type);
    }
}

/* What the book tells (store/review) and doc/api.md lists. */
static void test_every_event_is_wanted_by_its_name(void **state)
{
    size_t count = 0;
    (void)state;
    for (; notice_event_name(count); count++) {
        char type[80] = NOTICE_EVENT_PREFIX;
        strncat(type, notice_event_name(count), sizeof type - strlen(type) - 1);
        assert_true(notice_filter_wants(bytes_of_cstr(notice_event_name(count)), bytes_of_cstr(type)));
    }
    assert_int_equal(count, 17);
}

/* RP-43: these lead to where one answers. */
static void test_what_asks(void **state)
{
    (void)state;
    assert_true(notice_event_asks(BYTES_LITERAL("sallyport.request.waiting")));
    assert_true(notice_event_asks(BYTES_LITERAL("sallyport.request.reminder")));
    assert_false(notice_event_asks(BYTES_LITERAL("sallyport.request.approved")));
    assert_false(notice_event_asks(BYTES_LITERAL("request.waiting")));
    assert_false(notice_event_asks((struct bytes){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_every_event_is_wanted_by_its_name),
        cmocka_unit_test(test_what_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
