/* SPDX-License-Identifier: MIT */
/* partition_recover.c — what happens when the store has refused, and how writing comes back.
 *
 *             fail                    loaded              recovered
 *   writing ───────► failed, loading ───────► reading ───────────────────────► writing
 *                        │ load failed                                ▲
 *                        └───────────► nothing ──recovered──► loading ┘ loaded
 *
 * INVARIANT: an engine lives only as long as everything that it has committed is on disk. A failed write set was seen by
 * the engine that made it, so that engine goes, at once and whole; the next one knows what the store knows. */
#include "base/log.h"
#include "svc/scheduler/partition_internal.h"

static void retry_later(struct partition *partition)
{
    partition_set_timer(partition, &partition->recover_timer, partition->retry_delay.ns);
}

void partition_fail(struct partition *partition, enum status status, const char *text)
{
    bool again = partition->failure.status != STATUS_OK;
    struct err err = {0};
    /* an engine that is loaded has asked for nothing yet */
    ASSERT(!partition->loading && !partition->turning);
    (void)err_set(&partition->failure, status, "%s", text);
    if (!again) {
        partition->failures++;
        retry_delay_failed(&partition->retry_delay);
        log_error("svc/scheduler", "writing stopped error=\"%s\"", partition->failure.text);
    }

    /* ORDER: nothing of the old engine is called behind this line; its owner hears of it when it is gone, and asks
     * for nothing that it had. */
    loop_defer_cancel(&partition->flush_task);
    loop_timer_cancel(&partition->tick_timer);
    partition_drop_engine(partition);
    partition->owner->on_failed(partition->context);
    retry_later(partition);
    /* A commit may still be running if it was a read that failed; partition_on_recover waits for it. */
    if (again || task_store_busy(partition->options.store))
        partition->owner->on_reading(partition->context);
    else if (partition_begin_load(partition, &err) != STATUS_OK)
        log_error("svc/scheduler", "reading stopped error=\"%s\"", err.text);
}

static void resume(struct partition *partition)
{
    partition->recovered = false;
    partition->failure = (struct err){0};
    loop_timer_cancel(&partition->recover_timer);
    if (task_store_low(partition->options.store))
        log_warn("svc/scheduler",
                 "writing again, with the reserve: the disk is nearly full, and nothing new is taken");
    else
        log_info("svc/scheduler", "writing again");
    partition->owner->on_writing(partition->context);
    partition_arm_tick(partition);
}

void partition_loaded_again(struct partition *partition, enum status status)
{
    if (status != STATUS_OK)
        log_error("svc/scheduler", "reading stopped error=\"%s\"", partition->load_failure.text);
    if (status == STATUS_OK && partition->recovered)
        resume(partition);
    else
        partition->owner->on_reading(partition->context);
}

static void on_recovered(void *context, enum status status, const char *text)
{
    struct partition *partition = context;
    struct err err = {0};
    partition->recovering = false;
    retry_delay_tried(&partition->retry_delay);
    if (status != STATUS_OK) {
        log_debug("svc/scheduler", "still not writing error=\"%s\"", text);
        retry_later(partition);
        return;
    }
    /* The engine that serves reads was built from the store after the failure, and nothing was written since:
     * it goes on. To build another one would hold up everybody for as long again. */
    if (partition->engine) {
        resume(partition);
        return;
    }
    partition->recovered = true;
    retry_later(partition);
    if (partition_begin_load(partition, &err) != STATUS_OK)
        log_error("svc/scheduler", "reading stopped error=\"%s\"", err.text);
}

void partition_on_recover(struct loop_timer *timer)
{
    struct partition *partition = CONTAINER_OF(timer, struct partition, recover_timer);
    bool busy = task_store_busy(partition->options.store);
    if (partition->recovering || partition->loading || busy) {
        if (busy)
            retry_delay_tried(&partition->retry_delay);
        retry_later(partition);
        return;
    }
    partition->recovered = false;
    partition->recovering = true;
    task_store_recover(partition->options.store, on_recovered, partition);
}
