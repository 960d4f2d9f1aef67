/* SPDX-License-Identifier: MIT */
/* webhook_target_test.c — RP-43: what URLs mean by their format. If it fails, a message goes to another topic or another mailbox than the
 * operator wrote, or to one that a URL smuggles in. */
#include "svc/webhook/webhook_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* RP-43. */
static void test_what_is_read(void **state)
{
    static const struct {
        const char *format, *url, *posted, *topic, *mailbox;
    } rows[] = {
        {"cloudevents", "https://h.example/x?y", "https://h.example/x?y", "", ""},
        {"slack", "https://h.example", "https://h.example", "", ""},
        {"ntfy", "https://ntfy.sh/alerts", "https://ntfy.sh/", "alerts", ""},
        {"ntfy", "https://h.example:8443/below/a-1_B", "https://h.example:8443/below/", "a-1_B", ""},
        {"email", "mailto:mina@example.org", "", "", "mina@example.org"},
        {"email", "MAILTO:a+b@x.example", "", "", "a+b@x.example"},
    };
    struct webhook_target target;
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_null(webhook_target_read(rows[i].format, rows[i].url, &target));
        assert_string_equal(target.url, rows[i].posted);
        assert_string_equal(target.topic, rows[i].topic);
        assert_string_equal(target.mailbox, rows[i].mailbox);
    }
}

/* RP-43. */
static void test_what_is_none(void **state)
{
    static const char *const rows[][2] = {
        {"cloudevents", "mailto:mina@example.org"},
        {"teams", "smtp://h.example"},
        {"ntfy", "https://ntfy.sh"},
        {"ntfy", "https://ntfy.sh/"},
        {"ntfy", "https://ntfy.sh/a/"},
        {"ntfy", "https://ntfy.sh/a?b=c"},
        {"ntfy", "https://ntfy.sh?a/b"},
        {"ntfy", "https://ntfy.sh/a b"},
        {"ntfy", "https://ntfy.sh/a%0ab"},
        {"ntfy",
         "https://ntfy.sh/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {"ntfy", "mailto:mina@example.org"},
        {"email", "https://h.example/x"},
        {"email", "mina@example.org"},
        {"email", "mailto:"},
        {"email", "mailto:a@b,c@d"},
        {"email", "mailto:a@b?cc=c@d"},
        {"email", "mailto:a@b\r\nRCPT TO:<c@d>"},
        {"email", "mailto:<a@b>"},
    };
    struct webhook_target target = {.topic = "as it was"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (!webhook_target_read(rows[i][0], rows[i][1], &target))
            fail_msg("%s: \"%s\" is taken", rows[i][0], rows[i][1]);
    assert_string_equal(target.topic, "as it was");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
