/* SPDX-License-Identifier: MIT */
/* part_audit.c — the audit log of the data folder, for the app and for whoever reads it.
 * Changes of the directory go into it wherever they come from: the directory's API, the control plane, the server itself.
 * ORDER: after the confinement, since it starts a thread, and after the directory; before the app, which writes into it
 * before it answers; closed after the app has stopped. */
#include <stdio.h>

#include "cmd/part.h"
#include "os/clock.h"

#define SERVER_ID   "server"
#define SERVER_NAME "sallyport"

/* Nobody waits for these: a server whose log cannot be written refuses submissions and decisions by itself. */
static void note(const struct server *server, enum audit_action action)
{
    json_t *details = json_pack("{s:s}", "version", SALLYPORT_VERSION);
    const struct audit_entry entry = {.action = action,
                                      .actor_id = SERVER_ID,
                                      .actor_name = SERVER_NAME,
                                      .object = SERVER_ID,
                                      .details = details,
                                      .at_ns = clock_unix_ns()};
    if (server->audit)
        audit_log_append(server->audit, &entry, NULL);
    json_decref(details);
}

/* --- who there is, and what they may --- */

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

static void append_change(const struct server *server, const struct kind_row *row, bool deleted,
                          const struct directory_change *change)
{
    const void *what = change->object ? change->object : change->former;
    const char *id = *(const char *const *)what; /* the first member of every object */
    char object[DIRECTORY_AUTHOR_SIZE];
    (void)snprintf(object, sizeof object, "%s/%.200s", row->place, id);
    json_t *details = row->about(server->directory, what);
    const struct audit_entry entry = {.action = deleted ? row->deleted : row->created,
                                      .actor_id = change->author ? change->author->id : SERVER_ID,
                                      .actor_name = change->author ? change->author->name : SERVER_NAME,
                                      .object = object,
                                      .details = details,
                                      .at_ns = clock_unix_ns()};
    audit_log_append(server->audit, &entry, NULL);
    json_decref(details);
}

static void on_directory_change(void *context, const struct directory_change *change)
{
    const struct server *server = context;
    bool deleted = counts_as_deleted(change);
    if (!deleted && change->verb != DIRECTORY_CREATE)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(kind_rows); i++)
        if (kind_rows[i].kind == change->kind)
            append_change(server, &kind_rows[i], deleted, change);
}

/* --- the part --- */

static enum status start(struct server *server, struct err *err)
{
    if (!server->data_dir)
        return STATUS_OK;
    const struct audit_log_options options = {.folder = server->data.path, .shown = server->data_dir};
    enum status status = audit_log_open(server->loop, &options, &server->audit, err);
    if (status == STATUS_OK && server->directory)
        directory_record(server->directory, on_directory_change, server);
    return status;
}

static void mount(struct server *server, struct front *front)
{
    if (!server->audit)
        return;
    server->audit_service.log = server->audit;
    front_add(front, audit_service_part(&server->audit_service));
}

static void health(const struct server *server, struct causes *causes)
{
    struct err why = {0};
    char text[sizeof why.text + 80];
    if (!server->audit || audit_log_writable(server->audit, &why))
        return;
    (void)snprintf(text, sizeof text, "the last entry of the audit log could not be written: %s", why.text);
    cause_add(causes, "audit", CAUSE_CANNOT_WRITE, text);
}

static void announce(struct server *server)
{
    note(server, AUDIT_SERVER_STARTED);
}

static void stop(struct server *server)
{
    note(server, AUDIT_SERVER_STOPPED);
    server_part_stopped(server);
}

static void destroy(struct server *server)
{
    if (server->directory) /* it ends later, and writes what it was given until then */
        directory_record(server->directory, NULL, NULL);
    audit_log_close(server->audit);
}

const struct part part_audit = {
    .name = "audit",
    .commands = COMMAND_DEV | COMMAND_APP,
    .start = start,
    .mount = mount,
    .health = health,
    .announce = announce,
    .stop = stop,
    .destroy = destroy,
};
