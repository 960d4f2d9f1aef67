/* SPDX-License-Identifier: MIT */
/* people_request.h — what the routes of /v1/directory share: how a body is read, how a name names somebody, how a list is
 * answered. For the people_*.c of this folder. Loop's thread. */
#ifndef SVC_DIRECTORY_PEOPLE_REQUEST_H
#define SVC_DIRECTORY_PEOPLE_REQUEST_H

#include "crypto/secret.h"
#include "net/http_router.h"
#include "store/directory/directory.h"
#include "wire/json/json.h"

/* --- what was sent --- */

enum people_kind {
    PEOPLE_TEXT,    /* not empty, without NUL */
    PEOPLE_SHOWN,   /* likewise, or empty, which is as if it were absent */
    PEOPLE_SECONDS, /* above 0 */
    PEOPLE_OBJECT,
};

/* A member that a body may have. One with null is as if it were absent; an object cannot be null. */
struct people_field {
    const char *name; /* NULL behind the last */
    enum people_kind kind;
};

/* The body, a JSON object of these fields, which the caller releases. NULL: it is none, and answered. */
json_t *people_read_body(struct http_request *request, const struct people_field *fields);
/* The same of an object in it. INVARIANT: what is mistyped never counts as absent, for that may give more: a key without "roles" has all
 * of its owner's. False: that is answered. */
bool people_check(struct http_request *request, const json_t *object, const struct people_field *fields);
/* A member's text; NULL if it is absent, empty, no text or holds a NUL. */
const char *people_text(const json_t *root, const char *name);
/* The member "name", if it may stand in a command line and in a log, and reads as no other. NULL: it may not, and that is answered. */
const char *people_take_name(struct http_request *request, const json_t *root);
/* The same for somebody who is to be made: neither a name nor an id of somebody of another kind, in whose place they would be found. */
const char *people_take_new_name(const struct directory *directory, struct http_request *request,
                                 const json_t *root);
/* The time that "expiresInSeconds" means, in ns since 1970; without it `otherwise_ns` from now, of which 0 is never. */
int64_t people_expiry(const json_t *root, int64_t otherwise_ns);

/* A person, a group or an application. Texts live as long as the object. */
struct people_principal {
    const char *id;
    const char *name;
    const char *type; /* as an assignment says it */
};

/* By id, name or client id. False: there is none. */
bool people_find(const struct directory *directory, struct bytes text, struct people_principal *ret_found);
/* The same of one type (NULL: any); if there is none, that is answered. */
bool people_take(const struct directory *directory, struct http_request *request, struct bytes text,
                 const char *type, struct people_principal *ret_found);

/* access_may_grant: a right to write the directory is none to rise by it. False: that is answered, with 403. */
bool people_may_grant(const struct directory *directory, struct http_request *request, struct bytes scope);

/* --- answers --- */

/* A member with a time as RFC 3339; nothing for 0. */
void people_write_time(struct json_writer *json, const char *name, int64_t unix_ns);
/* 200 with what was written. */
void people_answer(struct http_request *request, struct json_writer *json);

/* Writes the members of one object. */
typedef void people_write_object(struct json_writer *json, const struct directory *directory,
                                 const void *object);
/* 200 with {"NAME": [the objects of that kind], "next"?}, or the page of them that is asked for (people_page.h). */
void people_answer_objects(struct http_request *request, const struct directory *directory,
                           enum directory_kind kind, const char *name, people_write_object *write);
/* One line in the server's log: what was done to whom, and by whom. */
void people_note(struct http_request *request, const char *what, const char *of);

/* --- secrets --- */

struct people_secret {
    char id[GUID_TEXT_SIZE + 1];
    char text[SECRET_TEXT_SIZE + 1]; /* wiped by who has it */
    char hash[SECRET_HASH_SIZE + 1];
    char hint[9];
};

void people_make_secret(const char *prefix, struct people_secret *secret);

/* --- handlers that the table of people.c names --- */

/* Deletes what the path names, with what belongs to it, and answers. */
void people_delete(struct directory *directory, struct http_request *request, enum directory_kind kind,
                   const char *type);

/* people_groups.c */
void people_groups_list(void *context, struct http_request *request);
void people_group_create(void *context, struct http_request *request);
void people_group_delete(void *context, struct http_request *request);
void people_member_create(void *context, struct http_request *request);
void people_member_delete(void *context, struct http_request *request);

/* people_grants.c */
void people_keys_list(void *context, struct http_request *request);
void people_key_create(void *context, struct http_request *request);
void people_key_revoke(void *context, struct http_request *request);
void people_assignments_list(void *context, struct http_request *request);
void people_assignment_create(void *context, struct http_request *request);
void people_assignment_delete(void *context, struct http_request *request);
void people_who_am_i(void *context, struct http_request *request);

#endif
