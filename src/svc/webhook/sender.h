/* SPDX-License-Identifier: MIT */
/* sender.h — one thread that posts to receivers by HTTP, and gives mails to one mail server by SMTP, many beside each other, none of whom
 * holds up another.
 *
 * A receiver may be anybody's, and so may be what its name leads to: each address is looked at before it is connected to
 * (core/notice/place.h), by a callback of libcurl behind the resolution, so that no name can lead to one thing when it is looked at and
 * to another when it is used. No proxy, no redirect, no cookie, no other protocol; TLS is verified. The mail server is held to the same. Loop's thread but where it says
 * otherwise. */
#ifndef SVC_WEBHOOK_SENDER_H
#define SVC_WEBHOOK_SENDER_H

#include <curl/curl.h>

#include "base/buf.h"
#include "base/list.h"
#include "core/notice/place.h"
#include "os/loop.h"

struct notice_sender;

/* By whom mails go. Borrowed. */
struct sender_mail {
    const char *server;          /* "smtp://mail.example.org:587", "smtps://…"; NULL: there is none */
    const char *from;            /* a plain address */
    const char *user, *password; /* NULL: it wants none */
    bool plain;                  /* of smtp: without STARTTLS, which must be there otherwise */
};

struct sender_options {
    const struct notice_hosts *hosts; /* borrowed */
    const char *ca_file;              /* PEM; borrowed; NULL: the system's */
    int64_t timeout_ms;               /* of a whole request */
    struct sender_mail mail;
    const char *base_url; /* of links in messages to the page of this server; borrowed; "": there are none */
};

/* One request, or one mail. Owned by the caller, who gives it up until on_done. */
struct post {
    /* What is asked. */
    const char *url; /* of a mail NULL */
    struct curl_slist *headers;
    const char *mailbox; /* where a mail goes, a plain address; NULL: it is none */
    struct bytes body;
    size_t answer_size_max; /* bytes of it that are kept; what comes behind is not read */
    /* Loop's thread, once, never from within sender_post. */
    void (*on_done)(struct post *post);

    /* What came of it. */
    bool stopped;      /* the sender ended first: nobody knows */
    int http_status;   /* of a mail its server's last reply; 0: there was no answer */
    char error[300];   /* why not; "": there was one */
    struct buf answer; /* the caller's to free */
    bool answer_cut;
    int64_t took_ns, retry_after_ns;

    /* The sender's. */
    struct list link;
    struct loop_message message;
    struct notice_sender *sender;
    struct notice_place place;
    struct curl_slist *recipients;
    size_t sent; /* bytes of the body */
    CURL *easy;
    int64_t began_ns;
    char detail[CURL_ERROR_SIZE];
};

/* INTERNAL: no thread, or libcurl cannot be used; NO_MEMORY. */
STATUS_RESULT sender_create(struct loop *loop, const struct sender_options *options,
                            struct notice_sender **ret_sender, struct err *err);
void sender_post(struct notice_sender *sender, struct post *post);
/* All that is under way comes back, with `stopped`; nothing may be posted any more. */
void sender_stop(struct notice_sender *sender);
/* Joins the thread. After sender_stop, when all are back. NULL allowed. */
void sender_destroy(struct notice_sender *sender);
/* Why the place may not be written to whatever its name leads to, as the rest of a sentence; NULL: it may. What is not encrypted is for
 * hosts that the operator named. */
const char *sender_refusal(const struct notice_hosts *hosts, struct bytes url,
                           struct notice_place *ret_place);
/* The same of the mail server: without TLS only what the operator named, and without a password. */
const char *sender_mail_refusal(const struct notice_hosts *hosts, const struct sender_mail *mail,
                                struct notice_place *ret_place);

#endif
