/* SPDX-License-Identifier: MIT */
/* review_store_test.c — the book by itself: what is written in one transaction, read again, and found. If this fails, what was
 * acknowledged is not what is there. */
#include "store/review/review_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/book_rig.h"
#include "os/clock.h"
#include "store/audit/audit_file.h"
#include "store/review/policy_book.h"

/* --- acts --- */

static const struct review_person ann = {"p-ann", "ann", "user"}, mina = {"p-mina", "mina", "user"};

static enum status submit(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_submit(book, task->argument, task->now_ns ? task->now_ns : START_NS, &task->answer,
                              err);
}

static enum status step(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_step(book, task->argument, true, START_NS, &task->step, err);
}

static enum status end_run(struct book_task *task, struct review_book *book, struct err *err)
{
    const char *id = task->argument;
    json_t *outcome = json_pack("{s:b, s:{s:s}, s:s}", "succeeded", 1, "result", "status", "Success",
                                "sha256", "00000000000000000000000000000000000000000000000000000000000000aa");
    const struct review_run_end end = {.run = task->number,
                                       .showable = true,
                                       .outcome = outcome,
                                       .result = BYTES_LITERAL("{\"stdout\":\"1\\n\"}")};
    enum status status = review_book_run_ended(book, id, &end, START_NS, &task->step, err);
    json_decref(outcome);
    return status;
}

struct vote_on {
    const char *id;
    struct review_vote vote;
};

static enum status vote(struct book_task *task, struct review_book *book, struct err *err)
{
    const struct vote_on *on = task->argument;
    return review_book_vote(book, on->id, &on->vote, START_NS, &task->answer, err);
}

static enum status read_it(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_read(book, task->argument, REVIEW_FULL, &task->json, err);
}

static enum status list_them(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_list(book, task->argument, &task->json, &task->walk, err);
}

static enum status time_over(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_time(book, task->argument, task->now_ns, &task->step, err);
}

static enum status events(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_events(book, task->argument, &task->json, &task->number, err);
}

static const char *text(const json_t *object, const char *member)
{
    const char *value = json_string_value(json_object_get(object, member));
    return value ? value : "";
}

static struct review_submission submission(const char *id, const char *code)
{
    return (struct review_submission){.id = id,
                                      .by = ann,
                                      .language = "python",
                                      .code = bytes_of_cstr(code),
                                      .approval_timeout_ms = 60000,
                                      .gate = REVIEW_GATE_AFTER};
}

static void submit_it(struct book_fixture *rig, const struct review_submission *what)
{
    struct book_task task = {.act = submit, .argument = what};
    rig_run(rig, &task);
    assert_int_equal(task.status, STATUS_OK);
    assert_int_equal(task.answer.outcome, REVIEW_DONE);
    json_decref(task.answer.request);
}

static void bring_to_wait(struct book_fixture *rig, const char *id)
{
    struct book_task begin = {.act = step, .argument = id};
    rig_run(rig, &begin);
    assert_int_equal(begin.status, STATUS_OK);
    assert_int_equal(begin.step.due, REVIEW_DUE_RUN);
    struct book_task end = {.act = end_run, .argument = id, .number = begin.step.run};
    rig_run(rig, &end);
    assert_int_equal(end.status, STATUS_OK);
    assert_int_equal(end.step.due, REVIEW_DUE_WAIT);
    review_step_fini(&begin.step);
    review_step_fini(&end.step);
}

static enum review_outcome vote_as(struct book_fixture *rig, const char *id, const struct review_person *by,
                                   enum review_vote_answer answer, const char *manifest)
{
    const struct vote_on on = {id, {.by = *by, .answer = answer, .manifest_sha256 = manifest, .via = "api"}};
    struct book_task task = {.act = vote, .argument = &on};
    rig_run(rig, &task);
    assert_int_equal(task.status, STATUS_OK);
    json_decref(task.answer.request);
    return task.answer.outcome;
}

static json_t *read_back(struct book_fixture *rig, const char *id)
{
    struct book_task task = {.act = read_it, .argument = id};
    rig_run(rig, &task);
    assert_int_equal(task.status, STATUS_OK);
    return task.json;
}

/* --- tests --- */

