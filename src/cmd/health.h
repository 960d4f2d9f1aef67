/* SPDX-License-Identifier: MIT */
/* health.h — GET /healthz: alive, and what is weaker or broken. GET /readyz: whether work is taken now.
 * Each part says of itself what there is to say (cmd/part.h); here it is collected and written. /healthz answers 200
 * while the process can answer at all. Its `ok` is true when everything is as the settings ask for: a layer of
 * isolation that the machine does not give stands in `degraded` and makes `ok` false only by ending the start
 * (--require). /readyz answers 200 when all parts work and a session has run, else 503 with the causes. On the
 * loop's thread. */
#ifndef CMD_HEALTH_H
#define CMD_HEALTH_H

#include "net/http_route.h"

struct server;

/* The two routes, for the front; `server` lives as long as they do. */
struct http_part health_part(struct server *server);
/* True when every part answers; else `ret_cause` names the first that does not, and why. A store that cannot write is
 * no reason to wait: on a full disk everything can still be read, and /readyz says the rest. */
bool health_started(const struct server *server, char *ret_cause, size_t size);

#endif
