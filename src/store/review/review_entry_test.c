/* SPDX-License-Identifier: MIT */
/* review_entry_test.c — RP-50: each kind of entry is in the transaction of what it tells. One story with every kind in it; of each
 * step the first entry cannot be written, then the second, and so on: nothing of the step may be there then. If it fails, something
 * happened of which the audit log says nothing, or the log tells of something that never happened. */
#include "store/review/review_store_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "lib/rule_rig.h"
#include "store/review/absence_book.h"
#include "store/review/webhook_book.h"

#define DAY_S       86400
#define ENTRIES_MAX 8 /* of one step */

/* --- an entry that cannot be written --- */

enum status __real_audit_scribe_append(struct audit_scribe *scribe, const struct audit_entry *entry,
                                       struct err *err);
enum status __wrap_audit_scribe_append(struct audit_scribe *scribe, const struct audit_entry *entry,
                                       struct err *err);

static int fails_at; /* the entry of a step, counted from 1; 0: none */
static int entry_count;
static enum audit_action entries[ENTRIES_MAX + 1];            /* of a step, from 1 on */
static char manifests[ENTRIES_MAX + 1][SECRET_HASH_SIZE + 1]; /* that they name, or "" */
static bool written[AUDIT_ACTIONS];                           /* by steps that went well */

enum status __wrap_audit_scribe_append(struct audit_scribe *scribe, const struct audit_entry *entry,
                                       struct err *err)
{
    entry_count++;
    if (entry_count == fails_at)
        return err_set(err, STATUS_INVALID_ARGUMENT, "%s: on purpose", audit_action_name(entry->action));
    if (entry_count <= ENTRIES_MAX) {
        const char *manifest = json_member_text(entry->details, "manifestSha256");
        entries[entry_count] = entry->action;
        (void)snprintf(manifests[entry_count], sizeof manifests[0], "%s", manifest ? manifest : "");
    }
    return __real_audit_scribe_append(scribe, entry, err);
}

/* --- what is on disk --- */

