/* SPDX-License-Identifier: MIT */
/* audit_append.c — an entry by itself is a work that writes nothing else; and how other threads hand works in. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "os/clock.h"
#include "store/audit/audit_log_internal.h"

#define AREA        "store/audit"
#define WAIT_MAX_NS (30 * NS_PER_S) /* a thread stands still for an entry, longer than any disk takes */

/* --- an entry --- */

/* An entry that waits for the disk, its texts behind it. */
struct audit_pending {
    struct audit_work work;
    struct audit_entry entry;
    struct audit_waiter *waiter;
    char texts[];
};

static void pending_free(struct audit_pending *pending)
{
    json_decref(pending->entry.details);
    free(pending);
}

static const char *keep_text(char **at, const char *text)
{
    size_t size = strlen(text) + 1;
    const char *kept = memcpy(*at, text, size);
    *at += size;
    return kept;
}

static enum status write_entry(struct audit_work *work, struct audit_scribe *scribe, struct err *err)
{
    return audit_scribe_append(scribe, &CONTAINER_OF(work, struct audit_pending, work)->entry, err);
}

static void on_written(struct audit_work *work, enum status status, const struct err *err)
{
    struct audit_pending *pending = CONTAINER_OF(work, struct audit_pending, work);
    if (pending->waiter)
        pending->waiter->on_done(pending->waiter, status, err);
    else if (status != STATUS_OK)
        log_error(AREA, "not in the audit log action=%s object=%s cause=\"%s\"",
                  audit_action_name(pending->entry.action), pending->entry.object, err->text);
    pending_free(pending);
}

/* The caller's texts may go as soon as it has called: the entry waits for the disk with copies of its own, in one
 * piece with it. */
static struct audit_pending *pending_make(const struct audit_entry *entry)
{
    size_t size = strlen(entry->actor_id) + strlen(entry->actor_name) + strlen(entry->object) + 3;
    struct audit_pending *pending = calloc(1, sizeof *pending + size);
    json_t *details = entry->details ? json_deep_copy(entry->details) : json_object();
    if (!pending || !details) {
        json_decref(details);
        free(pending);
        return NULL;
    }
    char *at = pending->texts;
    pending->work.perform = write_entry;
    pending->work.on_done = on_written;
    pending->entry = (struct audit_entry){.action = entry->action,
                                          .actor_id = keep_text(&at, entry->actor_id),
                                          .actor_name = keep_text(&at, entry->actor_name),
                                          .object = keep_text(&at, entry->object),
                                          .details = details,
                                          .at_ns = entry->at_ns};
    return pending;
}

static void tell_no_memory(struct loop_task *task)
{
    struct audit_waiter *waiter = CONTAINER_OF(task, struct audit_waiter, no_memory);
    const struct err err = {.status = STATUS_RESOURCE_EXHAUSTED,
                            .text = "the audit log has no room for another entry"};
    waiter->on_done(waiter, err.status, &err);
}

void audit_log_append(struct audit_log *log, const struct audit_entry *entry, struct audit_waiter *waiter)
{
    struct audit_pending *pending = log->queued < AUDIT_QUEUE_MAX ? pending_make(entry) : NULL;

    /* INVARIANT: who waits is always told, and never from within this call. What it waits to do must not happen
     * unrecorded. */
    if (!pending && waiter) {
        waiter->no_memory = (struct loop_task){.on_run = tell_no_memory};
        loop_defer(log->loop, &waiter->no_memory);
        return;
    }
    if (!pending) {
        log_error(AREA, "not in the audit log action=%s object=%s cause=\"no room\"",
                  audit_action_name(entry->action), entry->object);
        return;
    }
    pending->waiter = waiter;
    audit_log_perform(log, &pending->work);
}

/* --- from another thread --- */

/* Two hold it: the thread that waits, and the loop. Whoever lets go last frees it. */
struct audit_call {
    struct loop_message message;
    struct audit_waiter waiter;
    struct audit_log *log;
    struct audit_pending *entry; /* for the loop to copy */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool done, abandoned;
    enum status status;
    struct err err;
};

static void call_free(struct audit_call *call)
{
    if (call->entry)
        pending_free(call->entry);
    pthread_cond_destroy(&call->changed);
    pthread_mutex_destroy(&call->mutex);
    free(call);
}