/* Submitted, run, voted on; after the file was closed and opened again it is the same. */
static void a_request_from_beginning_to_end(void **state)
{
    struct book_fixture *rig = *state;
    const struct review_submission what = submission("r1", "print(1)");
    submit_it(rig, &what);
    bring_to_wait(rig, "r1");
    json_t *seen = read_back(rig, "R1");
    assert_string_equal(text(seen, "state"), "waiting");
    assert_string_equal(text(seen, "stage"), "after");
    assert_string_equal(text(seen, "code"), "print(1)");
    assert_string_equal(text(json_object_get(seen, "result"), "stdout"), "1\n");
    assert_int_equal(strlen(text(seen, "manifestSha256")), 64);

    assert_int_equal(vote_as(rig, "r1", &ann, REVIEW_VOTE_APPROVE, NULL), REVIEW_REFUSED_OWN);
    assert_int_equal(vote_as(rig, "r1", &mina, REVIEW_VOTE_APPROVE, text(seen, "sha256")),
                     REVIEW_MANIFEST_DIFFERS);
    assert_int_equal(vote_as(rig, "r1", &mina, REVIEW_VOTE_APPROVE, text(seen, "manifestSha256")),
                     REVIEW_DONE);
    assert_int_equal(vote_as(rig, "r1", &mina, REVIEW_VOTE_REJECT, NULL), REVIEW_DECIDED_BEFORE);
    assert_int_equal(vote_as(rig, "none", &mina, REVIEW_VOTE_REJECT, NULL), REVIEW_UNKNOWN);
    json_decref(seen);
    assert_true(rig->told.last_event > 0);

    rig_close(rig);
    rig_open(rig);
    seen = read_back(rig, "r1");
    assert_string_equal(text(seen, "state"), "approved");
    assert_string_equal(text(json_object_get(seen, "decision"), "by"), "mina");
    assert_true(json_is_true(json_object_get(seen, "released")));
    assert_null(json_object_get(seen, "_state"));
    json_decref(seen);
}

/* What was voted before a revision counts no more. */
static void a_time_out_and_a_decision_do_not_meet(void **state)
{
    struct book_fixture *rig = *state;
    const struct review_submission what = submission("r2", "print(2)");
    submit_it(rig, &what);
    bring_to_wait(rig, "r2");
    struct book_task early = {.act = time_over, .argument = "r2", .now_ns = START_NS + NS_PER_S};
    rig_run(rig, &early);
    assert_int_equal(early.step.due, REVIEW_DUE_WAIT);
    review_step_fini(&early.step);
    assert_int_equal(vote_as(rig, "r2", &mina, REVIEW_VOTE_REJECT, NULL), REVIEW_DONE);
    struct book_task late = {.act = time_over, .argument = "r2", .now_ns = START_NS + 3600 * NS_PER_S};
    rig_run(rig, &late);
    assert_int_equal(late.step.due, REVIEW_DUE_END);
    assert_string_equal(text(late.step.request, "state"), "rejected");
    review_step_fini(&late.step);
}

static size_t found(struct book_fixture *rig, const struct review_filter *filter)
{
    struct book_task task = {.act = list_them, .argument = filter};
    rig_run(rig, &task);
    assert_int_equal(task.status, STATUS_OK);
    size_t count = json_array_size(task.json);
    json_decref(task.json);
    return count;
}

static void lists_find_what_they_are_asked_for(void **state)
{
    struct book_fixture *rig = *state;
    json_t *labels = json_pack("{s:s}", "env", "test");
    struct review_submission what = submission("l1", "import pandas\nframe = 1");
    what.labels = labels;
    what.purpose = "monthly report";
    submit_it(rig, &what);
    what = submission("l2", "print('other')");
    what.by = mina;
    submit_it(rig, &what);
    static const char *const queued[] = {"queued"}, *const two[] = {"queued", "waiting"};
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10}), 2);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 1}), 1);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .newest_first = true}), 2);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .states = queued, .state_count = 1}), 2);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .states = two, .state_count = 2}), 2);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .submitter = "p-mina"}), 1);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .submitter = "ann"}), 1);
    assert_int_equal(
        found(rig, &(struct review_filter){.limit = 10, .label_key = "env", .label_value = "test"}), 1);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .text = "pandas"}), 1);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .text = "repor \" OR"}), 0);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .text = "repor"}), 1);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .after_ns = START_NS, .after_id = "l1"}),
                     1);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .since_ns = START_NS + 1}), 0);
    json_decref(labels);
}

/* The ids of a list, one behind the other. */
static void assert_listed(struct book_fixture *rig, struct review_filter filter, const char *expected)
{
    char ids[200] = "";
    size_t index;
    json_t *item;
    struct book_task task = {.act = list_them, .argument = &filter};
    rig_run(rig, &task);
    assert_int_equal(task.status, STATUS_OK);
    json_array_foreach(task.json, index, item)
    {
        (void)snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%s%s", index ? " " : "",
                       text(item, "id"));
    }
    assert_string_equal(ids, expected);
    json_decref(task.json);
}

