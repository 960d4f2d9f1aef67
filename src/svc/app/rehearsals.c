/* SPDX-License-Identifier: MIT */
/* rehearsals.c — a counter under a lock. */
#include "svc/app/rehearsals.h"

#include "svc/app/limit_values.h"

void rehearsals_init(struct rehearsals *rehearsals)
{
    pthread_mutex_init(&rehearsals->lock, NULL);
    pthread_cond_init(&rehearsals->none, NULL);
}

void rehearsals_fini(struct rehearsals *rehearsals)
{
    pthread_cond_destroy(&rehearsals->none);
    pthread_mutex_destroy(&rehearsals->lock);
}

void rehearsals_stop(struct rehearsals *rehearsals)
{
    pthread_mutex_lock(&rehearsals->lock);
    rehearsals->stopping = true;
    while (rehearsals->active > 0)
        pthread_cond_wait(&rehearsals->none, &rehearsals->lock);
    pthread_mutex_unlock(&rehearsals->lock);
}

bool rehearsals_enter(struct rehearsals *rehearsals)
{
    pthread_mutex_lock(&rehearsals->lock);
    bool entered = !rehearsals->stopping && rehearsals->active < APP_REHEARSALS_MAX;
    rehearsals->active += entered;
    pthread_mutex_unlock(&rehearsals->lock);
    return entered;
}

void rehearsals_leave(struct rehearsals *rehearsals)
{
    pthread_mutex_lock(&rehearsals->lock);
    if (--rehearsals->active == 0)
        pthread_cond_broadcast(&rehearsals->none);
    pthread_mutex_unlock(&rehearsals->lock);
}

bool rehearsals_stopping(struct rehearsals *rehearsals)
{
    pthread_mutex_lock(&rehearsals->lock);
    bool stopping = rehearsals->stopping;
    pthread_mutex_unlock(&rehearsals->lock);
    return stopping;
}
