/* SPDX-License-Identifier: MIT */
/* world.h — what credentials ask of the outside: variables, time, a token service over HTTP, a program. The real one is
 * world_real.h's; tests play it, so that no test needs an identity provider, a clock or another machine.
 * Called on the thread of the credential that uses it, one at a time. */
#ifndef CREDENTIAL_WORLD_H
#define CREDENTIAL_WORLD_H

#include "credential/wiped.h"

/* One request to a token service. All pointers are borrowed for the call. */
struct world_request {
    const char *url;
    const char *header;  /* one line besides the usual ones, such as "Metadata: true"; NULL: none */
    struct bytes form;   /* the body of a POST, application/x-www-form-urlencoded; data NULL: a GET */
    bool direct;         /* never by way of a proxy */
    const char *ca_file; /* PEM: authorities that count besides the system's; NULL: none */
    int64_t timeout_ns;  /* for all of it */
};

/* What came; zero-initialise, world_reply_fini overwrites and frees. */
struct world_reply {
    long http_status;
    struct buf body;
    int64_t wait_ns; /* of Retry-After; 0: not said */
};
static inline void world_reply_fini(struct world_reply *reply)
{
    wiped_fini(&reply->body);
}

struct credential_world {
    /* NULL: not set, or empty. */
    const char *(*variable)(void *context, const char *name);
    /* The wall clock in nanoseconds since 1970. */
    int64_t (*unix_ns)(void *context);
    /* Any number. */
    uint64_t (*random)(void *context);
    /* OK: there is an answer, of whatever HTTP status. UNAVAILABLE: there is none, `err` says why;
     * DEADLINE_EXCEEDED: none in time; CANCELLED; MALFORMED: it is too large. */
    enum status (*ask)(void *context, const struct world_request *request, struct world_reply *ret_reply,
                       struct err *err);
    /* Runs a program of the PATH, without a shell and without input; NULL ends `arguments`, whose first is its name. OK: it
     * has ended with 0, `ret_output` has what it wrote. NOT_FOUND: there is no such program; PERMISSION_DENIED: this process
     * may start none; DEADLINE_EXCEEDED; TOO_LARGE; CANCELLED; FAILED_PRECONDITION: it ended otherwise, `ret_output` has the
     * beginning of what it wrote to its standard error. */
    enum status (*run)(void *context, const char *const *arguments, int64_t timeout_ns,
                       struct buf *ret_output, struct err *err);
    /* Waits. False: the credential is being destroyed. */
    bool (*pause)(void *context, int64_t ns);
    void *context;
};

/* Tells a wait, a request or a program that it shall end. */
struct world_stop {
    bool (*is_wanted)(void *context);
    bool (*pause)(void *context, int64_t ns); /* false: the end is wanted */
    void *context;
};

#endif
