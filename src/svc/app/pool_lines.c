/* SPDX-License-Identifier: MIT */
/* pool_lines.c — a stack of idle handles under a lock, and what all of them share. */
#include "svc/app/pool_lines.h"

#include <pthread.h>
#include <stdlib.h>

#include "svc/app/limit_values.h"

struct pool_lines {
    pthread_mutex_t lock; /* guards idle, idle_count */
    CURL *idle[APP_POOL_LINES_KEPT];
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
    (void)line;
    struct pool_lines *lines = context;
    pthread_mutex_unlock(&lines->shared_locks[data]);
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
        curl_easy_cleanup(lines->idle[i]);
    curl_share_cleanup(lines->shared); /* ORDER: behind those that share it */

    for (int data = 0; data < CURL_LOCK_DATA_LAST; data++)
        pthread_mutex_destroy(&lines->shared_locks[data]);
    pthread_mutex_destroy(&lines->lock);
    free(lines);
}

CURL *pool_lines_take(struct pool_lines *lines)
{
    if (!lines)
        return curl_easy_init();
    pthread_mutex_lock(&lines->lock);
    CURL *line = lines->idle_count ? lines->idle[--lines->idle_count] : NULL;
    pthread_mutex_unlock(&lines->lock);

    if (!line)
        line = curl_easy_init();
    if (line) {
        curl_easy_setopt(line, CURLOPT_SHARE, lines->shared);
        curl_easy_setopt(line, CURLOPT_MAXCONNECTS, 1L);
        curl_easy_setopt(line, CURLOPT_MAXAGE_CONN, APP_POOL_LINE_IDLE_S);
    }
    return line;
}

void pool_lines_give(struct pool_lines *lines, CURL *line)
{
    if (!line)
        return;
    curl_easy_reset(line); /* the connection stays */
    if (lines) {
        pthread_mutex_lock(&lines->lock);
        if (lines->idle_count < APP_POOL_LINES_KEPT) {
            lines->idle[lines->idle_count++] = line;
            line = NULL;
        }
        pthread_mutex_unlock(&lines->lock);
    }
    curl_easy_cleanup(line);
}
