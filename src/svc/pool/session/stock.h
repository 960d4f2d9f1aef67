/* SPDX-License-Identifier: MIT */
/* stock.h — all sessions of a pool: orders to the tier, spares, those in use, those that die.
 * Each session is on exactly one shelf and only place_session moves it; spares have two for each runtime. Hears what the tier tells,
 * keeps as many spares as core/pool/pool_policy wants, and stops ordering for a while when an order failed.
 * Knows nothing of identifiers: a session's `holder` is the owner's, NULL for who is nobody's. On the loop's
 * thread; a stock is embedded in its pool and does not move. */
#ifndef SVC_POOL_SESSION_STOCK_H
#define SVC_POOL_SESSION_STOCK_H

#include "base/duration.h"
#include "base/map.h"
#include "base/metric.h"
#include "core/pool/pool_policy.h"
#include "svc/pool/session/stock_trial.h"

#define STOCK_RETRY_NS (50 * NS_PER_MS) /* between a failed order and the next one */

struct stock_owner {
    /* Something changed for which session_stock_plan may have an answer. */
    void (*on_change)(void *context);
    /* Sessions run code (`proven`), or the tier is down or lost: then every session has been ended. */
    void (*on_tier)(void *context);
    /* As in struct session_owner, for sessions that have, or had, a holder. */
    void (*on_answer)(void *context, struct session *session, const struct session_answer *answer);
    void (*on_serve)(void *context, struct session *session);
    void (*on_detach)(void *context, struct session *session);
    void *context;
};

struct stock_options {
    const struct session_tier *tier;
    const void *tier_options; /* as the tier says; only during session_stock_open */
    struct session_options session;
    struct pool_policy_options policy;
    bool unproven; /* no trial: who takes orders is believed. For tests that count sessions */
};

struct session_shelf {
    struct list head;
    uint32_t count;
};

/* The spares of one runtime, and what is expected of the demand for them. */
struct stock_spares {
    struct session_shelf starting; /* ordered */
    struct session_shelf ready;
    struct pool_policy policy;
};

struct session_stock {
    struct stock_spares spares[RUNTIMES]; /* nobody's */
    struct session_shelf bound;           /* somebody's */
    struct session_shelf ending;          /* dead or dying */
    /* the tier has nothing of them any more; they free themselves at the end of the turn */
    struct session_shelf gone;
    bool up;                             /* the tier takes orders */
    bool proven;                         /* and a session of it has run code */
    int64_t up_since_ns;                 /* monotonic */
    bool final;                          /* it never will: it did not come up at the start */
    char lost[200];                      /* why the tier is gone; "" while it is not */
    uint64_t losses;                     /* how often it was, since the start */
    char degraded[256];                  /* of struct tier_report */
    char template_identity[80];          /* of what new sessions see; "" if it is not known */
    char order_cause[160];               /* why the latest failed order failed; "" */
    uint64_t spawn_failures;             /* since the start */
    uint64_t ends[SESSION_REASON_COUNT]; /* sessions that ended, by reason, since the start */
    struct metric_histogram build_times; /* from the order to a session that can run */
    uint64_t memory_size_max;            /* of struct tier_report */
    char isolation[8192];                /* the tier's own report, or "" */

    /* --- private --- */
    struct loop *loop;
    const struct session_tier *tier;
    void *tier_self;
    struct stock_owner owner;
    struct session_owner session_owner;
    struct stock_trial_owner trial_owner;
    struct session_options session_options;
    bool no_trial;
    struct stock_trial trial;
    struct map by_request; /* sessions ordered from the tier, until it answers */
    struct map by_ref;     /* sessions that the tier made, until nothing is left of them */
    uint64_t request_last;
    int64_t order_after_ns; /* no order before, since one has just failed */
};

/* Starts the tier. On failure nothing is left to close. */
STATUS_RESULT session_stock_open(struct session_stock *st, struct loop *loop,
                                 const struct stock_options *options, const struct stock_owner *owner,
                                 struct err *err);
/* Stops the tier and frees all sessions without a callback. */
void session_stock_close(struct session_stock *st);
/* Other limits from now on. No session with a holder ends by it, and each keeps the cooldown that it began with. */
void session_stock_limit(struct session_stock *st, const struct pool_policy_options *policy,
                         int64_t cooldown_ns);
/* True if one more seat may be taken beside `seats`. */
bool session_stock_admits(const struct session_stock *st, uint32_t seats);
/* A session of that runtime to be bound: a ready one, else one that is being built, else a new order. NULL: there is
 * none now; after STOCK_RETRY_NS there may be, or `lost` says why there is not. */
struct session *session_stock_find(struct session_stock *st, enum runtime_id runtime);
/* Spares of all runtimes: ready ones, and those that are being built. */
uint32_t session_stock_ready(const struct session_stock *st);
uint32_t session_stock_starting(const struct session_stock *st);
/* Gives a session from session_stock_find to `holder`. A ready one serves at the end of this turn. */
void session_stock_bind(struct session_stock *st, struct session *session, void *holder);
/* A session has run code: the stock is `proven` until the tier goes down. */
void session_stock_prove(struct session_stock *st);
/* Orders the spares that are wanted and ends those that are not. `seats` are taken, `busy` sessions run a
 * cell. Returns when to ask again; INT64_MAX: when something changes. */
int64_t session_stock_plan(struct session_stock *st, uint32_t seats, uint32_t busy);

#endif
