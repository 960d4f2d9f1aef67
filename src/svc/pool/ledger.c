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

void execution_ledger_init(struct execution_ledger *l, struct kept_results *kept, size_t count_max,
                           size_t size_max)
{
    *l = (struct execution_ledger){.kept = kept, .count_max = count_max, .size_max = size_max};
    list_init(&l->records);
}

void execution_ledger_add(struct execution_ledger *l, struct execution *x)
{
    ASSERT(!x->ledger && x->status == EXECUTION_NOT_STARTED);
    x->ledger = l;
    list_push_back(&l->records, &x->record_link);
}

struct execution *execution_ledger_find(const struct execution_ledger *l, struct bytes id)
{
    for (struct list *it = l->records.prev; it != &l->records; it = it->prev) {
        struct execution *x = CONTAINER_OF(it, struct execution, record_link);
        if (bytes_equal_cstr(id, x->id))
            return x;
    }
    return NULL;
}

void execution_ledger_forget(struct execution *x)
{
    struct execution_ledger *l = x->ledger;
    if (x->keeping.counted) {
        l->count--;
        l->size -= execution_size(x);
        x->keeping.counted = false;
    }
    execution_discharge(x);
    list_remove(&x->keeping.kept_link);
    list_remove(&x->record_link);
    x->ledger = NULL;
    if (!x->keeping.report.queued && !x->keeping.reporting && x->status != EXECUTION_RUNNING)
        execution_destroy(x);
}

void execution_ledger_clear(struct execution_ledger *l)
{
    while (!list_empty(&l->records))
        execution_ledger_forget(CONTAINER_OF(l->records.next, struct execution, record_link));
}

static void trim(struct execution_ledger *l, const struct execution *latest)
{
    list_each_safe (it, &l->records) {
        struct execution *x = CONTAINER_OF(it, struct execution, record_link);
        if (l->count <= l->count_max && l->size <= l->size_max)
            return;
        if (x->keeping.counted && x != latest)
            execution_ledger_forget(x);
    }
}

static void on_report(struct loop_task *task)
{
    struct execution *x = CONTAINER_OF(task, struct execution, keeping.report);
    void (*on_done)(void *, struct execution *) = x->on_done;
    x->on_done = NULL;
    x->keeping.reporting = true;
    if (on_done)
        on_done(x->context, x);
    x->keeping.reporting = false;
    if (!x->ledger)
        execution_destroy(x);
}

void ledger_settle(struct loop *l, struct execution *x)
{
    ASSERT(execution_final(x));
    x->times.done_ns = loop_now(l);
    list_remove(&x->queue_link);
    buf_fini(&x->asked.code);
    x->keeping.report.on_run = on_report;
    loop_defer(l, &x->keeping.report);
    if (!x->ledger)
        return;
    (void)execution_charge(x, x->ledger->kept->budget, execution_size(x), true);
    list_push_back(&x->ledger->kept->oldest_first, &x->keeping.kept_link);
    x->keeping.counted = true;
    x->ledger->count++;
    x->ledger->size += execution_size(x);
    trim(x->ledger, x);
}
