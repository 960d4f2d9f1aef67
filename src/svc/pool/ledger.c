/* SPDX-License-Identifier: MIT */
/* ledger.c — a list in order of arrival, trimmed whenever one becomes final. */
#include "svc/pool/ledger.h"

/* The oldest results go first, whose they ever are: what runs needs the memory. */
static void on_pressure(void *context, size_t wanted)
{
    struct kept_results *kept = context;
    size_t before = kept->budget->size;
    while (!list_empty(&kept->oldest_first) && before - kept->budget->size < wanted)
        execution_ledger_forget(CONTAINER_OF(kept->oldest_first.next, struct execution, keeping.kept_link));
}

void kept_results_init(struct kept_results *kept, struct memory_budget *budget)
{
    list_init(&kept->oldest_first);
    kept->budget = budget;
    budget->on_pressure = on_pressure;
    budget->context = kept;
}

void execution_ledger_init(struct execution_ledger *ledger, struct kept_results *kept, size_t count_max,
                           size_t size_max)
{
    *ledger = (struct execution_ledger){.kept = kept, .count_max = count_max, .size_max = size_max};
    list_init(&ledger->records);
}

void execution_ledger_add(struct execution_ledger *ledger, struct execution *execution)
{
    ASSERT(!execution->ledger && execution->status == EXECUTION_NOT_STARTED);
    execution->ledger = ledger;
    list_push_back(&ledger->records, &execution->record_link);
}

/* From the newest: callers choose ids, and one may be used again. */
struct execution *execution_ledger_find(const struct execution_ledger *ledger, struct bytes id)
{
    for (struct list *it = ledger->records.prev; it != &ledger->records; it = it->prev) {
        struct execution *execution = CONTAINER_OF(it, struct execution, record_link);
        if (bytes_equal_cstr(id, execution->id))
            return execution;
    }
    return NULL;
}

/* INVARIANT: an execution outlives the ledger as long as it runs, or as somebody is being told of its end; whoever
 * is last frees it. */
void execution_ledger_forget(struct execution *execution)
{
    struct execution_ledger *ledger = execution->ledger;
    if (execution->keeping.counted) {
        ledger->count--;
        ledger->size -= execution_size(execution);
        execution->keeping.counted = false;
    }
    execution_discharge(execution);
    list_remove(&execution->keeping.kept_link);
    list_remove(&execution->record_link);
    execution->ledger = NULL;
    if (!execution->keeping.report.queued && !execution->keeping.reporting &&
        execution->status != EXECUTION_RUNNING)
        execution_destroy(execution);
}

void execution_ledger_clear(struct execution_ledger *ledger)
{
    while (!list_empty(&ledger->records))
        execution_ledger_forget(CONTAINER_OF(ledger->records.next, struct execution, record_link));
}

/* Never the latest: its caller is about to ask for it. */
static void trim(struct execution_ledger *ledger, const struct execution *latest)
{
    list_each_safe (it, &ledger->records) {
        struct execution *execution = CONTAINER_OF(it, struct execution, record_link);
        if (ledger->count <= ledger->count_max && ledger->size <= ledger->size_max)
            return;
        if (execution->keeping.counted && execution != latest)
            execution_ledger_forget(execution);
    }
}

/* The callback is taken off first, since it may abandon the execution; `reporting` keeps that from freeing it
 * meanwhile. */
static void on_report(struct loop_task *task)
{
    struct execution *execution = CONTAINER_OF(task, struct execution, keeping.report);
    void (*on_done)(void *, struct execution *) = execution->on_done;
    execution->on_done = NULL;
    execution->keeping.reporting = true;
    if (on_done)
        on_done(execution->context, execution);
    execution->keeping.reporting = false;
    if (!execution->ledger)
        execution_destroy(execution);
}

/* ORDER: watchers now, the caller in a later turn: the answer may begin the next call, and this one is still on
 * the stack. The code is freed before the size is charged: it is not kept. */
void ledger_settle(struct loop *loop, struct execution *execution)
{
    ASSERT(execution_final(execution));
    execution->times.done_ns = loop_now(loop);
    execution_tell_end(execution);
    list_remove(&execution->queue_link);
    buf_fini(&execution->asked.code);
    execution->keeping.report.on_run = on_report;
    loop_defer(loop, &execution->keeping.report);
    if (!execution->ledger)
        return;
    (void)execution_charge(execution, execution->ledger->kept->budget, execution_size(execution), true);
    list_push_back(&execution->ledger->kept->oldest_first, &execution->keeping.kept_link);
    execution->keeping.counted = true;
    execution->ledger->count++;
    execution->ledger->size += execution_size(execution);
    trim(execution->ledger, execution);
}
