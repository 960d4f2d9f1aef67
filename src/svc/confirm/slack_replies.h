/* SPDX-License-Identifier: MIT */
/* slack_replies.h — the URLs that Slack gives with a press (docs.slack.dev, "response_url"): by them a message is replaced, or who pressed is
 * told something, for half an hour.
 *
 *   a press ──► it decides: the message retires at once
 *           └─► it does not: the URL is kept, and the message retires when whoever else decides
 *
 * A URL comes in with a press, so it is used only if it is one of hooks.slack.com, or of a host that the operator named. What is kept is
 * lost with the process: the message then retires at its next press. Loop's thread. */
#ifndef SVC_CONFIRM_SLACK_REPLIES_H
#define SVC_CONFIRM_SLACK_REPLIES_H

#include "core/notice/place.h"
#include "os/loop.h"
#include "store/review/review_store.h"
#include "svc/confirm/slack_press.h"

struct slack_replies;

/* Borrowed, and outlives the replies. */
struct slack_replies_options {
    struct review_store *store;
    const struct notice_hosts *hosts;
    /* Has a JSON text posted to a URL, later, and tells nobody how it went. Copies both. */
    void (*send)(void *context, const char *url, struct bytes json);
    void *context;
};

/* NO_MEMORY. */
STATUS_RESULT slack_replies_create(const struct slack_replies_options *options,
                                   struct slack_replies **ret_replies, struct err *err);
/* True if a text may be sent to the URL. */
bool slack_replies_may(const struct notice_hosts *hosts, const char *url);
/* False: it may not be sent there, or there are no replies (NULL); nothing is. */
bool slack_replies_send(struct slack_replies *replies, const char *url, struct bytes json);
/* The message behind `url`, about that manifest of a request, retires when it is decided or another takes its place. A URL that may not be
 * sent to is forgotten. */
void slack_replies_await(struct slack_replies *replies, const char *request_id, const char *manifest,
                         const char *url);
/* Nothing is looked at any more; `on_stopped` when nothing is under way, now or later. Once. */
void slack_replies_stop(struct slack_replies *replies, void (*on_stopped)(void *context), void *context);
/* After on_stopped, or when the loop runs no more. NULL allowed. */
void slack_replies_destroy(struct slack_replies *replies);

#endif
