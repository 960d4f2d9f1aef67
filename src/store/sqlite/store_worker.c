/* SPDX-License-Identifier: MIT */
/* store_worker.c — two lists under one lock: what is to be done, and what is done. The loop is woken once for all that is
 * done when it comes to look. */
#include "store/sqlite/store_worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct store_worker {
    struct loop_message message; /* to the loop: look at `done` */
    struct loop *loop;
    struct store_worker_options options;
    pthread_t thread;
    size_t open;  /* loop's thread */
    bool stopped; /* loop's thread: the last message frees the worker */

    pthread_mutex_t mutex;  /* guards what follows */
    pthread_cond_t filled;  /* something is queued, or `stop` */
    pthread_cond_t emptied; /* something is done */
    struct list queue;
    struct list done;
    bool posted; /* the message is on its way */
    bool stop;
};

static void worker_free(struct store_worker *worker)
{
    pthread_cond_destroy(&worker->filled);
    pthread_cond_destroy(&worker->emptied);
    pthread_mutex_destroy(&worker->mutex);
    free(worker);
}

/* Everything that is done; what is done meanwhile comes with the next message. */
static void report_done(struct store_worker *worker)
{
    struct list done;
    struct list *link;
    list_init(&done);
    pthread_mutex_lock(&worker->mutex);
    list_splice(&done, &worker->done);
    pthread_mutex_unlock(&worker->mutex);
    while ((link = list_pop_front(&done))) {
        struct store_job *job = CONTAINER_OF(link, struct store_job, link);
        worker->open--;
        job->report(job);
        job->destroy(job);
    }
}

static void on_message(struct loop_message *message)
{
    struct store_worker *worker = CONTAINER_OF(message, struct store_worker, message);
    if (worker->stopped) {
        worker_free(worker);
        return;
    }

    /* ORDER: first this, then the list is taken: what is done from here on posts a message of its own. */
    pthread_mutex_lock(&worker->mutex);
    worker->posted = false;
    pthread_mutex_unlock(&worker->mutex);
    report_done(worker);
}

/* With the lock held. */
static void hand_over(struct store_worker *worker, struct store_job *job)
{
    list_push_back(&worker->done, &job->link);
    pthread_cond_signal(&worker->emptied);
    if (!worker->posted)
        loop_post(worker->loop, &worker->message);
    worker->posted = true;
}

static void *worker_main(void *argument)
{
    struct store_worker *worker = argument;
    pthread_mutex_lock(&worker->mutex);
    for (;;) {
        while (list_empty(&worker->queue) && !worker->stop)
            pthread_cond_wait(&worker->filled, &worker->mutex);
        if (worker->stop)
            break;
        struct store_job *job = CONTAINER_OF(list_pop_front(&worker->queue), struct store_job, link);

        /* Without the lock: what the loop submits while a job runs waits in the queue, and nobody waits for a sync to submit. */
        pthread_mutex_unlock(&worker->mutex);
        job->perform(job);
        pthread_mutex_lock(&worker->mutex);
        hand_over(worker, job);

        /* What nobody waits for comes after the hand-over, so that no answer waits for a checkpoint. */
        if (!worker->options.on_handed)
            continue;
        pthread_mutex_unlock(&worker->mutex);
        worker->options.on_handed(worker->options.context);
        pthread_mutex_lock(&worker->mutex);
    }
    pthread_mutex_unlock(&worker->mutex);
    return NULL;
}

enum status store_worker_start(struct loop *loop, const struct store_worker_options *options,
                               struct store_worker **ret_worker, struct err *err)
{
    struct store_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return err_set(err, STATUS_NO_MEMORY, "starting the store's %s: out of memory", options->name);
    worker->loop = loop;
    worker->options = *options;
    worker->message.on_run = on_message;
    list_init(&worker->queue);
    list_init(&worker->done);
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->filled, NULL);
    pthread_cond_init(&worker->emptied, NULL);

    /* Signals belong to the loop's thread. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int code = pthread_create(&worker->thread, NULL, worker_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0) {
        worker_free(worker);
        return err_set(err, STATUS_NO_MEMORY, "starting the store's %s: %s", options->name, strerror(code));
    }
    *ret_worker = worker;
    return STATUS_OK;
}

static void drop(struct list *jobs)
{
    struct list *link;
    while ((link = list_pop_front(jobs))) {
        struct store_job *job = CONTAINER_OF(link, struct store_job, link);
        job->destroy(job);
    }
}

void store_worker_halt(struct store_worker *worker)
{
    if (!worker)
        return;
    pthread_mutex_lock(&worker->mutex);
    worker->stop = true;
    pthread_cond_signal(&worker->filled);
    pthread_mutex_unlock(&worker->mutex);
}

void store_worker_stop(struct store_worker *worker)
{
    if (!worker)
        return;
    store_worker_halt(worker);
    pthread_join(worker->thread, NULL);
    drop(&worker->queue);
    drop(&worker->done);

    /* A message that is on its way cannot be called back: it finds `stopped`, and frees. */
    if (worker->posted)
        worker->stopped = true;
    else
        worker_free(worker);
}

void store_worker_submit(struct store_worker *worker, struct store_job *job)
{
    worker->open++;
    pthread_mutex_lock(&worker->mutex);
    list_push_back(&worker->queue, &job->link);
    pthread_cond_signal(&worker->filled);
    pthread_mutex_unlock(&worker->mutex);
}

size_t store_worker_open(const struct store_worker *worker)
{
    return worker->open;
}

void store_worker_wait(struct store_worker *worker)
{
    /* The loop does not run meanwhile: the reports are made here, and the message that was posted for them finds no more. */
    while (worker->open > 0) {
        pthread_mutex_lock(&worker->mutex);
        while (list_empty(&worker->done))
            pthread_cond_wait(&worker->emptied, &worker->mutex);
        pthread_mutex_unlock(&worker->mutex);
        report_done(worker);
    }
}
