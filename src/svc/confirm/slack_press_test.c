/* SPDX-License-Identifier: MIT */
/* slack_press_test.c — payloads that are no press, lists that say two things, and what is said to who pressed. If it fails: somebody
 * votes as another person, or a message keeps its buttons when all is decided. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "svc/confirm/slack_press.h"
#include "wire/json/json.h"

#define PRESS(type, user, action, value)                                                                     \
    "{\"type\":\"" type "\",\"user\":{\"id\":\"" user "\"},\"actions\":[{\"action_id\":\"" action            \
    "\",\"value\":\"" value "\"}]}"

static void test_a_press_is_read(void **state)
{
    (void)state;
    struct slack_press press;
    assert_int_equal(
        slack_press_read(BYTES_LITERAL(PRESS("block_actions", "U0MINA", "sallyport.reject", "AQAA")), &press,
                         NULL),
        STATUS_OK);
    assert_string_equal(press.user, "U0MINA");
    assert_string_equal(press.answer, "reject");
    assert_string_equal(press.value, "AQAA");
}

/* RP-44: where a reply goes is what Slack says, if it is a text that ends. */
static void test_where_replies_go(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"\"https://hooks.slack.com/actions/T/1/x\"", "https://hooks.slack.com/actions/T/1/x"},
        {"\"https://a\\u0000b\"", ""},
        {"7", ""},
        {"null", ""}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct slack_press press;
        char text[512];
        (void)snprintf(
            text, sizeof text,
            "{\"response_url\":%s,\"type\":\"block_actions\",\"user\":{\"id\":\"U1\"},\"actions\":[{"
            "\"action_id\":\"sallyport.approve\",\"value\":\"A\"}]}",
            rows[i][0]);
        assert_int_equal(slack_press_read(bytes_of_cstr(text), &press, NULL), STATUS_OK);
        assert_string_equal(press.response_url, rows[i][1]);
    }
}

static void test_what_is_no_press(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "x",
        PRESS("view_submission", "U0MINA", "sallyport.reject", "A"),
        PRESS("block_actions", "", "sallyport.reject", "A"),
        PRESS("block_actions", "U0 MINA", "sallyport.reject", "A"),
        PRESS("block_actions", "U0=x,U1", "sallyport.reject", "A"),
        PRESS("block_actions", "U00000000000000000000000000000000", "sallyport.reject", "A"),
        PRESS("block_actions", "U0MINA", "sallyport.open", "A"),
        PRESS("block_actions", "U0MINA", "sallyport.reject", ""),
        PRESS("block_actions", "U0MINA", "sallyport.reject", "A\\u0000B"),
        "{\"type\":\"block_actions\",\"user\":{\"id\":\"U1\"},\"actions\":["
        "{\"action_id\":\"sallyport.approve\",\"value\":\"A\"},"
        "{\"action_id\":\"sallyport.reject\",\"value\":\"A\"}]}"};
    struct slack_press press;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_int_equal(slack_press_read(bytes_of_cstr(texts[i]), &press, NULL), STATUS_MALFORMED);
}

static void test_people_by_their_users(void **state)
{
    (void)state;
    const struct bytes list = BYTES_LITERAL("U1=mina,  U2 = noor@example.org ,U11=otto");
    char name[SLACK_PERSON_SIZE];
    assert_true(slack_people_are_sound(list));
    assert_true(slack_person_find(list, "U2", name));
    assert_string_equal(name, "noor@example.org");
    assert_true(slack_person_find(list, "U1", name));
    assert_string_equal(name, "mina");
    assert_false(slack_person_find(list, "U", name));
    assert_false(slack_person_find(list, "u1", name));
    assert_false(slack_person_find((struct bytes){0}, "U1", name));
    static const char *const bad[] = {
        "", "U1", "U1=", "=mina", "U1=mina,", "U1=mina,U1=noor", "U 1=mina", "U1=mina,,U2=noor"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(slack_people_are_sound(bytes_of_cstr(bad[i])));
    assert_false(slack_people_are_sound(BYTES_LITERAL("U1=\0mina")));
}

static void test_a_message_retires_without_buttons(void **state)
{
    (void)state;
    struct buf out = {0};
    json_t *request = json_pack("{s:s, s:s, s:s, s:{s:b, s:s}}", "id", "7f3a", "state", "approved", "purpose",
                                "churn <!here>", "decision", "approved", 1, "by", "mina");
    assert_int_equal(slack_answer_retired(request, &out), STATUS_OK);
    json_t *answer = NULL;
    assert_int_equal(json_parse(buf_peek(&out), NULL, &answer, NULL), STATUS_OK);
    assert_true(json_is_true(json_object_get(answer, "replace_original")));
    assert_string_equal(json_string_value(json_object_get(answer, "text")), "Approved: churn &lt;!here&gt;");
    assert_int_equal(bytes_find(buf_peek(&out), BYTES_LITERAL("\"button\"")), out.size);
    assert_true(bytes_find(buf_peek(&out), BYTES_LITERAL("mina")) < out.size);
    json_decref(answer);
    json_decref(request);
    buf_fini(&out);
}

static void test_words_for_one_alone(void **state)
{
    (void)state;
    struct buf out = {0};
    json_t *answer = NULL;
    slack_answer_privately("No.", &out);
    assert_int_equal(json_parse(buf_peek(&out), NULL, &answer, NULL), STATUS_OK);
    assert_true(json_is_false(json_object_get(answer, "replace_original")));
    assert_string_equal(json_string_value(json_object_get(answer, "response_type")), "ephemeral");
    json_decref(answer);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_press_is_read),
        cmocka_unit_test(test_where_replies_go),
        cmocka_unit_test(test_what_is_no_press),
        cmocka_unit_test(test_people_by_their_users),
        cmocka_unit_test(test_a_message_retires_without_buttons),
        cmocka_unit_test(test_words_for_one_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
