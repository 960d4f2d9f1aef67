/* SPDX-License-Identifier: MIT */
/* reply.h — how a client's call ended, as its on_reply sees it. Made and filled by operation.c and
 * client_answer.c; owned by the operation, which destroys the objects in it after on_reply. */
#ifndef SDK_CLIENT_REPLY_H
#define SDK_CLIENT_REPLY_H

#include "durabletask.h"

struct dt_reply {
    enum dt_status status;
    const char *text;
    const char *instance_id;
    struct dt_instance *instance;
    struct dt_page *page;
    struct dt_history *history;
    struct dt_ids *ids;
    struct dt_entity *entity;
    struct dt_entities *entities;
    int32_t purged;
    bool complete;
    int32_t removed;  /* by a cleaning: empty entities, */
    int32_t released; /* and locks */
};

#endif