/* Whoever has little time sees first what ends first. Broken: a request runs out of time at the end of a long inbox. */
static void by_deadline_the_soonest_comes_first(void **state)
{
    static const struct {
        const char *id;
        int64_t wait_ms;
    } rows[] = {{"d1", 3000}, {"d2", 1000}, {"d3", 2000}, {"d4", 1000}};
    struct book_fixture *rig = *state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct review_submission what = submission(rows[i].id, "print(1)");
        what.gate = REVIEW_GATE_BEFORE;
        what.approval_timeout_ms = rows[i].wait_ms;
        submit_it(rig, &what);
    }
    struct review_submission runs = submission("d0", "print(1)");
    submit_it(rig, &runs); /* nobody is asked about it */
    assert_listed(rig, (struct review_filter){.limit = 10, .by_deadline = true}, "d2 d4 d3 d1");
    assert_listed(rig, (struct review_filter){.limit = 2, .by_deadline = true}, "d2 d4");
    assert_listed(rig,
                  (struct review_filter){
                      .limit = 2, .by_deadline = true, .after_ns = START_NS + NS_PER_S, .after_id = "d2"},
                  "d4 d3");
    assert_listed(rig, (struct review_filter){.limit = 9, .by_deadline = true, .submitter = "nobody"}, "");

    const struct vote_on on = {.id = "d4", .vote = {.by = mina, .via = "api"}};
    struct book_task decided = {.act = vote, .argument = &on};
    rig_run(rig, &decided);
    assert_int_equal(decided.answer.outcome, REVIEW_DONE);
    json_decref(decided.answer.request);
    assert_listed(rig, (struct review_filter){.limit = 10, .by_deadline = true}, "d2 d3 d1");
}

static enum status submit_many(struct book_task *task, struct review_book *book, struct err *err)
{
    enum status status = STATUS_OK;
    char id[32];
    for (int64_t i = 0; status == STATUS_OK && i < task->number; i++) {
        (void)snprintf(id, sizeof id, "m%06d", (int)i);
        struct review_submission what = submission(id, "print(1)");
        what.gate = i == task->number - 1 ? REVIEW_GATE_BEFORE : REVIEW_GATE_AFTER;
        status = review_book_submit(book, &what, START_NS + i, &task->answer, err);
        json_decref(task->answer.request);
    }
    return status;
}

/* One job looks at so many requests; what is behind them is not taken for nothing. */
static void a_walk_that_ends_early_says_where(void **state)
{
    struct book_fixture *rig = *state;
    struct book_task many = {.act = submit_many, .number = REVIEW_ROWS_WALKED + 1};
    rig_run(rig, &many);
    assert_int_equal(many.status, STATUS_OK);

    static const char *const two[] = {"changes-requested", "waiting"};
    struct review_filter filter = {.limit = 10, .states = two, .state_count = 2};
    struct book_task first = {.act = list_them, .argument = &filter};
    rig_run(rig, &first);
    assert_int_equal(json_array_size(first.json), 0);
    assert_true(first.walk.cut);
    assert_int_equal(first.walk.at_ns, START_NS + REVIEW_ROWS_WALKED - 1);

    filter.after_ns = first.walk.at_ns;
    filter.after_id = first.walk.at_id;
    struct book_task next = {.act = list_them, .argument = &filter};
    rig_run(rig, &next);
    assert_int_equal(json_array_size(next.json), 1);
    assert_false(next.walk.cut);
    json_decref(first.json);
    json_decref(next.json);
    filter.after_ns = 0;
    filter.submitter = "ann"; /* a name: the other half of the walk */
    filter.newest_first = true;
    assert_int_equal(found(rig, &filter), 1);
}

/* The same bytes again are stored once; what is large is a file. */
static void blobs_are_kept_once(void **state)
{
    struct book_fixture *rig = *state;
    static char large[200000];
    memset(large, '#', sizeof large - 1);
    struct review_submission what = submission("b1", large);
    submit_it(rig, &what);
    what.id = "b2";
    submit_it(rig, &what);
    json_t *seen = read_back(rig, "b2");
    assert_string_equal(text(seen, "code"), large);
    json_decref(seen);
    char command[160];
    (void)snprintf(command, sizeof command, "test \"$(find '%s/blobs' -type f | wc -l)\" = 1", rig->folder);
    assert_int_equal(system(command), 0);
}

/* --- drafts, inputs, what a run made --- */

static bool there(const struct book_fixture *rig, const char *words)
{
    char command[300];
    (void)snprintf(command, sizeof command, "cd '%s' && test %s", rig->folder, words);
    return system(command) == 0;
}

static struct review_draft draft_of(struct book_fixture *rig, struct bytes content, size_t step)
{
    struct review_draft draft;
    struct err err = {0};
    review_draft_begin(&draft, review_store_blobs(rig->store));
    for (size_t at = 0; at < content.size; at += step)
        assert_int_equal(review_draft_append(&draft, bytes_slice(content, at, step), &err), STATUS_OK);
    assert_int_equal(review_draft_finish(&draft, &err), STATUS_OK);
    assert_int_equal(draft.size, content.size);
    return draft;
}

/* In pieces it is what it is as a whole, small or large; what nobody takes leaves nothing. */
static void a_draft_is_hashed_as_it_comes(void **state)
{
    struct book_fixture *rig = *state;
    static const size_t sizes[] = {
        0, 1, REVIEW_BLOB_INLINE - 1, REVIEW_BLOB_INLINE, REVIEW_BLOB_INLINE + 1, 3 * REVIEW_BLOB_INLINE};
    static uint8_t content[3 * REVIEW_BLOB_INLINE];
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i * 31 >> 3);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        char hash[SECRET_HASH_SIZE + 1];
        secret_hash(bytes_of(content, sizes[i]), hash);
        for (size_t step = 1000; step <= sizeof content; step *= 14) {
            struct review_draft draft = draft_of(rig, bytes_of(content, sizes[i]), step);
            assert_string_equal(draft.sha256, hash);
            assert_int_equal(draft.number > 0, sizes[i] > REVIEW_BLOB_INLINE);
            review_draft_fini(&draft);
        }
    }
    assert_true(there(rig, "-d blobs/new -a -z \"$(ls blobs/new)\""));
}

