/* SPDX-License-Identifier: MIT */
/* review_reader_test.c — the book is read while somebody writes. If this fails, one long list holds up every submission and vote, or a
 * list does not have what was acknowledged. */
#include "store/review/review_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "lib/book_rig.h"

#define PATIENCE_MS 10000

static enum status submit(struct book_task *task, struct review_book *book, struct err *err)
{
    const struct review_submission submission = {.id = task->argument,
                                                 .by = {"p-ann", "ann", "user"},
                                                 .language = "python",
                                                 .code = BYTES_LITERAL("print(1)"),
                                                 .approval_timeout_ms = 60000};
    return review_book_submit(book, &submission, START_NS, &task->answer, err);
}

static enum status list_them(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_list(book, &(struct review_filter){.limit = 10}, &task->json, &task->walk, err);
}

static enum status read_full(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_read(book, task->argument, REVIEW_FULL, &task->json, err);
}

static void begin_read(struct book_fixture *rig, struct book_task *task)
{
    task->job = (struct review_job){.perform = rig_perform, .on_done = rig_on_done};
    review_store_read(rig->store, &task->job);
    assert_false(task->done);
}

static size_t count_requests(struct book_fixture *rig)
{
    struct book_task task = {.act = list_them};
    begin_read(rig, &task);
    while (!task.done)
        assert_int_equal(loop_step(rig->loop, 1000, NULL), STATUS_OK);
    assert_int_equal(task.status, STATUS_OK);
    size_t count = json_array_size(task.json);
    json_decref(task.json);
    return count;
}

static void submit_it(struct book_fixture *rig, const char *id)
{
    struct book_task task = {.act = submit, .argument = id};
    rig_run(rig, &task);
    assert_int_equal(task.status, STATUS_OK);
    json_decref(task.answer.request);
}

static void what_was_acknowledged_is_read(void **state)
{
    struct book_fixture *rig = *state;
    assert_int_equal(count_requests(rig), 0);
    submit_it(rig, "a1");
    assert_int_equal(count_requests(rig), 1);
    submit_it(rig, "a2");
    assert_int_equal(count_requests(rig), 2);

    struct book_task task = {.act = read_full, .argument = "a1"},
                     unknown = {.act = read_full, .argument = "a3"};
    begin_read(rig, &task);
    begin_read(rig, &unknown);
    while (!task.done || !unknown.done)
        assert_int_equal(loop_step(rig->loop, 1000, NULL), STATUS_OK);
    assert_string_equal(json_string_value(json_object_get(task.json, "code")), "print(1)");
    assert_int_equal(unknown.status, STATUS_NOT_FOUND);
    json_decref(task.json);
}

static atomic_bool is_inside, may_end;

/* A transaction that has written, and takes its time. */
static enum status write_slowly(struct book_task *task, struct review_book *book, struct err *err)
{
    enum status status = submit(task, book, err);
    atomic_store(&is_inside, true);
    for (int waited_ms = 0; !atomic_load(&may_end) && waited_ms < PATIENCE_MS; waited_ms++)
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return status;
}

static void nobody_waits_for_who_writes(void **state)
{
    struct book_fixture *rig = *state;
    submit_it(rig, "b1");
    atomic_store(&is_inside, false);
    atomic_store(&may_end, false);
    struct book_task slow = {.act = write_slowly, .argument = "b2"};
    slow.job.perform = rig_perform;
    slow.job.on_done = rig_on_done;
    review_store_run(rig->store, &slow.job);
    while (!atomic_load(&is_inside))
        assert_int_equal(loop_step(rig->loop, 1, NULL), STATUS_OK);

    assert_int_equal(count_requests(rig), 1); /* what is not committed is not there */
    assert_false(slow.done);
    atomic_store(&may_end, true);
    while (!slow.done)
        assert_int_equal(loop_step(rig->loop, 1000, NULL), STATUS_OK);
    assert_int_equal(slow.status, STATUS_OK);
    json_decref(slow.answer.request);
    assert_int_equal(count_requests(rig), 2);
}

static void a_close_waits_for_who_reads(void **state)
{
    struct book_fixture *rig = *state;
    submit_it(rig, "c1");
    struct book_task task = {.act = list_them};
    begin_read(rig, &task);
    rig_close(rig);
    assert_true(task.done);
    assert_int_equal(json_array_size(task.json), 1);
    json_decref(task.json);
    rig_open(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_acknowledged_is_read, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(nobody_waits_for_who_writes, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_close_waits_for_who_reads, rig_init, rig_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
