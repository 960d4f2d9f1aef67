/* SPDX-License-Identifier: MIT */
/* front.h — the HTTP side of the process as a whole: the routes that belong to no service (a page that says what
 * this is, /openapi.json), those of the parts behind them, and the access log. Loop's thread. */
#ifndef CMD_FRONT_H
#define CMD_FRONT_H

#include "base/log_rate.h"
#include "base/log_share.h"
#include "net/http_metrics.h"
#include "net/http_router.h"

#define FRONT_PARTS_MAX 24 /* this one and those of the process: 17 where all that can be asked for is */

/* Zero-initialise. */
struct front {
    struct http_part parts[FRONT_PARTS_MAX];
    size_t part_count;
    struct http_router router;
    struct request_rates rates; /* of each key */
    struct buf openapi;         /* the answer of /openapi.json */
    struct http_metrics metrics;
    bool access_log;
    struct log_share shares; /* of the log, for each peer */
    struct log_rate held_back_told;
};

/* Opens the front with its own routes. */
void front_init(struct front *front);
/* Adds a service's routes, before front_mount. */
void front_add(struct front *front, struct http_part part);
/* Has `server` serve all of them. NO_MEMORY. */
STATUS_RESULT front_mount(struct front *front, struct http_server *server, struct err *err);
/* Each key makes `per_minute` requests a minute (net/request_rates.h). Once, after front_mount. */
void front_limit(struct front *front, int64_t per_minute);
/* Counts each request; with `access_log` also has one info line written: method, route, status, bytes, milliseconds,
 * peer; never what a body, a query or a value in a path holds; a peer that floods has so many a second. The front outlives
 * the server. */
void front_watch(struct front *front, struct http_server *server, bool access_log);
void front_fini(struct front *front);

#endif
