/* SPDX-License-Identifier: MIT */
/* access.h — who may do what: roles, what they permit, and the one decision. Pure.
 * Every route (net/http_route.h) and every call (svc/scheduler/scheduler_access.h) names a permission; every request bears
 * a principal. Both are given to access_decide, and nothing else decides. It fails closed: a permission that was
 * forgotten is nobody's, not even the local user's. Owns tables only; never asks who somebody is. */
#ifndef CORE_ACCESS_H
#define CORE_ACCESS_H

#include "base/buf.h"

/* What a route or a call asks for. */
enum access_permission {
    ACCESS_UNSET,           /* a row that forgot it: refused at start, and to everybody */
    ACCESS_ANYONE,          /* no sign-in: liveness, the page that says what this is */
    ACCESS_READ,            /* see requests and results */
    ACCESS_SUBMIT,          /* hand in code */
    ACCESS_DECIDE,          /* approve and reject */
    ACCESS_CANCEL,          /* give a request up: one's own, or any for who runs the server */
    ACCESS_AUDIT,           /* read the audit log */
    ACCESS_EXECUTE,         /* run code in sessions and use their files */
    ACCESS_OPERATE,         /* run the server */
    ACCESS_HUB_HELLO,       /* ask whether a task hub is there */
    ACCESS_HUB_READ,        /* see its instances */
    ACCESS_HUB_WRITE,       /* start, steer and purge them */
    ACCESS_HUB_WORK,        /* take and complete their work */
    ACCESS_HUB_ADMIN,       /* make and delete task hubs */
    ACCESS_SIGNED_IN,       /* whoever is known: who am I, what may I */
    ACCESS_CONTROL_READ,    /* see resources, role definitions, assignments */
    ACCESS_CONTROL_WRITE,   /* make, change and delete resources */
    ACCESS_GRANT,           /* make and delete role assignments */
    ACCESS_DIRECTORY_READ,  /* see people, groups and applications */
    ACCESS_DIRECTORY_WRITE, /* make and delete them, their credentials and keys */
    ACCESS_POLICY_READ,     /* see the policy and its versions */
    ACCESS_POLICY_WRITE,    /* apply another one */
    ACCESS_PERMISSIONS,
};

/* Those of the cloud keep their names and ids; the others are ours. */
enum access_role {
    ROLE_OWNER,
    ROLE_CONTRIBUTOR,
    ROLE_READER,
    ROLE_HUB_CONTRIBUTOR,
    ROLE_HUB_WORKER,
    ROLE_HUB_READER,
    ROLE_SESSION_EXECUTOR,
    ROLE_SUBMITTER,
    ROLE_REVIEWER,
    ROLE_OPERATOR,
    ROLE_AUDITOR,
    ROLE_LOCAL, /* of the user of this machine while there is no sign-in: everything; granted to nobody else */
    ACCESS_ROLES,
};

/* A role at a place and below it: "/", "/scheduler/HUB", "/pool", "/app". */
struct access_grant {
    enum access_role role;
    struct bytes scope;
};

/* Who asks. */
struct principal {
    const char *id;   /* "local"; NULL: nobody is known */
    const char *name; /* for people and records */
    const struct access_grant *grants;
    size_t grant_count;
    const char *refusal; /* NULL, or why the credentials that were shown do not count; without an id then */
    /* the only place where the credentials count, as their audience says; "": everywhere */
    struct bytes within;
    /* `within` is not where they are meant for, but all that they were made for: an API key's scope */
    bool narrowed;
    const char *key_name; /* of the API key that was used; NULL: signed in in another way */
    const char *way;      /* a static word for how they came, "link"; NULL: by credentials of their own */
    const struct bytes *groups; /* names of the groups that they are in */
    size_t group_count;
};

/* Whoever reaches a server without sign-in: it listens on loopback only, so they are on this machine. */
extern const struct principal access_local;
/* Who showed nothing, where there is sign-in. */
extern const struct principal access_nobody;

enum access_verdict {
    ACCESS_GRANTED,
    ACCESS_UNKNOWN, /* nobody is known, or not for this place: 401, UNAUTHENTICATED */
    ACCESS_DENIED,  /* known, and may not: 403, PERMISSION_DENIED */
};

/* `scope`: what is asked for, as in grants; segments are compared without regard to case. */
enum access_verdict access_decide(const struct principal *principal, enum access_permission permission,
                                  struct bytes scope);
/* The same for what has two names: a place of this server ("/pool") and the id of the resource that is served there
 * ("/subscriptions/…"; "" if there is none). A grant may hold at either; `within` is a place. */
enum access_verdict access_decide_at(const struct principal *principal, enum access_permission permission,
                                     struct bytes place, struct bytes resource);

/* A scope as grants have it: without slashes at its end; the one subscription, by its id or as "local", is everything. */
struct bytes access_scope(struct bytes scope, const char *subscription);
/* True if who asks may hand out what counts at `scope` (a role, a key, a way to sign in): they must be an Owner there, by
 * credentials that were not made for less. */
bool access_may_grant(const struct principal *principal, struct bytes scope, const char *subscription);

/* "hub-read"; for rows in documents and logs. */
const char *access_permission_name(enum access_permission permission);
/* "Durable Task Worker". */
const char *access_role_name(enum access_role role);
/* The GUID by which clients of the cloud name it; "" for ROLE_LOCAL. */
const char *access_role_id(enum access_role role);
/* By its GUID or name, without regard to case; of ours also without "Sallyport ". False: there is none that can be
 * granted. */
bool access_role_find(struct bytes text, enum access_role *ret_role);
bool access_role_permits(enum access_role role, enum access_permission permission);
/* The roles that count at a place as policies name them ("reviewer"), each once; the user of this machine has all of them. Returns
 * how many there are. */
size_t access_role_words(const struct principal *principal, struct bytes place,
                         const char *ret_words[ACCESS_ROLES]);
/* Appends the command that grants a role. Somebody will paste it, and a name may hold what a shell would do: what is no plain word stands
 * in quotes. */
void access_write_grant(enum access_role role, const char *to, struct bytes scope, struct buf *out);
/* What to say to who may not: which role is lacking, of those that permit it the one that permits least, and the command
 * that grants it. */
void access_explain(const struct principal *principal, enum access_permission permission, struct bytes place,
                    struct buf *out);
/* Why somebody is not known, after ACCESS_UNKNOWN. */
const char *access_refusal(const struct principal *principal);

#endif
