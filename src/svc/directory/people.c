/* SPDX-License-Identifier: MIT */
/* people.c — people and applications, and the route table of them all. One function a route: it reads the body, fills one
 * object, and answers behind the write set. */
#include "svc/directory/people.h"

#include <stdlib.h>

#include "crypto/jose.h"
#include "os/clock.h"
#include "store/directory/assignments.h"
#include "svc/directory/directory_schemas.h"
#include "svc/directory/people_request.h"
#include "svc/directory/reply.h"

#define DAY_NS    (86400 * NS_PER_S)
#define SECRET_NS (365 * DAY_NS) /* a client secret's life, unless something else is said */

static struct directory_credential credential_of(const struct people_secret *secret, const char *owner_id,
                                                 int64_t expires_ns)
{
    return (struct directory_credential){.id = secret->id,
                                         .owner_id = owner_id,
                                         .type = DIRECTORY_SECRET,
                                         .name = secret->hint,
                                         .hash = secret->hash,
                                         .created_ns = clock_unix_ns(),
                                         .expires_ns = expires_ns};
}

/* --- people --- */

static void write_person(struct json_writer *json, const struct directory *directory, const void *object)
{
    const struct directory_person *person = object;
    json_write_member_cstr(json, "id", person->id);
    json_write_member_cstr(json, "name", person->name);
    json_write_member_cstr(json, "displayName", person->display_name);
    json_write_member_bool(json, "disabled", person->disabled);
    people_write_time(json, "createdAt", person->created_ns);
}

static void users_list(void *context, struct http_request *request)
{
    people_answer_objects(request, context, DIRECTORY_PERSON, "users", write_person);
}

static void user_create(void *context, struct http_request *request)
{
    static const struct people_field fields[] = {
        {"name", PEOPLE_TEXT}, {"displayName", PEOPLE_SHOWN}, {.name = NULL}};
    CLEANUP(json_release) json_t *root = people_read_body(request, fields);
    const char *name = root ? people_take_new_name(context, request, root) : NULL;
    if (!name)
        return;
    const char *shown = people_text(root, "displayName");
    char id[GUID_TEXT_SIZE + 1];
    struct people_secret secret;
    directory_guid(id);
    people_make_secret(SECRET_CLIENT, &secret);
    const struct directory_person person = {
        .id = id, .name = name, .display_name = shown ? shown : name, .created_ns = clock_unix_ns()};
    const struct directory_credential credential = credential_of(&secret, id, 0);
    const struct directory_write writes[] = {{DIRECTORY_CREATE, DIRECTORY_PERSON, &person},
                                             {DIRECTORY_CREATE, DIRECTORY_CREDENTIAL, &credential}};
    struct reply *reply = reply_create(request, 201);
    if (!reply)
        return;
    struct json_writer json = {.out = &reply->body};
    json_write_begin_object(&json);
    write_person(&json, context, &person);
    json_write_member_cstr(&json, "secret", secret.text);
    json_write_end_object(&json);
    explicit_bzero(secret.text, sizeof secret.text);
    people_note(request, "person made", name);
    reply_after(reply, context, writes, ARRAY_SIZE(writes));
}

/* As many as fit into one set go with their owner; what is left belongs to nobody, and opens nothing. */
static size_t add_belongings(struct directory *directory, const char *id, struct directory_write *writes,
                             size_t count)
{
    const struct directory_assignment *assignment = NULL;
    const struct directory_credential *credential = NULL;
    while (count < DIRECTORY_WRITES_MAX &&
           (assignment = directory_next(directory, DIRECTORY_ASSIGNMENT, assignment)))
        if (strcmp(assignment->principal_id, id) == 0)
            writes[count++] = (struct directory_write){DIRECTORY_DELETE, DIRECTORY_ASSIGNMENT, assignment};
    while (count < DIRECTORY_WRITES_MAX &&
           (credential = directory_next(directory, DIRECTORY_CREDENTIAL, credential)))
        if (strcmp(credential->owner_id, id) == 0)
            writes[count++] = (struct directory_write){DIRECTORY_DELETE, DIRECTORY_CREDENTIAL, credential};
    return count;
}

/* With somebody go their roles, which who may not grant them may not take either; a group, and a seat in one, may have some anywhere,
 * and policies name groups. False: it is answered. */
static bool may_end(const struct directory *directory, struct http_request *request,
                    const struct people_principal *found)
{
    struct subjects subjects;
    const struct directory_assignment *assignment = NULL;
    subjects_find(directory, bytes_of_cstr(found->id), &subjects);
    if (subjects.count > 1 || strcmp(found->type, "Group") == 0)
        return people_may_grant(directory, request, BYTES_LITERAL("/"));
    while ((assignment = directory_next(directory, DIRECTORY_ASSIGNMENT, assignment)))
        if (subjects_have(&subjects, assignment->principal_id) &&
            !people_may_grant(directory, request, bytes_of_cstr(assignment->scope)))
            return false;
    return true;
}

