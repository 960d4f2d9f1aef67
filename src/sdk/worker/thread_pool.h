/* SPDX-License-Identifier: MIT */
/* thread_pool.h — threads that take items from a queue, made as they are needed, joined at the end. The worker has
 * one pool for turns and one for activities. Items are links that the owner embeds. */
#ifndef SDK_WORKER_THREAD_POOL_H
#define SDK_WORKER_THREAD_POOL_H

#include <pthread.h>

#include "base/list.h"
#include "base/status.h"

struct sdk_pool {
    void (*serve)(void *context, struct list *item); /* on a thread of the pool */
    void *context;
    size_t thread_max;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t changed;
    struct list queue;
    size_t queued;
    size_t idle; /* threads that wait */
    pthread_t *threads;
    size_t thread_count;
    bool stop;
};

/* Starts no thread yet. NO_MEMORY leaves nothing to free. */
STATUS_RESULT sdk_pool_init(struct sdk_pool *pool, size_t thread_max,
                            void (*serve)(void *context, struct list *item), void *context);
/* Queues an item; starts a thread if all are busy and more are allowed. RESOURCE_EXHAUSTED: the pool has no
 * thread at all and the system gives none; the item is not queued then. */
STATUS_RESULT sdk_pool_add(struct sdk_pool *pool, struct list *item);
/* Moves all items that nobody has begun to the end of `to`. */
void sdk_pool_take_queued(struct sdk_pool *pool, struct list *to);
/* Lets the threads end once the queue is empty and joins them. Frees everything. A zeroed pool is allowed. */
void sdk_pool_fini(struct sdk_pool *pool);

#endif