static void mix(uint64_t *hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        *hash = (*hash ^ bytes[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
}

static void mix_rows(sqlite3 *file, const char *table, uint64_t *hash)
{
    char text[200];
    sqlite3_stmt *rows = NULL;
    (void)snprintf(text, sizeof text, "SELECT * FROM \"%s\"", table);
    assert_int_equal(sqlite3_prepare_v2(file, text, -1, &rows, NULL), SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int column = 0; column < sqlite3_column_count(rows); column++) {
            int type = sqlite3_column_type(rows, column);
            mix(hash, &type, sizeof type);
            mix(hash, sqlite3_column_blob(rows, column), (size_t)sqlite3_column_bytes(rows, column));
        }
    }
    assert_int_equal(sqlite3_finalize(rows), SQLITE_OK);
}

/* Of every row of every table, as another process would read it now. */
static uint64_t look_at_disk(const struct book_fixture *rig)
{
    static const char tables[] = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE "
                                 "'CREATE VIRTUAL%' ORDER BY name";
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    char path[128];
    sqlite3 *file = NULL;
    sqlite3_stmt *names = NULL;
    (void)snprintf(path, sizeof path, "%s/" AUDIT_DATABASE, rig->folder);
    assert_int_equal(sqlite3_open_v2(path, &file, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(file, tables, -1, &names, NULL), SQLITE_OK);
    while (sqlite3_step(names) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(names, 0);
        mix(&hash, name, strlen(name));
        mix_rows(file, name, &hash);
    }
    assert_int_equal(sqlite3_finalize(names), SQLITE_OK);
    assert_int_equal(sqlite3_close(file), SQLITE_OK);
    return hash;
}

/* --- acts that the rig does not have --- */

static enum status ask_outputs(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_output_read(book, act_of(task)->id, 1, &rita, now_of(task), err);
}

static enum status cancel(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_cancel(book, act_of(task)->id, &sam, false, "enough", now_of(task), &task->answer,
                              err);
}

static enum status give_up(struct book_task *task, struct review_book *book, struct err *err)
{
    json_t *error = json_pack("{s:s, s:s}", "type", "Lost", "message", "it is gone");
    enum status status = review_book_ended_outside(book, act_of(task)->id, REVIEW_FAILED, error, now_of(task),
                                                   &task->step, err);
    json_decref(error);
    return status;
}

static enum status follow(struct book_task *task, struct review_book *book, struct err *err)
{
    const struct review_next_outcome outcome = {.instance = "a-then"};
    return review_book_next_told(book, act_of(task)->id, &outcome, now_of(task), err);
}

static enum status expire(struct book_task *task, struct review_book *book, struct err *err)
{
    size_t count;
    return review_book_expire(book, now_of(task), &count, err);
}

static enum status revoke(struct book_task *task, struct review_book *book, struct err *err)
{
    enum policy_revoke_outcome outcome;
    return policy_book_revoke(book, act_of(task)->id, act_of(task)->by, true, now_of(task), &outcome,
                              &task->json, err);
}

static enum status go_away(struct book_task *task, struct review_book *book, struct err *err)
{
    enum absence_outcome outcome;
    const struct absence_draft draft = {.id = act_of(task)->id,
                                        .by = mina,
                                        .delegate = "rita",
                                        .from_ns = now_of(task),
                                        .until_ns = now_of(task) + DAY_S * NS_PER_S};
    return absence_book_add(book, &draft, now_of(task), &outcome, &task->json, err);
}

static enum status come_back(struct book_task *task, struct review_book *book, struct err *err)
{
    enum absence_outcome outcome;
    return absence_book_end(book, act_of(task)->id, &mina, false, now_of(task), &outcome, &task->json, err);
}

static enum status add_webhook(struct book_task *task, struct review_book *book, struct err *err)
{
    enum webhook_outcome outcome;
    const struct webhook_draft draft = {.id = act_of(task)->id,
                                        .name = act_of(task)->id,
                                        .url = "https://hooks.example.org/x",
                                        .format = "cloudevents",
                                        .events = "*",
                                        .secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    return webhook_book_add(book, &draft, &mina, now_of(task), &outcome, &task->json, err);
}

static enum status change_webhook(struct book_task *task, struct review_book *book, struct err *err)
{
    enum webhook_outcome outcome;
    const struct webhook_draft change = {.url = "https://hooks.example.org/y"};
    return webhook_book_change(book, act_of(task)->id, &change, &mina, now_of(task), &outcome, &task->json,
                               err);
}

static enum status replay(struct book_task *task, struct review_book *book, struct err *err)
{
    return webhook_book_replay(book, act_of(task)->id, 1, &mina, now_of(task), &task->json, err);
}

/* Its receiver is gone. */
static enum status is_gone(struct book_task *task, struct review_book *book, struct err *err)
{
    const struct webhook_try tried = {
        .webhook = 1, .number = 1, .began_ns = now_of(task), .http_status = 410};
    return webhook_book_tried(book, &tried, now_of(task), err);
}

static enum status delete_webhook(struct book_task *task, struct review_book *book, struct err *err)
{
    enum webhook_outcome outcome;
    return webhook_book_delete(book, act_of(task)->id, NULL, &mina, now_of(task), &outcome, &task->json, err);
}

/* --- the story --- */

static const struct review_remember wish = {.whom = "submitter", .uses = 2, .lasts_s = 3 * DAY_S};

static const char patient[] =
    "defaults: { timeout: 60s, reminders: [30s], escalate: [user:rita], retention: 1d, "
    "allow_outside_events: false }";
static const char reads[] = "rules: [{ name: shells, do: deny, when: { imports: subprocess } }]";
static const char reading[] = "{\"imports\":[\"math\"],\"calls\":[],\"treeSha256\":"
                              "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}";

#define START "{\"start\":{\"name\":\"Next\"}}"
#define RUN(request)                                                                                         \
    {.task = {.act = begin_run}, .id = (request)},                                                           \
    {                                                                                                        \
        .task = {.act = end_run, .number = 1}, .id = (request), .effects = QUIET                             \
    }

static const struct rule_act story[] = {
    {.task = {.act = apply}, .text = patient},
    {.task = {.act = add_webhook}, .id = "w"},
    {.task = {.act = change_webhook}, .id = "w"},

    {.task = {.act = submit}, .id = "a", .text = "print(1)"},
    RUN("a"),
    {.task = {.act = ask_outputs}, .id = "a"},
    {.task = {.act = time_over, .now_ns = START_NS + 31 * NS_PER_S}, .id = "a"},
    {.task = {.act = outside}, .id = "a", .approved = true},
    {.task = {.act = vote}, .id = "a", .by = &rita, .answer = REVIEW_VOTE_APPROVE, .remember = &wish},
    {.task = {.act = submit}, .id = "again", .text = "print(1)", .after_s = 60},
    {.task = {.act = revoke}, .id = "a", .by = &rita},

    {.task = {.act = submit}, .id = "next", .text = "print(2)", .then = START},
    RUN("next"),
    {.task = {.act = vote}, .id = "next", .by = &rita, .answer = REVIEW_VOTE_APPROVE},
    {.task = {.act = follow}, .id = "next"},

    {.task = {.act = submit}, .id = "better", .text = "print(3)"},
    RUN("better"),
    {.task = {.act = vote}, .id = "better", .by = &rita, .answer = REVIEW_VOTE_CHANGES, .text = "more"},
    {.task = {.act = revise}, .id = "better", .text = "print(4)"},
    {.task = {.act = cancel}, .id = "better"},

    {.task = {.act = submit}, .id = "late", .text = "print(5)"},
    RUN("late"),
    {.task = {.act = time_over, .now_ns = START_NS + 61 * NS_PER_S}, .id = "late"},

    {.task = {.act = submit}, .id = "lost", .text = "print(6)"},
    {.task = {.act = give_up}, .id = "lost"},
    {.task = {.act = expire}, .after_s = 2 * DAY_S},

    {.task = {.act = apply}, .text = reads},
    {.task = {.act = submit}, .id = "read", .text = "import math"},
    {.task = {.act = code_read}, .id = "read", .syntax = reading},

    {.task = {.act = go_away}, .id = "holiday"},
    {.task = {.act = come_back}, .id = "holiday"},

    {.task = {.act = replay}, .id = "w"},
    {.task = {.act = is_gone}, .id = "w"},
    {.task = {.act = delete_webhook}, .id = "w"},
};

/* What tells of nothing that the book keeps; why, in doc/audit.md. */
static const enum audit_action apart[] = {
    AUDIT_SERVER_STARTED,     AUDIT_SERVER_STOPPED,     AUDIT_REQUEST_NOT_STARTED, AUDIT_REQUEST_EXPORTED,
    AUDIT_PERSON_CREATED,     AUDIT_PERSON_DELETED,     AUDIT_GROUP_CREATED,       AUDIT_GROUP_DELETED,
    AUDIT_MEMBER_ADDED,       AUDIT_MEMBER_REMOVED,     AUDIT_APPLICATION_CREATED, AUDIT_APPLICATION_DELETED,
    AUDIT_CREDENTIAL_CREATED, AUDIT_CREDENTIAL_DELETED, AUDIT_KEY_CREATED,         AUDIT_KEY_REVOKED,
    AUDIT_ROLE_GRANTED,       AUDIT_ROLE_REVOKED,       AUDIT_SIGN_IN_SUCCEEDED,   AUDIT_SIGN_IN_FAILED,
    AUDIT_ACCESS_DENIED,
};

static bool is_apart(enum audit_action action)
{
    for (size_t i = 0; i < ARRAY_SIZE(apart); i++)
        if (apart[i] == action)
            return true;
    return false;
}

/* The step once; how many entries it came to. */
static int do_step(struct book_fixture *rig, const struct rule_act *step, int fails, enum status *ret_status)
{
    struct rule_act act = *step;
    fails_at = fails;
    entry_count = 0;
    rig_run(rig, &act.task);
    json_decref(act.task.answer.request);
    json_decref(act.task.json);
    review_step_fini(&act.task.step);
    *ret_status = act.task.status;
    return entry_count;
}

/* Fails at each of its entries, one after the other; then it goes well. */
static void try_step(struct book_fixture *rig, size_t number)
{
    enum status status = STATUS_INVALID_ARGUMENT;
    uint64_t before = look_at_disk(rig);
    int fails = 1;
    while (do_step(rig, &story[number], fails, &status) >= fails) {
        assert_int_equal(status, STATUS_INVALID_ARGUMENT);
        if (look_at_disk(rig) != before)
            fail_msg("step %zu left something behind without its entry %d", number, fails);
        assert_true(++fails <= ENTRIES_MAX);
    }
    if (status != STATUS_OK)
        fail_msg("step %zu does not go well", number);
    for (int i = 1; i < fails; i++)
        written[entries[i]] = true;
}

/* RP-50. */
static void each_kind_is_in_the_transaction_of_what_it_tells(void **state)
{
    struct book_fixture *rig = *state;
    for (size_t i = 0; i < ARRAY_SIZE(story); i++)
        try_step(rig, i);
    for (size_t i = 0; i < AUDIT_ACTIONS; i++)
        if (written[i] == is_apart((enum audit_action)i))
            fail_msg("%s %s", audit_action_name((enum audit_action)i),
                     written[i] ? "is said to be apart" : "is in no step of the story");
}

/* RP-50, `then.code`: what is approved and what is released are two things, at two times. */
static void a_release_is_told_when_it_comes(void **state)
{
    static const struct {
        struct rule_act act;
        enum audit_action told[ENTRIES_MAX];
        int count;
    } steps[] = {
        {{.task = {.act = submit}, .id = "s", .text = "1", .then = "{\"code\":\"2\"}"},
         {AUDIT_REQUEST_SUBMITTED},
         1},
        {{.task = {.act = begin_run}, .id = "s"}, {0}, 0},
        {{.task = {.act = end_run, .number = 1}, .id = "s", .effects = QUIET}, {AUDIT_RUN_ENDED}, 1},
        {{.task = {.act = vote}, .id = "s", .by = &rita, .answer = REVIEW_VOTE_APPROVE},
         {AUDIT_REQUEST_VOTED, AUDIT_REQUEST_DECIDED},
         2},
        {{.task = {.act = begin_run}, .id = "s"}, {0}, 0},
        {{.task = {.act = end_run, .number = 2}, .id = "s", .effects = QUIET},
         {AUDIT_RUN_ENDED, AUDIT_REQUEST_RELEASED},
         2},
    };
    char decided[SECRET_HASH_SIZE + 1] = "";
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        enum status status;
        assert_int_equal(do_step(*state, &steps[i].act, 0, &status), steps[i].count);
        assert_int_equal(status, STATUS_OK);
        for (int at = 1; at <= steps[i].count; at++) {
            assert_int_equal(entries[at], steps[i].told[at - 1]);
            if (entries[at] == AUDIT_REQUEST_DECIDED)
                memcpy(decided, manifests[at], sizeof decided);
        }
    }
    assert_int_equal(strlen(manifests[2]), SECRET_HASH_SIZE);
    assert_string_equal(manifests[2], manifests[1]); /* of the step's run */
    assert_string_not_equal(manifests[2], decided);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_kind_is_in_the_transaction_of_what_it_tells, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_release_is_told_when_it_comes, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
