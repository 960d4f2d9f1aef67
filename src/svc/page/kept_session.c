/* SPDX-License-Identifier: MIT */
/* kept_session.c — one ticket a session: by the hash of its cookie, or of the cookie before. `created_ns` is when the present
 * cookie was made, `challenge` the token for what changes something, `scope` the API key's id. */
#include "svc/page/kept_session.h"

#include <string.h>

#include "base/macros.h"
#include "svc/page/limit_values.h"

#define CLIENT "page"

static const struct directory_ticket *ticket_of(const struct directory *directory, const char *field,
                                                const char *hash)
{
    const struct directory_ticket *ticket =
        directory_find(directory, DIRECTORY_TICKET, field, bytes_of_cstr(hash));
    return ticket && ticket->type == DIRECTORY_COOKIE ? ticket : NULL;
}

const struct directory_ticket *kept_session_find(const struct directory *directory, struct bytes cookie,
                                                 int64_t now_ns)
{
    char hash[SECRET_HASH_SIZE + 1];
    if (!directory || !secret_is_sound(cookie, PAGE_COOKIE_PREFIX))
        return NULL;
    secret_hash(cookie, hash);
    const struct directory_ticket *session = ticket_of(directory, "hash", hash);
    if (!session) {
        session = ticket_of(directory, "user_hash", hash);
        if (session && now_ns - session->created_ns >= PAGE_SESSION_OVERLAP_NS)
            session = NULL;
    }
    return session && now_ns < session->expires_ns ? session : NULL;
}

bool kept_session_is_due(const struct directory_ticket *session, int64_t now_ns)
{
    return now_ns - session->created_ns >= PAGE_SESSION_ROTATE_NS;
}

/* The owner's oldest, if they have as many as they may. */
static const struct directory_ticket *in_the_way(const struct directory *directory, const char *owner_id)
{
    const struct directory_ticket *ticket = NULL, *oldest = NULL;
    size_t count = 0;
    while ((ticket = directory_next(directory, DIRECTORY_TICKET, ticket))) {
        if (ticket->type != DIRECTORY_COOKIE || strcmp(ticket->principal_id, owner_id) != 0)
            continue;
        if (!oldest || ticket->expires_ns < oldest->expires_ns)
            oldest = ticket;
        count++;
    }
    return count >= PAGE_SESSIONS_EACH_MAX ? oldest : NULL;
}

void kept_session_open(struct directory *directory, const struct kept_session_wish *wish, int64_t now_ns,
                       char ret_cookie[SECRET_TEXT_SIZE + 1], char ret_token[SECRET_TEXT_SIZE + 1],
                       struct directory_waiter *waiter)
{
    char id[GUID_TEXT_SIZE + 1], hash[SECRET_HASH_SIZE + 1];
    directory_guid(id);
    secret_make(PAGE_COOKIE_PREFIX, ret_cookie);
    secret_make(PAGE_TOKEN_PREFIX, ret_token);
    secret_hash(bytes_of_cstr(ret_cookie), hash);
    const struct directory_ticket ticket = {.id = id,
                                            .type = DIRECTORY_COOKIE,
                                            .hash = hash,
                                            .user_hash = "",
                                            .family = "",
                                            .principal_id = wish->owner_id,
                                            .client_id = CLIENT,
                                            .scope = wish->key_id,
                                            .challenge = ret_token,
                                            .redirect = "",
                                            .created_ns = now_ns,
                                            .expires_ns = now_ns + PAGE_SESSION_LIFE_NS};

    const struct directory_ticket *leaving = in_the_way(directory, wish->owner_id);
    struct directory_write writes[3] = {{DIRECTORY_CREATE, DIRECTORY_TICKET, &ticket}};
    size_t count = 1;
    if (leaving)
        writes[count++] = (struct directory_write){DIRECTORY_DELETE, DIRECTORY_TICKET, leaving};
    if (wish->spent)
        writes[count++] = (struct directory_write){DIRECTORY_DELETE, DIRECTORY_TICKET, wish->spent};
    directory_write(directory, writes, count, waiter);
}

void kept_session_rotate(struct directory *directory, const struct directory_ticket *session, int64_t now_ns,
                         char ret_cookie[SECRET_TEXT_SIZE + 1], struct directory_waiter *waiter)
{
    char hash[SECRET_HASH_SIZE + 1];
    struct directory_ticket ticket = *session;
    secret_make(PAGE_COOKIE_PREFIX, ret_cookie);
    secret_hash(bytes_of_cstr(ret_cookie), hash);
    ticket.user_hash = session->hash;
    ticket.hash = hash;
    ticket.created_ns = now_ns;
    const struct directory_write write = {DIRECTORY_REPLACE, DIRECTORY_TICKET, &ticket};
    directory_write(directory, &write, 1, waiter);
}

void kept_session_close(struct directory *directory, const struct directory_ticket *session,
                        struct directory_waiter *waiter)
{
    const struct directory_write write = {DIRECTORY_DELETE, DIRECTORY_TICKET, session};
    directory_write(directory, &write, 1, waiter);
}
