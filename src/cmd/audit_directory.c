/* SPDX-License-Identifier: MIT */
/* audit_directory.c — a row for each kind of object: what making and deleting one is called, and what is told of it; and how it gets into the
 * log. */
#include "cmd/audit_directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#include "base/no_memory.h"
#include "core/access/access.h"
#include "os/clock.h"

#define FORGET_EVERY 1000 /* entries, then the log forgets their ids */

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
    return json_pack("{s:s}", "name", person->name);
}

static json_t *about_group(const struct directory *directory, const void *object)
{
    const struct directory_group *group = object;
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

/* --- an entry as the directory keeps it --- */

/* {"action","object","actorId","actorName","at","details"} appended to `out`. */
static enum status write_change(struct directory *directory, const struct kind_row *row, bool deleted,
                                const struct directory_change *change, struct buf *out, struct err *err)
{
    const void *what = change->object ? change->object : change->former;
    const char *id = *(const char *const *)what; /* the first member of every object */
    char object[DIRECTORY_AUTHOR_SIZE];
    (void)snprintf(object, sizeof object, "%s/%.200s", row->place, id);
    json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:I, s:o}", "action",
                              audit_action_name(deleted ? row->deleted : row->created), "object", object,
                              "actorId", change->author ? change->author->id : AUDIT_SERVER_ID, "actorName",
                              change->author ? change->author->name : AUDIT_SERVER_NAME, "at",
                              (json_int_t)clock_unix_ns(), "details", row->about(directory, what));
    char *text = entry ? json_dumps(entry, JSON_COMPACT) : NULL;
    json_decref(entry);
    if (!text)
        return err_no_memory(err);
    buf_append_cstr(out, text);
    free(text);
    return STATUS_OK;
}

static enum status describe(struct directory_recorder *recorder, const struct directory_change *change,
                            struct buf *out, struct err *err)
{
    struct audit_directory *into = CONTAINER_OF(recorder, struct audit_directory, recorder);
    bool deleted = counts_as_deleted(change);
    if (!deleted && change->verb != DIRECTORY_CREATE)
        return STATUS_OK;
    for (size_t i = 0; i < ARRAY_SIZE(kind_rows); i++)
        if (kind_rows[i].kind == change->kind)
            return write_change(into->directory, &kind_rows[i], deleted, change, out, err);
    return STATUS_OK;
}

/* AUDIT_ACTIONS: it is none that this release knows. */
static enum audit_action action_of(const char *name)
{
    for (enum audit_action action = 0; name && action < AUDIT_ACTIONS; action++)
        if (strcmp(audit_action_name(action), name) == 0)
            return action;
    return AUDIT_ACTIONS;
}

/* --- into the log --- */

struct telling {
    struct audit_given given;
    struct audit_directory *into;
    struct directory_untold *untold;
    json_t *kept; /* has the entry's texts */
};

static void telling_free(struct telling *telling)
{
    json_decref(telling->kept);
    free(telling);
}

/* What is no entry never becomes one, and must not keep others waiting. */
static void on_given(struct audit_given *given, enum status status, const struct err *err)
{
    struct telling *telling = CONTAINER_OF(given, struct telling, given);
    bool hopeless = status == STATUS_INVALID_ARGUMENT || status == STATUS_TOO_LARGE;
    if (status != STATUS_OK)
        log_error("cmd", "%s in the audit log object=%s cause=\"%s\"", hopeless ? "not" : "not yet",
                  given->entry.object, err->text);
    if (status == STATUS_OK)
        telling->into->given++;
    directory_told(telling->untold, status == STATUS_OK || hopeless);
    telling_free(telling);
}

static bool read_kept(struct telling *telling, struct bytes text)
{
    telling->kept = json_loadb((const char *)text.data, text.size, 0, NULL);
    telling->given.entry = (struct audit_entry){
        .action = action_of(json_member_text(telling->kept, "action")),
        .actor_id = json_member_text(telling->kept, "actorId"),
        .actor_name = json_member_text(telling->kept, "actorName"),
        .object = json_member_text(telling->kept, "object"),
        .details = json_object_get(telling->kept, "details"),
        .at_ns = json_integer_value(json_object_get(telling->kept, "at")),
    };
    const struct audit_entry *entry = &telling->given.entry;
    return entry->action != AUDIT_ACTIONS && entry->actor_id && entry->actor_name && entry->object;
}

static void tell(struct directory_recorder *recorder, struct directory_untold *untold, const char *id,
                 struct bytes text)
{
    struct audit_directory *into = CONTAINER_OF(recorder, struct audit_directory, recorder);
    struct telling *telling = calloc(1, sizeof *telling);
    if (!telling || !read_kept(telling, text)) {
        log_error("cmd", "a change of the directory is not in the audit log yet: %s",
                  telling ? "its entry cannot be read" : ERR_NO_MEMORY);
        directory_told(untold, false);
        if (telling)
            telling_free(telling);
        return;
    }
    telling->into = into;
    telling->untold = untold;
    telling->given.id = id;
    telling->given.on_done = on_given;
    audit_once_give(into->once, &telling->given);
}

/* Now and then: each time is a transaction. */
static void on_all_told(struct directory_recorder *recorder)
{
    struct audit_directory *into = CONTAINER_OF(recorder, struct audit_directory, recorder);
    if (!into->once || into->given < FORGET_EVERY)
        return;
    into->given = 0;
    audit_once_forget(into->once);
}

/* --- life --- */

void audit_directory_init(struct audit_directory *into, struct directory *directory)
{
    *into = (struct audit_directory){.recorder = {.describe = describe, .on_all_told = on_all_told},
                                     .directory = directory,
                                     .given = FORGET_EVERY /* those of the process before */};
    directory_record(directory, &into->recorder);
}

enum status audit_directory_open(struct audit_directory *into, struct audit_log *log, struct err *err)
{
    enum status status = audit_once_open(log, &into->once, err);
    if (status != STATUS_OK)
        return status;
    into->recorder.tell = tell;
    directory_record(into->directory, &into->recorder);
    return STATUS_OK;
}

void audit_directory_pause(struct audit_directory *into)
{
    into->recorder.tell = NULL;
}

void audit_directory_close(struct audit_directory *into)
{
    audit_once_close(into->once);
    into->once = NULL;
}
