/* SPDX-License-Identifier: MIT */
/* running.c — a list under a lock; each run looks at its own flag. */
#include "svc/app/running.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "svc/app/pool_lines.h"

struct running {
    pthread_mutex_t mutex; /* guards the list and each run's line */
    struct list runs;
};

struct running_run {
    struct list link;
    _Atomic bool unwanted;
    struct pool_line *line; /* NULL: it is on none */
    int64_t number;
    char request[64];
};

struct running *running_create(void)
{
    struct running *running = calloc(1, sizeof *running);
    if (!running)
        return NULL;
    pthread_mutex_init(&running->mutex, NULL);
    list_init(&running->runs);
    return running;
}

void running_destroy(struct running *running)
{
    if (!running)
        return;
    pthread_mutex_destroy(&running->mutex);
    free(running);
}

struct running_run *running_begin(struct running *running, const char *request, int64_t number)
{
    struct running_run *run = calloc(1, sizeof *run);
    if (!run)
        return NULL;
    run->number = number;
    (void)snprintf(run->request, sizeof run->request, "%s", request);
    pthread_mutex_lock(&running->mutex);
    list_push_back(&running->runs, &run->link);
    pthread_mutex_unlock(&running->mutex);
    return run;
}

void running_end(struct running *running, struct running_run *run)
{
    if (!run)
        return;
    pthread_mutex_lock(&running->mutex);
    list_remove(&run->link);
    pthread_mutex_unlock(&running->mutex);
    free(run);
}

void running_set_line(struct running *running, struct running_run *run, struct pool_line *line)
{
    pthread_mutex_lock(&running->mutex);
    run->line = line;
    pthread_mutex_unlock(&running->mutex);
}

bool running_unwanted(const struct running_run *run)
{
    return run && atomic_load(&run->unwanted);
}

void running_stop(struct running *running, const char *request)
{
    pthread_mutex_lock(&running->mutex);
    list_each (link, &running->runs) {
        struct running_run *run = CONTAINER_OF(link, struct running_run, link);
        if (strcmp(run->request, request) != 0)
            continue;
        atomic_store(&run->unwanted, true);
        if (run->line)
            pool_line_wake(run->line);
    }
    pthread_mutex_unlock(&running->mutex);
}
