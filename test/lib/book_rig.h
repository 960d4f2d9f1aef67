/* SPDX-License-Identifier: MIT */
/* book_rig.h — a book of requests in a folder of its own, with a loop, and jobs in it one after another: for tests of
 * store/review. Include it behind cmocka.h. */
#ifndef TEST_LIB_BOOK_RIG_H
#define TEST_LIB_BOOK_RIG_H

#include <stdio.h>
#include <stdlib.h>

#include "os/clock.h"
#include "store/review/review_store.h"

#define START_NS (1700000000 * NS_PER_S)

struct book_fixture {
    struct loop *loop;
    struct audit_log *log;
    struct review_store *store;
    char folder[64];
    int64_t keep_ns; /* of the next rig_open */
    struct review_news told;
};

/* What a test does in one job. */
struct book_task {
    struct review_job job;
    enum status (*act)(struct book_task *task, struct review_book *book, struct err *err);
    const void *argument;
    struct review_answer answer;
    struct review_step step;
    struct buf bytes;
    json_t *json;
    struct review_walk walk;
    int64_t number, now_ns;
    bool done;
    enum status status;
};

static inline enum status rig_perform(struct review_job *job, struct review_book *book, struct err *err)
{
    struct book_task *task = CONTAINER_OF(job, struct book_task, job);
    return task->act(task, book, err);
}

static inline void rig_on_done(struct review_job *job, enum status status, const struct err *err)
{
    struct book_task *task = CONTAINER_OF(job, struct book_task, job);
    task->status = status;
    task->done = true;
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        printf("%s\n", err->text);
}

static inline void rig_run(struct book_fixture *rig, struct book_task *task)
{
    task->job.perform = rig_perform;
    task->job.on_done = rig_on_done;
    review_store_run(rig->store, &task->job);
    while (!task->done)
        assert_int_equal(loop_step(rig->loop, 1000, NULL), STATUS_OK);
}

static inline void rig_on_events(void *context, const struct review_news *news)
{
    ((struct book_fixture *)context)->told = *news;
}

static inline void rig_open(struct book_fixture *rig)
{
    struct err err = {0};
    const struct audit_log_options options = {.folder = rig->folder, .shown = rig->folder};
    assert_int_equal(audit_log_open(rig->loop, &options, &rig->log, &err), STATUS_OK);
    if (review_store_open(rig->loop, rig->log, rig->folder, rig->keep_ns, &rig->store, &err) != STATUS_OK)
        fail_msg("%s", err.text);
    review_store_on_events(rig->store, rig_on_events, rig);
}

static inline void rig_close(struct book_fixture *rig)
{
    review_store_close(rig->store);
    audit_log_close(rig->log);
}

static inline int rig_init(void **state)
{
    static struct book_fixture rig;
    struct err err = {0};
    rig = (struct book_fixture){.folder = "/tmp/review_store_test.XXXXXX"};
    assert_non_null(mkdtemp(rig.folder));
    assert_int_equal(loop_create(&rig.loop, &err), STATUS_OK);
    rig_open(&rig);
    *state = &rig;
    return 0;
}

static inline int rig_fini(void **state)
{
    struct book_fixture *rig = *state;
    char command[128];
    rig_close(rig);
    loop_destroy(rig->loop);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", rig->folder);
    return system(command);
}

#endif