static enum status revise(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_revise(book, "i1", task->argument, START_NS, &task->answer, err);
}

static enum review_outcome revise_as(struct book_fixture *rig, const struct review_revision *revision)
{
    struct book_task task = {.act = revise, .argument = revision};
    rig_run(rig, &task);
    assert_int_equal(task.status, STATUS_OK);
    json_decref(task.answer.request);
    return task.answer.outcome;
}

static const json_t *inputs_of(const json_t *request, size_t revision)
{
    return json_object_get(json_array_get(json_object_get(request, "revisions"), revision), "files");
}

/* Inputs are the revision's; the next one keeps them, or names them by their hash, if they were this request's. */
static void inputs_are_part_of_a_revision(void **state)
{
    struct book_fixture *rig = *state;
    struct review_draft draft = draft_of(rig, BYTES_LITERAL("a,b\n"), 4);
    const struct review_file input = {.path = "sub/in.csv", .draft = &draft};
    struct review_submission what = submission("i1", "print(1)");
    what.gate = REVIEW_GATE_BEFORE;
    what.files = &input;
    what.file_count = 1;
    submit_it(rig, &what);
    json_t *first = read_back(rig, "i1");

    const struct review_revision kept = {.by = ann, .code = BYTES_LITERAL("print(2)"), .same_files = true};
    const struct review_file again = {.path = "out.csv", .sha256 = draft.sha256};
    const struct review_revision renamed = {
        .by = ann, .code = BYTES_LITERAL("print(2)"), .files = &again, .file_count = 1};
    const struct review_file strange = {
        .path = "x", .sha256 = "00000000000000000000000000000000000000000000000000000000000000aa"};
    const struct review_revision stolen = {
        .by = ann, .code = BYTES_LITERAL("print(2)"), .files = &strange, .file_count = 1};
    assert_int_equal(revise_as(rig, &kept), REVIEW_DONE);
    assert_int_equal(revise_as(rig, &renamed), REVIEW_DONE);
    assert_int_equal(revise_as(rig, &stolen), REVIEW_NO_INPUT);

    json_t *seen = read_back(rig, "i1");
    assert_true(json_equal(inputs_of(seen, 0), inputs_of(seen, 1)));
    assert_string_equal(text(json_array_get(inputs_of(seen, 2), 0), "path"), "out.csv");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(inputs_of(seen, 2), 0), "size")), 4);
    assert_int_equal(json_array_size(json_object_get(seen, "revisions")), 3);
    assert_string_not_equal(text(first, "manifestSha256"), text(seen, "manifestSha256"));
    json_decref(first);
    json_decref(seen);
    review_draft_fini(&draft);
}

static enum status end_run_with_files(struct book_task *task, struct review_book *book, struct err *err)
{
    json_t *outcome = json_pack("{s:b, s:{s:s}}", "succeeded", 1, "result", "status", "Success");
    const struct review_run_end end = {.run = 1,
                                       .showable = true,
                                       .outcome = outcome,
                                       .result = BYTES_LITERAL("{}"),
                                       .files = *(const struct review_run_files *)task->argument};
    enum status status = review_book_run_ended(book, "o1", &end, START_NS, &task->step, err);
    json_decref(outcome);
    return status;
}

static enum status read_file(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_blob(book, task->argument, &task->bytes, err);
}

/* What a run made is in the request, in the manifest, and read by its hash; bytes that were changed are not given out. */
static void what_a_run_made_is_kept(void **state)
{
    struct book_fixture *rig = *state;
    static uint8_t content[100000];
    struct review_draft draft = draft_of(rig, bytes_of(content, sizeof content), sizeof content);
    const struct review_run_file made[] = {
        {.path = "plot.png", .change = "made", .draft = &draft},
        {.path = "huge", .change = "made", .cause = "too-large", .size = -1}};
    const struct review_run_files files = {.from = "report", .files = made, .count = 2, .left_out = 3};
    const struct review_submission what = submission("o1", "print(1)");
    submit_it(rig, &what);
    struct book_task begin = {.act = step, .argument = "o1"},
                     end = {.act = end_run_with_files, .argument = &files};
    rig_run(rig, &begin);
    rig_run(rig, &end);
    assert_int_equal(end.status, STATUS_OK);
    review_step_fini(&begin.step);
    review_step_fini(&end.step);

    json_t *seen = read_back(rig, "o1");
    assert_string_equal(text(json_array_get(json_object_get(seen, "files"), 0), "sha256"), draft.sha256);
    assert_string_equal(text(json_array_get(json_object_get(seen, "filesNotKept"), 0), "cause"), "too-large");
    struct book_task manifest = {.act = read_file, .argument = text(seen, "manifestSha256")};
    rig_run(rig, &manifest);
    assert_int_equal(manifest.status, STATUS_OK);
    assert_true(bytes_find(buf_peek(&manifest.bytes), BYTES_LITERAL("\"files\":{\"bytes\":")) <
                manifest.bytes.size);
    buf_fini(&manifest.bytes);
    json_decref(seen);

    struct book_task good = {.act = read_file, .argument = draft.sha256}, bad = good;
    rig_run(rig, &good);
    assert_int_equal(good.bytes.size, sizeof content);
    buf_fini(&good.bytes);
    char command[200];
    (void)snprintf(command, sizeof command, "printf x | dd of='%s'/blobs/%.2s/%s conv=notrunc status=none",
                   rig->folder, draft.sha256, draft.sha256);
    assert_int_equal(system(command), 0);
    rig_run(rig, &bad);
    assert_int_equal(bad.status, STATUS_NOT_FOUND);
    buf_fini(&bad.bytes);
    review_draft_fini(&draft);
}

