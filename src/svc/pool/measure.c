/* SPDX-License-Identifier: MIT */
/* measure.c — the first step is taken at once, for most sessions have a handful of files; the rest in turns of the loop. */
#include "svc/pool/measure.h"

#include <stdlib.h>

#include "base/log.h"

static void give_up(struct measure *measure, const struct err *err)
{
    log_debug("svc/pool", "files of a run are not reported cause=\"%s\"", err->text);
    file_changes_fini(&measure->files);
    measure->failed = true;
}

/* True when this look is done, for better or worse. */
static bool step(struct measure *measure)
{
    struct err err = {0};
    bool done = false;
    enum status status = measure->ending ? file_changes_end_step(&measure->files, &done, &err)
                                         : file_changes_begin_step(&measure->files, &done, &err);
    if (status != STATUS_OK)
        give_up(measure, &err);
    else if (done && measure->ending)
        measure->files_known = true;
    if (done && status == STATUS_OK)
        *measure->still = file_changes_still(&measure->files);
    return done || status != STATUS_OK;
}

static void on_next(struct loop_task *task)
{
    struct measure *measure = CONTAINER_OF(task, struct measure, next);
    if (step(measure))
        measure->on_done(measure->context);
    else
        loop_defer(measure->loop, &measure->next);
}

static bool go_on(struct measure *measure)
{
    bool done = step(measure);
    if (!done)
        loop_defer(measure->loop, &measure->next);
    return done;
}

struct measure *measure_create(struct loop *loop, void (*on_done)(void *context), void *context)
{
    struct measure *measure = calloc(1, sizeof *measure);
    if (!measure)
        return NULL;
    measure->loop = loop;
    measure->on_done = on_done;
    measure->context = context;
    measure->next.on_run = on_next;
    file_changes_init(&measure->files);
    return measure;
}

void measure_destroy(struct measure *measure)
{
    if (!measure)
        return;
    loop_defer_cancel(&measure->next);
    file_changes_fini(&measure->files);
    free(measure);
}

bool measure_begin(struct measure *measure, const struct session *session, struct file_stillness *still)
{
    struct err err = {0};
    measure->session = session;
    measure->still = still;
    if (file_changes_begin(&measure->files, session->data_dir_fd, still, &err) == STATUS_OK)
        return go_on(measure);
    give_up(measure, &err);
    return true;
}

void measure_take_counts(struct measure *measure, const struct session *session)
{
    measure->calls = session->calls.counts;
    measure->calls_known = session->calls.heard;
    measure->gauges = session_gauges_read(&session->gauges);
}

bool measure_end(struct measure *measure)
{
    struct err err = {0};
    measure->ending = true;
    if (measure->failed || !measure->session)
        return true;
    if (file_changes_end(&measure->files, measure->session->data_dir_fd, &err) == STATUS_OK)
        return go_on(measure);
    give_up(measure, &err);
    return true;
}

void measure_abandon(struct measure *measure)
{
    loop_defer_cancel(&measure->next);
    measure->session = NULL;
    if (!measure->files_known)
        file_changes_fini(&measure->files);
}

size_t measure_size(const struct measure *measure)
{
    return measure ? sizeof *measure + measure->files.arena.used : 0;
}
