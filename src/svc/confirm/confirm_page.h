/* SPDX-License-Identifier: MIT */
/* confirm_page.h — the page behind a confirm link, as HTML without script: what was made, what it did, and three buttons. What it
 * shows was written by strangers: each text is escaped, and what cannot be seen is named. Pure; any thread. */
#ifndef SVC_CONFIRM_CONFIRM_PAGE_H
#define SVC_CONFIRM_CONFIRM_PAGE_H

#include <jansson.h>

#include "base/buf.h"

/* Borrowed. */
struct confirm_view {
    const json_t *request;  /* as the API shows it to them */
    const char *manifest;   /* that the link names */
    const char *person_id;  /* for whom it is */
    const char *name;       /* the same, for people */
    int64_t expires_s;      /* since 1970: of the link */
    const char *page_token; /* without which a vote is not taken */
    const char *differs;    /* in what the present manifest is another one; NULL: it is the same */
    const char *note;       /* what became of a vote; NULL: nobody voted just now */
    const char *comment;    /* that was typed with it; NULL: none */
};

/* What a page tells. */
enum confirm_case {
    CONFIRM_OPEN,    /* the person is asked */
    CONFIRM_VOTED,   /* they have answered: the link is used up */
    CONFIRM_OVER,    /* it was decided, or ended, without them */
    CONFIRM_CHANGED, /* what there is now is not what the link is about */
    CONFIRM_OWN,     /* it is their own request */
    CONFIRM_NOT_YET, /* nobody is asked at the moment */
};

enum confirm_case confirm_page_case(const struct confirm_view *view);
/* Appends the page. */
void confirm_page_write(const struct confirm_view *view, struct buf *out);
/* Appends a page that only says something; both texts are ours, of ASCII. */
void confirm_page_write_words(const char *title, const char *words, struct buf *out);

#endif
