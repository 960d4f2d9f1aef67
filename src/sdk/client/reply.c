/* SPDX-License-Identifier: MIT */
/* reply.c — one reader a member. Contracts: include/durabletask.h. */
#include "sdk/client/reply.h"

enum dt_status dt_reply_status(const struct dt_reply *reply)
{
    return reply->status;
}

const char *dt_reply_text(const struct dt_reply *reply)
{
    return reply->text;
}

const char *dt_reply_instance_id(const struct dt_reply *reply)
{
    return reply->instance_id;
}

const struct dt_instance *dt_reply_instance(const struct dt_reply *reply)
{
    return reply->instance;
}

const struct dt_page *dt_reply_page(const struct dt_reply *reply)
{
    return reply->page;
}

const struct dt_history *dt_reply_history(const struct dt_reply *reply)
{
    return reply->history;
}

const struct dt_ids *dt_reply_ids(const struct dt_reply *reply)
{
    return reply->ids;
}

const struct dt_entity *dt_reply_entity(const struct dt_reply *reply)
{
    return reply->entity;
}

const struct dt_entities *dt_reply_entities(const struct dt_reply *reply)
{
    return reply->entities;
}

int32_t dt_reply_purged(const struct dt_reply *reply, bool *ret_complete)
{
    if (ret_complete)
        *ret_complete = reply->complete;
    return reply->purged;
}

int32_t dt_reply_cleaned(const struct dt_reply *reply, int32_t *ret_released)
{
    if (ret_released)
        *ret_released = reply->released;
    return reply->removed;
}
