/* SPDX-License-Identifier: MIT */
/* slack_service.h — buttons in Slack: a message whose buttons vote, and where Slack tells that one was pressed.
 *
 *   GET …/slack-message ──► a message; its buttons hold a link to one manifest, for whoever presses them
 *   Slack ──► POST /v1/slack/interactions, signed ──► the operator's list: which person ──► one vote, as that person ──► the message retires,
 *             by the press's response_url (slack_replies.h); without one, by the answer to the press
 *
 * A press is Slack's word for who pressed, so it counts only with Slack's signature, minutes old, and once. What the person may is asked
 * of the public API as for a confirm link. Loop's thread. */
#ifndef SVC_CONFIRM_SLACK_SERVICE_H
#define SVC_CONFIRM_SLACK_SERVICE_H

#include "crypto/slack_signature.h"
#include "svc/confirm/confirm_service.h"
#include "svc/confirm/slack_replies.h"

#define SLACK_PRESSES_MAX 1000 /* that are remembered as long as their signature counts */

/* A press that was taken. */
struct slack_seen {
    char hash[SECRET_HASH_SIZE + 1]; /* of its signature */
    int64_t until_s;                 /* since 1970 */
};

struct slack_service {
    struct confirm_service *confirm; /* its key, its API and how it borrows rights; outlives the service */
    const char *secret;              /* Slack's signing secret of the app; NULL: there are no buttons */
    const char *people;              /* "U012AB3CD=mina, …", sound; NULL: none */
    /* How a person of the directory is named for a loan. False: there is none of this name. */
    bool (*find)(void *context, const char *name, char ret_who[CONFIRM_LINK_WHO_SIZE]);
    void *context;
    struct slack_replies *replies; /* by which messages retire; NULL: only by the answer to a press */
    struct slack_seen seen[SLACK_PRESSES_MAX];
    size_t next; /* where the next one goes: over the oldest */
};

/* Its routes, for an http_router; valid as long as the service. */
struct http_part slack_service_part(struct slack_service *service);

#endif