/* Nobody could tell: then nothing is said of files, which is not the same as none. */
static void what_nobody_reports_is_not_nothing(void **state)
{
    struct book_fixture *rig = *state;
    const struct review_run_files unknown = {0}, none = {.from = "list"};
    const struct review_run_files *const both[] = {&unknown, &none};
    for (size_t i = 0; i < 2; i++) {
        const struct review_submission what = submission("o1", "print(1)");
        submit_it(rig, &what);
        struct book_task begin = {.act = step, .argument = "o1"},
                         end = {.act = end_run_with_files, .argument = both[i]};
        rig_run(rig, &begin);
        rig_run(rig, &end);
        review_step_fini(&begin.step);
        review_step_fini(&end.step);
        json_t *seen = read_back(rig, "o1");
        assert_int_equal(json_is_array(json_object_get(seen, "files")), i == 1);
        json_decref(seen);
        (void)rig_fini(state);
        (void)rig_init(state);
        rig = *state;
    }
}

static enum status take_back(struct book_task *task, struct review_book *book, struct err *err)
{
    enum status status = submit(task, book, err);
    json_decref(task->answer.request);
    if (status != STATUS_OK)
        return status;
    return err_set(err, STATUS_INVALID_ARGUMENT, "on purpose");
}

static void run_sql(const struct book_fixture *rig, const char *sql)
{
    char path[128];
    struct db *db = NULL;
    struct err err = {0};
    (void)snprintf(path, sizeof path, "%s/audit.db", rig->folder);
    const struct sqlite_options options = {.path = path, .cache_size_kib = 64};
    assert_int_equal(sqlite_open(&options, &db, &err), STATUS_OK);
    assert_int_equal(sqlite_script(db, sql, &err), STATUS_OK);
    sqlite_close(db);
}

/* Looks for half a minute. */
static void await(struct book_fixture *rig, const char *words)
{
    for (int i = 0; i < 3000 && !there(rig, words); i++)
        assert_int_equal(loop_step(rig->loop, 10, NULL), STATUS_OK);
    assert_true(there(rig, words));
}

/* What no request uses goes: files whose transaction failed, drafts of a process that died, and what retention has let go. What is
 * used by another request stays. */
static void what_nobody_uses_is_swept(void **state)
{
    struct book_fixture *rig = *state;
    static char large[200000], other[200000];
    memset(large, '#', sizeof large - 1);
    memset(other, '!', sizeof other - 1);
    struct review_submission what = submission("s1", large);
    submit_it(rig, &what);
    what.id = "s2";
    submit_it(rig, &what);
    const struct review_submission failed = submission("s3", other);
    struct book_task bad = {.act = take_back, .argument = &failed};
    rig_run(rig, &bad);
    assert_int_equal(bad.status, STATUS_INVALID_ARGUMENT);
    assert_true(there(rig, "\"$(find blobs -type f | wc -l)\" = 2"));

    rig_close(rig);
    assert_true(there(rig, "-d blobs && mkdir -p blobs/new && echo half > blobs/new/0000000000000001"));
    run_sql(rig, "DELETE FROM blob_use WHERE n = 1");
    rig_open(rig);
    await(rig, "\"$(find blobs -type f | wc -l)\" = 1");
    json_t *seen = read_back(rig, "s2");
    assert_string_equal(text(seen, "code"), large);
    json_decref(seen);

    rig_close(rig);
    run_sql(rig, "DELETE FROM blob_use WHERE n = 2");
    rig_open(rig);
    await(rig, "\"$(find blobs -type f | wc -l)\" = 0");
}

static bool is_emptied(struct book_fixture *rig, const char *id)
{
    json_t *seen = read_back(rig, id);
    bool emptied = *text(seen, "contentRemovedAt") != '\0';
    json_decref(seen);
    return emptied;
}

static enum status read_blob(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_blob(book, task->argument, &task->bytes, err);
}

