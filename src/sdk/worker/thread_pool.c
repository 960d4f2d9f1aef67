/* SPDX-License-Identifier: MIT */
/* thread_pool.c — one queue under one lock. The threads block signals, which are for the program's own
 * threads. They sleep on a condition while the queue is empty, and end when it is empty and the pool
 * stops. */
#include "sdk/worker/thread_pool.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum status sdk_pool_init(struct sdk_pool *pool, size_t thread_max,
                          void (*serve)(void *context, struct list *item), void *context)
{
    memset(pool, 0, sizeof *pool);
    pool->threads = calloc(thread_max, sizeof *pool->threads);
    if (!pool->threads)
        return STATUS_NO_MEMORY;
    pool->serve = serve;
    pool->context = context;
    pool->thread_max = thread_max;
    list_init(&pool->queue);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    return STATUS_OK;
}

static void *run(void *context)
{
    struct sdk_pool *pool = context;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct list *item = list_pop_front(&pool->queue);
        if (item) {
            pool->queued--;
            pthread_mutex_unlock(&pool->lock);
            pool->serve(pool->context, item);
            pthread_mutex_lock(&pool->lock);
        } else if (pool->stop) {
            break;
        } else {
            pool->idle++;
            pthread_cond_wait(&pool->changed, &pool->lock);
            pool->idle--;
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* With the lock held. Signals are for the program's own threads. */
static void start_thread(struct sdk_pool *pool)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&pool->threads[pool->thread_count], NULL, run, pool) == 0)
        pool->thread_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

enum status sdk_pool_add(struct sdk_pool *pool, struct list *item)
{
    pthread_mutex_lock(&pool->lock);
    if (pool->queued >= pool->idle && pool->thread_count < pool->thread_max)
        start_thread(pool);
    bool served = pool->thread_count > 0;
    if (served) {
        list_push_back(&pool->queue, item);
        pool->queued++;
        if (pool->idle)
            pthread_cond_signal(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    return served ? STATUS_OK : STATUS_RESOURCE_EXHAUSTED;
}

void sdk_pool_take_queued(struct sdk_pool *pool, struct list *to)
{
    pthread_mutex_lock(&pool->lock);
    list_splice(to, &pool->queue);
    pool->queued = 0;
    pthread_mutex_unlock(&pool->lock);
}

void sdk_pool_fini(struct sdk_pool *pool)
{
    if (!pool->threads)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    memset(pool, 0, sizeof *pool);
}
