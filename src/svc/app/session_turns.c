/* SPDX-License-Identifier: MIT */
/* session_turns.c — a queue in which the first of each session has its turn. There are no more in it than the worker has threads. */
#include "svc/app/session_turns.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "os/clock.h"

#define LOOK_NS (100 * NS_PER_MS) /* between two looks whether it gives up */

struct session_turns {
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t changed;
    struct list queue;
};

struct session_turns *session_turns_create(void)
{
    struct session_turns *turns = calloc(1, sizeof *turns);
    if (!turns)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&turns->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&turns->mutex, NULL);
    list_init(&turns->queue);
    return turns;
}

void session_turns_destroy(struct session_turns *turns)
{
    if (!turns)
        return;
    pthread_cond_destroy(&turns->changed);
    pthread_mutex_destroy(&turns->mutex);
    free(turns);
}

static bool is_first(const struct session_turns *turns, const struct session_turn *turn)
{
    struct list *link = turns->queue.next;
    while (strcmp(CONTAINER_OF(link, struct session_turn, link)->session, turn->session) != 0)
        link = link->next; /* its own at the latest */
    return link == &turn->link;
}

static void leave(struct session_turns *turns, struct session_turn *turn)
{
    list_remove(&turn->link);
    pthread_cond_broadcast(&turns->changed);
}

bool session_turns_take(struct session_turns *turns, struct session_turn *turn, const char *session,
                        bool (*gives_up)(void *context), void *context)
{
    turn->session = session;
    pthread_mutex_lock(&turns->mutex);
    list_push_back(&turns->queue, &turn->link);
    bool given_up = false;
    while (!is_first(turns, turn) && !given_up) {
        int64_t until_ns = clock_monotonic_ns() + LOOK_NS;
        const struct timespec until = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
        (void)pthread_cond_timedwait(&turns->changed, &turns->mutex, &until);
        given_up = gives_up(context);
    }
    if (given_up)
        leave(turns, turn);
    pthread_mutex_unlock(&turns->mutex);
    return !given_up;
}

void session_turns_give(struct session_turns *turns, struct session_turn *turn)
{
    pthread_mutex_lock(&turns->mutex);
    leave(turns, turn);
    pthread_mutex_unlock(&turns->mutex);
}
