/* SPDX-License-Identifier: MIT */
/* token.h — the bearer token that goes with each call: asked of the user's provider on a thread of its own, so that nobody's
 * input and output stands still meanwhile, and kept until shortly before it expires. Owned by the channel, whose thread alone
 * calls the functions below. Never logs a token.
 *
 *   none ──look──► asked ──the provider gives──► kept ──its time──► kept and asked
 *                    └───── it fails: told once; the next look asks again ─────┘ */
#ifndef SDK_CHANNEL_TOKEN_H
#define SDK_CHANNEL_TOKEN_H

#include <pthread.h>

#include "sdk/options.h"

#define SDK_TOKEN_SIZE_MAX    16384 /* bytes, NUL included */
#define SDK_TOKEN_PREFIX_SIZE 7     /* bytes of "Bearer " */
#define SDK_TOKEN_WHY_SIZE    256   /* bytes, NUL included */

enum sdk_token_state { SDK_TOKEN_READY, SDK_TOKEN_PENDING, SDK_TOKEN_FAILED };

/* What passes between the two threads; guarded by the lock. */
struct sdk_token_post {
    bool stop;
    bool wanted;     /* the provider is to be asked, or is being asked */
    bool is_refused; /* `refused` is to be told first */
    bool answered;   /* the next three are new */
    bool good;
    int64_t until_ns; /* wall clock */
    char why[SDK_TOKEN_WHY_SIZE];
    char text[SDK_TOKEN_SIZE_MAX];
    char refused[SDK_TOKEN_SIZE_MAX];
};

struct sdk_token {
    /* The channel's. */
    char text[SDK_TOKEN_PREFIX_SIZE + SDK_TOKEN_SIZE_MAX]; /* "Bearer ...", for the header; empty: none */
    uint64_t serial;                                       /* of `text` */
    char why[SDK_TOKEN_WHY_SIZE];                          /* after FAILED */
    int64_t until_ns;                                      /* wall clock */
    int64_t renew_ns;                                      /* wall clock */
    int64_t again_ns; /* monotonic; after a failure, while the old one serves */

    const struct sdk_target *target;
    void (*on_answer)(void *context); /* on the other thread */
    void *context;
    bool runs;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct sdk_token_post post;
};

/* Starts no thread before a token is wanted. `on_answer`: look again. NO_MEMORY. */
STATUS_RESULT sdk_token_init(struct sdk_token *token, const struct sdk_target *target,
                             void (*on_answer)(void *context), void *context, struct err *err);
/* Waits for the provider, if it is being asked; overwrites. */
void sdk_token_fini(struct sdk_token *token);
/* READY: `text` is good, or the target needs none. PENDING: the provider is asked; on_answer comes. FAILED: it gave none, `why` says
 * why; told once for each time it was asked. A token that cannot be renewed is kept while it is valid. */
enum sdk_token_state sdk_token_look(struct sdk_token *token);
/* The service has refused `text`: it is not used again, and the provider is told. */
void sdk_token_refuse(struct sdk_token *token);

#endif
