/* SPDX-License-Identifier: MIT */
/* scheduler_retention.c — now and then a list of what may go, a job for each hub and status, and one purge after the other
 * until the list is done (core/task/retention.h). Batches are small and wait their turn, so nobody notices. */
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/text.h"
#include "os/clock.h"
#include "svc/scheduler/scheduler_ask.h"
#include "svc/scheduler/scheduler_service_internal.h"

struct retention_job {
    uint32_t hub;
    enum instance_status status;
    int64_t age_ns;
};

struct scheduler_retention {
    struct scheduler *scheduler;
    struct retention rules;
    char *text; /* what the rules are views of */
    struct loop_timer timer;
    struct retention_job *jobs;
    size_t count;
    size_t done;
    bool awake; /* a sweep is under way, or to come */
};

static void run_next(struct scheduler_retention *retention);

static void wait_for_next(struct scheduler_retention *retention)
{
    int64_t interval_ns = retention->scheduler->options.retention_interval_ns;
    enum status status =
        loop_timer_set(retention->scheduler->loop, &retention->timer, clock_monotonic_ns() + interval_ns);
    ASSERT(status == STATUS_OK); /* without it nothing would ever be deleted again */
    retention->awake = true;
}

/* False: instances of that hub and status are kept. Its own rules beat those of the settings, all of them. */
static bool age_of(struct scheduler_retention *retention, uint32_t number, struct bytes name,
                   enum instance_status status, int64_t *ret_age_ns, bool *ret_own)
{
    struct bytes rules = scheduler_hubs_retention(retention->scheduler, number);
    struct retention own;
    struct bytes wrong;
    *ret_own = rules.size > 0;
    if (!*ret_own)
        return retention_age(&retention->rules, name, status, ret_age_ns);
    if (retention_parse(rules, &own, &wrong) != STATUS_OK) /* RETENTION_KEEP, or of a newer program */
        return false;
    return retention_age(&own, (struct bytes){0}, status, ret_age_ns);
}

/* --- a sweep --- */

static void on_purged(void *context, enum status status, const char *text, int64_t deleted, bool complete)
{
    struct scheduler_retention *retention = context;
    const struct retention_job *job = &retention->jobs[retention->done++];
    char line[300];
    if (status != STATUS_OK)
        (void)snprintf(line, sizeof line, "retention failed: %s", text_or(text, ""));
    else
        (void)snprintf(line, sizeof line, "retention deleted=%lld state=%s", (long long)deleted,
                       instance_status_name(job->status));
    if (status != STATUS_OK || deleted > 0)
        scheduler_pump_tell(retention->scheduler, status == STATUS_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
                            job->hub, (struct bytes){0}, line);
    run_next(retention);
}

static void run_next(struct scheduler_retention *retention)
{
    struct scheduler *scheduler = retention->scheduler;
    while (retention->done < retention->count && !scheduler->stopping) {
        const struct retention_job *job = &retention->jobs[retention->done];
        int64_t before_ns = scheduler->options.unix_ns() - job->age_ns;
        struct scheduler_purge_options options = {.query = {.hub = job->hub,
                                                            .status_mask = 1u << job->status,
                                                            .completed_to_ns = MAX(before_ns, 1),
                                                            .by_completion = true,
                                                            .terminal_only = true},
                                                  .deadline_ns = INT64_MAX,
                                                  .stop = &scheduler->stopping,
                                                  .on_done = on_purged,
                                                  .context = retention};
        if (scheduler_purge_begin(scheduler, &options) == STATUS_OK)
            return; /* on_purged goes on */
        retention->done++;
    }
    if (!scheduler->stopping)
        wait_for_next(retention);
}

