/* SPDX-License-Identifier: MIT */
/* session.h — sign-ins of browsers that end with this process, since what somebody typed does, or is a token: a cookie stands for it,
 * and only this process knows for what. Those that outlive it: kept_session.h. A page can neither read the cookie (HttpOnly) nor have another site send it (SameSite); what changes something
 * also wants the session's token, which only a page of ours can read.
 *
 * A session ends after PAGE_SESSION_LIFE_NS, when it is closed, or with the process. Its cookie is replaced after
 * PAGE_SESSION_ROTATE_NS; the one before counts for PAGE_SESSION_OVERLAP_NS more, since requests may be under way. At
 * PAGE_SESSIONS_MAX the one that was used least lately makes room. Whether the credentials still count is not decided here: they are
 * shown anew for each request.
 *
 * Reads no clock: `now_ns` never goes back. Secrets come from crypto/secret.h. One thread at a time. */
#ifndef SVC_PAGE_SESSION_H
#define SVC_PAGE_SESSION_H

#include "base/list.h"
#include "base/map.h"
#include "crypto/secret.h"

#define PAGE_COOKIE_PREFIX "spb_" /* of a browser */
#define PAGE_TOKEN_PREFIX  "spt_"

#define PAGE_OWNER_SIZE 64 /* bytes of an id with its NUL */

struct page_session {
    struct list link;                  /* of page_sessions.recent, the latest first */
    char hash[SECRET_HASH_SIZE + 1];   /* of its cookie */
    char before[SECRET_HASH_SIZE + 1]; /* of the cookie before; "": none counts */
    char token[SECRET_TEXT_SIZE + 1];
    char owner[PAGE_OWNER_SIZE]; /* the id of whose credentials they are */
    char *authorization;         /* "Bearer …", as a client would send it; owned, wiped at the end */
    int64_t expires_ns;
    int64_t rotated_ns;
};

struct page_sessions {
    struct map by_hash; /* present cookies, and those before that still count */
    struct list recent;
    size_t count;
};

/* `seed` is random. */
void page_sessions_init(struct page_sessions *sessions, const uint64_t seed[2]);
void page_sessions_fini(struct page_sessions *sessions);

/* Begins one. `owner`: whoever has PAGE_SESSIONS_EACH_MAX makes room for it themselves, so that nobody signs others out.
 * `ret_cookie`: what the browser keeps. NO_MEMORY. */
STATUS_RESULT page_session_open(struct page_sessions *sessions, const char *owner, struct bytes authorization,
                                int64_t now_ns, char ret_cookie[SECRET_TEXT_SIZE + 1],
                                struct page_session **ret_session);
/* NULL: there is none of this cookie, or it is over. It then was the latest to be used. */
struct page_session *page_session_find(struct page_sessions *sessions, struct bytes cookie, int64_t now_ns);
/* True if its cookie is due and was replaced; NO_MEMORY leaves the old one. */
bool page_session_rotate(struct page_sessions *sessions, struct page_session *session, int64_t now_ns,
                         char ret_cookie[SECRET_TEXT_SIZE + 1]);
/* Ends it; its cookies count no more. */
void page_session_close(struct page_sessions *sessions, struct page_session *session);
/* Ends all of that owner's. */
void page_sessions_close_of(struct page_sessions *sessions, const char *owner);

/* The value of the cookie `name` in a header Cookie (RFC 6265 section 4.2.1); data NULL without it. */
struct bytes page_cookie_value(struct bytes header, const char *name);

#endif
