/* SPDX-License-Identifier: MIT */
/* pool_set.c — a list of made pools by key, and a list of those that were deleted and may still be named by an answer. */
#include "svc/pool/http/pool_set.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "core/resource/resource_id.h"
#include "os/clock.h"

/* After a deletion: longer than any peer may take for the rest of an answer that has begun. */
#define RETIREMENT_NS (600 * NS_PER_S)
#define POOLS_MAX     64 /* made ones */

struct made_pool {
    struct list link;
    struct pool_set *set;
    struct pool_service *service;
    struct pool_limits limits;
    struct loop_timer retirement;
    char key[RESOURCE_ID_SIZE_MAX + 1];
};

struct pool_set {
    struct loop *loop;
    struct tier_share *share;
    struct pool_set_options options;
    struct list made, retired; /* of struct made_pool */
    size_t count;
    char *subscription, *fixed_key; /* NULL: not named yet */
};

enum status pool_set_create(struct loop *loop, struct tier_share *share,
                            const struct pool_set_options *options, struct pool_set **ret_set,
                            struct err *err)
{
    struct pool_set *set = calloc(1, sizeof *set);
    if (!set)
        return err_no_memory(err);
    set->loop = loop;
    set->share = share;
    set->options = *options;
    list_init(&set->made);
    list_init(&set->retired);
    *ret_set = set;
    return STATUS_OK;
}

static void free_pool(struct made_pool *pool)
{
    list_remove(&pool->link);
    loop_timer_cancel(&pool->retirement);
    pool_service_destroy(pool->service);
    free(pool);
}

void pool_set_destroy(struct pool_set *set)
{
    if (!set)
        return;
    while (!list_empty(&set->made))
        free_pool(CONTAINER_OF(set->made.next, struct made_pool, link));
    while (!list_empty(&set->retired))
        free_pool(CONTAINER_OF(set->retired.next, struct made_pool, link));
    free(set->subscription);
    free(set->fixed_key);
    free(set);
}

enum status pool_set_name(struct pool_set *set, struct bytes subscription, struct bytes fixed_key)
{
    set->subscription = strndup((const char *)subscription.data, subscription.size);
    set->fixed_key = strndup((const char *)fixed_key.data, fixed_key.size);
    return set->subscription && set->fixed_key ? STATUS_OK : STATUS_NO_MEMORY;
}

/* --- making and deleting --- */

static struct made_pool *find(const struct pool_set *set, struct bytes key)
{
    list_each (it, &set->made) {
        struct made_pool *pool = CONTAINER_OF(it, struct made_pool, link);
        if (bytes_equal_cstr(key, pool->key))
            return pool;
    }
    return NULL;
}

/* By what all may have at once, not by what they have: each was promised its sessions. */
static bool fits(const struct pool_set *set, const struct made_pool *but, const struct pool_limits *limits)
{
    uint64_t sum = (uint64_t)limits->sessions_max + limits->sessions_ready;
    list_each (it, &set->made) {
        const struct made_pool *pool = CONTAINER_OF(it, struct made_pool, link);
        if (pool != but)
            sum += (uint64_t)pool->limits.sessions_max + pool->limits.sessions_ready;
    }
    return sum <= set->options.sessions_max;
}

/* Without memory for another wait it goes at once: by then what remains are peers that do not read. */
static void on_retired(struct loop_timer *timer)
{
    struct made_pool *pool = CONTAINER_OF(timer, struct made_pool, retirement);
    bool done = pool_service_is_empty(pool->service);
    struct loop *loop = pool->set->loop;
    if (done || loop_timer_set(loop, timer, loop_now(loop) + RETIREMENT_NS) != STATUS_OK)
        free_pool(pool);
}

static enum status make(struct pool_set *set, struct bytes key, struct bytes name,
                        const struct pool_limits *limits, struct err *err)
{
    char text[64];
    struct made_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return err_no_memory(err);
    snprintf(text, sizeof text, "%.*s", BYTES_FMT(name));
    const struct shared_tier_options tier = {.share = set->share};
    struct pool_service_options options = set->options.service;
    options.name = text;
    options.sessions_max = limits->sessions_max;
    options.sessions_ready = limits->sessions_ready;
    options.cooldown_ns = limits->cooldown_ns;
    options.tier = &session_tier_shared;
    options.tier_options = &tier;
    options.set = NULL;
    enum status status = pool_service_create(set->loop, &options, &pool->service, err);
    if (status != STATUS_OK) {
        free(pool);
        return status;
    }
    pool->set = set;
    pool->limits = *limits;
    pool->retirement.on_fire = on_retired;
    snprintf(pool->key, sizeof pool->key, "%.*s", BYTES_FMT(key));
    list_push_back(&set->made, &pool->link);
    set->count++;
    return STATUS_OK;
}

enum status pool_set_put(struct pool_set *set, struct bytes key, struct bytes name,
                         const struct pool_limits *limits, struct err *err)
{
    struct made_pool *pool = find(set, key);
    if (!fits(set, pool, limits))
        return err_set(err, STATUS_RESOURCE_EXHAUSTED,
                       "all session pools that are made here may have %u sessions together, ready ones "
                       "included (setting "
                       "--made-sessions)",
                       set->options.sessions_max);
    if (!pool && set->count == POOLS_MAX)
        return err_set(err, STATUS_RESOURCE_EXHAUSTED, "there are %d session pools, as many as there may be",
                       POOLS_MAX);
    if (!pool)
        return make(set, key, name, limits, err);
    pool->limits = *limits;
    pool_service_limit(pool->service, limits->sessions_max, limits->sessions_ready, limits->cooldown_ns);
    return STATUS_OK;
}

/* ORDER: off the list first, so that no new call finds it; then it is shut, whose answers go out from within. */
void pool_set_remove(struct pool_set *set, struct bytes key)
{
    struct made_pool *pool = find(set, key);
    if (!pool)
        return;
    list_remove(&pool->link);
    set->count--;
    list_push_back(&set->retired, &pool->link);
    pool_service_shut(pool->service);
    if (loop_timer_set(set->loop, &pool->retirement, loop_now(set->loop) + RETIREMENT_NS) != STATUS_OK)
        log_warn("svc/pool", "no memory for a timer: a deleted pool is freed at the end only");
}

/* --- whose a call is --- */

/* Another subscription is the one pool of the settings under a name of the caller's: URLs of the cloud work as
 * they are. In our own a name means the pool of that name, or none. */
struct pool_service *pool_set_service(const struct pool_set *set, struct pool_service *of_settings,
                                      struct bytes prefix)
{
    CLEANUP(arena_fini) struct arena arena;
    struct resource_id id;
    arena_init(&arena, 0);
    if (!set->subscription || resource_id_parse(&arena, prefix, &id, NULL) != STATUS_OK || id.count != 6)
        return of_settings;
    if (!bytes_equal_nocase(id.subscription, bytes_of_cstr(set->subscription)))
        return of_settings;

    char key[RESOURCE_ID_SIZE_MAX + 1];
    struct bytes group = resource_id_prefix_key(&id, 4);
    struct bytes name = bytes_slice(id.key, id.key.size - id.segments[5].size, SIZE_MAX);
    snprintf(key, sizeof key, "%.*s/providers/microsoft.app/sessionpools/%.*s", BYTES_FMT(group),
             BYTES_FMT(name));
    if (strcmp(key, set->fixed_key) == 0)
        return of_settings;
    const struct made_pool *pool = find(set, bytes_of_cstr(key));
    return pool ? pool->service : NULL;
}
