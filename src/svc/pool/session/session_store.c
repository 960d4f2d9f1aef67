/* SPDX-License-Identifier: MIT */
/* session_store.c — one file of a session is under way at a time, since the tier takes no second one. INVARIANT:
 * `busy` is set from the tier's order to its answer, `current` is that file, or NULL when its caller has left
 * meanwhile: closing the pipe ends the copy, but the next one waits for the answer. */
#include "svc/pool/session/session_store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define PIPE_SIZE ((size_t)1 << 20)   /* the most that anybody's pipe may hold (pipe(7), pipe-max-size) */
#define STEP_SIZE ((size_t)512 << 10) /* bytes written in a turn of the loop */

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_feed(struct session_store *store)
{
    loop_fd_remove(&store->feed);
    close_end(&store->feed.fd);
}

/* One step; the loop comes again while there is room. Who copies may have died: the tier says why. */
static void feed(struct session_store *store)
{
    struct bytes some = bytes_slice(store->content, store->sent, STEP_SIZE);
    ssize_t n = write(store->feed.fd, some.data, some.size);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    store->sent += n > 0 ? (size_t)n : 0;
    if (n < 0 || store->sent == store->content.size)
        close_feed(store);
}

static void on_room(struct loop_fd *watch, uint32_t events)
{
    feed(CONTAINER_OF(watch, struct session_store, feed));
}

/* The pipe may have been filled already, while the file waited for its turn. */
static void start(struct session_stores *stores, struct session_store *store)
{
    stores->busy = true;
    stores->current = store;
    stores->tier->store(stores->tier_self, stores->ref, store->pipe_fd, store->file_fd, store->content.size);
    close_end(&store->pipe_fd);
}

static void start_next(struct session_stores *stores)
{
    struct list *link = stores->busy ? NULL : list_pop_front(&stores->waiting);
    if (link)
        start(stores, CONTAINER_OF(link, struct session_store, link));
}

enum status session_store_begin(struct session_stores *stores, struct session_store *store, struct err *error)
{
    int ends[2];
    ASSERT(stores->possible);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set(error, STATUS_IO, "pipe: %s", strerror(errno));
    /* Ours only: the other end is a process that shall wait for us. The size is a wish. */
    (void)!fcntl(ends[1], F_SETFL, O_NONBLOCK);
    (void)!fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
    store->feed = (struct loop_fd){.on_ready = on_room};
    enum status status = loop_fd_add(stores->loop, &store->feed, ends[1], EPOLLOUT, error);
    if (status != STATUS_OK) {
        close(ends[0]);
        close(ends[1]);
        return status;
    }

    store->pipe_fd = ends[0];
    store->sent = 0;
    store->stores = stores;
    list_push_back(&stores->waiting, &store->link);
    start_next(stores);
    return STATUS_OK;
}

/* The session and the store know nothing of each other any more. */
static void part(struct session_store *store)
{
    struct session_stores *stores = store->stores;
    close_feed(store);
    close_end(&store->pipe_fd);
    list_remove(&store->link);
    if (stores->current == store)
        stores->current = NULL;
    store->stores = NULL;
}

void session_store_cancel(struct session_store *store)
{
    if (store->stores)
        part(store);
}

/* --- for the session and its stock --- */

void session_stores_init(struct session_stores *stores, struct loop *loop, const struct session_tier *tier,
                         void *tier_self)
{
    *stores = (struct session_stores){.loop = loop, .tier = tier, .tier_self = tier_self};
    list_init(&stores->waiting);
}

void session_stores_open(struct session_stores *stores, const struct tier_session *built)
{
    stores->possible = built->stores;
    stores->ref = built->ref;
}

void session_stores_answered(struct session_stores *stores, int error)
{
    /* The end of the session follows, and brings a better cause. */
    if (!stores->busy || error == ESRCH)
        return;
    struct session_store *store = stores->current;
    stores->busy = false;
    if (store) {
        bool whole = store->sent == store->content.size;
        part(store);
        store->on_done(store, error == 0 && !whole ? EIO : error, "");
    }
    start_next(stores);
}

static struct session_store *any_store(struct session_stores *stores)
{
    if (stores->current)
        return stores->current;
    bool none = list_empty(&stores->waiting);
    return none ? NULL : CONTAINER_OF(stores->waiting.next, struct session_store, link);
}

void session_stores_end(struct session_stores *stores, const char *cause)
{
    struct session_store *store;
    stores->possible = false;
    while ((store = any_store(stores))) {
        part(store);
        store->on_done(store, ESRCH, cause);
    }
}

void session_stores_fini(struct session_stores *stores)
{
    struct session_store *store;
    while ((store = any_store(stores)))
        part(store);
}