static void assert_blob(struct book_fixture *rig, const char *sha256, enum status expected)
{
    struct book_task task = {.act = read_blob, .argument = sha256};
    rig_run(rig, &task);
    assert_int_equal(task.status, expected);
    buf_fini(&task.bytes);
}

/* RP-08: what a request was about goes when its time has come, the words by which it was searched too; the manifest stays, and so does what
 * another request uses. One that is not over stays whole. */
static void what_a_request_was_about_goes_after_a_time(void **state)
{
    struct book_fixture *rig = *state;
    struct review_submission what = submission("r1", "shared = 1");
    submit_it(rig, &what);
    what.id = "r2";
    submit_it(rig, &what);
    what = submission("r3", "seldom = 2");
    what.purpose = "monthly figures";
    submit_it(rig, &what);
    bring_to_wait(rig, "r2");
    bring_to_wait(rig, "r3");
    assert_int_equal(vote_as(rig, "r2", &mina, REVIEW_VOTE_APPROVE, NULL), REVIEW_DONE);
    assert_int_equal(vote_as(rig, "r3", &mina, REVIEW_VOTE_REJECT, NULL), REVIEW_DONE);
    json_t *before = read_back(rig, "r3");
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .text = "seldom"}), 1);

    rig_close(rig);
    rig->keep_ns = INT64_C(3650) * 86400 * NS_PER_S; /* they are older than a second, and younger than this */
    rig_open(rig);
    review_store_settle(rig->store);
    assert_false(is_emptied(rig, "r3"));
    rig_close(rig);
    rig->keep_ns = NS_PER_S;
    rig_open(rig);
    for (int i = 0; i < 3000 && !(is_emptied(rig, "r2") && is_emptied(rig, "r3")); i++)
        assert_int_equal(loop_step(rig->loop, 10, NULL), STATUS_OK);

    json_t *whole = read_back(rig, "r1"), *shared = read_back(rig, "r2"), *after = read_back(rig, "r3");
    assert_false(is_emptied(rig, "r1"));
    assert_string_equal(text(whole, "code"), "shared = 1");
    assert_true(is_emptied(rig, "r2"));
    assert_true(json_is_null(json_object_get(after, "code")));
    assert_null(json_object_get(after, "result"));
    assert_string_equal(text(after, "state"), "rejected");
    assert_string_equal(text(after, "manifestSha256"), text(before, "manifestSha256"));
    assert_true(json_equal(json_object_get(after, "votes"), json_object_get(before, "votes")));
    assert_blob(rig, text(before, "manifestSha256"), STATUS_OK);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .text = "seldom"}), 0);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .text = "monthly"}), 1);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10, .text = "shared"}), 1); /* r1's */
    json_decref(before);
    json_decref(whole);
    json_decref(shared);
    json_decref(after);
}

static void a_key_is_used_once(void **state)
{
    struct book_fixture *rig = *state;
    struct review_submission what = submission("k1", "print(1)");
    what.key = "key";
    what.key_body = "hash";
    submit_it(rig, &what);
    what.id = "k2";
    struct book_task again = {.act = submit, .argument = &what};
    rig_run(rig, &again);
    assert_int_equal(again.answer.outcome, REVIEW_DONE_BEFORE);
    assert_string_equal(text(again.answer.request, "id"), "k1");
    json_decref(again.answer.request);
    what.key_body = "other";
    struct book_task other = {.act = submit, .argument = &what};
    rig_run(rig, &other);
    assert_int_equal(other.answer.outcome, REVIEW_KEY_DIFFERS);
    json_decref(other.answer.request);
    struct book_task later = {.act = submit, .argument = &what, .now_ns = START_NS + 25 * 3600 * NS_PER_S};
    rig_run(rig, &later);
    assert_int_equal(later.answer.outcome, REVIEW_DONE);
    json_decref(later.answer.request);
}

static void events_are_in_order(void **state)
{
    struct book_fixture *rig = *state;
    const struct review_submission what = submission("e1", "print(1)");
    submit_it(rig, &what);
    bring_to_wait(rig, "e1");
    assert_int_equal(vote_as(rig, "e1", &mina, REVIEW_VOTE_APPROVE, NULL), REVIEW_DONE);
    static const char *const expected[] = {"submitted", "run_started", "run_ended", "waiting",
                                           "vote",      "approved",    "released"};
    const struct review_event_filter filter = {.object = "requests/e1", .limit = 100};
    struct book_task task = {.act = events, .argument = &filter};
    rig_run(rig, &task);
    assert_int_equal(json_array_size(task.json), ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        const json_t *event = json_array_get(task.json, i);
        assert_string_equal(text(event, "type") + strlen("sallyport.request."), expected[i]);
        assert_int_equal(json_integer_value(json_object_get(event, "sequence")), i + 1);
    }
    assert_int_equal(task.number, ARRAY_SIZE(expected));
    json_decref(task.json);
}

