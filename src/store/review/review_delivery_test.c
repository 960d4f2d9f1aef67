/* SPDX-License-Identifier: MIT */
/* review_delivery_test.c — RP-41 in the book: who is told what, in which order, how often, and when that ends. If it fails, a receiver misses
 * an event, gets it out of order, or one that is dead holds up others. */
#include "store/review/webhook_book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hook_rig.h"

/* --- deliveries --- */

/* RP-41. */
static void only_what_is_wanted(void **state)
{
    struct book_fixture *rig = *state;
    struct hook_act act = {0};
    make(rig, "all", "*");
    make(rig, "decided", "request.approved,request.rejected");
    hand_in(rig, "a");
    json_t *json = shown(rig, "decided");
    assert_int_equal(number_of(json, "waiting"), 0);
    json_decref(json);
    look_at(rig, &act, 0);
    assert_int_equal(act.count, 1);
    assert_true(is_of(&act.due[0], "submitted", "requests/a"));
    assert_string_equal(act.due[0].secret, SECRET);
    assert_string_equal((const char *)act.due[0].url.data, "https://hooks.example.org/x");
    struct bytes event = buf_peek(&act.due[0].event);
    assert_int_equal(bytes_find(event, BYTES_LITERAL("_votedBy")), event.size);
    drop(&act);
}

/* RP-41: of one request one at a time, the oldest first; requests beside each other. */
static void order_of_a_request_is_kept(void **state)
{
    struct book_fixture *rig = *state;
    struct hook_act act = {0};
    make(rig, "all", "*");
    hand_in(rig, "a");
    hand_in(rig, "b");
    look_at(rig, &act, 0);
    assert_int_equal(act.count, 2);
    assert_true(is_of(&act.due[0], "submitted", "requests/a"));
    assert_true(is_of(&act.due[1], "submitted", "requests/b"));

    answer(rig, &act.due[0], 500, 0); /* the next of `a` goes on waiting behind it */
    struct hook_act again = {0};
    look_at(rig, &again, 1);
    assert_int_equal(again.count, 1); /* it fails: one at a time, and it is the turn of the other */
    assert_true(is_of(&again.due[0], "submitted", "requests/b"));
    answer(rig, &again.due[0], 204, 1);
    drop(&again);
    look_at(rig, &again, 2);
    assert_int_equal(again.count, 1);
    assert_true(is_of(&again.due[0], "waiting", "requests/b"));
    drop(&again);
    assert_true(again.next_ns >= at_s(5) && again.next_ns <= at_s(6));

    look_at(rig, &again, 6);
    assert_int_equal(again.count, 2);
    bool first = is_of(&again.due[1], "submitted", "requests/a");
    assert_true(first);
    assert_string_equal(again.due[1].event_id, act.due[0].event_id); /* the same id each time */
    assert_int_equal(again.due[1].attempts, 1);
    answer(rig, &again.due[1], 200, 6);
    drop(&again);
    look_at(rig, &again, 7);
    assert_int_equal(again.count, 2);
    assert_true(is_of(&again.due[1], "waiting", "requests/a"));
    drop(&again);
    drop(&act);
}

/* RP-41. */
static void what_is_under_way_is_not_given_twice(void **state)
{
    struct book_fixture *rig = *state;
    struct hook_act act = {0};
    static const char *const ids[] = {"a", "b", "c", "d", "e", "f"};
    make(rig, "all", "request.submitted");
    make(rig, "too", "request.submitted");
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        hand_in(rig, ids[i]);
    look_at(rig, &act, 0);
    assert_int_equal(act.count, 2 * WEBHOOK_AT_ONCE);
    assert_int_not_equal(act.due[0].webhook, act.due[1].webhook); /* first one of each */
    struct hook_act again = {.busy_count = act.count};
    for (size_t i = 0; i < act.count; i++)
        again.busy[i] = (struct webhook_busy){.webhook = act.due[i].webhook, .number = act.due[i].number};
    look_at(rig, &again, 0);
    assert_int_equal(again.count, 0);
    again.busy_count = act.count - 1;
    look_at(rig, &again, 0);
    assert_int_equal(again.count, 1);
    assert_int_equal(again.due[0].number, act.due[act.count - 1].number);
    drop(&again);
    drop(&act);
}

