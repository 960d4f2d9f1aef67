/* SPDX-License-Identifier: MIT */
/* slack_replies_test.c — RP-44, RP-42: where replies to presses may go, and when a message retires. If it fails, a press has the server
 * write to anybody, or a message goes on offering what is decided. */
#include "svc/confirm/slack_replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rule_rig.h"
#include "svc/confirm/limit_values.h"
#include "wire/json/json.h"

#define SLACK "https://hooks.slack.com/actions/T/1/"

/* What was sent. */
struct sent {
    size_t count;
    char url[SLACK_URL_SIZE];
    struct buf json;
};

static void keep(void *context, const char *url, struct bytes json)
{
    struct sent *sent = context;
    sent->count++;
    (void)snprintf(sent->url, sizeof sent->url, "%s", url);
    buf_clear(&sent->json);
    buf_append_bytes(&sent->json, json);
}

static struct slack_replies *open_replies(struct book_fixture *rig, const struct notice_hosts *hosts,
                                          struct sent *sent)
{
    struct slack_replies *replies = NULL;
    struct err err = {0};
    const struct slack_replies_options options = {
        .store = rig->store, .hosts = hosts, .send = keep, .context = sent};
    assert_int_equal(slack_replies_create(&options, &replies, &err), STATUS_OK);
    return replies;
}

static void on_stopped(void *context)
{
    *(bool *)context = true;
}

static void close_replies(struct book_fixture *rig, struct slack_replies *replies, struct sent *sent)
{
    bool stopped = false;
    slack_replies_stop(replies, on_stopped, &stopped);
    while (!stopped)
        assert_int_equal(loop_step(rig->loop, 1000, NULL), STATUS_OK);
    slack_replies_destroy(replies);
    buf_fini(&sent->json);
}

/* Jobs come back in order: what was asked before has its answer. */
static void settle(struct book_fixture *rig, const char *id)
{
    json_decref(read_back(rig, id));
    json_decref(read_back(rig, id));
}

static void manifest_of(struct book_fixture *rig, const char *id, char ret_manifest[65])
{
    json_t *request = read_back(rig, id);
    (void)snprintf(ret_manifest, 65, "%s", text_at(request, "manifestSha256"));
    json_decref(request);
}

/* RP-42. */
static void test_where_they_may_go(void **state)
{
    (void)state;
    struct notice_hosts hosts = {0};
    struct err err = {0};
    static const char *const may[] = {SLACK "x", "https://HOOKS.slack.com/x", "http://mine.example:81/x"};
    static const char *const may_not[] = {"",
                                          "http://hooks.slack.com/actions/x",
                                          "https://hooks.slack.com:8443/x",
                                          "https://hooks.slack.com.evil.example/x",
                                          "https://hooks.slack.com@evil.example/x",
                                          "https://evil.example/hooks.slack.com",
                                          "https://xhooks.slack.com/x",
                                          "https://127.0.0.1/x",
                                          "http://mine.example/x",
                                          "file:///etc/passwd"};
    assert_int_equal(notice_hosts_add(&hosts, BYTES_LITERAL("mine.example:81"), &err), STATUS_OK);
    for (size_t i = 0; i < ARRAY_SIZE(may); i++)
        assert_true(slack_replies_may(&hosts, may[i]));
    for (size_t i = 0; i < ARRAY_SIZE(may_not); i++)
        if (slack_replies_may(&hosts, may_not[i]))
            fail_msg("%s", may_not[i]);
}

/* RP-42: and nothing is sent, at once or later. */
static void test_nothing_goes_elsewhere(void **state)
{
    struct book_fixture *rig = *state;
    static const struct notice_hosts nobody;
    struct sent sent = {0};
    struct slack_replies *replies = open_replies(rig, &nobody, &sent);
    assert_false(slack_replies_send(replies, "https://evil.example/x", BYTES_LITERAL("{}")));
    assert_false(slack_replies_send(NULL, SLACK "x", BYTES_LITERAL("{}")));
    (void)DO(submit, .id = "a", .text = "1", .gate = REVIEW_GATE_BEFORE);
    slack_replies_await(replies, "a", "another", "https://evil.example/x");
    settle(rig, "a");
    assert_int_equal(sent.count, 0);
    assert_true(slack_replies_send(replies, SLACK "x", BYTES_LITERAL("{}")));
    assert_int_equal(sent.count, 1);
    close_replies(rig, replies, &sent);
}

