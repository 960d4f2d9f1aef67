/* SPDX-License-Identifier: MIT */
/* audit_directory.c — a row for each kind of object: what making and deleting one is called, and what is told of it. */
#include "cmd/audit_directory.h"

#include <stdio.h>

#include "core/access/access.h"
#include "os/clock.h"

/* For people, and there is an id beside it: an object that is made in the same set is not found yet. */
static const char *name_of(const struct directory *directory, const char *id)
{
    struct bytes key = bytes_of_cstr(id);
    const struct directory_person *person = directory_find(directory, DIRECTORY_PERSON, "id", key);
    const struct directory_group *group = directory_find(directory, DIRECTORY_GROUP, "id", key);
    const struct directory_application *application =
        directory_find(directory, DIRECTORY_APPLICATION, "id", key);
    if (person)
        return person->name;
    if (group)
        return group->name;
    return application ? application->name : "";
}

static json_t *about_person(const struct directory *directory, const void *object)
{
    const struct directory_person *person = object;
    (void)directory;
    return json_pack("{s:s}", "name", person->name);
}

static json_t *about_group(const struct directory *directory, const void *object)
{
    const struct directory_group *group = object;
    (void)directory;
    return json_pack("{s:s}", "name", group->name);
}

static json_t *about_member(const struct directory *directory, const void *object)
{
    const struct directory_member *member = object;
    return json_pack("{s:s,s:s,s:s,s:s}", "groupId", member->group_id, "group",
                     name_of(directory, member->group_id), "principalId", member->member_id, "principal",
                     name_of(directory, member->member_id));
}

static json_t *about_application(const struct directory *directory, const void *object)
{
    const struct directory_application *application = object;
    (void)directory;
    return json_pack("{s:s,s:s,s:s}", "name", application->name, "clientId", application->client_id,
                     "resourceId", application->resource_id);
}

static json_t *about_credential(const struct directory *directory, const void *object)
{
    const struct directory_credential *credential = object;
    return json_pack("{s:s,s:s}", "ownerId", credential->owner_id, "owner",
                     name_of(directory, credential->owner_id));
}

static json_t *about_key(const struct directory *directory, const void *object)
{
    const struct directory_key *key = object;
    return json_pack("{s:s,s:s,s:s,s:s,s:s}", "name", key->name, "ownerId", key->owner_id, "owner",
                     name_of(directory, key->owner_id), "roles", key->roles, "scope", key->scope);
}

static json_t *about_assignment(const struct directory *directory, const void *object)
{
    const struct directory_assignment *assignment = object;
    enum access_role role;
    bool known = access_role_find(bytes_of_cstr(assignment->role_id), &role);
    return json_pack("{s:s,s:s,s:s,s:s}", "role", known ? access_role_name(role) : assignment->role_id,
                     "principalId", assignment->principal_id, "principal",
                     name_of(directory, assignment->principal_id), "scope", assignment->scope);
}

/* Kinds that are not here are what the server does with its own keys and tickets. */
static const struct kind_row {
    enum directory_kind kind;
    enum audit_action created, deleted;
    const char *place; /* of the object's name in the log */
    json_t *(*about)(const struct directory *directory, const void *object);
} kind_rows[] = {
    {DIRECTORY_PERSON, AUDIT_PERSON_CREATED, AUDIT_PERSON_DELETED, "people", about_person},
    {DIRECTORY_GROUP, AUDIT_GROUP_CREATED, AUDIT_GROUP_DELETED, "groups", about_group},
    {DIRECTORY_MEMBER, AUDIT_MEMBER_ADDED, AUDIT_MEMBER_REMOVED, "members", about_member},
    {DIRECTORY_APPLICATION, AUDIT_APPLICATION_CREATED, AUDIT_APPLICATION_DELETED, "applications",
     about_application},
    {DIRECTORY_CREDENTIAL, AUDIT_CREDENTIAL_CREATED, AUDIT_CREDENTIAL_DELETED, "credentials",
     about_credential},
    {DIRECTORY_KEY, AUDIT_KEY_CREATED, AUDIT_KEY_REVOKED, "keys", about_key},
    {DIRECTORY_ASSIGNMENT, AUDIT_ROLE_GRANTED, AUDIT_ROLE_REVOKED, "assignments", about_assignment},
};

/* A key stays in the directory when it is revoked: it is replaced by one that says so. */
static bool counts_as_deleted(const struct directory_change *change)
{
    if (change->verb == DIRECTORY_DELETE)
        return true;
    const struct directory_key *former = change->former, *now = change->object;
    return change->verb == DIRECTORY_REPLACE && change->kind == DIRECTORY_KEY && former && now &&
           !former->revoked_ns && now->revoked_ns;
}

static void append_change(const struct audit_directory *into, const struct kind_row *row, bool deleted,
                          const struct directory_change *change)
{
    const void *what = change->object ? change->object : change->former;
    const char *id = *(const char *const *)what; /* the first member of every object */
    char object[DIRECTORY_AUTHOR_SIZE];
    (void)snprintf(object, sizeof object, "%s/%.200s", row->place, id);
    json_t *details = row->about(into->directory, what);
    const struct audit_entry entry = {.action = deleted ? row->deleted : row->created,
                                      .actor_id = change->author ? change->author->id : AUDIT_SERVER_ID,
                                      .actor_name = change->author ? change->author->name : AUDIT_SERVER_NAME,
                                      .object = object,
                                      .details = details,
                                      .at_ns = clock_unix_ns()};
    audit_log_append(into->log, &entry, NULL);
    json_decref(details);
}

void audit_directory_change(void *context, const struct directory_change *change)
{
    bool deleted = counts_as_deleted(change);
    if (!deleted && change->verb != DIRECTORY_CREATE)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(kind_rows); i++)
        if (kind_rows[i].kind == change->kind)
            append_change(context, &kind_rows[i], deleted, change);
}