/* RP-41: one that answers nothing gets one attempt at a time, and after three days the next event of the request. */
static void a_dead_receiver(void **state)
{
    struct book_fixture *rig = *state;
    struct hook_act act = {0};
    make(rig, "all", "*");
    hand_in(rig, "a");
    hand_in(rig, "b");
    int64_t now_s = 0;
    size_t attempts = 0, given_up = 0;
    for (; given_up < 4 && attempts < 100; attempts++) {
        look_at(rig, &act, now_s);
        if (act.count == 0) {
            assert_true(act.next_ns < INT64_MAX);
            now_s = (act.next_ns - START_NS) / NS_PER_S + 1;
            look_at(rig, &act, now_s);
        }
        assert_true(attempts == 0 || act.count == 1);
        answer(rig, &act.due[0], 0, now_s);
        for (size_t i = 1; i < act.count; i++)
            answer(rig, &act.due[i], 0, now_s);
        drop(&act);
        json_t *json = shown(rig, "all");
        given_up = 4 - (size_t)number_of(json, "waiting");
        json_decref(json);
    }
    assert_int_equal(given_up, 4);
    assert_true(now_s >= 71 * 3600 && now_s < 80 * 3600);
    json_t *json = shown(rig, "all");
    assert_string_equal(text_of(json_object_get(json, "lastFailure"), "error"), "nobody answers");
    assert_string_equal(text_of(json, "state"), "active");
    json_decref(json);
}

/* RP-41. */
static void gone_ends_it(void **state)
{
    struct book_fixture *rig = *state;
    struct hook_act act = {0};
    make(rig, "all", "*");
    hand_in(rig, "a");
    look_at(rig, &act, 0);
    answer(rig, &act.due[0], 410, 0);
    answer(rig, &act.due[0], 410, 0); /* once more, as after a crash */
    drop(&act);
    hand_in(rig, "b");
    json_t *json = shown(rig, "all");
    assert_string_equal(text_of(json, "state"), "ended");
    assert_int_equal(number_of(json, "waiting"), 0);
    json_decref(json);
    look_at(rig, &act, 1000000);
    assert_int_equal(act.count, 0);
    act = (struct hook_act){.name = "all", .draft = {.state = "active"}};
    json = do_hook(rig, &act, change);
    assert_string_equal(text_of(json, "state"), "active");
    assert_null(json_object_get(json, "endedAt"));
    json_decref(json);
    hand_in(rig, "c");
    look_at(rig, &act, 0);
    assert_int_equal(act.count, 1);
    drop(&act);
}

/* RP-41. */
static void while_it_is_paused_events_wait(void **state)
{
    struct book_fixture *rig = *state;
    struct hook_act act = {.name = "all", .draft = {.state = "paused"}};
    make(rig, "all", "*");
    json_decref(do_hook(rig, &act, change));
    hand_in(rig, "a");
    look_at(rig, &act, 0);
    assert_int_equal(act.count, 0);
    act.draft.state = "active";
    json_decref(do_hook(rig, &act, change));
    look_at(rig, &act, 0);
    assert_int_equal(act.count, 1);
    drop(&act);
}

/* RP-43: what a mail server says means something else than a status of HTTP. */
static void replies_of_a_mail_server(void **state)
{
    struct book_fixture *rig = *state;
    static const struct {
        int reply;
        const char *state;
    } rows[] = {{250, "delivered"}, {550, "failed"}, {410, "due"}, {0, "due"}};
    make(rig, "all", "request.submitted");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct hook_act seen = {0}, one = {.name = "all"};
        char id[8];
        (void)snprintf(id, sizeof id, "r%zu", i);
        hand_in(rig, id);
        look_at(rig, &seen, 0);
        assert_true(seen.count > 0);
        struct webhook_due *due = &seen.due[seen.count - 1];
        struct hook_act act = {.tried = {.webhook = due->webhook,
                                         .number = due->number,
                                         .began_ns = at_s(0),
                                         .http_status = rows[i].reply,
                                         .is_mail = true}};
        (void)do_hook(rig, &act, note);
        assert_int_equal(act.task.status, STATUS_OK);
        one.number = due->number;
        json_t *json = do_hook(rig, &one, read_delivery);
        assert_string_equal(text_of(json, "state"), rows[i].state);
        assert_string_equal(text_of(json_array_get(json_object_get(json, "tries"), 0), "via"), "smtp");
        json_decref(json);
        drop(&seen);
    }
    json_t *json = shown(rig, "all");
    assert_string_equal(text_of(json, "state"), "active");
    json_decref(json);
}