static enum status submit_two(struct book_task *task, struct review_book *book, struct err *err)
{
    const struct review_submission first = submission("n2", "print(2)"),
                                   second = submission("n3", "print(3)");
    enum status status = review_book_submit(book, &first, START_NS, &task->answer, err);
    json_decref(task->answer.request);
    if (status != STATUS_OK)
        return status;
    status = review_book_submit(book, &second, START_NS, &task->answer, err);
    json_decref(task->answer.request);
    return status;
}

/* Who waits for a request looks again when it was that one, or may have been, and who tells the scheduler when there is something to
 * be told; else every step of each request would make all look. */
static void news_say_which_request_they_are_of(void **state)
{
    struct book_fixture *rig = *state;
    const struct review_submission what = submission("n1", "print(1)");
    submit_it(rig, &what);
    assert_string_equal(rig->told.request, "n1");
    assert_true(rig->told.has_duties);
    const int64_t first = rig->told.last_event;
    bring_to_wait(rig, "n1");
    assert_string_equal(rig->told.request, "n1");
    assert_false(rig->told.has_duties);
    assert_true(rig->told.last_event > first);
    struct book_task two = {.act = submit_two};
    rig_run(rig, &two);
    assert_int_equal(two.status, STATUS_OK);
    assert_string_equal(rig->told.request, "");
    const int64_t before = rig->told.last_event;
    json_decref(read_back(rig, "n1"));
    assert_int_equal(rig->told.last_event, before);
}

/* A job that fails leaves nothing, and the jobs beside it stand. */
static enum status submit_and_fail(struct book_task *task, struct review_book *book, struct err *err)
{
    enum status status = review_book_submit(book, task->argument, START_NS, &task->answer, err);
    json_decref(task->answer.request);
    if (status != STATUS_OK)
        return status;
    return err_set(err, STATUS_INVALID_ARGUMENT, "on purpose");
}

static void a_job_that_fails_leaves_nothing(void **state)
{
    struct book_fixture *rig = *state;
    const struct review_submission bad = submission("f1", "1"), good = submission("f2", "2");
    struct book_task first = {
        .act = submit_and_fail, .argument = &bad, .job = {.perform = rig_perform, .on_done = rig_on_done}};
    struct book_task second = {
        .act = submit, .argument = &good, .job = {.perform = rig_perform, .on_done = rig_on_done}};
    review_store_run(rig->store, &first.job); /* both in one transaction */
    review_store_run(rig->store, &second.job);
    while (!first.done || !second.done)
        assert_int_equal(loop_step(rig->loop, 1000, NULL), STATUS_OK);
    assert_int_equal(first.status, STATUS_INVALID_ARGUMENT);
    assert_int_equal(second.status, STATUS_OK);
    json_decref(second.answer.request);
    assert_int_equal(found(rig, &(struct review_filter){.limit = 10}), 1);
}

/* --- versions of the policy --- */

struct apply_task {
    struct book_task task;
    struct policy_draft draft;
    struct policy_applied applied;
};

static enum status apply(struct book_task *task, struct review_book *book, struct err *err)
{
    struct apply_task *own = CONTAINER_OF(task, struct apply_task, task);
    json_decref(own->applied.version);
    own->applied.version = NULL;
    return policy_book_apply(book, &own->draft, START_NS, &own->applied, err);
}

static enum status apply_and_fail(struct book_task *task, struct review_book *book, struct err *err)
{
    enum status status = apply(task, book, err);
    if (status != STATUS_OK)
        return status;
    return err_set(err, STATUS_INVALID_ARGUMENT, "as a full disk would");
}

static enum status read_policy_version(struct book_task *task, struct review_book *book, struct err *err)
{
    return policy_book_read(book, task->number, &task->json, err);
}

static enum status list_policies(struct book_task *task, struct review_book *book, struct err *err)
{
    int64_t next;
    return policy_book_list(book, &(struct review_page){.after = task->number, .limit = 2}, &task->json,
                            &next, err);
}

static int64_t version_of(const json_t *version)
{
    return json_integer_value(json_object_get(version, "version"));
}

/* What became of it; the version that is in force afterwards is checked. */
static enum policy_apply_outcome apply_it(struct book_fixture *rig, const char *text, int64_t replaces,
                                          int64_t in_force)
{
    struct apply_task own = {
        .task = {.act = apply},
        .draft = {.by = mina, .via = "api", .text = bytes_of_cstr(text), .replaces = replaces}};
    rig_run(rig, &own.task);
    assert_int_equal(own.task.status, STATUS_OK);
    assert_int_equal(version_of(own.applied.version), in_force);
    json_decref(own.applied.version);
    return own.applied.outcome;
}

static void assert_policy(struct book_fixture *rig, int64_t version, int64_t number, const char *part)
{
    struct book_task task = {.act = read_policy_version, .number = version};
    rig_run(rig, &task);
    assert_int_equal(task.status, STATUS_OK);
    assert_int_equal(version_of(task.json), number);
    assert_non_null(strstr(text(task.json, "text"), part));
    assert_true(json_is_object(json_object_get(task.json, "policy")));
    json_decref(task.json);
}

