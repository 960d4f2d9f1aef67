/* SPDX-License-Identifier: MIT */
/* pool_route.h — which operation of the pool a path names (session-pool-api.md sections 1.1, 5, 6).
 * Routes are matched on the tail of the path, so any prefix works: the six segments of the cloud's address or
 * none. Runs of slashes count as one, letters without regard to case. Pure. */
#ifndef SVC_POOL_HTTP_POOL_ROUTE_H
#define SVC_POOL_HTTP_POOL_ROUTE_H

#include "base/arena.h"

enum pool_route_kind {
    POOL_ROUTE_NONE,
    POOL_ROUTE_CODE_EXECUTE,   /* …/code/execute */
    POOL_ROUTE_PYTHON_EXECUTE, /* …/python/execute, of the first preview */
    POOL_ROUTE_EXECUTIONS,     /* …/executions; also …/execute */
    POOL_ROUTE_EXECUTION,      /* …/executions/{name} */
    POOL_ROUTE_FILES,          /* …/files */
    POOL_ROUTE_FILE,           /* …/files/{name}; also …/files/upload */
    POOL_ROUTE_FILE_CONTENT,   /* …/files/{name}/content and …/files/content/{name} */
    POOL_ROUTE_SESSION,        /* …/session */
    POOL_ROUTE_LIST_SESSIONS,  /* …/listSessions */
    POOL_ROUTE_METADATA,       /* …/metadata */
    POOL_ROUTE_STOP_SESSION,   /* …/.management/stopSession */
};

struct pool_route {
    enum pool_route_kind kind;
    struct bytes prefix; /* the path before the route, without a slash at its end */
    struct bytes name;   /* decoded once; empty where the route has none */
};

/* NO_MEMORY only; a path that names nothing gives POOL_ROUTE_NONE. The views live as long as `path` and the
 * arena. */
STATUS_RESULT pool_route_parse(struct arena *arena, struct bytes path, struct pool_route *ret_route);

#endif
