/* SPDX-License-Identifier: MIT */
/* session.c — a map from hashes of cookies to sessions: one entry for the present cookie, one for the one before. */
#include "svc/page/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"
#include "svc/page/limit_values.h"

void page_sessions_init(struct page_sessions *sessions, const uint64_t seed[2])
{
    *sessions = (struct page_sessions){.count = 0};
    map_init(&sessions->by_hash, seed[0], seed[1]);
    list_init(&sessions->recent);
}

static void forget_before(struct page_sessions *sessions, struct page_session *session)
{
    if (session->before[0])
        (void)map_take(&sessions->by_hash, bytes_of_cstr(session->before));
    session->before[0] = '\0';
}

static void session_free(struct page_session *session)
{
    if (session->authorization)
        explicit_bzero(session->authorization, strlen(session->authorization));
    free(session->authorization);
    explicit_bzero(session, sizeof *session);
    free(session);
}

void page_session_close(struct page_sessions *sessions, struct page_session *session)
{
    forget_before(sessions, session);
    (void)map_take(&sessions->by_hash, bytes_of_cstr(session->hash));
    list_remove(&session->link);
    sessions->count--;
    session_free(session);
}

void page_sessions_close_of(struct page_sessions *sessions, const char *owner)
{
    list_each_safe (link, &sessions->recent) {
        struct page_session *session = CONTAINER_OF(link, struct page_session, link);
        if (strcmp(session->owner, owner) == 0)
            page_session_close(sessions, session);
    }
}

void page_sessions_fini(struct page_sessions *sessions)
{
    while (!list_empty(&sessions->recent))
        page_session_close(sessions, CONTAINER_OF(sessions->recent.next, struct page_session, link));
    map_fini(&sessions->by_hash);
}

/* A new cookie; the text goes to the browser alone, the hash stays. */
static void make_cookie(char ret_cookie[SECRET_TEXT_SIZE + 1], char ret_hash[SECRET_HASH_SIZE + 1])
{
    secret_make(PAGE_COOKIE_PREFIX, ret_cookie);
    secret_hash(bytes_of_cstr(ret_cookie), ret_hash);
}

/* The session that has to make room for one more of that owner's; NULL: there is room. */
static struct page_session *in_the_way(struct page_sessions *sessions, const char *owner)
{
    struct page_session *oldest = NULL;
    size_t count = 0;
    list_each_safe (link, &sessions->recent) { /* the latest first */
        struct page_session *session = CONTAINER_OF(link, struct page_session, link);
        if (strcmp(session->owner, owner) != 0)
            continue;
        oldest = session;
        count++;
    }
    if (count >= PAGE_SESSIONS_EACH_MAX)
        return oldest;
    bool full = sessions->count >= PAGE_SESSIONS_MAX;
    return full ? CONTAINER_OF(sessions->recent.prev, struct page_session, link) : NULL;
}

enum status page_session_open(struct page_sessions *sessions, const char *owner, struct bytes authorization,
                              int64_t now_ns, char ret_cookie[SECRET_TEXT_SIZE + 1],
                              struct page_session **ret_session)
{
    struct page_session *session = calloc(1, sizeof *session);
    if (!session)
        return STATUS_NO_MEMORY;
    (void)snprintf(session->owner, sizeof session->owner, "%s", owner);
    session->authorization = strndup((const char *)authorization.data, authorization.size);
    make_cookie(ret_cookie, session->hash);
    secret_make(PAGE_TOKEN_PREFIX, session->token);
    session->expires_ns = now_ns + PAGE_SESSION_LIFE_NS;
    session->rotated_ns = now_ns;
    if (!session->authorization ||
        map_put(&sessions->by_hash, bytes_of_cstr(session->hash), session) != STATUS_OK) {
        session_free(session);
        return STATUS_NO_MEMORY;
    }

    struct page_session *leaving = in_the_way(sessions, session->owner);
    if (leaving)
        page_session_close(sessions, leaving);
    list_push_front(&sessions->recent, &session->link);
    sessions->count++;
    *ret_session = session;
    return STATUS_OK;
}

struct page_session *page_session_find(struct page_sessions *sessions, struct bytes cookie, int64_t now_ns)
{
    char hash[SECRET_HASH_SIZE + 1];
    if (!secret_is_sound(cookie, PAGE_COOKIE_PREFIX))
        return NULL;
    secret_hash(cookie, hash);
    struct page_session *session = map_get(&sessions->by_hash, bytes_of_cstr(hash));
    if (!session)
        return NULL;
    if (now_ns >= session->expires_ns) {
        page_session_close(sessions, session);
        return NULL;
    }

    if (session->before[0] && now_ns - session->rotated_ns >= PAGE_SESSION_OVERLAP_NS)
        forget_before(sessions, session);
    if (strcmp(hash, session->hash) != 0 && strcmp(hash, session->before) != 0)
        return NULL;
    list_remove(&session->link);
    list_push_front(&sessions->recent, &session->link);
    return session;
}

bool page_session_rotate(struct page_sessions *sessions, struct page_session *session, int64_t now_ns,
                         char ret_cookie[SECRET_TEXT_SIZE + 1])
{
    if (now_ns - session->rotated_ns < PAGE_SESSION_ROTATE_NS)
        return false;
    forget_before(sessions, session);

    /* ORDER: the key in the map is the session's own text, so the old one moves before it is overwritten. */
    (void)map_take(&sessions->by_hash, bytes_of_cstr(session->hash));
    memcpy(session->before, session->hash, sizeof session->before);
    make_cookie(ret_cookie, session->hash);
    bool put = map_put(&sessions->by_hash, bytes_of_cstr(session->hash), session) == STATUS_OK;
    if (!put) { /* there was room for one a moment ago */
        memcpy(session->hash, session->before, sizeof session->hash);
        session->before[0] = '\0';
        (void)!map_put(&sessions->by_hash, bytes_of_cstr(session->hash), session);
        return false;
    }
    if (map_put(&sessions->by_hash, bytes_of_cstr(session->before), session) != STATUS_OK)
        session->before[0] = '\0';
    session->rotated_ns = now_ns;
    return true;
}

struct bytes page_cookie_value(struct bytes header, const char *name)
{
    while (header.size > 0) {
        struct bytes pair = bytes_trim(bytes_split(&header, ';'));
        struct bytes given = bytes_split(&pair, '=');
        if (bytes_equal_cstr(given, name))
            return pair;
    }
    return (struct bytes){0};
}
