/* SPDX-License-Identifier: MIT */
/* service_rig.h — for tests: the whole scheduler in one process over real loopback sockets, with clients and a worker
 * made of grpc_client, and a store on disk in a folder of its own. All of it turns in the test's thread; each wait is
 * bounded. */
#ifndef SCHEDULER_SERVICE_RIG_H
#define SCHEDULER_SERVICE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/grpc_client.h"
#include "svc/scheduler/scheduler_service.h"
#include "wire/pb/orchestrator_service.pb.h"

struct service_rig {
    char folder[64];
    char path[128];
    const char *vfs;
    const char *const *hubs;
    size_t hub_count;
    bool hubs_dynamic;
    bool hubs_managed;
    const char *retention;
    int64_t (*unix_ns)(void);
    struct loop *loop;
    struct scheduler *scheduler;
    struct grpc_server *server;
    bool stopped;
    struct client *clients[8]; /* open ones, for a test that fails */
};

/* For cmocka: `*state` is a rig with a loop and a folder, without a server. The tear-down closes what a test that failed
 * has left open. */
int rig_setup(void **state);
int rig_teardown(void **state);
/* Starts a server with what the rig's fields say; the store is kept between two of them. */
void rig_serve(struct service_rig *rig);
void rig_close(struct service_rig *rig);
void rig_step(struct service_rig *rig, int wait_ms);
/* Turns the loop until the flag is set. */
void rig_await(struct service_rig *rig, const bool *flag);

struct client {
    struct service_rig *rig;
    struct loop_fd watch;
    struct grpc_client *grpc;
    const char *hub;    /* metadata; NULL: none */
    const char *worker; /* workerid; NULL: none */
};

/* `hub` and `worker` of the client are kept. */
void client_open(struct client *client, struct service_rig *rig);
void client_close(struct client *client);
/* Sends what is ready to be sent. */
void client_flush(struct client *client);

struct answer {
    bool done;
    enum status status;
    char text[256];
    struct buf message;
    size_t messages;
    struct grpc_client_call *call;
};

/* Starts a call; `method` is the last part of its path. */
void client_start_with(struct client *client, const char *method, struct bytes message,
                       void (*message_in)(void *, struct bytes),
                       void (*done)(void *, enum status, const char *), void *context,
                       struct grpc_client_call **ret_call);
void client_start(struct client *client, const char *method, struct bytes message, struct answer *answer);
/* The same, and waits for its end. The answer's message is the caller's to free. */
enum status client_ask(struct client *client, const char *method, struct bytes message,
                       struct answer *answer);
/* A call whose request has one string in field 1. */
enum status client_ask_id(struct client *client, const char *method, const char *id, struct answer *answer);
enum status client_start_instance(struct client *client, const char *id, const char *name,
                                  struct answer *answer);
/* The status of an instance, or -1 if it does not exist. */
int client_status_of(struct client *client, const char *id);
/* How many instances a page of the query holds; its token, owned by the caller. */
size_t client_query_count(struct client *client, const struct pb_instance_query *query,
                          struct buf *ret_token);
/* Waits for completion and checks the output. */
void client_assert_completes(struct client *client, const char *id);

/* A worker: one activity, then done. */
struct worker {
    struct client client;
    struct grpc_client_call *stream;
    bool ended;
    enum status end_status;
    char end_text[256];
    size_t turns, activities, pings;
    bool silent; /* takes items and says nothing */
};

void worker_open(struct worker *worker, struct service_rig *rig, const char *id);

#endif
