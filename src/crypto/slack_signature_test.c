/* SPDX-License-Identifier: MIT */
/* slack_signature_test.c — the example of Slack's own pages, and everything beside it. If it fails: somebody who is not Slack presses
 * buttons, or a press that was overheard is made again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "crypto/slack_signature.h"

/* docs.slack.dev, "Verifying requests from Slack". */
#define SECRET    BYTES_LITERAL("8f742231b10e8888abcd99yyyzzz85a5")
#define TIMESTAMP BYTES_LITERAL("1531420618")
#define NOW       1531420618
#define BODY                                                                                                 \
    BYTES_LITERAL(                                                                                           \
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"     \
        "channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"       \
        "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%"                  \
        "2F96rGlfmibIGlgcZRskXaIFfN&"                                                                        \
        "trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c")
#define SIGNATURE BYTES_LITERAL("v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503")

static void test_the_example_of_the_pages(void **state)
{
    (void)state;
    assert_true(slack_signature_holds(SECRET, TIMESTAMP, BODY, SIGNATURE, NOW));
}

static void test_only_for_five_minutes(void **state)
{
    (void)state;
    assert_true(slack_signature_holds(SECRET, TIMESTAMP, BODY, SIGNATURE, NOW + SLACK_WINDOW_S - 1));
    assert_false(slack_signature_holds(SECRET, TIMESTAMP, BODY, SIGNATURE, NOW + SLACK_WINDOW_S));
    assert_false(slack_signature_holds(SECRET, TIMESTAMP, BODY, SIGNATURE, NOW - SLACK_WINDOW_S));
}

static void test_nothing_else_holds(void **state)
{
    (void)state;
    struct bytes signature = SIGNATURE;
    char changed[SLACK_SIGNATURE_SIZE];
    for (size_t i = 0; i < signature.size; i++) {
        memcpy(changed, signature.data, sizeof changed);
        changed[i] = (char)(changed[i] ^ 1);
        assert_false(slack_signature_holds(SECRET, TIMESTAMP, BODY, bytes_of(changed, sizeof changed), NOW));
    }
    assert_false(slack_signature_holds(SECRET, TIMESTAMP, BODY, bytes_slice(signature, 0, 66), NOW));
    assert_false(slack_signature_holds(SECRET, TIMESTAMP, BODY, (struct bytes){0}, NOW));
    assert_false(slack_signature_holds(SECRET, TIMESTAMP, bytes_slice(BODY, 1, SIZE_MAX), SIGNATURE, NOW));
    assert_false(slack_signature_holds(BYTES_LITERAL("another"), TIMESTAMP, BODY, SIGNATURE, NOW));
    assert_false(slack_signature_holds((struct bytes){0}, TIMESTAMP, BODY, SIGNATURE, NOW));
    static const char *const times[] = {"",    "-1531420618",         "1531420618 ", "1531420618000",
                                        "now", "99999999999999999999"};
    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        assert_false(slack_signature_holds(SECRET, bytes_of_cstr(times[i]), BODY, SIGNATURE, NOW));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_example_of_the_pages),
        cmocka_unit_test(test_only_for_five_minutes),
        cmocka_unit_test(test_nothing_else_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
