/* SPDX-License-Identifier: MIT */
#include "sdk/worker/thread_pool.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

STATUS_RESULT sdk_pool_init(struct sdk_pool *p, size_t thread_max,
                            void (*serve)(void *context, struct list *item), void *context)
{
    memset(p, 0, sizeof *p);
    p->threads = calloc(thread_max, sizeof *p->threads);
    if (!p->threads)
        return STATUS_NO_MEMORY;
    p->serve = serve;
    p->context = context;
    p->thread_max = thread_max;
    list_init(&p->queue);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    return STATUS_OK;
}

static void *run(void *context)
{
    struct sdk_pool *p = context;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        struct list *item = list_pop_front(&p->queue);
        if (item) {
            p->queued--;
            pthread_mutex_unlock(&p->lock);
            p->serve(p->context, item);
            pthread_mutex_lock(&p->lock);
        } else if (p->stop) {
            break;
        } else {
            p->idle++;
            pthread_cond_wait(&p->changed, &p->lock);
            p->idle--;
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* With the lock held. Signals are for the program's own threads. */
static void start_thread(struct sdk_pool *p)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&p->threads[p->thread_count], NULL, run, p) == 0)
        p->thread_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

STATUS_RESULT sdk_pool_add(struct sdk_pool *p, struct list *item)
{
    pthread_mutex_lock(&p->lock);
    if (p->queued >= p->idle && p->thread_count < p->thread_max)
        start_thread(p);
    bool served = p->thread_count > 0;
    if (served) {
        list_push_back(&p->queue, item);
        p->queued++;
        if (p->idle)
            pthread_cond_signal(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return served ? STATUS_OK : STATUS_RESOURCE_EXHAUSTED;
}

void sdk_pool_take_queued(struct sdk_pool *p, struct list *to)
{
    pthread_mutex_lock(&p->lock);
    list_splice(to, &p->queue);
    p->queued = 0;
    pthread_mutex_unlock(&p->lock);
}

void sdk_pool_fini(struct sdk_pool *p)
{
    if (!p->threads)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->threads);
    memset(p, 0, sizeof *p);
}
