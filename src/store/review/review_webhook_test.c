/* SPDX-License-Identifier: MIT */
/* review_webhook_test.c — RP-41 in the book: who is told what, in which order, how often, and when that ends. If it fails, a receiver misses
 * an event, gets it out of order, or one that is dead holds up others. */
#include "store/review/webhook_book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rule_rig.h"

#define SECRET       "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER_SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define CAPACITY     32

/* --- acts --- */

struct hook_act {
    struct book_task task;
    struct webhook_draft draft;
    const char *name;
    int64_t number, after_s, next_ns;
    enum webhook_outcome outcome;
    struct webhook_busy busy[CAPACITY];
    size_t busy_count;
    struct webhook_due due[CAPACITY];
    size_t count;
    struct webhook_try tried;
};

static struct hook_act *hook_act_of(struct book_task *task)
{
    return CONTAINER_OF(task, struct hook_act, task);
}

static int64_t at_s(int64_t after_s)
{
    return START_NS + after_s * NS_PER_S;
}

static enum status add(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    return webhook_book_add(book, &act->draft, &mina, START_NS, &act->outcome, &task->json, err);
}

static enum status change(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    return webhook_book_change(book, act->name, &act->draft, &mina, START_NS, &act->outcome, &task->json,
                               err);
}

static enum status delete (struct book_task *task, struct review_book *book, struct err *err) {
    return webhook_book_delete(book, hook_act_of(task)->name, &mina, START_NS, &task->json, err);
}

static enum status read_hook(struct book_task *task, struct review_book *book, struct err *err)
{
    return webhook_book_read(book, hook_act_of(task)->name, &task->json, err);
}

static enum status list_hooks(struct book_task *task, struct review_book *book, struct err *err)
{
    return webhook_book_list(book, &task->json, err);
}

static enum status page(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    return webhook_book_deliveries(book, act->name, act->number, 3, &task->json, &act->next_ns, err);
}

static enum status read_delivery(struct book_task *task, struct review_book *book, struct err *err)
{
    return webhook_book_delivery(book, hook_act_of(task)->name, hook_act_of(task)->number, &task->json, err);
}

static enum status replay(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    return webhook_book_replay(book, act->name, act->number, &mina, at_s(act->after_s), &task->json, err);
}

static enum status ping(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    return webhook_book_ping(book, act->name, &mina, at_s(act->after_s), &task->json, err);
}

static enum status look(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    return webhook_book_due(book, act->busy, act->busy_count, at_s(act->after_s), act->due, CAPACITY,
                            &act->count, &act->next_ns, err);
}

static enum status note(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    return webhook_book_tried(book, &act->tried, at_s(act->after_s), err);
}

static json_t *do_hook(struct book_fixture *rig, struct hook_act *act,
                       enum status (*perform)(struct book_task *, struct review_book *, struct err *))
{
    act->task = (struct book_task){.act = perform};
    rig_run(rig, &act->task);
    return act->task.json;
}

/* --- shorter --- */

static void make(struct book_fixture *rig, const char *name, const char *events)
{
    struct hook_act act = {.draft = {.id = name,
                                     .name = name,
                                     .url = "https://hooks.example.org/x",
                                     .format = "cloudevents",
                                     .events = events,
                                     .secret = SECRET}};
    json_decref(do_hook(rig, &act, add));
    assert_int_equal(act.task.status, STATUS_OK);
    assert_int_equal(act.outcome, WEBHOOK_DONE);
}

static void hand_in(struct book_fixture *rig, const char *id)
{
    struct rule_act act = {.task = {.act = submit}, .id = id, .text = "1", .gate = REVIEW_GATE_BEFORE};
    rig_run(rig, &act.task);
    assert_int_equal(act.task.status, STATUS_OK);
    json_decref(act.task.answer.request);
}

/* What is due after so many seconds; the first `known` of `act` are under way. */
static void look_at(struct book_fixture *rig, struct hook_act *act, int64_t after_s)
{
    act->after_s = after_s;
    (void)do_hook(rig, act, look);
    assert_int_equal(act->task.status, STATUS_OK);
}

static void drop(struct hook_act *act)
{
    for (size_t i = 0; i < act->count; i++)
        webhook_due_fini(&act->due[i]);
    act->count = 0;
}

/* The type of a due delivery without "sallyport.request.". */
static bool is_of(const struct webhook_due *due, const char *type, const char *subject)
{
    json_t *event = json_loadb((const char *)due->event.data, due->event.size, 0, NULL);
    const char *found = json_string_value(json_object_get(event, "type"));
    const char *about = json_string_value(json_object_get(event, "subject"));
    bool same = found && about && strcmp(found + strlen("sallyport.request."), type) == 0 &&
                strcmp(about, subject) == 0;
    json_decref(event);
    return same;
}

static void answer(struct book_fixture *rig, const struct webhook_due *due, int http_status, int64_t after_s)
{
    struct hook_act act = {.after_s = after_s,
                           .tried = {.webhook = due->webhook,
                                     .number = due->number,
                                     .began_ns = at_s(after_s),
                                     .took_ns = 5 * NS_PER_MS,
                                     .http_status = http_status,
                                     .answer = BYTES_LITERAL("a\x1b[31m\xff"),
                                     .error = http_status ? NULL : "nobody answers"}};
    (void)do_hook(rig, &act, note);
    assert_int_equal(act.task.status, STATUS_OK);
}

static json_t *shown(struct book_fixture *rig, const char *name)
{
    struct hook_act act = {.name = name};
    json_t *json = do_hook(rig, &act, read_hook);
    assert_int_equal(act.task.status, STATUS_OK);
    return json;
}

