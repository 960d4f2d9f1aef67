/* SPDX-License-Identifier: MIT */
/* execution.h — one call to run code: what was asked, where it stands, what came of it.
 * Made by the API from a request, given to a tenant, run by its session, kept for polling. Nothing of the two
 * wire contracts is in here but the words to be echoed. On the loop's thread. */
#ifndef SVC_POOL_EXECUTION_H
#define SVC_POOL_EXECUTION_H

#include "core/pool/pool_policy.h"
#include "svc/pool/session/result_check.h"
#include "svc/pool/session/session.h"

#define EXECUTION_ID_SIZE_MAX   128 /* bytes */
#define EXECUTION_TYPE_SIZE_MAX 24  /* bytes of "Asynchronous" as the caller wrote it */

enum execution_status {
    EXECUTION_NOT_STARTED,
    EXECUTION_RUNNING,
    EXECUTION_SUCCEEDED,
    EXECUTION_FAILED,
    EXECUTION_CANCELED,
};

/* Why it failed, if it was not the code that failed. */
enum execution_fault {
    EXECUTION_FAULT_NONE,
    EXECUTION_FAULT_TIMEOUT,     /* over its time limit */
    EXECUTION_FAULT_CRASH,       /* the session ended under it */
    EXECUTION_FAULT_CANCELED,    /* somebody cancelled it, or the session was deleted */
    EXECUTION_FAULT_UNAVAILABLE, /* it never ran: there is no session to be had */
    EXECUTION_FAULT_NO_MEMORY,   /* it ran, but its output could not be kept */
    EXECUTION_FAULT_REFUSED,     /* it ran, but its result is over a limit */
};

struct execution_ledger;
struct measure;

/* What the caller wants. */
struct execution_asked {
    char execution_type[EXECUTION_TYPE_SIZE_MAX + 1]; /* as the caller wrote it */
    struct buf code;                                  /* freed when it is final */
    bool empty_kernel;
    bool asynchronous;
    bool measured; /* the caller wants to know what the run did */
    int64_t limit_ns;
    /* it runs in this session or not at all; "": in the identifier's */
    char session_guid[GUID_TEXT_SIZE + 1];
    size_t output_size_max; /* bytes of each stream; 0: the pool's own limit, with head and tail */
};

/* What came of it. */
struct execution_outcome {
    enum execution_fault fault;
    enum session_reason reason;         /* of the fault */
    char fault_text[200];               /* for people */
    struct buf output[SESSION_STREAMS]; /* valid UTF-8 */
    bool output_cut[SESSION_STREAMS];
    uint64_t output_bytes[SESSION_STREAMS]; /* that were written, kept or not */
    uint64_t output_lost[SESSION_STREAMS];  /* of them, that were not kept */
    bool result_cut;                        /* the value, the outputs or the error are not whole */
    bool result_dropped;                    /* something was left out that may not be in a result */
    enum result_type value_type;
    struct buf value;   /* JSON, empty when none */
    struct buf outputs; /* JSON array, empty when none */
    struct buf error;   /* JSON object, empty when none */
    /* JSON array: whom the code named when it wanted to reach somebody, its own word; empty: not said */
    struct buf hosts;
    uint64_t hosts_more; /* that are not in it */
    int64_t duration_ns; /* from sending the cell to its answer, by the server's clock */
};

struct execution_times {
    int64_t asked_ns;     /* when it came */
    int64_t allocated_ns; /* when the session was there */
    int64_t started_ns;
    int64_t done_ns;
};

/* Private to ledger.c and execution_charge. */
struct execution_keeping {
    struct list kept_link;        /* in the pool's kept results, oldest first */
    struct memory_budget *budget; /* NULL: nothing is charged */
    size_t charged;               /* bytes that the budget knows of */
    struct loop_task report;
    bool reporting; /* on_done is on the stack */
    bool counted;   /* in the ledger's count and size */
};

struct execution {
    struct list queue_link;          /* in the tenant's queue while NOT_STARTED */
    struct list record_link;         /* in the ledger */
    struct list pool_link;           /* in the pool, from tenant_execute on */
    struct execution_ledger *ledger; /* the tenant's; NULL: it has no record, nobody can poll for it */
    char id[EXECUTION_ID_SIZE_MAX + 1];
    enum execution_status status;
    struct execution_asked asked;
    struct execution_outcome outcome;
    struct execution_times times;
    char session_guid[GUID_TEXT_SIZE + 1];         /* empty: it never ran */
    char template_identity[SESSION_TEMPLATE_SIZE]; /* of that session */
    bool new_allocation;                           /* this call brought the session */
    struct list watchers;                          /* of struct execution_watcher */
    struct session *session;                       /* that runs it; NULL: none */
    struct measure *measure;                       /* what it did; NULL: not measured. Its own */
    enum execution_status status_after;            /* once it has been measured */

    /* Called once, from the loop, when the status is final; NULL: nobody waits. */
    void (*on_done)(void *context, struct execution *execution);
    void *context;
    struct execution_keeping keeping;
};

/* Somebody who reads its output or waits for its status. The caller embeds it. */
struct execution_watcher {
    struct list link;
    struct execution *execution; /* NULL: it is gone, or not watched */
    /* Output came, the status changed, or it is gone. May unwatch, and nothing else. */
    void (*on_news)(struct execution_watcher *watcher);
};

/* Zeroed but for `times.asked_ns` and a random id. NULL without memory. */
struct execution *execution_create(int64_t now_ns);
/* Only before it was given to a tenant; NULL allowed. */
void execution_destroy(struct execution *execution);
static inline bool execution_final(const struct execution *execution)
{
    return execution->status >= EXECUTION_SUCCEEDED;
}
/* `on_news` is set; it comes from the loop, or while the execution is being dropped. */
void execution_watch(struct execution *execution, struct execution_watcher *watcher);
/* May be called twice. */
void execution_unwatch(struct execution_watcher *watcher);
/* `session` runs it from now on. */
void execution_begin(struct execution *execution, struct session *session);
/* No session runs it any more. */
void execution_leave_session(struct execution *execution);
/* It has become final. Tells the watchers. */
void execution_tell_end(struct execution *execution);
/* Bytes it keeps in memory. */
size_t execution_size(const struct execution *execution);
/* Takes over a cell's answer, checked: output, value, error, status. `text_size_max`: bytes of each text of the
 * result. */
void execution_take_answer(struct execution *execution, const struct session *session,
                           const struct session_answer *answer, size_t text_size_max);
/* What it holds is `size` bytes from now on, charged to `budget` instead of what was charged before; destroying it
 * gives them back. Without `anyway` false, and nothing is charged, if they do not fit. */
bool execution_charge(struct execution *execution, struct memory_budget *budget, size_t size, bool anyway);
/* Nothing of it is charged any more. */
void execution_discharge(struct execution *execution);
/* Ends it without a result. */
void execution_fail(struct execution *execution, enum execution_fault fault, enum session_reason reason,
                    const char *text);

#endif
