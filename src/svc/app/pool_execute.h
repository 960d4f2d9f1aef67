/* SPDX-License-Identifier: MIT */
/* pool_execute.h — runs code in a session pool, ours or the cloud's. Speaks the legacy contract (session-pool-api.md section 5), which
 * every generation of the service answers; of a pool that is ours the report is asked for as well, and the run is followed and
 * cancelled there. Blocks: it is called on the activity threads. Code is sent once for each call: a connection that was kept and ends
 * without an answer is the caller's to know, since the code may have run. */
#ifndef SVC_APP_POOL_EXECUTE_H
#define SVC_APP_POOL_EXECUTE_H

#include "svc/app/pool_answer.h"
#include "svc/app/pool_settings.h"

struct pool_line;

enum pool_wish {
    POOL_GO_ON,
    POOL_STOP,      /* nobody wants the run any more: our own pool cancels it, and what came of it is told */
    POOL_BREAK_OFF, /* it is left alone */
};

/* Who watches over a run; all is called on its thread. */
struct pool_watch {
    /* Asked once a second and after each pool_line_wake. */
    enum pool_wish (*wish)(void *context);
    /* Likewise: who reads the output; 0: nobody. Only our own pool gives it. Another number than before reads it from its beginning
     * on. NULL: nobody ever. */
    uint64_t (*reader)(void *context);
    void (*on_output)(void *context, bool is_stderr, struct bytes text);
    /* The run is on that line, which may be woken until the call with NULL. NULL: nobody does. */
    void (*on_line)(void *context, struct pool_line *line);
    void *context;
};

/* What is to be run. */
struct pool_execution {
    const char *identifier; /* of the session, which is made if it is new */
    struct bytes code;
    /* The run's own id at a pool that is ours: it is asked to report, followed and cancelled by it. NULL: the contract and nothing
     * else. */
    const char *operation;
    const struct pool_watch *watch; /* NULL: nobody watches */
    const char *session_guid;       /* our own pool runs it in this session only; NULL: in whichever */
};

/* Runs code. Code that fails is a good answer with `succeeded` false. RESOURCE_EXHAUSTED (pool full), UNAVAILABLE (no connection, 5xx):
 * may be tried again. FAILED_PRECONDITION: the pool refused (4xx), its certificate is not good, or no source gives a token. UNAVAILABLE,
 * too: it has refused a token that the credential can renew. MALFORMED: its answer is not what the contract says.
 * CANCELLED: `watch` broke it off; the code may still run until the session is released. `err` has the cause. */
STATUS_RESULT pool_execute(const struct pool_client *client, const struct pool_execution *execution,
                           struct pool_run *ret_run, struct err *err);

#endif
