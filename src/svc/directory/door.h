/* SPDX-License-Identifier: MIT */
/* door.h — who asks: from the credentials of a request to a principal with its roles, by the directory.
 * Four kinds of credentials, all as `Authorization: Bearer …`: an access token of ours, a token of the outside issuer, an API
 * key ("spk_…"), and the key that lies in the data folder for whoever may read that anyway. A fifth comes from within: a browser's
 * sign-in, which the page has found by its cookie. What was found once is found by its
 * hash the next time. A principal in use follows the directory: when something changes, roles are collected anew, and
 * `on_change` has open requests judged again, all in one turn of the loop. Loop's thread. */
#ifndef SVC_DIRECTORY_DOOR_H
#define SVC_DIRECTORY_DOOR_H

#include "crypto/secret.h"
#include "net/authenticator.h"
#include "os/loop.h"
#include "store/directory/token.h"
#include "svc/directory/witness.h"

#define DOOR_BEARERS_MAX 10000 /* credentials that are remembered */
#define DOOR_LOAN_S      30    /* for which a loan can be used */
#define DOOR_WHO_SIZE    64    /* bytes of a loan's name, with the NUL */

struct doorkeeper;
struct issuer;

struct door_options {
    struct directory *directory;
    struct token_keys *keys;
    struct issuer *issuer; /* NULL: tokens of nobody else count */
    /* Roles have changed. */
    void (*on_change)(void *context);
    void *context;
};

/* NO_MEMORY. */
STATUS_RESULT door_create(struct loop *loop, const struct door_options *options, struct doorkeeper **ret_door,
                          struct err *err);
/* No request is left. NULL allowed. */
void door_destroy(struct doorkeeper *door);
/* For the servers; valid as long as the door. */
const struct authenticator *door_authenticator(const struct doorkeeper *door);
/* Who is told of refusals from now on; NULL: nobody but the log lines. */
void door_record(struct doorkeeper *door, struct witness *witness);
/* A credential that counts as the local user's, everything and everywhere; or, with `inner`, as this process's own app:
 * what its pool and its hubs must let it do. `secret` is handed in as its hash. */
void door_trust(struct doorkeeper *door, const char *hash, bool inner);
/* From now on "Bearer SECRET" and, without a space, the id of a ticket of type DIRECTORY_COOKIE is whoever that ticket is for, as
 * long as it is there. `secret` (copied) is known to this process alone: it is the page that shows it, once it has found the
 * cookie. */
void door_trust_page(struct doorkeeper *door, const char *secret);

/* How whoever asks is named for door_lend: "person/GUID" or "key/GUID". False: there are no loans for them, since what they may
 * do is not the directory's to say. */
bool door_name(const struct doorkeeper *door, const struct principal *principal, char ret_who[DOOR_WHO_SIZE]);
/* A secret of this process with which one request of its own is made as `who`, soon: with the rights that they have then. `way` is
 * static and will stand in the principal. `ret_name` and `ret_id`: of whom it is, valid until the loop goes on. False: they are nobody, or nobody any more. */
bool door_lend(struct doorkeeper *door, const char *who, const char *way,
               char ret_secret[SECRET_TEXT_SIZE + 1], const char **ret_id, const char **ret_name);

#endif
