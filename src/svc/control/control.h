/* SPDX-License-Identifier: MIT */
/* control.h — the control plane: resource groups, session pools, schedulers, task hubs and what belongs to them, in the shape
 * of the cloud's resource manager (cloud-shape.md section 3, CS-07 and CS-20 to CS-31).
 *
 * Owns the resources that were made through it (store/resources) and decides what a resource may be; what it *is* somebody
 * else makes, by struct control_engine, so that this service knows neither pools nor schedulers. A change is checked, kept on
 * disk, made, and then answered: `provisioningState` is `Succeeded` in the first answer, and nobody polls. Changes are made one
 * after the other, in the order of their arrival; reading waits for none of them. What the settings have made is shown beside
 * the rest and cannot be changed here. All on the loop's thread but for the disk. */
#ifndef SVC_CONTROL_CONTROL_H
#define SVC_CONTROL_CONTROL_H

#include "base/encode.h"
#include "net/http_router.h"
#include "os/loop.h"
#include "store/directory/directory.h"
#include "svc/control/limit_values.h"

struct control;

/* A session pool as it shall be. Views are valid during the call. */
struct control_pool {
    struct bytes group; /* of its path, as first written */
    struct bytes name;  /* likewise */
    uint32_t sessions_max;
    uint32_t sessions_ready;
    int64_t cooldown_ns;
};

/* A scheduler as it shall be. */
struct control_scheduler {
    struct bytes group, name;    /* as first written */
    uint16_t port;               /* of its own: what scheduler_port said at first */
    const struct bytes *allowed; /* addresses or networks of who may connect; none: nobody may */
    size_t allowed_count;
};

/* An app as it shall be. Views are valid during the call. */
struct control_app {
    uint16_t port;            /* of its own: what scheduler_port said at first */
    bool wanted;              /* it shall run */
    bool contained;           /* it is a container of another image than sallyport/app */
    bool external;            /* ingress from other machines is wished for, too */
    struct bytes host;        /* its name, in lower case; empty: without ingress or environment it has none */
    struct bytes description; /* without what tells of identities: wire/launch_environment.h, of a container
                                 wire/container_launch.h */
    const char *identities[CONTROL_APP_IDENTITIES_MAX]; /* object ids of applications; its own is the first */
    size_t identity_count;
};

/* How an app does. */
struct control_app_state {
    const char *status; /* "Running", "Progressing", "Stopped" */
    char why[200];      /* "": it runs */
    bool runs;
    uint32_t restarts;
    int64_t started_unix_ns; /* of its process; 0: it never had one */
    struct bytes log;        /* what is kept of what it wrote, the newest; valid until the loop goes on */
    uint64_t log_total;      /* bytes that it ever wrote */
};

/* The end of a change, once, perhaps from within the call. `text` says why not; NULL if nothing is known. */
typedef void control_done(void *context, enum status status, const char *text);

/* How long what has ended is kept in every hub of a scheduler. */
struct control_retention {
    /* as the setting `retention` has them: "completed=1d,failed=30d"; "": nothing goes by itself */
    const char *rules;
};

/* What resources are made of. A resource is known by the key of its id (core/resource/resource_id.h). `put` makes what is not
 * there and changes what is; nothing that runs ends by it. NULL: this process has none of that kind. */
struct control_engine {
    enum status (*pool_put)(void *context, struct bytes key, const struct control_pool *pool,
                            struct err *err);
    /* Its sessions end; later calls for it find nothing. */
    void (*pool_remove)(void *context, struct bytes key);

    /* A port that is free, for a new one. */
    enum status (*scheduler_port)(void *context, uint16_t *ret_port, struct err *err);
    enum status (*scheduler_put)(void *context, struct bytes key, const struct control_scheduler *scheduler,
                                 struct err *err);
    void (*scheduler_remove)(void *context, struct bytes key);
    /* Appends its URL; nothing if it is not there. */
    void (*scheduler_endpoint)(void *context, struct bytes key, struct buf *out);
    enum status (*scheduler_retain)(void *context, struct bytes key,
                                    const struct control_retention *retention, struct err *err);

    /* One hub at a time: the next is asked for when the last is done. */
    void (*hub_put)(void *context, struct bytes scheduler, struct bytes name, control_done *on_done,
                    void *done_context);
    void (*hub_remove)(void *context, struct bytes scheduler, struct bytes name, control_done *on_done,
                       void *done_context);
    void (*hubs_each)(void *context, struct bytes scheduler,
                      void (*on_hub)(void *hub_context, struct bytes name), void *hub_context);
    /* True for a hub that the settings name: it would come back at the next start. */
    bool (*hub_is_fixed)(void *context, struct bytes scheduler, struct bytes name);

    /* why apps of other images than sallyport/app do not run, and what to type; NULL: they do */
    const char *no_containers;
    enum status (*app_put)(void *context, struct bytes key, const struct control_app *app, struct err *err);
    /* Its process ends. */
    void (*app_remove)(void *context, struct bytes key);
    /* False: there is none of that key. */
    bool (*app_tell)(void *context, struct bytes key, struct control_app_state *ret_state);
    void *context;
};

/* What the settings have made. */
struct control_fixed {
    const char *group;     /* "local" */
    const char *pool;      /* NULL: none */
    const char *scheduler; /* NULL: none */
    uint32_t sessions_max;
    uint32_t sessions_ready;
    int64_t cooldown_ns;
};

struct control_options {
    const char *path;            /* of the file with the resources */
    const char *shown;           /* what messages call it */
    struct directory *directory; /* who there is, and the ids of subscription and tenant; borrowed */
    const char *url;         /* of this server, as clients write it, without a slash at its end; borrowed */
    const char *apps_domain; /* what the domains of environments end with; borrowed */
    const char *apps_port;   /* ":8080", or "" where clients need not say it; borrowed */
    bool apps_public;        /* other machines know the domain, so an app's address is its name */
    struct control_fixed fixed;
    struct control_engine engine;
    int64_t (*unix_ns)(void); /* NULL: clock_unix_ns */
};

/* Opens the store and makes again what was made before. What cannot be made is said in the log, and shown as failed. Errors as
 * resource_store_open. */
STATUS_RESULT control_create(struct loop *loop, const struct control_options *options,
                             struct control **ret_control, struct err *err);
/* Ends answers that go on as long as an app writes; no other begins. */
void control_stop(struct control *control);
/* After the HTTP server. NULL allowed. */
void control_destroy(struct control *control);
/* Its routes, valid as long as it; `control` may be zeros, for who only reads the rows. */
struct http_part control_part(struct control *control);

#endif
