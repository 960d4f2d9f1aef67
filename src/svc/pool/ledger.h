/* SPDX-License-Identifier: MIT */
/* ledger.h — how long an execution is kept, and who frees it.
 * An execution has up to three users: the session that runs it, the caller who waits for its report, and the
 * ledger of its tenant, which keeps it for polling (session-pool-api.md 6.2). The last one that lets go frees
 * it. A ledger keeps the latest results within two limits; what waits or runs does not count and always
 * stays. Over all ledgers of a pool, the oldest results give way when the pool's memory budget is reached. Knows nothing of queues and sessions. On the loop's thread. */
#ifndef SVC_POOL_LEDGER_H
#define SVC_POOL_LEDGER_H

#include "svc/pool/execution.h"

/* The results in all ledgers of a pool. */
struct kept_results {
    struct list oldest_first; /* of struct execution */
    struct memory_budget *budget;
};

struct execution_ledger {
    struct kept_results *kept; /* of the pool */
    struct list records;       /* of struct execution, oldest first */
    size_t count;              /* of results: records that are final */
    size_t size;               /* bytes of them */
    size_t count_max;
    size_t size_max; /* the latest result may be larger than that by itself */
};

/* From now on the budget asks `kept` to give way. */
void kept_results_init(struct kept_results *kept, struct memory_budget *budget);

void execution_ledger_init(struct execution_ledger *ledger, struct kept_results *kept, size_t count_max,
                           size_t size_max);
/* Records `execution`, which must be NOT_STARTED and in no ledger; from now on it is freed by the rule above. */
void execution_ledger_add(struct execution_ledger *ledger, struct execution *execution);
/* The newest one of that id, or NULL. */
struct execution *execution_ledger_find(const struct execution_ledger *ledger, struct bytes id);
/* Takes the record away. `execution` dies at once unless it runs or is yet to be reported. */
void execution_ledger_forget(struct execution *execution);
void execution_ledger_clear(struct execution_ledger *ledger);
/* `execution` has just become final: notes the time, lets go of its code and has `on_done` called from the loop. Then
 * it counts in its ledger, which may drop older results for it. */
void ledger_settle(struct loop *loop, struct execution *execution);

#endif
