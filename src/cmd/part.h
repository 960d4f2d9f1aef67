/* SPDX-License-Identifier: MIT */
/* part.h — what a server process is composed of, as rows.
 *
 * A part is a service or a step of the start: it knows how it is started, what it says of itself, which routes it
 * has, how it stops. compose.c has the list, and one walk in each direction: up for the settings' check, the start
 * and the routes, down for the stop and the end. A new service is a file part_NAME.c with its row, a member below,
 * and an entry in the list. `struct server` belongs to compose.c; each member says which part writes it. Loop's
 * thread. */
#ifndef CMD_PART_H
#define CMD_PART_H

#include <limits.h>

#include "base/metric.h"
#include "cmd/addresses.h"
#include "cmd/audit_directory.h"
#include "cmd/front.h"
#include "cmd/host_names.h"
#include "cmd/made_apps.h"
#include "cmd/made_schedulers.h"
#include "cmd/settings.h"
#include "cmd/state_dir.h"
#include "cmd/tls_setup.h"
#include "credential/az_helper.h"
#include "crypto/secret.h"
#include "jail/data_root.h"
#include "net/listener.h"
#include "os/loop.h"
#include "store/directory/directory.h"
#include "store/directory/token.h"
#include "store/review/review_store.h"
#include "svc/app/app_service.h"
#include "svc/audit/audit_service.h"
#include "svc/confirm/confirm_service.h"
#include "svc/confirm/slack_service.h"
#include "svc/control/control.h"
#include "svc/directory/door.h"
#include "svc/directory/issuer.h"
#include "svc/directory/managed_identity.h"
#include "svc/directory/sign_in.h"
#include "svc/directory/witness.h"
#include "svc/mcp/mcp_service.h"
#include "svc/page/page_service.h"
#include "svc/page/page_sign_in.h"
#include "svc/pool/http/pool_service.h"
#include "svc/pool/http/pool_set.h"
#include "svc/scheduler/http/scheduler_http.h"
#include "svc/scheduler/scheduler_ask.h"
#include "svc/scheduler/scheduler_service.h"
#include "svc/trace/otlp_exporter.h"
#include "svc/webhook/webhook_service.h"
#include "wire/json/json.h"

struct part;

/* One process. A pointer to a service is NULL while it is not there, or if the command does not run it. */
struct server {
    unsigned command; /* its bit, COMMAND_… of cmd/settings.h */
    const struct option_values *settings;
    struct loop *loop;
    const struct part *const *parts; /* all, whether the command has them or not */
    size_t part_count;
    int64_t started_ns; /* monotonic */

    struct tier_share *tier;   /* part_pool.c: below all pools */
    struct pool_set *pools;    /* part_pool.c: those that the control plane makes; NULL: it makes none */
    struct pool_service *pool; /* part_pool.c */
    char data_root[DATA_ROOT_PATH_SIZE]; /* part_pool.c: of jail/data_root.h */

    /* part_launcher.c: NULL with `made-apps` 0; of containers, without an engine */
    struct launcher_client *launchers[MADE_APP_KINDS];
    char no_containers[240];       /* part_launcher.c: what struct control_engine has */
    struct made_apps made_apps;    /* part_apps.c */
    struct az_helper *az_helper;   /* part_az.c: NULL where nothing asks `az` */
    struct http_guests app_guests; /* part_apps.c: their names */
    char apps_port[8];             /* part_apps.c: as their addresses have it */

    char *data_dir;                    /* part_folder.c: as people write it; NULL: nothing is kept */
    struct folder_handle data;         /* part_folder.c: the same, for this process */
    struct folder_handle ready_folder; /* part_folder.c */
    char ready_path[PATH_MAX];         /* part_folder.c: the ready file, by the handle; "": none is wanted */

    int memory_fd; /* part_monitor.c: what the kernel says of the process's memory; -1: it says nothing */

    bool confined;            /* part_confinement.c: the process dropped what it does not need */
    char confine_detail[300]; /* part_confinement.c: what is missing */
    char confine_json[512];   /* part_confinement.c: what it dropped, as one JSON object */

    struct directory *directory;   /* part_directory.c: NULL without a data folder */
    bool directory_made;           /* part_directory.c: by this start */
    struct token_keys *token_keys; /* part_directory.c: NULL without a directory */
    struct issuer *issuer;         /* part_directory.c: NULL without `oidc-issuer` */
    struct doorkeeper *door;       /* part_directory.c: NULL without `auth` */
    struct sign_in *sign_in;       /* part_directory.c: NULL without a directory */
    /* part_directory.c: with which the app of this process asks the others */
    char inner_key[SECRET_TEXT_SIZE + 1];
    /* part_directory.c: of the owner, if this start made it; printed once */
    char first_key[SECRET_TEXT_SIZE + 1];

    struct page_sign_in page_sign_in;       /* part_page.c */
    char page_secret[SECRET_TEXT_SIZE + 1]; /* by which the door knows the page; likewise */

    char *policy_text;                      /* part_policy.c: of the setting `policy`; NULL: there is none */
    struct audit_log *audit;                /* part_audit.c: NULL without a data folder */
    struct review_store *review;            /* part_audit.c: likewise */
    struct audit_service audit_service;     /* part_audit.c */
    struct audit_directory audit_directory; /* part_audit.c */
    struct witness *witness;                /* part_audit.c: NULL without a log */

    struct otlp_exporter *traces; /* part_traces.c */