static void add_jobs(void *context, uint32_t number, struct bytes name)
{
    struct scheduler_retention *retention = context;
    for (int status = 0; status < INSTANCE_NONE; status++) {
        struct retention_job job = {.hub = number, .status = (enum instance_status)status};
        bool own;
        if (!instance_status_terminal(job.status) ||
            !age_of(retention, number, name, job.status, &job.age_ns, &own))
            continue;
        struct retention_job *jobs = realloc(retention->jobs, (retention->count + 1) * sizeof *jobs);
        if (!jobs)
            return; /* the next sweep may have the memory */
        retention->jobs = jobs;
        retention->jobs[retention->count++] = job;
    }
}

static void on_time(struct loop_timer *timer)
{
    struct scheduler_retention *retention = CONTAINER_OF(timer, struct scheduler_retention, timer);
    retention->count = retention->done = 0;
    scheduler_hubs_each(retention->scheduler, add_jobs, retention);
    retention->awake = retention->count > 0 || retention->rules.count > 0;
    if (retention->awake)
        run_next(retention);
}

/* --- calls --- */

void scheduler_retention_set(struct scheduler *scheduler, struct scheduler_call *call, struct bytes message)
{
    /* At once, since the sweep comes later than the commit; and if that fails, the store is read again with its rules. */
    (void)!scheduler_hubs_retain(scheduler, call->hub, message);
    scheduler_pump_call(scheduler, call, message);
}

bool scheduler_ask_retention(struct scheduler *scheduler, uint32_t hub, struct bytes name,
                             enum instance_status status, int64_t *ret_age_ns, bool *ret_own)
{
    return age_of(scheduler->retention, hub, hub ? scheduler_hubs_name(scheduler, hub) : name, status,
                  ret_age_ns, ret_own);
}

/* --- life --- */

/* `*ret_rules` are views of the copy in `*ret_text`. */
static enum status read_rules(const char *text, char **ret_text, struct retention *ret_rules, struct err *err)
{
    struct bytes wrong;
    char *copy = strdup(text);
    if (!copy)
        return err_set(err, STATUS_NO_MEMORY, "retention: out of memory");
    if (retention_parse(bytes_of_cstr(copy), ret_rules, &wrong) == STATUS_OK) {
        *ret_text = copy;
        return STATUS_OK;
    }
    (void)err_set(err, STATUS_INVALID_ARGUMENT,
                  "retention: \"%.*s\" is no rule; one is [HUB/][STATE=]TIME, such as 30d, failed=90d, "
                  "orders/completed=1d",
                  (int)MIN(wrong.size, 60u), (const char *)wrong.data);
    free(copy);
    return STATUS_INVALID_ARGUMENT;
}

enum status scheduler_retention_begin(struct scheduler *scheduler, struct err *err)
{
    struct scheduler_retention *retention = calloc(1, sizeof *retention);
    if (!retention)
        return err_set(err, STATUS_NO_MEMORY, "starting retention: out of memory");
    retention->scheduler = scheduler;
    retention->timer.on_fire = on_time;
    scheduler->retention = retention; /* scheduler_retention_end frees it, whatever follows */
    return scheduler_retain(scheduler, text_or(scheduler->options.retention, ""), err);
}

enum status scheduler_retain(struct scheduler *scheduler, const char *rules, struct err *err)
{
    struct scheduler_retention *retention = scheduler->retention;
    struct retention read = {0};
    char *text = NULL;
    enum status status = read_rules(rules, &text, &read, err);
    if (status != STATUS_OK)
        return status;
    free(retention->text);
    retention->text = text;
    retention->rules = read;

    if (read.count)
        scheduler_retention_wake(scheduler);
    return STATUS_OK;
}

void scheduler_retention_wake(struct scheduler *scheduler)
{
    if (!scheduler->retention->awake)
        wait_for_next(scheduler->retention);
}

void scheduler_retention_end(struct scheduler *scheduler)
{
    if (!scheduler->retention)
        return;
    loop_timer_cancel(&scheduler->retention->timer);
    free(scheduler->retention->jobs);
    free(scheduler->retention->text);
    free(scheduler->retention);
    scheduler->retention = NULL;
}
