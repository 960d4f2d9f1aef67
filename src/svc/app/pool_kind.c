/* SPDX-License-Identifier: MIT */
/* pool_kind.c — one answer under a lock. Several threads may ask at once; they get the same. */
#include "svc/app/pool_kind.h"

#include <pthread.h>
#include <stdlib.h>

#include "os/clock.h"
#include "svc/app/limit_values.h"
#include "svc/app/pool_client.h"

struct pool_kind {
    pthread_mutex_t mutex; /* guards the rest */
    bool ours;
    int64_t until_ns; /* monotonic; 0: not known */
};

struct pool_kind *pool_kind_create(void)
{
    struct pool_kind *kind = calloc(1, sizeof *kind);
    if (kind)
        pthread_mutex_init(&kind->mutex, NULL);
    return kind;
}

void pool_kind_destroy(struct pool_kind *kind)
{
    if (!kind)
        return;
    pthread_mutex_destroy(&kind->mutex);
    free(kind);
}

static void remember(struct pool_kind *kind, bool ours, int64_t until_ns)
{
    pthread_mutex_lock(&kind->mutex);
    kind->ours = ours;
    kind->until_ns = until_ns;
    pthread_mutex_unlock(&kind->mutex);
}

enum status pool_kind_find(struct pool_kind *kind, const struct pool_client *client, bool *ret_ours,
                           struct err *err)
{
    int64_t now_ns = clock_monotonic_ns();
    pthread_mutex_lock(&kind->mutex);
    bool known = now_ns < kind->until_ns, ours = kind->ours;
    pthread_mutex_unlock(&kind->mutex);
    if (known) {
        *ret_ours = ours;
        return STATUS_OK;
    }
    enum status status = pool_client_is_ours(client, &ours, err);
    if (status != STATUS_OK)
        return status;
    remember(kind, ours, ours ? INT64_MAX : now_ns + APP_POOL_KIND_KEPT_NS);
    *ret_ours = ours;
    return STATUS_OK;
}

void pool_kind_forget(struct pool_kind *kind)
{
    remember(kind, false, 0);
}