    struct notice_hosts webhook_hosts;      /* part_webhook.c */
    struct webhook_service webhook_service; /* part_webhook.c */
    struct webhook_engine *webhooks;        /* part_webhook.c: NULL without a book of requests */

    struct scheduler *scheduler;           /* part_scheduler.c */
    struct scheduler_http *scheduler_http; /* part_scheduler.c */
    char scheduler_resource[256];          /* part_scheduler.c: its id as a resource; "": it is none */
    char *hub_names;                       /* part_scheduler.c: cut into names */
    const char *hub; /* part_scheduler.c: of the connection string: the app's, else the first */

    struct grpc_server *grpc;            /* part_grpc.c */
    struct http_server *http;            /* part_http.c */
    struct host_names names;             /* part_http.c */
    struct front front;                  /* part_http.c; part_door.c adds the routes */
    struct listener_sockets sockets[3];  /* part_port.c: taken, of the next three, until they are opened */
    struct listener *listener;           /* part_port.c */
    struct listener *emulator_http;      /* part_port.c: NULL without `emulator`, and so the next one */
    struct listener *emulator_dashboard; /* part_port.c */
    struct tls_setup tls;                /* part_tls.c */
    struct addresses addresses;          /* part_port.c: for others … */
    struct addresses inner; /* part_port.c: … and for the app of this process, which needs no TLS to itself */
    /* part_identity.c: NULL without `managed-identity` and apps that have one, and the next two */
    struct managed_identity *identity;
    struct http_server *identity_http;      /* part_identity.c */
    struct listener *identity_listener;     /* part_identity.c */
    struct app_service *app;                /* part_app.c */
    struct mcp_service mcp;                 /* part_app.c */
    struct confirm_service confirm;         /* part_confirm.c */
    struct slack_service slack;             /* part_confirm.c */
    struct control *control;                /* part_control.c */
    struct made_schedulers made_schedulers; /* part_control.c */
    control_done *on_hub_changed;           /* part_control.c: who waits for a task hub … */
    void *hub_change_context;               /* part_control.c: … and for whom */
    bool ready_file_written;                /* part_ready.c */
};

enum cause_severity {
    CAUSE_WEAKER,       /* than it could be: work is done */
    CAUSE_CANNOT_WRITE, /* everything can be read, nothing new is taken */
    CAUSE_BROKEN,       /* the part does not answer */
};

struct cause {
    const char *part;
    enum cause_severity severity;
    char text[400];
};

#define CAUSES_MAX 32

struct causes {
    struct cause at[CAUSES_MAX];
    size_t count;
};

/* Each function may be NULL: there is nothing to do. Those that may fail say which setting to change. */
struct part {
    const char *name;
    unsigned commands; /* bits of those that have it */

    /* What can be said to be wrong before anything is started. */
    enum status (*check)(const struct server *server, struct err *err);
    enum status (*start)(struct server *server, struct err *err);
    /* Its routes; all parts are started then. */
    void (*mount)(struct server *server, struct front *front);
    /* What is weaker or broken, by cause_add. The start is over when no part is broken. */
    void (*health)(const struct server *server, struct causes *causes);
    /* Its member of /healthz, key and value. */
    void (*report)(const struct server *server, struct json_writer *json);
    /* What a monitor reads of it, up to a row without a name; and the rows' source. */
    const struct metric_row *metrics;
    const void *(*metrics_source)(const struct server *server);
    /* Asked with `health` during the start: an error ends it, since waiting would not help. */
    enum status (*hopeless)(const struct server *server, struct err *err);
    /* The start is over: what people should hear of it. */
    void (*announce)(struct server *server);

    /* The operator wants it to read its files again. `settings` has the new values of those that may change. */
    void (*reload)(struct server *server);
    /* Ends what it does in order, then calls server_part_stopped once, now or later. */
    void (*stop)(struct server *server);
    /* Frees. Also after a start that failed or never came. */
    void (*destroy)(struct server *server);
};

extern const struct part part_pool, part_folder, part_monitor, part_certificates, part_confinement,
    part_directory, part_audit, part_scheduler, part_grpc, part_http, part_tls, part_port, part_identity,
    part_app, part_apps, part_az, part_confirm, part_control, part_door, part_launcher, part_page,
    part_policy, part_ready, part_socket, part_traces, part_webhook;

/* Notes a cause; one that no longer fits is dropped. */
void cause_add(struct causes *causes, const char *part, enum cause_severity severity, const char *text);

/* --- what compose.c does for the parts --- */

/* What all schedulers of the process have in common: part_scheduler.c, part_grpc.c, part_port.c. */
struct scheduler_options server_scheduler_options(const struct server *server);
struct grpc_server_limits server_grpc_limits(const struct server *server);
struct listener_options server_listener_options(const struct server *server);

/* The policy of the setting rules from now on: part_audit.c, once there is a book. */
STATUS_RESULT part_policy_apply(struct server *server, struct err *err);
/* Managed identities are served from now on, if they were not before. */
STATUS_RESULT part_identity_serve(struct server *server, struct err *err);
/* The rows of apps in what the control plane makes resources of. */
void part_apps_engine(const struct server *server, struct control_engine *engine);
/* Says under which names apps are reached. After the port is open. */
void part_apps_names(struct server *server, struct control_options *options);

/* True if the command has the part. */
static inline bool server_has(const struct server *server, const struct part *part)
{
    return (part->commands & server->command) != 0;
}
/* Something has changed that `health` or `hopeless` tell of: looked at soon, while the server starts. */
void server_changed(struct server *server);
void server_part_stopped(void *server);

#endif