/* RP-32. Broken: a file with a fault rules, or one that somebody else has just applied is undone unseen. */
static void versions_of_the_policy(void **state)
{
    struct book_fixture *rig = *state;
    assert_policy(rig, POLICY_ANY_VERSION, 0, "built-in");
    assert_int_equal(apply_it(rig, "defaults: { gate: befor }", POLICY_ANY_VERSION, 0), POLICY_APPLY_REFUSED);
    assert_int_equal(apply_it(rig, "defaults: { gate: before }", 0, 1), POLICY_APPLY_DONE);
    assert_int_equal(apply_it(rig, "defaults: { gate: before }", 1, 1), POLICY_APPLY_UNCHANGED);
    assert_int_equal(apply_it(rig, "defaults: { gate: both }", 0, 1), POLICY_APPLY_OUTDATED);
    assert_int_equal(apply_it(rig, "defaults: { gate: both }", POLICY_ANY_VERSION, 2), POLICY_APPLY_DONE);
    assert_int_equal(apply_it(rig, "defaults: { gate: before }", 2, 3), POLICY_APPLY_DONE);
    rig_close(rig);
    rig_open(rig);
    assert_policy(rig, POLICY_ANY_VERSION, 3, "before");
    assert_policy(rig, 2, 2, "both");
    assert_policy(rig, 0, 0, "built-in");
    struct book_task unknown = {.act = read_policy_version, .number = 4};
    rig_run(rig, &unknown);
    assert_int_equal(unknown.status, STATUS_NOT_FOUND);

    struct book_task page = {.act = list_policies};
    rig_run(rig, &page);
    assert_int_equal(json_array_size(page.json), 2);
    assert_int_equal(version_of(json_array_get(page.json, 0)), 3);
    json_decref(page.json);
    struct book_task rest = {.act = list_policies, .number = 2};
    rig_run(rig, &rest);
    assert_int_equal(json_array_size(rest.json), 1);
    json_decref(rest.json);
}

/* Broken: a policy rules that is not on disk, or the entry that tells of it is there without it. */
static void a_policy_that_was_undone_never_ruled(void **state)
{
    struct book_fixture *rig = *state;
    struct apply_task own = {.task = {.act = apply_and_fail},
                             .draft = {.by = mina,
                                       .via = "api",
                                       .text = BYTES_LITERAL("defaults: { gate: both }"),
                                       .replaces = POLICY_ANY_VERSION}};
    rig_run(rig, &own.task);
    assert_int_equal(own.task.status, STATUS_INVALID_ARGUMENT);
    json_decref(own.applied.version);
    assert_policy(rig, POLICY_ANY_VERSION, 0, "built-in");
    assert_int_equal(apply_it(rig, "defaults: { gate: before }", 0, 1), POLICY_APPLY_DONE);
    assert_policy(rig, POLICY_ANY_VERSION, 1, "before");
}

/* The log of an older release, which has no book, gets one; its entries stay, and the chain goes on. */
static void an_older_log_gets_the_book(void **state)
{
    struct book_fixture *rig = *state;
    char path[128], command[256];
    struct err err = {0};
    rig_close(rig);
    (void)snprintf(command, sizeof command, "rm -f '%s'/audit*", rig->folder);
    assert_int_equal(system(command), 0);
    const struct audit_log_options options = {.folder = rig->folder, .shown = rig->folder};
    const struct audit_entry entry = {.action = AUDIT_SERVER_STARTED,
                                      .actor_id = "server",
                                      .actor_name = "sallyport",
                                      .object = "server",
                                      .at_ns = START_NS};
    assert_int_equal(audit_log_open(rig->loop, &options, &rig->log, &err), STATUS_OK);
    audit_log_append(rig->log, &entry, NULL);
    audit_log_close(rig->log);

    rig_open(rig);
    const struct review_submission what = submission("u1", "print(1)");
    submit_it(rig, &what);
    rig_close(rig);
    struct audit_file *file = NULL;
    struct audit_row last;
    (void)snprintf(path, sizeof path, "%s/audit.db", rig->folder);
    assert_int_equal(audit_file_open_to_read(path, path, &file, &err),
                     STATUS_OK); /* as an older release reads it */
    assert_int_equal(audit_file_last(file, &last, &err), STATUS_OK);
    assert_int_equal(last.seq, 2);
    audit_file_close(file);
    rig_open(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_from_beginning_to_end, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_time_out_and_a_decision_do_not_meet, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(lists_find_what_they_are_asked_for, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(by_deadline_the_soonest_comes_first, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_walk_that_ends_early_says_where, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(blobs_are_kept_once, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_draft_is_hashed_as_it_comes, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(inputs_are_part_of_a_revision, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(what_a_run_made_is_kept, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(what_nobody_reports_is_not_nothing, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(what_a_request_was_about_goes_after_a_time, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(what_nobody_uses_is_swept, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_key_is_used_once, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(events_are_in_order, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(news_say_which_request_they_are_of, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_job_that_fails_leaves_nothing, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(versions_of_the_policy, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_policy_that_was_undone_never_ruled, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(an_older_log_gets_the_book, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