static int64_t number_of(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

/* --- webhooks --- */

/* RP-41. */
static void they_are_made_and_changed(void **state)
{
    struct book_fixture *rig = *state;
    struct hook_act act = {.draft = {.id = "b",
                                     .name = "one",
                                     .url = "https://h",
                                     .format = "cloudevents",
                                     .events = "*",
                                     .secret = SECRET}};
    make(rig, "one", "request.approved,request.rejected");
    (void)do_hook(rig, &act, add);
    assert_int_equal(act.outcome, WEBHOOK_NAME_TAKEN);

    json_t *json = shown(rig, "one");
    assert_int_equal(json_array_size(json_object_get(json, "events")), 2);
    assert_string_equal(text_of(json, "state"), "active");
    char *text = json_dumps(json, 0);
    assert_null(strstr(text, "whsec_"));
    free(text);
    json_decref(json);

    act = (struct hook_act){.name = "one", .draft = {.name = "two", .state = "paused"}};
    json = do_hook(rig, &act, change);
    assert_string_equal(text_of(json, "state"), "paused");
    assert_string_equal(text_of(json, "name"), "two");
    json_decref(json);
    rig_close(rig); /* another start */
    rig_open(rig);
    json = shown(rig, "two");
    assert_string_equal(text_of(json, "state"), "paused");
    assert_string_equal(text_of(json, "url"), "https://hooks.example.org/x");
    json_decref(json);

    act = (struct hook_act){.name = "two"};
    json_decref(do_hook(rig, &act, delete));
    assert_int_equal(act.task.status, STATUS_OK);
    json = do_hook(rig, &act, list_hooks);
    assert_int_equal(json_array_size(json), 0);
    json_decref(json);
    (void)do_hook(rig, &act, read_hook);
    assert_int_equal(act.task.status, STATUS_NOT_FOUND);
}

/* RP-41. */
static void there_is_a_most(void **state)
{
    struct book_fixture *rig = *state;
    char name[16];
    for (int i = 0; i < WEBHOOKS_MAX; i++) {
        (void)snprintf(name, sizeof name, "h%d", i);
        make(rig, name, "*");
    }
    struct hook_act act = {.draft = {.id = "x",
                                     .name = "x",
                                     .url = "https://h",
                                     .format = "cloudevents",
                                     .events = "*",
                                     .secret = SECRET}};
    (void)do_hook(rig, &act, add);
    assert_int_equal(act.outcome, WEBHOOK_TOO_MANY);
}

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

/* RP-41. */
static void another_secret_leaves_the_one_before_for_a_while(void **state)
{
    struct book_fixture *rig = *state;
    static const int64_t overlap_s = WEBHOOK_OLD_SECRET_NS / NS_PER_S;
    struct hook_act act = {.name = "all", .draft = {.secret = OTHER_SECRET}}, seen = {0};
    make(rig, "all", "*");
    json_decref(do_hook(rig, &act, change));
    hand_in(rig, "a");
    look_at(rig, &seen, overlap_s - 1);
    assert_string_equal(seen.due[0].secret, OTHER_SECRET);
    assert_string_equal(seen.due[0].old_secret, SECRET);
    drop(&seen);
    look_at(rig, &seen, overlap_s);
    assert_string_equal(seen.due[0].secret, OTHER_SECRET);
    assert_string_equal(seen.due[0].old_secret, "");
    drop(&seen);

    act.draft = (struct webhook_draft){.name = "other"}; /* a change of anything else is none of the secret */
    json_decref(do_hook(rig, &act, change));
    look_at(rig, &seen, 0);
    assert_string_equal(seen.due[0].old_secret, SECRET);
    drop(&seen);
}

/* RP-40. */
static void who_saw_an_older_one_changes_nothing(void **state)
{
    struct book_fixture *rig = *state;
    char tag[64];
    make(rig, "all", "*");
    json_t *json = shown(rig, "all");
    (void)snprintf(tag, sizeof tag, "\"x\", \"%s\"", text_of(json, "version"));
    json_decref(json);
    struct hook_act act = {.name = "all", .draft = {.url = "https://one.example", .replaces = tag}};
    json_decref(do_hook(rig, &act, change));
    assert_int_equal(act.outcome, WEBHOOK_DONE);
    act.draft.url = "https://two.example";
    json_decref(do_hook(rig, &act, change));
    assert_int_equal(act.outcome, WEBHOOK_REPLACED);
    json = shown(rig, "all");
    assert_string_equal(text_of(json, "url"), "https://one.example");
    json_decref(json);
    act.draft.replaces = "*";
    json_decref(do_hook(rig, &act, change));
    assert_int_equal(act.outcome, WEBHOOK_DONE);

    json = shown(rig, "all"); /* a later one of the same name is another */
    (void)snprintf(tag, sizeof tag, "\"%s\"", text_of(json, "version"));
    json_decref(json);
    json_decref(do_hook(rig, &act, delete));
    make(rig, "all", "*");
    act.draft.replaces = tag;
    for (int i = 0; i < 3; i++) {
        json_decref(do_hook(rig, &act, change));
        assert_int_equal(act.outcome, WEBHOOK_REPLACED);
    }
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
    assert_int_equal(one.next_ns, number);
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
        cmocka_unit_test_setup_teardown(they_are_made_and_changed, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(there_is_a_most, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(only_what_is_wanted, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(order_of_a_request_is_kept, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(what_is_under_way_is_not_given_twice, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_dead_receiver, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(gone_ends_it, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(while_it_is_paused_events_wait, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(another_secret_leaves_the_one_before_for_a_while, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(who_saw_an_older_one_changes_nothing, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(log_and_replay, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(old_ones_go, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
