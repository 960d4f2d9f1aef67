/* SPDX-License-Identifier: MIT */
/* server.h — the server that the commands mean, tokens for it, and one request to it. Where it is: SALLYPORT_URL, else
 * where somebody signed in, else the running `sallyport dev` of this user, else http://localhost:8080. */
#ifndef CMD_AZ_SERVER_H
#define CMD_AZ_SERVER_H

#include "cmd/az/profile.h"
#include "cmd/local_key.h"

struct az_server {
    struct buf url;     /* "https://localhost:8080", NUL-terminated, without "/" at its end */
    struct buf ca_file; /* NUL-terminated; empty: the system's authorities */
    json_t *profile;
    bool profile_is_ours; /* the sign-in that it holds was made at this server */
    /* of a server of this user's own, in the folder of its state; empty: there is none */
    struct local_key local_key;
    bool verbose;
};

/* Who a token is for. */
enum az_audience { AZ_MANAGER, AZ_GRAPH, AZ_NOBODY /* no token is sent */ };

struct az_ask {
    const char *method;
    const char *path; /* "/subscriptions?…", or a whole URL */
    enum az_audience audience;
    const char *resource;       /* in place of `audience`; NULL: not */
    const json_t *body;         /* JSON; NULL: none */
    struct bytes form;          /* in place of `body`; data NULL: none */
    struct bytes raw;           /* in place of both, JSON unless a header says otherwise; data NULL: none */
    const char *const *headers; /* "Name: value", up to NULL; may be NULL */
    /* Gets the body as it arrives, in place of `body` of the answer; NULL: not. */
    void (*on_data)(struct bytes data, void *context);
    void *context;
};

struct az_answer {
    long status;
    struct buf body;
    json_t *json; /* NULL: the body is no JSON */
};

/* Finds the server; makes no request. Errors: as az_profile_read. az_server_close in any case. */
STATUS_RESULT az_server_open(struct az_server *server, struct err *err);
void az_server_close(struct az_server *server);

/* One request with its token. On success az_answer_fini. UNAVAILABLE: no answer, `err` says why and what to do;
 * UNAUTHENTICATED: there is no valid sign-in, or the token may not be sent over clear text; NO_MEMORY. */
STATUS_RESULT az_server_ask(struct az_server *server, const struct az_ask *ask, struct az_answer *ret_answer,
                            struct err *err);
void az_answer_fini(struct az_answer *answer);

/* The access token for `resource` ("https://durabletask.io"), from the profile or from the token service, or the local key
 * where nobody has signed in. `out` gets it without NUL, and nothing if there is none; `*ret_expires` seconds since 1970. UNAUTHENTICATED: the token
 * service refused, `err` has its words. */
STATUS_RESULT az_server_token(struct az_server *server, const char *resource, struct buf *out,
                              int64_t *ret_expires, struct err *err);
/* Keeps what a token service answered (RFC 6749 section 5.1) for `resource`. */
STATUS_RESULT az_server_keep_token(struct az_server *server, const char *resource, const json_t *answer,
                                   struct err *err);
/* The audience of the control plane or the directory, as the server names it. */
const char *az_server_audience(const struct az_server *server, enum az_audience audience);
/* Where clear text is spoken only to this machine: over https, or to a loopback address. */
bool az_server_may_have_secrets(const char *url);

#endif
