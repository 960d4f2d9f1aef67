/* SPDX-License-Identifier: MIT */
/* code_run.h — one run of code in a session, and what came of it: what the activities of all versions share. They block; any
 * thread of the SDK. */
#ifndef SVC_APP_CODE_RUN_H
#define SVC_APP_CODE_RUN_H

#include <jansson.h>

#include "svc/app/orchestrator.h"
#include "svc/app/pool_execute.h"
#include "svc/app/run_files.h"
#include "svc/app/running.h"

struct code_run {
    const char *session;      /* its identifier */
    bool keep_session;        /* it was asked for by name, and lives on until its cooldown */
    bool holds_session;       /* a step may follow in it: it lives on if the run came to an end */
    bool is_step;             /* it must be there already */
    bool session_gone;        /* set by code_run: it is not, and nothing has run */
    const char *session_guid; /* of a step, where the pool has said it; else NULL */
    int64_t run_timeout_ms;   /* 0: the pool's own */
    /* Of a run of the book; NULL, 0: it is none. Where the pool is ours, it reports what the run did, stops it, and tells its output. */
    const char *request;
    bool is_reading; /* nothing of anybody's runs: nobody is told of it */
    int64_t number;
    struct running_run *running; /* NULL: nobody stops or reads it */
    bool is_own;                 /* set by code_run: the pool is ours, and was asked for all that */
    /* set by code_run: false: the code was not run, for others were before it in its session */
    bool had_turn;
    struct run_files *files; /* go in before, and come out behind; NULL: none of either */
};

/* Runs and releases: the session is ended however the run went. As pool_execute; CANCELLED: the worker stops, or
 * `running` says that it is unwanted and the pool could not stop it. */
STATUS_RESULT code_run(struct dt_activity *activity, const struct activity_settings *settings,
                       struct code_run *what, struct bytes code, struct pool_run *ret_run, struct err *error);
/* How the run ended, as the orchestrator takes it; `*ret_text` (may be NULL) becomes the text of the result, to be freed. NULL
 * without memory. */
json_t *code_outcome(struct bytes code, const struct pool_run *run, char **ret_text);
/* The activity fails; it is tried again if that can help. */
void code_refuse(struct dt_activity *activity, enum status status, const char *text);
/* The tries of a run are few, and a pool may be away for longer than all of them together: waits until somebody answers
 * there, or the setting's time is over. */
void code_await_pool(const struct dt_activity *activity, const struct activity_settings *settings);

#endif