void people_delete(struct directory *directory, struct http_request *request, enum directory_kind kind,
                   const char *type)
{
    struct people_principal found;
    struct directory_write writes[DIRECTORY_WRITES_MAX];
    if (!people_take(directory, request, http_request_value(request), type, &found) ||
        !may_end(directory, request, &found))
        return;
    const struct directory_person named = {.id = found.id}; /* of any kind: only the id is looked at */
    const struct directory_group group = {.id = found.id};
    const struct directory_application application = {.id = found.id};
    const void *object = &named;
    if (kind == DIRECTORY_GROUP)
        object = &group;
    else if (kind == DIRECTORY_APPLICATION)
        object = &application;
    writes[0] = (struct directory_write){DIRECTORY_DELETE, kind, object};
    size_t count = add_belongings(directory, found.id, writes, 1);
    struct reply *reply = reply_create(request, 204);
    if (!reply)
        return;
    people_note(request, "principal deleted", found.name);
    reply_after(reply, directory, writes, count);
}

static void user_delete(void *context, struct http_request *request)
{
    people_delete(context, request, DIRECTORY_PERSON, "User");
}

/* A new secret for a person or an application, beside those that there are. */
static void secret_create(void *context, struct http_request *request)
{
    struct people_principal found;
    struct people_secret secret;
    if (!people_take(context, request, http_request_value(request), NULL, &found) ||
        !people_may_grant(context, request, BYTES_LITERAL("/")))
        return;
    people_make_secret(SECRET_CLIENT, &secret);
    const struct directory_credential credential =
        credential_of(&secret, found.id, strcmp(found.type, "User") == 0 ? 0 : clock_unix_ns() + SECRET_NS);
    const struct directory_write write = {DIRECTORY_CREATE, DIRECTORY_CREDENTIAL, &credential};
    struct reply *reply = reply_create(request, 201);
    if (!reply)
        return;
    struct json_writer json = {.out = &reply->body};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "id", secret.id);
    json_write_member_cstr(&json, "secret", secret.text);
    json_write_end_object(&json);
    explicit_bzero(secret.text, sizeof secret.text);
    people_note(request, "secret made", found.name);
    reply_after(reply, context, &write, 1);
}

/* --- applications --- */

static void write_application(struct json_writer *json, const struct directory *directory, const void *object)
{
    const struct directory_application *application = object;
    json_write_member_cstr(json, "id", application->id);
    json_write_member_cstr(json, "clientId", application->client_id);
    json_write_member_cstr(json, "name", application->name);
    if (application->resource_id[0])
        json_write_member_cstr(json, "resourceId", application->resource_id);
    people_write_time(json, "createdAt", application->created_ns);
}

static void applications_list(void *context, struct http_request *request)
{
    people_answer_objects(request, context, DIRECTORY_APPLICATION, "applications", write_application);
}

static const struct people_field federation_fields[] = {
    {"issuer", PEOPLE_TEXT}, {"subject", PEOPLE_TEXT}, {"audience", PEOPLE_TEXT}, {.name = NULL}};

/* What it signs in with: the certificate or the federation of the body, else a new secret. False: it is answered. */
static bool read_credential(struct http_request *request, const json_t *root,
                            const struct people_secret *secret, struct jose_prints *prints,
                            struct directory_credential *credential)
{
    const char *certificate = people_text(root, "certificate");
    const json_t *federation = json_object_get(root, "federation");
    struct jose_key *key = NULL;
    struct err err = {0};
    if (certificate && json_is_object(federation)) {
        http_respond_failure(
            request, 400,
            "An application signs in with a \"certificate\" or a \"federation\", not with both.");
        return false;
    }
    if (certificate) {
        if (jose_key_of_certificate(bytes_of_cstr(certificate), &key, prints, &err) != STATUS_OK) {
            http_respond_failure(request, 400, err.text);
            return false;
        }
        jose_key_free(key);
        if (prints->end_s <= clock_unix_ns() / NS_PER_S) {
            http_respond_failure(request, 400, "The certificate is over.");
            return false;
        }
        credential->type = DIRECTORY_CERTIFICATE;
        credential->hash = prints->hex;
        credential->certificate = certificate;
        credential->name = prints->sha1;
    } else if (json_is_object(federation)) {
        if (!people_check(request, federation, federation_fields))
            return false;
        credential->type = DIRECTORY_FEDERATION;
        credential->hash = "";
        credential->name = "federation";
        credential->issuer = people_text(federation, "issuer");
        credential->subject = people_text(federation, "subject");
        credential->audience = people_text(federation, "audience");
        if (!credential->issuer || !credential->subject || !credential->audience) {
            http_respond_failure(request, 400, "A federation has \"issuer\", \"subject\" and \"audience\".");
            return false;
        }
    }
    return true;
}