/* RP-44: not by what else happens, once by the decision, whoever makes it. */
static void test_a_message_retires_with_the_decision(void **state)
{
    struct book_fixture *rig = *state;
    static const struct notice_hosts nobody;
    struct sent sent = {0};
    char manifest[65];
    (void)DO(apply, .text = "defaults: { approvals: 2 }");
    (void)DO(submit, .id = "a", .text = "1", .gate = REVIEW_GATE_BEFORE);
    manifest_of(rig, "a", manifest);
    struct slack_replies *replies = open_replies(rig, &nobody, &sent);
    slack_replies_await(replies, "a", manifest, SLACK "a");
    (void)DO(vote, .id = "a", .by = &mina, .answer = REVIEW_VOTE_APPROVE);
    settle(rig, "a");
    assert_int_equal(sent.count, 0);

    (void)DO(vote, .id = "a", .by = &noor, .answer = REVIEW_VOTE_REJECT, .text = "no");
    settle(rig, "a");
    assert_int_equal(sent.count, 1);
    assert_string_equal(sent.url, SLACK "a");
    assert_true(bytes_find(buf_peek(&sent.json), BYTES_LITERAL("\"replace_original\":true")) <
                sent.json.size);
    assert_true(bytes_find(buf_peek(&sent.json), BYTES_LITERAL("Rejected")) < sent.json.size);
    (void)DO(submit, .id = "b", .text = "1", .gate = REVIEW_GATE_BEFORE);
    settle(rig, "b");
    assert_int_equal(sent.count, 1);

    /* One that was decided before anybody waited for it retires, too. */
    slack_replies_await(replies, "a", manifest, SLACK "late");
    settle(rig, "a");
    assert_int_equal(sent.count, 2);
    close_replies(rig, replies, &sent);
}

/* RP-44: other bytes are asked about now. */
static void test_a_message_about_other_bytes_retires(void **state)
{
    struct book_fixture *rig = *state;
    static const struct notice_hosts nobody;
    struct sent sent = {0};
    (void)DO(submit, .id = "a", .text = "1", .gate = REVIEW_GATE_BEFORE);
    struct slack_replies *replies = open_replies(rig, &nobody, &sent);
    slack_replies_await(replies, "a", "0000", SLACK "a");
    slack_replies_await(replies, "nobody-has-it", "0000", SLACK "b");
    settle(rig, "a");
    assert_int_equal(sent.count, 1);
    assert_string_equal(sent.url, SLACK "a");
    close_replies(rig, replies, &sent);
}

/* The oldest give way. */
static void test_so_many_are_kept(void **state)
{
    struct book_fixture *rig = *state;
    static const struct notice_hosts nobody;
    struct sent sent = {0};
    char manifest[65], url[64];
    (void)DO(submit, .id = "a", .text = "1", .gate = REVIEW_GATE_BEFORE);
    manifest_of(rig, "a", manifest);
    struct slack_replies *replies = open_replies(rig, &nobody, &sent);
    for (int i = 0; i < SLACK_REPLIES_MAX + 10; i++) {
        (void)snprintf(url, sizeof url, SLACK "%d", i);
        slack_replies_await(replies, "a", manifest, url);
        settle(rig, "a");
    }
    (void)DO(vote, .id = "a", .by = &noor, .answer = REVIEW_VOTE_REJECT, .text = "no");
    settle(rig, "a");
    assert_int_equal(sent.count, SLACK_REPLIES_MAX);
    close_replies(rig, replies, &sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_they_may_go),
        cmocka_unit_test_setup_teardown(test_nothing_goes_elsewhere, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(test_a_message_retires_with_the_decision, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(test_a_message_about_other_bytes_retires, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(test_so_many_are_kept, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
