/* SPDX-License-Identifier: MIT */
/* sign_in_internal.h — what the files of the token service share. */
#ifndef SVC_DIRECTORY_SIGN_IN_INTERNAL_H
#define SVC_DIRECTORY_SIGN_IN_INTERNAL_H

#include "svc/directory/sign_in.h"
#include "svc/directory/tickets.h"
#include "wire/http1/form.h"

#define FAILURE_BUCKETS 256
#define REFRESH_DAYS    14
#define DEVICE_S        900
#define CODE_S          300
#define POLL_INTERVAL_S 5
#define POLL_EARLY_S    1   /* by which who keeps the interval may come early, for networks are no clocks */
#define CLIENT_ID_MAX   100 /* bytes */
#define REDIRECT_MAX    2000

struct sign_in {
    struct loop *loop;
    struct sign_in_options options;
    struct loop_timer timer;
    uint64_t key[2];
    /* Failures of late, by a hash of who was tried: an answer to the next one comes later. */
    struct {
        unsigned count;
        int64_t last_ns;
    } failures[FAILURE_BUCKETS];
    size_t late; /* answers that wait */
    struct device_gate devices;
    struct ticket_ends ends;
    struct witness *witness; /* NULL: none */
};

/* Who signs in. Texts are borrowed from the directory or from the exchange. */
struct sign_in_subject {
    const char *object_id;
    const char *client_id;
    const char *name;  /* of a person; NULL: an application */
    const char *nonce; /* that the id token repeats; NULL: none */
};

/* --- sign_in.c --- */
/* True if `tenant` is ours, or a word that means any. Else it is answered. */
bool sign_in_take_tenant(struct sign_in *sign_in, struct http_request *request);
/* OAuth 2.0's answer to what fails (RFC 6749 section 5.2); `error` NULL: a problem (RFC 9457), as the page reads it. */
void sign_in_refuse(struct http_request *request, int http_status, const char *error,
                    const char *description);
/* The same for credentials that were tried, of `who`, a name or a client id: the more failures, the later. */
void sign_in_fail(struct sign_in *sign_in, struct http_request *request, const char *who, const char *error,
                  const char *description);
/* Somebody has signed in: for the log and the witness. */
void sign_in_note(struct sign_in *sign_in, const struct sign_in_subject *subject, const char *how);
/* Somebody could not: for the witness. `who` as above; `cause` may be of the protocol. */
void sign_in_note_failure(struct sign_in *sign_in, const char *who, const char *cause);

/* --- sign_in_client.c --- */
/* "https://localhost:8080", as the client reached us, in the request's arena; NULL without memory. */
const char *sign_in_base(struct http_request *request);
/* The application that a form's client_id and secret, certificate or federated token show; NULL: none, and `*ret_why` says to
 * the operator what was wrong. */
const struct directory_application *sign_in_client(struct sign_in *sign_in, struct http_request *request,
                                                   const struct form_fields *form, const char **ret_why);
/* The person of that name and secret, or NULL. */
const struct directory_person *sign_in_person(struct sign_in *sign_in, const char *name, const char *secret);
/* True if client_id can be one. */
bool sign_in_client_id_valid(const char *client_id);
/* True for a redirect back to a program on the user's own machine. */
bool sign_in_redirect_valid(const char *redirect);

/* --- sign_in_token.c --- */
void sign_in_token(void *context, struct http_request *request);
/* The audience in a scope, or in what the first version calls a resource; `base` if there is none. Borrowed. */
struct bytes sign_in_audience(const char *scope, const char *base);

/* --- sign_in_pages.c --- */
void sign_in_device_code(void *context, struct http_request *request);
void sign_in_device_page(void *context, struct http_request *request);
void sign_in_device_confirm(void *context, struct http_request *request);
void sign_in_authorize_page(void *context, struct http_request *request);
void sign_in_authorize(void *context, struct http_request *request);

#endif
