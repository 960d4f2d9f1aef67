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
    pthread_mutex_t mutex; /* guards the rest, and each run's line */
    struct list runs;
    uint64_t readers; /* numbers that were given */
};

struct running_run {
    struct list link;
    _Atomic bool unwanted, is_followed;
    _Atomic uint64_t reader; /* 0: nobody */
    struct pool_line *line;  /* NULL: it is on none */
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

/* ORDER: off the list before it is freed, under the lock: whoever stops a request holds it while they look at a
 * run. */
void running_end(struct running *running, struct running_run *run)
{
    if (!run)
        return;
    pthread_mutex_lock(&running->mutex);
    list_remove(&run->link);
    pthread_mutex_unlock(&running->mutex);
    free(run);
}

/* Under the lock, as each waking is: a line that was taken off here is woken by nobody any more. */
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

void running_set_followed(struct running_run *run, bool is_followed)
{
    atomic_store(&run->is_followed, is_followed);
}

uint64_t running_reader(const struct running_run *run)
{
    return run ? atomic_load(&run->reader) : 0;
}

/* The mutex is held. */
static void wake(struct running_run *run)
{
    if (run->line)
        pool_line_wake(run->line);
}

void running_stop(struct running *running, const char *request)
{
    pthread_mutex_lock(&running->mutex);
    list_each (link, &running->runs) {
        struct running_run *run = CONTAINER_OF(link, struct running_run, link);
        if (strcmp(run->request, request) != 0)
            continue;
        atomic_store(&run->unwanted, true);
        wake(run);
    }
    pthread_mutex_unlock(&running->mutex);
}

/* The mutex is held. NULL: it does not go on here. */
static struct running_run *find(struct running *running, const char *request, int64_t number)
{
    list_each (link, &running->runs) {
        struct running_run *run = CONTAINER_OF(link, struct running_run, link);
        if (run->number == number && strcmp(run->request, request) == 0)
            return run;
    }
    return NULL;
}

bool running_has(struct running *running, const char *request, int64_t number)
{
    pthread_mutex_lock(&running->mutex);
    bool has = find(running, request, number) != NULL;
    pthread_mutex_unlock(&running->mutex);
    return has;
}

/* INVARIANT: a run has one reader, the last one that asked. Each gets a number that was never given before, by
 * which one who was replaced does not end the reading of who came after. */
uint64_t running_read(struct running *running, const char *request, int64_t number)
{
    uint64_t reader = 0;
    pthread_mutex_lock(&running->mutex);
    struct running_run *run = find(running, request, number);
    if (run && atomic_load(&run->is_followed)) {
        reader = ++running->readers;
        atomic_store(&run->reader, reader);
        wake(run);
    }
    pthread_mutex_unlock(&running->mutex);
    return reader;
}

void running_unread(struct running *running, const char *request, int64_t number, uint64_t reader)
{
    pthread_mutex_lock(&running->mutex);
    struct running_run *run = find(running, request, number);
    if (run && atomic_load(&run->reader) == reader) {
        atomic_store(&run->reader, 0);
        wake(run);
    }
    pthread_mutex_unlock(&running->mutex);
}
