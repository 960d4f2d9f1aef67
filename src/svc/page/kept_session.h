/* SPDX-License-Identifier: MIT */
/* kept_session.h — sign-ins of browsers that outlive this process: tickets of the type DIRECTORY_COOKIE. A ticket holds the hash of
 * its cookie, never the cookie; it says whose it is and by which API key, so that it ends with either, and nothing that could be
 * shown elsewhere. Times are nanoseconds since 1970. What is found is valid until a write set is done. Loop's thread.
 *
 * Its lengths of time are those of svc/page/session.h. */
#ifndef SVC_PAGE_KEPT_SESSION_H
#define SVC_PAGE_KEPT_SESSION_H

#include "store/directory/directory.h"
#include "svc/page/session.h"

/* The one of this cookie, or of the one before for as long as that counts; NULL: there is none, or it is over. */
const struct directory_ticket *kept_session_find(const struct directory *directory, struct bytes cookie,
                                                 int64_t now_ns);
/* True if its cookie is to be replaced. */
bool kept_session_is_due(const struct directory_ticket *session, int64_t now_ns);

struct kept_session_wish {
    const char *owner_id; /* of the person */
    const char *key_id;   /* of the API key that was shown; "": none */
    /* what was confirmed for it, which goes with the same write; NULL: nothing */
    const struct directory_ticket *spent;
};

/* Begins one; whoever has PAGE_SESSIONS_EACH_MAX loses the oldest. `waiter`: as directory_write. The browser may have the cookie
 * when it is on disk. */
void kept_session_open(struct directory *directory, const struct kept_session_wish *wish, int64_t now_ns,
                       char ret_cookie[SECRET_TEXT_SIZE + 1], char ret_token[SECRET_TEXT_SIZE + 1],
                       struct directory_waiter *waiter);
/* Gives it another cookie; the one before counts for PAGE_SESSION_OVERLAP_NS. */
void kept_session_rotate(struct directory *directory, const struct directory_ticket *session, int64_t now_ns,
                         char ret_cookie[SECRET_TEXT_SIZE + 1], struct directory_waiter *waiter);
/* Ends it. */
void kept_session_close(struct directory *directory, const struct directory_ticket *session,
                        struct directory_waiter *waiter);

#endif
