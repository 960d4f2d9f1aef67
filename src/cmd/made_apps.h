/* SPDX-License-Identifier: MIT */
/* made_apps.h — container apps, made and deleted by the control plane while the server runs.
 *
 * Each is a process of one of two companions (svc/launcher): `sallyport app`, or what attends a container of another image. It has
 * a port of its own on loopback. One that
 * ends is started again after a while that doubles, up to MADE_APP_BACK_OFF_MAX; what it writes is kept up to a limit, the newest. A
 * change of what it is given starts it anew. Owned by part_apps.c. Loop's thread. */
#ifndef CMD_MADE_APPS_H
#define CMD_MADE_APPS_H

#include "jail/launcher_client.h"
#include "svc/control/control.h"
#include "svc/launcher/limit_values.h"

enum made_app_kind {
    MADE_APP_OWN,       /* of this program */
    MADE_APP_CONTAINER, /* of another image */
    MADE_APP_KINDS,
};

enum made_app_phase {
    MADE_APP_ENDED,   /* no process, and none is due */
    MADE_APP_RUNNING, /* a process that was not asked to end */
    MADE_APP_ENDING,  /* a process that was */
    MADE_APP_WAITING, /* no process; the timer starts the next one */
};

struct made_app {
    struct list link;
    struct made_apps *apps;
    char key[512];                /* of its resource; "": it is deleted and ends */
    uint32_t slot;                /* what the launcher knows it by … */
    uint64_t generation;          /* … and which of its processes */
    enum made_app_kind kind;      /* of the next process … */
    enum made_app_kind kind_runs; /* … and of the newest */
    uint16_t port;
    bool wanted;    /* it shall run */
    bool external;  /* other machines may use it */
    char host[256]; /* its name; "": none */
    enum made_app_phase phase;
    struct buf description; /* wire/launch_environment.h or wire/container_launch.h; wiped */
    struct buf log;
    uint64_t log_total;    /* bytes that it ever wrote */
    struct loop_fd output; /* the read end of the pipe of the newest process */
    struct loop_timer again;
    int64_t started_ns, started_unix_ns; /* of the newest process */
    int64_t back_off_ns;
    uint32_t restarts;
    char ending[80]; /* how the last process ended; "" */
};

/* One of the processes that start apps. */
struct made_apps_starter {
    struct made_apps *apps;
    struct launcher_client *client; /* NULL: none was started */
    bool lost;                      /* it is gone */
};

/* Zero-initialise, then made_apps_init. */
struct made_apps {
    struct loop *loop;
    struct made_apps_starter starters[MADE_APP_KINDS];
    const char *authority; /* file with the certificates that apps trust; NULL: those of the machine */
    struct list all;
    size_t count, most;
    uint64_t generations;
    bool stopping;
    void (*on_stopped)(void *context);
    void *stopped_context;
};

/* `clients`: of each kind; NULL: none was started. `most`: apps at a time. */
STATUS_RESULT made_apps_init(struct made_apps *apps, struct loop *loop,
                             struct launcher_client *const clients[MADE_APP_KINDS], size_t most,
                             struct err *err);
/* Ends all, and none can be made; `on_stopped` once, now or later. */
void made_apps_stop(struct made_apps *apps, void (*on_stopped)(void *context), void *context);
/* Frees. Also without made_apps_init. */
void made_apps_fini(struct made_apps *apps);

/* An app as it shall be. */
struct made_app_wish {
    enum made_app_kind kind;
    uint16_t port;
    bool wanted;
    bool external;
    struct bytes host; /* at most 255 bytes; a longer one is none */
    struct bytes description;
};

/* Makes it, or what is there different: whatever is not as it was starts it anew. RESOURCE_EXHAUSTED: too many;
 * UNAVAILABLE: who would start it is gone, or the server stops. */
STATUS_RESULT made_apps_put(struct made_apps *apps, struct bytes key, const struct made_app_wish *wish,
                            struct err *err);
/* Ends it; it is found no longer. */
void made_apps_remove(struct made_apps *apps, struct bytes key);
/* NULL: there is none of that key. */
struct made_app *made_apps_find(struct made_apps *apps, struct bytes key);
/* By its host name, in any case. NULL: it is none's. */
const struct made_app *made_apps_find_host(struct made_apps *apps, struct bytes host);
/* How it does. */
void made_app_tell(const struct made_app *app, struct control_app_state *ret_state);

#endif
