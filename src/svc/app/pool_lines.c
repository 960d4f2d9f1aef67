/* SPDX-License-Identifier: MIT */
/* pool_lines.c — a stack of idle handles under a lock, and what all of them share. */
#include "svc/app/pool_lines.h"

#include <pthread.h>
#include <stdlib.h>

#include "svc/app/limit_values.h"

struct pool_lines {
    pthread_mutex_t lock; /* guards idle, idle_count */
    struct pool_line *idle[APP_POOL_LINES_KEPT];
    size_t idle_count;

    CURLSH *shared; /* TLS sessions only: connections may not be shared by threads */
    pthread_mutex_t shared_locks[CURL_LOCK_DATA_LAST];
};

static void on_lock(CURL *line, curl_lock_data data, curl_lock_access access, void *context)
{
    (void)line, (void)access;
    struct pool_lines *lines = context;
    pthread_mutex_lock(&lines->shared_locks[data]);
}

static void on_unlock(CURL *line, curl_lock_data data, void *context)
{
    struct pool_lines *lines = context;
    pthread_mutex_unlock(&lines->shared_locks[data]);
}

/* NULL allowed, and half of one. */
static void close_line(struct pool_line *line)
{
    if (!line)
        return;
    curl_easy_cleanup(line->easy);
    curl_multi_cleanup(line->multi);
    free(line);
}

struct pool_lines *pool_lines_create(void)
{
    struct pool_lines *lines = calloc(1, sizeof *lines);
    if (!lines)
        return NULL;
    lines->shared = curl_share_init();
    if (!lines->shared) {
        free(lines);
        return NULL;
    }

    pthread_mutex_init(&lines->lock, NULL);
    for (int data = 0; data < CURL_LOCK_DATA_LAST; data++)
        pthread_mutex_init(&lines->shared_locks[data], NULL);
    curl_share_setopt(lines->shared, CURLSHOPT_LOCKFUNC, on_lock);
    curl_share_setopt(lines->shared, CURLSHOPT_UNLOCKFUNC, on_unlock);
    curl_share_setopt(lines->shared, CURLSHOPT_USERDATA, lines);
    curl_share_setopt(lines->shared, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    return lines;
}

void pool_lines_destroy(struct pool_lines *lines)
{
    if (!lines)
        return;
    for (size_t i = 0; i < lines->idle_count; i++)
        close_line(lines->idle[i]);
    curl_share_cleanup(lines->shared); /* ORDER: behind those that share it */

    for (int data = 0; data < CURL_LOCK_DATA_LAST; data++)
        pthread_mutex_destroy(&lines->shared_locks[data]);
    pthread_mutex_destroy(&lines->lock);
    free(lines);
}

static void set_up(const struct pool_lines *lines, CURL *handle)
{
    if (lines)
        curl_easy_setopt(handle, CURLOPT_SHARE, lines->shared);
    curl_easy_setopt(handle, CURLOPT_MAXAGE_CONN, APP_POOL_LINE_IDLE_S);
}

static struct pool_line *make_line(void)
{
    struct pool_line *line = calloc(1, sizeof *line);
    if (!line)
        return NULL;
    line->easy = curl_easy_init();
    line->multi = curl_multi_init();
    if (!line->easy || !line->multi) {
        close_line(line);
        return NULL;
    }
    curl_multi_setopt(line->multi, CURLMOPT_MAXCONNECTS, APP_POOL_LINE_CONNECTIONS_KEPT);
    return line;
}

struct pool_line *pool_lines_take(struct pool_lines *lines)
{
    struct pool_line *line = NULL;
    if (lines) {
        pthread_mutex_lock(&lines->lock);
        if (lines->idle_count)
            line = lines->idle[--lines->idle_count];
        pthread_mutex_unlock(&lines->lock);
    }
    if (!line)
        line = make_line();
    if (line)
        set_up(lines, line->easy);
    return line;
}

void pool_lines_give(struct pool_lines *lines, struct pool_line *line)
{
    if (!line)
        return;
    curl_easy_reset(line->easy); /* the connection stays */
    if (lines) {
        pthread_mutex_lock(&lines->lock);
        if (lines->idle_count < APP_POOL_LINES_KEPT) {
            lines->idle[lines->idle_count++] = line;
            line = NULL;
        }
        pthread_mutex_unlock(&lines->lock);
    }
    close_line(line);
}

CURL *pool_lines_second(struct pool_lines *lines)
{
    CURL *handle = curl_easy_init();
    if (handle)
        set_up(lines, handle);
    return handle;
}

void pool_line_wake(struct pool_line *line)
{
    (void)curl_multi_wakeup(line->multi);
}