static void application_create(void *context, struct http_request *request)
{
    static const struct people_field fields[] = {{"name", PEOPLE_TEXT},
                                                 {"certificate", PEOPLE_TEXT},
                                                 {"federation", PEOPLE_OBJECT},
                                                 {"expiresInSeconds", PEOPLE_SECONDS},
                                                 {.name = NULL}};
    CLEANUP(json_release) json_t *root = people_read_body(request, fields);
    const char *name = root ? people_take_new_name(context, request, root) : NULL;
    if (!name)
        return;
    char id[GUID_TEXT_SIZE + 1], client_id[GUID_TEXT_SIZE + 1];
    struct people_secret secret;
    struct jose_prints prints = {.hex = ""};
    directory_guid(id);
    directory_guid(client_id);
    people_make_secret(SECRET_CLIENT, &secret);
    struct directory_credential credential = credential_of(&secret, id, people_expiry(root, SECRET_NS));
    if (!read_credential(request, root, &secret, &prints, &credential))
        return;
    const struct directory_application application = {
        .id = id, .client_id = client_id, .name = name, .resource_id = "", .created_ns = clock_unix_ns()};
    const struct directory_write writes[] = {{DIRECTORY_CREATE, DIRECTORY_APPLICATION, &application},
                                             {DIRECTORY_CREATE, DIRECTORY_CREDENTIAL, &credential}};
    struct reply *reply = reply_create(request, 201);
    if (!reply)
        return;
    struct json_writer json = {.out = &reply->body};
    json_write_begin_object(&json);
    write_application(&json, context, &application);
    json_write_member_cstr(&json, "tenantId", directory_tenant(context)->id);
    if (credential.type == DIRECTORY_SECRET)
        json_write_member_cstr(&json, "secret", secret.text);
    json_write_end_object(&json);
    explicit_bzero(secret.text, sizeof secret.text);
    people_note(request, "application made", name);
    reply_after(reply, context, writes, ARRAY_SIZE(writes));
}

static void application_delete(void *context, struct http_request *request)
{
    people_delete(context, request, DIRECTORY_APPLICATION, "ServicePrincipal");
}

/* --- routes --- */

#define PAGE   "limit after order"
#define READS  ACCESS_DIRECTORY_READ
#define WRITES ACCESS_DIRECTORY_WRITE

static const struct http_route routes[] = {
    {"GET", "/v1/directory/me", "", ACCESS_SIGNED_IN, .handle = people_who_am_i,
     .summary = "Who I am, and my roles"},
    {"GET", "/v1/directory/users", PAGE, READS, .handle = users_list, .summary = "People"},
    {"POST", "/v1/directory/users", "", WRITES, HTTP_TYPE_JSON, .handle = user_create,
     .summary = "Make a person; the answer has the secret"},
    {"DELETE", "/v1/directory/users/{name}", "", WRITES, .handle = user_delete, .summary = "Delete a person"},
    {"POST", "/v1/directory/secrets/{name}", "", WRITES, .handle = secret_create,
     .summary = "A further secret of a person or an application"},
    {"GET", "/v1/directory/groups", PAGE, READS, .handle = people_groups_list,
     .summary = "Groups and their members"},
    {"POST", "/v1/directory/groups", "", WRITES, HTTP_TYPE_JSON, .handle = people_group_create,
     .summary = "Make a group"},
    {"DELETE", "/v1/directory/groups/{name}", "", WRITES, .handle = people_group_delete,
     .summary = "Delete a group"},
    {"POST", "/v1/directory/groups/{name}/members", "", WRITES, HTTP_TYPE_JSON,
     .handle = people_member_create, .summary = "Add a member"},
    {"DELETE", "/v1/directory/groups/{name}/members/{member}", "", WRITES, .handle = people_member_delete,
     .summary = "Remove a member"},
    {"GET", "/v1/directory/applications", PAGE, READS, .handle = applications_list,
     .summary = "Applications"},
    {"POST", "/v1/directory/applications", "", WRITES, HTTP_TYPE_JSON, .handle = application_create,
     .summary = "Make an application with a secret, a certificate or a federation"},
    {"DELETE", "/v1/directory/applications/{name}", "", WRITES, .handle = application_delete,
     .summary = "Delete an application"},
    {"GET", "/v1/directory/keys", PAGE, READS, .handle = people_keys_list,
     .summary = "API keys, without the keys"},
    {"POST", "/v1/directory/keys", "", WRITES, HTTP_TYPE_JSON, .handle = people_key_create,
     .summary = "Make an API key; the answer has it"},
    {"DELETE", "/v1/directory/keys/{name}", "", WRITES, .handle = people_key_revoke,
     .summary = "Revoke an API key"},
    {"GET", "/v1/directory/assignments", PAGE, READS, .handle = people_assignments_list,
     .summary = "Who has which role where"},
    {"POST", "/v1/directory/assignments", "", ACCESS_GRANT, HTTP_TYPE_JSON,
     .handle = people_assignment_create, .summary = "Grant a role"},
    {"DELETE", "/v1/directory/assignments/{id}", "", ACCESS_GRANT, .handle = people_assignment_delete,
     .summary = "Take a role"},
};

struct http_part people_part(struct directory *directory)
{
    return (struct http_part){.name = "directory",
                              .rated = true,
                              .tagged = true,
                              .where = "/control/directory",
                              .prefix = "",
                              .claims = "/v1/directory",
                              .routes = routes,
                              .route_count = ARRAY_SIZE(routes),
                              .body_limits = {64 << 10, 64 << 10, 64 << 10},
                              .schemas = directory_schemas,
                              .context = directory};
}
