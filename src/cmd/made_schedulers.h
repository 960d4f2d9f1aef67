/* SPDX-License-Identifier: MIT */
/* made_schedulers.h — schedulers beside the one of the settings, made and deleted by the control plane while the server runs.
 *
 * Each is whole: a store of its own (scheduler.db.GROUP.NAME in the data folder), an engine, its hubs, and a port, since a
 * client tells two schedulers apart by their endpoints and by nothing else (doc/decisions/0020-control-plane.md), with gRPC and
 * the HTTP API. Who may connect, and stay so, is its allow list's to say. Owned by part_control.c. Loop's thread. */
#ifndef CMD_MADE_SCHEDULERS_H
#define CMD_MADE_SCHEDULERS_H

#include "cmd/front.h"
#include "net/allow_list.h"
#include "net/listener.h"
#include "svc/scheduler/http/scheduler_http.h"
#include "svc/scheduler/scheduler_service.h"

#define MADE_SCHEDULERS_MAX 16 /* each has three threads */

struct made_schedulers;

struct made_scheduler {
    struct list link;
    struct made_schedulers *all;
    char key[512]; /* of its resource */
    char path[640];
    struct scheduler *scheduler;
    struct scheduler_http *scheduler_http;
    struct grpc_server *grpc;
    struct http_server *http;
    struct front front;
    struct listener *listener;
    struct allow_list allowed;
};

/* Zero-initialise, then made_schedulers_init. */
struct made_schedulers {
    struct loop *loop;
    struct list all;
    size_t count;
    bool stopping;
    size_t stopping_count; /* that have not ended yet */
    void (*on_stopped)(void *context);
    void *stopped_context;
    const char *folder;                 /* of the data, for this process; borrowed, like all behind it */
    const char *shown;                  /* the same, for messages */
    struct scheduler_options scheduler; /* what all have in common */
    struct grpc_server_limits grpc;
    struct http_server_limits http;
    struct listener_options listener;
    const struct site *site;
    const struct authenticator *authenticator; /* NULL: there is no sign-in */
};

/* Which one, and what it shall be. */
struct made_scheduler_wish {
    struct bytes key;
    struct bytes group, name; /* for its file */
    uint16_t port;
    struct allow_list allowed;
};

void made_schedulers_init(struct made_schedulers *schedulers, struct loop *loop);
/* Each ends as scheduler_stop says, and no other can be made; `on_stopped` once, now or later. */
void made_schedulers_stop(struct made_schedulers *schedulers, void (*on_stopped)(void *context),
                          void *context);
/* Ends all of them; their files stay. */
void made_schedulers_fini(struct made_schedulers *schedulers);

/* NULL: there is none of that key. */
struct made_scheduler *made_schedulers_find(struct made_schedulers *schedulers, struct bytes key);
/* Makes it, or changes who may connect; others who are connected are cut off. RESOURCE_EXHAUSTED: there are MADE_SCHEDULERS_MAX; TOO_LARGE: its names are
 * too long for a file; else as scheduler_create and listener_open. */
STATUS_RESULT made_schedulers_put(struct made_schedulers *schedulers, const struct made_scheduler_wish *wish,
                                  struct err *err);
/* Ends its connections and deletes its store. */
void made_schedulers_remove(struct made_schedulers *schedulers, struct bytes key);
/* Roles have changed: as grpc_server_judge_again and http_server_judge_again, for each. */
void made_schedulers_judge_again(struct made_schedulers *schedulers);
/* A port that is free at this moment. As listener_open. */
STATUS_RESULT made_schedulers_free_port(struct made_schedulers *schedulers, uint16_t *ret_port,
                                        struct err *err);

#endif
