/* SPDX-License-Identifier: MIT */
/* bearer.h — somebody whose credentials were believed: who it is, and the roles that the directory has for them now.
 * A person's or an application's own assignments count, and those of the groups they are in; a grant for the subscription is one
 * for everything, since there is one. An API key is its owner with fewer roles, if it says so. */
#ifndef SVC_DIRECTORY_BEARER_H
#define SVC_DIRECTORY_BEARER_H

#include "base/arena.h"
#include "core/access/access.h"
#include "store/directory/directory.h"

#define BEARER_GROUPS_MAX 32 /* that an outside token may name */

enum bearer_kind {
    BEARER_NOBODY,  /* with a refusal */
    BEARER_LOCAL,   /* the local user */
    BEARER_INNER,   /* the app of this process */
    BEARER_MEMBER,  /* a person or an application of the directory */
    BEARER_KEY,     /* an API key */
    BEARER_OUTSIDE, /* known to the outside issuer only */
};

/* Zero-initialise, with its kind. Texts are the bearer's own. */
struct bearer {
    enum bearer_kind kind;
    struct principal principal;
    char id[GUID_TEXT_SIZE + 1];      /* of the object in the directory, or of the key */
    char session[GUID_TEXT_SIZE + 1]; /* of the ticket without which they do not count; "": none is needed */
    char *name;                       /* of BEARER_OUTSIDE; owned */
    char *subject;                    /* likewise: what stands for its id */
    char *groups[BEARER_GROUPS_MAX];  /* likewise: names of groups that the issuer vouches for */
    size_t group_count;
    struct bytes within; /* where a token counts; static, or "" */
    const char *way;     /* as in the principal */
    int64_t expires_ns;  /* unix; 0: never */
    uint64_t generation; /* of the directory, as of which the roles are */
    struct arena arena;  /* of the roles */
};

/* Collects name and roles anew. Who is gone, disabled, revoked, signed out or over becomes nobody, with a refusal. */
void bearer_refresh(struct bearer *bearer, const struct directory *directory, int64_t now_ns);
void bearer_fini(struct bearer *bearer);

#endif
