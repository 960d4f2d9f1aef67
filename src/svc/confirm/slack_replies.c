/* SPDX-License-Identifier: MIT */
/* slack_replies.c — a ring of what is awaited; whenever something happened, one job of the book looks at all of it. */
#include "svc/confirm/slack_replies.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"
#include "svc/confirm/limit_values.h"
#include "wire/json/json.h"

#define AREA       "svc/confirm"
#define SLACK_HOST "hooks.slack.com"

struct awaited {
    char request[REVIEW_ID_SIZE]; /* "": the place is free */
    char manifest[65];
    char url[SLACK_URL_SIZE];
    int64_t until_ns;      /* since 1970 */
    struct buf retirement; /* what the job found; empty: it is not decided */
};

struct slack_replies {
    struct slack_replies_options options;
    struct awaited awaited[SLACK_REPLIES_MAX];
    size_t next; /* where the next one goes: over the oldest */
    struct review_job job;
    bool looked_at[SLACK_REPLIES_MAX]; /* by the job that is under way; unchanged meanwhile */
    bool looking, again, stopping, gone;
    void (*on_stopped)(void *context);
    void *on_stopped_context;
};

bool slack_replies_may(const struct notice_hosts *hosts, const char *url)
{
    struct notice_place place;
    const char *why;
    if (!notice_place_read(bytes_of_cstr(url), &place, &why))
        return false;
    bool is_slack = place.tls && place.port == 443 && !place.is_address &&
                    bytes_equal_nocase(place.host, BYTES_LITERAL(SLACK_HOST));
    return is_slack || notice_hosts_name(hosts, &place);
}

bool slack_replies_send(struct slack_replies *replies, const char *url, struct bytes json)
{
    if (!replies || !slack_replies_may(replies->options.hosts, url))
        return false;
    replies->options.send(replies->options.context, url, json);
    return true;
}

/* --- what is awaited --- */

static void forget(struct awaited *one)
{
    buf_fini(&one->retirement);
    *one = (struct awaited){0};
}

static bool is_over(const json_t *request, const char *manifest)
{
    return !bytes_equal_cstr(json_member_bytes(request, "state"), "waiting") ||
           !bytes_equal_cstr(json_member_bytes(request, "manifestSha256"), manifest);
}

/* Of one. A request that is gone has nothing to say. */
static enum status look_at(struct awaited *one, struct review_book *book, struct err *err)
{
    CLEANUP(json_release) json_t *request = NULL;
    buf_clear(&one->retirement);
    enum status status = review_book_read(book, one->request, REVIEW_BRIEF, &request, err);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    if (is_over(request, one->manifest) && slack_answer_retired(request, &one->retirement) != STATUS_OK)
        return err_no_memory(err);
    return STATUS_OK;
}

/* ORDER: while it looks, the loop's thread leaves the places that are looked at alone (find_place). */
static enum status look_at_all(struct review_job *job, struct review_book *book, struct err *err)
{
    struct slack_replies *replies = CONTAINER_OF(job, struct slack_replies, job);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < SLACK_REPLIES_MAX; i++)
        if (replies->looked_at[i])
            status = look_at(&replies->awaited[i], book, err);
    return status;
}

static void look(struct slack_replies *replies);

static void release(struct slack_replies *replies)
{
    for (size_t i = 0; i < SLACK_REPLIES_MAX; i++)
        forget(&replies->awaited[i]);
    free(replies);
}

static void tell_stopped(struct slack_replies *replies)
{
    void (*on_stopped)(void *context) = replies->on_stopped;
    replies->on_stopped = NULL;
    if (replies->gone)
        release(replies);
    else if (on_stopped)
        on_stopped(replies->on_stopped_context);
}

static void on_looked(struct review_job *job, enum status status, const struct err *err)
{
    struct slack_replies *replies = CONTAINER_OF(job, struct slack_replies, job);
    replies->looking = false;
    if (status != STATUS_OK)
        log_warn(AREA, "messages in Slack stay as they are cause=\"%s\"", err->text);
    for (size_t i = 0; i < SLACK_REPLIES_MAX; i++) {
        struct awaited *one = &replies->awaited[i];
        replies->looked_at[i] = false;
        if (one->retirement.size == 0)
            continue;
        if (!replies->stopping)
            (void)slack_replies_send(replies, one->url, buf_peek(&one->retirement));
        forget(one);
    }
    if (replies->stopping)
        tell_stopped(replies);
    else if (replies->again)
        look(replies);
}

static void look(struct slack_replies *replies)
{
    bool any = false;
    replies->again = replies->looking;
    if (replies->looking || replies->stopping)
        return;
    for (size_t i = 0; i < SLACK_REPLIES_MAX; i++) {
        struct awaited *one = &replies->awaited[i];
        if (one->request[0] && one->until_ns < clock_unix_ns())
            forget(one);
        replies->looked_at[i] = one->request[0];
        any = any || replies->looked_at[i];
    }
    if (!any)
        return;
    replies->looking = true;
    replies->job = (struct review_job){.perform = look_at_all, .on_done = on_looked, .reads_only = true};
    review_store_run(replies->options.store, &replies->job);
}

/* The place of the oldest that nobody looks at; NULL: all are looked at. */
static struct awaited *find_place(struct slack_replies *replies)
{
    for (size_t i = 0; i < SLACK_REPLIES_MAX; i++) {
        size_t place = (replies->next + i) % SLACK_REPLIES_MAX;
        if (!replies->looked_at[place]) {
            replies->next = (place + 1) % SLACK_REPLIES_MAX;
            return &replies->awaited[place];
        }
    }
    return NULL;
}

void slack_replies_await(struct slack_replies *replies, const char *request_id, const char *manifest,
                         const char *url)
{
    if (!replies || replies->stopping || !slack_replies_may(replies->options.hosts, url))
        return;
    struct awaited *one = find_place(replies);
    if (!one)
        return;
    forget(one);
    (void)snprintf(one->request, sizeof one->request, "%s", request_id);
    (void)snprintf(one->manifest, sizeof one->manifest, "%s", manifest);
    (void)snprintf(one->url, sizeof one->url, "%s", url);
    one->until_ns = clock_unix_ns() + SLACK_REPLY_NS;
    look(replies); /* it may have been decided since */
}

/* --- life --- */

static void on_events(void *context, const struct review_news *news)
{
    look(context);
}

enum status slack_replies_create(const struct slack_replies_options *options,
                                 struct slack_replies **ret_replies, struct err *err)
{
    struct slack_replies *replies = calloc(1, sizeof *replies);
    if (!replies)
        return err_no_memory(err);
    replies->options = *options;
    review_store_on_events(options->store, on_events, replies);
    *ret_replies = replies;
    return STATUS_OK;
}

void slack_replies_stop(struct slack_replies *replies, void (*on_stopped)(void *context), void *context)
{
    review_store_on_events(replies->options.store, NULL, replies);
    replies->stopping = true;
    replies->on_stopped = on_stopped;
    replies->on_stopped_context = context;
    if (!replies->looking)
        tell_stopped(replies);
}

/* Cut short, a job may be under way still: it frees them. */
void slack_replies_destroy(struct slack_replies *replies)
{
    if (!replies)
        return;
    if (!replies->stopping)
        review_store_on_events(replies->options.store, NULL, replies);
    replies->stopping = true;
    replies->gone = true;
    if (!replies->looking)
        release(replies);
}