static void on_call_done(struct audit_waiter *waiter, enum status status, const struct err *err)
{
    struct audit_call *call = CONTAINER_OF(waiter, struct audit_call, waiter);
    pthread_mutex_lock(&call->mutex);
    /* ORDER: read before the lock is given back. Behind that, the thread that waits may have freed the call. */
    bool abandoned = call->abandoned;
    call->done = true;
    call->status = status;
    call->err = *err;
    pthread_cond_signal(&call->changed);
    pthread_mutex_unlock(&call->mutex);
    if (abandoned)
        call_free(call);
}

static void on_call(struct loop_message *message)
{
    struct audit_call *call = CONTAINER_OF(message, struct audit_call, message);
    audit_log_append(call->log, &call->entry->entry, &call->waiter);
}

static struct audit_call *call_make(struct audit_log *log)
{
    struct audit_call *call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&call->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&call->mutex, NULL);
    call->log = log;
    call->waiter.on_done = on_call_done;
    return call;
}

enum status audit_log_append_wait(struct audit_log *log, const struct audit_entry *entry, struct err *err)
{
    struct audit_call *call = call_make(log);
    if (call)
        call->entry = pending_make(entry);
    if (!call || !call->entry) {
        if (call)
            call_free(call);
        return err_no_memory(err);
    }
    call->message.on_run = on_call;
    int64_t until_ns = clock_monotonic_ns() + WAIT_MAX_NS;
    const struct timespec until = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
    loop_post(log->loop, &call->message);

    pthread_mutex_lock(&call->mutex);
    int waited = 0;
    while (!call->done && waited == 0)
        waited = pthread_cond_timedwait(&call->changed, &call->mutex, &until);
    bool done = call->done;
    enum status status = call->status;
    if (done && status != STATUS_OK && err)
        *err = call->err;
    /* ORDER: under the same lock as `done`. Either the loop sees that nobody waits, and frees, or this thread saw
     * the end. */
    call->abandoned = !done;
    pthread_mutex_unlock(&call->mutex);
    if (!done)
        return err_set(err, STATUS_UNAVAILABLE, "the audit log does not answer");
    call_free(call);
    return status;
}

/* --- a work from another thread --- */

/* On the stack of the thread that waits, for as long as it takes; handed in instead of the work that it performs. */
struct work_call {
    struct audit_work work;
    struct loop_message message;
    struct audit_log *log;
    struct audit_work *own;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool done;
};

static enum status perform_own(struct audit_work *work, struct audit_scribe *scribe, struct err *err)
{
    struct audit_work *own = CONTAINER_OF(work, struct work_call, work)->own;
    return own->perform(own, scribe, err);
}

static void on_work_done(struct audit_work *work, enum status status, const struct err *err)
{
    struct work_call *call = CONTAINER_OF(work, struct work_call, work);
    /* ORDER: before `done`, since the other thread's stack, on which both stand, is gone behind it. */
    call->own->on_done(call->own, status, err);
    pthread_mutex_lock(&call->mutex);
    call->done = true;
    pthread_cond_signal(&call->changed);
    pthread_mutex_unlock(&call->mutex);
}

static void on_work_call(struct loop_message *message)
{
    struct work_call *call = CONTAINER_OF(message, struct work_call, message);
    audit_log_perform(call->log, &call->work);
}

/* No time limit, other than for an entry: `work` is on the stack of who called, so nobody may go before it is
 * done. */
enum status audit_log_perform_wait(struct audit_log *log, struct audit_work *work, struct err *err)
{
    struct work_call call = {
        .work = {.perform = perform_own, .on_done = on_work_done, .reads_only = work->reads_only},
        .message = {.on_run = on_work_call},
        .log = log,
        .own = work};
    pthread_mutex_init(&call.mutex, NULL);
    pthread_cond_init(&call.changed, NULL);
    loop_post(log->loop, &call.message);
    pthread_mutex_lock(&call.mutex);
    while (!call.done)
        pthread_cond_wait(&call.changed, &call.mutex);
    pthread_mutex_unlock(&call.mutex);
    pthread_cond_destroy(&call.changed);
    pthread_mutex_destroy(&call.mutex);
    if (call.work.status != STATUS_OK && err)
        *err = call.work.err;
    return call.work.status;
}