/* RP-41. */
static void log_and_replay(void **state)
{
    struct book_fixture *rig = *state;
    struct hook_act act = {0};
    make(rig, "all", "request.submitted");
    hand_in(rig, "a");
    look_at(rig, &act, 0);
    int64_t number = act.due[0].number;
    answer(rig, &act.due[0], 200, 0);
    struct hook_act one = {.name = "all", .number = number};
    json_t *json = do_hook(rig, &one, read_delivery);
    const json_t *try = json_array_get(json_object_get(json, "tries"), 0);
    assert_string_equal(text_of(json, "state"), "delivered");
    assert_int_equal(number_of(try, "status"), 200);
    assert_string_equal(text_of(try, "answer"), "a?[31m?");
    assert_string_equal(text_of(json_object_get(json, "event"), "subject"), "requests/a");
    json_decref(json);

    json = do_hook(rig, &one, replay);
    assert_int_equal(one.task.status, STATUS_OK);
    assert_int_equal(number_of(json, "replayOf"), number);
    assert_string_equal(text_of(json, "eventId"), act.due[0].event_id);
    json_decref(json);
    drop(&act);
    json_decref(do_hook(rig, &one, ping));
    look_at(rig, &act, 0);
    assert_int_equal(act.count, 2);
    drop(&act);

    one.number = 0;
    json = do_hook(rig, &one, page);
    assert_int_equal(json_array_size(json), 3);
    assert_int_equal(one.next_ns, 0); /* it is full, and the last */
    json_decref(json);
    json_decref(do_hook(rig, &one, ping));
    json = do_hook(rig, &one, page);
    assert_int_equal(json_array_size(json), 3);
    assert_int_equal(one.next_ns, number + 1);
    json_decref(json);
    one.number = one.next_ns;
    json = do_hook(rig, &one, page);
    assert_int_equal(json_array_size(json), 1);
    assert_int_equal(number_of(json_array_get(json, 0), "number"), number);
    assert_int_equal(one.next_ns, 0);
    json_decref(json);
    one.number = 99;
    (void)do_hook(rig, &one, replay);
    assert_int_equal(one.task.status, STATUS_NOT_FOUND);
}

static bool has_delivery(struct book_fixture *rig, const char *webhook, int64_t number)
{
    struct hook_act one = {.name = webhook, .number = number};
    json_decref(do_hook(rig, &one, read_delivery));
    return one.task.status == STATUS_OK;
}

/* RP-41: what is over goes after so many of each webhook, whichever numbers its own have. */
static void old_ones_go(void **state)
{
    struct book_fixture *rig = *state;
    char id[16];
    make(rig, "odd", "request.submitted");
    make(rig, "even", "request.submitted");
    for (int i = 0; i < WEBHOOK_FINISHED_KEPT + 200; i++) {
        struct hook_act act = {0};
        (void)snprintf(id, sizeof id, "r%d", i);
        hand_in(rig, id);
        look_at(rig, &act, 0);
        assert_int_equal(act.count, 2);
        answer(rig, &act.due[0], 200, 0);
        answer(rig, &act.due[1], 200, 0);
        drop(&act);
    }
    assert_false(has_delivery(rig, "odd", 399));
    assert_true(has_delivery(rig, "odd", 401));
    assert_false(has_delivery(rig, "even", 400));
    assert_true(has_delivery(rig, "even", 402));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_is_wanted, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(order_of_a_request_is_kept, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(what_is_under_way_is_not_given_twice, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_dead_receiver, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(gone_ends_it, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(while_it_is_paused_events_wait, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(replies_of_a_mail_server, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(log_and_replay, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(old_ones_go, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
