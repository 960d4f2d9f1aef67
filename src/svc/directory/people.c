/* SPDX-License-Identifier: MIT */
/* people.c — one function a route; each reads the body, fills one object, and answers behind the write set. */
#include "svc/directory/people.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/log.h"
#include "crypto/jose.h"
#include "crypto/secret.h"
#include "os/clock.h"
#include "svc/directory/reply.h"
#include "wire/json/json.h"

#define AREA       "audit"
#define NAME_MAX_  200 /* bytes of a name */
#define DAY_NS     (86400 * NS_PER_S)
#define SECRET_NS  (365 * DAY_NS)   /* a client secret's life, unless something else is said */
#define EXPIRY_MAX (3650LL * 86400) /* seconds */

/* --- reading --- */

/* NULL: it is answered. */
static json_t *read_body(struct http_request *request)
{
    static const struct json_limits limits = {.depth_max = 8, .values_max = 1000};
    struct err err = {0};
    json_t *root = NULL;
    if (json_parse(http_request_body(request), &limits, &root, &err) == STATUS_OK && json_is_object(root))
        return root;
    json_decref(root);
    http_respond_failure(request, 400, "The body must be a JSON object.");
    return NULL;
}

/* A member's text, or NULL if it is absent, empty, too long or holds a NUL. */
static const char *text_of(const json_t *root, const char *name)
{
    const char *text = json_string_value(json_object_get(root, name));
    bool sound = text && *text && strlen(text) == json_string_length(json_object_get(root, name));
    return sound ? text : NULL;
}

/* A name that may stand in a command line and in a log. */
static bool name_valid(const char *name)
{
    for (const char *at = name; name && *at; at++)
        if ((unsigned char)*at < 0x20 || strchr("\"'\\<>`", *at) || *at == 0x7f)
            return false;
    return name && strlen(name) <= NAME_MAX_;
}

static void bad_name(struct http_request *request)
{
    http_respond_failure(request, 400,
                         "The member \"name\" must be a text of at most 200 bytes without quotes.");
}

/* A person, a group or an application by id, name or client id. */
struct principal_found {
    const char *id;
    const char *name;
    const char *type; /* as an assignment says it */
};

static bool find_principal(const struct directory *directory, struct bytes text,
                           struct principal_found *ret_found)
{
    const struct directory_person *person = directory_find(directory, DIRECTORY_PERSON, "name", text);
    if (!person)
        person = directory_find(directory, DIRECTORY_PERSON, "id", text);
    const struct directory_group *group = directory_find(directory, DIRECTORY_GROUP, "name", text);
    if (!group)
        group = directory_find(directory, DIRECTORY_GROUP, "id", text);
    const struct directory_application *application =
        directory_find(directory, DIRECTORY_APPLICATION, "id", text);
    if (!application)
        application = directory_find(directory, DIRECTORY_APPLICATION, "client_id", text);
    const struct directory_application *named = NULL;
    while (!application && (named = directory_next(directory, DIRECTORY_APPLICATION, named)))
        if (bytes_equal_nocase(bytes_of_cstr(named->name), text))
            application = named;
    if (person)
        *ret_found = (struct principal_found){person->id, person->name, "User"};
    else if (group)
        *ret_found = (struct principal_found){group->id, group->name, "Group"};
    else if (application)
        *ret_found = (struct principal_found){application->id, application->name, "ServicePrincipal"};
    return person || group || application;
}

/* The object that the path names, of that type; else it is answered. */
static bool take_principal(const struct directory *directory, struct http_request *request, struct bytes text,
                           const char *type, struct principal_found *ret_found)
{
    if (find_principal(directory, text, ret_found) && (!type || strcmp(ret_found->type, type) == 0))
        return true;
    http_respond_failure(request, 404, "There is no such person, group or application.");
    return false;
}

static int64_t expiry_of(const json_t *root, int64_t otherwise_ns)
{
    const json_t *seconds = json_object_get(root, "expiresInSeconds");
    int64_t now_ns = clock_unix_ns();
    if (json_is_integer(seconds) && json_integer_value(seconds) > 0)
        return now_ns + MIN(json_integer_value(seconds), EXPIRY_MAX) * NS_PER_S;
    return otherwise_ns ? now_ns + otherwise_ns : 0;
}

/* --- writing --- */

static void write_time(struct json_writer *json, const char *name, int64_t unix_ns)
{
    char text[TIME_TEXT_SIZE_MAX];
    size_t size = unix_ns ? time_format(unix_ns, 0, text) : 0;
    if (size > 0)
        json_write_member_string(json, name, bytes_of(text, size));
}

static void answer_list(struct http_request *request, struct json_writer *json)
{
    if (json_write_status(json) == STATUS_OK)
        http_respond(request, 200, "application/json; charset=utf-8", buf_peek(json->out));
    else
        http_respond_failure(request, 503, "out of memory");
}

static void note(struct http_request *request, const char *what, const char *of)
{
    log_info(AREA, "%s of=\"%.100s\" by=\"%.80s\"", what, of, http_request_principal(request)->name);
}

struct new_secret {
    char id[GUID_TEXT_SIZE + 1];
    char text[SECRET_TEXT_SIZE + 1];
    char hash[SECRET_HASH_SIZE + 1];
    char hint[9];
};

static void make_secret(const char *prefix, struct new_secret *secret)
{
    directory_guid(secret->id);
    secret_make(prefix, secret->text);
    secret_hash(bytes_of_cstr(secret->text), secret->hash);
    snprintf(secret->hint, sizeof secret->hint, "%.8s", secret->text);
}

static struct directory_credential credential_of(const struct new_secret *secret, const char *owner_id,
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

static void write_person(struct json_writer *json, const struct directory_person *person)
{
    json_write_member_cstr(json, "id", person->id);
    json_write_member_cstr(json, "name", person->name);
    json_write_member_cstr(json, "displayName", person->display_name);
    json_write_member_bool(json, "disabled", person->disabled);
    write_time(json, "createdAt", person->created_ns);
}

static void users_list(void *context, struct http_request *request)
{
    const struct directory_person *person = NULL;
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_key(&json, "users");
    json_write_begin_array(&json);
    while ((person = directory_next(context, DIRECTORY_PERSON, person))) {
        json_write_begin_object(&json);
        write_person(&json, person);
        json_write_end_object(&json);
    }
    json_write_end_array(&json);
    json_write_end_object(&json);
    answer_list(request, &json);
}

static void user_create(void *context, struct http_request *request)
{
    CLEANUP(json_release) json_t *root = read_body(request);
    if (!root)
        return;
    const char *name = text_of(root, "name"), *shown = text_of(root, "displayName");
    if (!name_valid(name)) {
        bad_name(request);
        return;
    }
    char id[GUID_TEXT_SIZE + 1];
    struct new_secret secret;
    directory_guid(id);
    make_secret(SECRET_CLIENT, &secret);
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
    write_person(&json, &person);
    json_write_member_cstr(&json, "secret", secret.text);
    json_write_end_object(&json);
    explicit_bzero(secret.text, sizeof secret.text);
    note(request, "person made", name);
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

static void delete_principal(struct directory *directory, struct http_request *request,
                             enum directory_kind kind, const char *type)
{
    struct principal_found found;
    struct directory_write writes[DIRECTORY_WRITES_MAX];
    if (!take_principal(directory, request, http_request_value(request), type, &found))
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
    note(request, "principal deleted", found.name);
    reply_after(reply, directory, writes, count);
}

static void user_delete(void *context, struct http_request *request)
{
    delete_principal(context, request, DIRECTORY_PERSON, "User");
}

/* A new secret for a person or an application, beside those that there are. */
static void secret_create(void *context, struct http_request *request)
{
    struct principal_found found;
    struct new_secret secret;
    if (!take_principal(context, request, http_request_value(request), NULL, &found))
        return;
    make_secret(SECRET_CLIENT, &secret);
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
    note(request, "secret made", found.name);
    reply_after(reply, context, &write, 1);
}

/* --- groups --- */

static void write_members(struct json_writer *json, const struct directory *directory, const char *group_id)
{
    const struct directory_member *member = NULL;
    json_write_key(json, "members");
    json_write_begin_array(json);
    while ((member = directory_next(directory, DIRECTORY_MEMBER, member))) {
        struct principal_found found;
        if (strcmp(member->group_id, group_id) == 0 &&
            find_principal(directory, bytes_of_cstr(member->member_id), &found))
            json_write_cstr(json, found.name);
    }
    json_write_end_array(json);
}

static void groups_list(void *context, struct http_request *request)
{
    const struct directory_group *group = NULL;
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_key(&json, "groups");
    json_write_begin_array(&json);
    while ((group = directory_next(context, DIRECTORY_GROUP, group))) {
        json_write_begin_object(&json);
        json_write_member_cstr(&json, "id", group->id);
        json_write_member_cstr(&json, "name", group->name);
        write_members(&json, context, group->id);
        json_write_end_object(&json);
    }
    json_write_end_array(&json);
    json_write_end_object(&json);
    answer_list(request, &json);
}

static void group_create(void *context, struct http_request *request)
{
    CLEANUP(json_release) json_t *root = read_body(request);
    if (!root)
        return;
    const char *name = text_of(root, "name");
    if (!name_valid(name)) {
        bad_name(request);
        return;
    }
    char id[GUID_TEXT_SIZE + 1];
    directory_guid(id);
    const struct directory_group group = {.id = id, .name = name, .created_ns = clock_unix_ns()};
    const struct directory_write write = {DIRECTORY_CREATE, DIRECTORY_GROUP, &group};
    struct reply *reply = reply_create(request, 201);
    if (!reply)
        return;
    struct json_writer json = {.out = &reply->body};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "id", id);
    json_write_member_cstr(&json, "name", name);
    json_write_end_object(&json);
    note(request, "group made", name);
    reply_after(reply, context, &write, 1);
}

static void group_delete(void *context, struct http_request *request)
{
    delete_principal(context, request, DIRECTORY_GROUP, "Group");
}

static void member_create(void *context, struct http_request *request)
{
    struct principal_found group, who;
    if (!take_principal(context, request, http_request_value(request), "Group", &group))
        return;
    CLEANUP(json_release) json_t *root = read_body(request);
    const char *name = root ? text_of(root, "member") : NULL;
    if (!root || !take_principal(context, request, bytes_of_cstr(name ? name : ""), NULL, &who))
        return;
    if (strcmp(who.type, "Group") == 0) {
        http_respond_failure(request, 400, "A group cannot be in a group.");
        return;
    }
    char id[GUID_TEXT_SIZE + 1];
    directory_guid(id);
    const struct directory_member member = {.id = id, .group_id = group.id, .member_id = who.id};
    const struct directory_write write = {DIRECTORY_CREATE, DIRECTORY_MEMBER, &member};
    struct reply *reply = reply_create(request, 204);
    if (!reply)
        return;
    note(request, "member added", group.name);
    reply_after(reply, context, &write, 1);
}

static void member_delete(void *context, struct http_request *request)
{
    struct principal_found group, who;
    if (!take_principal(context, request, http_request_value(request), "Group", &group) ||
        !take_principal(context, request, http_request_second_value(request), NULL, &who))
        return;
    const struct directory_member *member = NULL;
    while ((member = directory_next(context, DIRECTORY_MEMBER, member)))
        if (strcmp(member->group_id, group.id) == 0 && strcmp(member->member_id, who.id) == 0)
            break;
    if (!member) {
        http_respond_failure(request, 404, "That is no member of the group.");
        return;
    }
    const struct directory_write write = {DIRECTORY_DELETE, DIRECTORY_MEMBER, member};
    struct reply *reply = reply_create(request, 204);
    if (!reply)
        return;
    note(request, "member removed", group.name);
    reply_after(reply, context, &write, 1);
}

/* --- applications --- */

static void write_application(struct json_writer *json, const struct directory_application *application)
{
    json_write_member_cstr(json, "id", application->id);
    json_write_member_cstr(json, "clientId", application->client_id);
    json_write_member_cstr(json, "name", application->name);
    if (application->resource_id[0])
        json_write_member_cstr(json, "resourceId", application->resource_id);
    write_time(json, "createdAt", application->created_ns);
}

static void applications_list(void *context, struct http_request *request)
{
    const struct directory_application *application = NULL;
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_key(&json, "applications");
    json_write_begin_array(&json);
    while ((application = directory_next(context, DIRECTORY_APPLICATION, application))) {
        json_write_begin_object(&json);
        write_application(&json, application);
        json_write_end_object(&json);
    }
    json_write_end_array(&json);
    json_write_end_object(&json);
    answer_list(request, &json);
}

/* What it signs in with: the certificate or the federation of the body, else a new secret. False: it is answered. */
static bool read_credential(struct http_request *request, const json_t *root, const struct new_secret *secret,
                            struct jose_prints *prints, struct directory_credential *credential)
{
    const char *certificate = text_of(root, "certificate");
    const json_t *federation = json_object_get(root, "federation");
    struct jose_key *key = NULL;
    struct err err = {0};
    if (certificate) {
        if (jose_key_of_certificate(bytes_of_cstr(certificate), &key, prints, &err) != STATUS_OK) {
            http_respond_failure(request, 400, err.text);
            return false;
        }
        jose_key_free(key);
        credential->type = DIRECTORY_CERTIFICATE;
        credential->hash = prints->hex;
        credential->certificate = certificate;
        credential->name = prints->sha1;
    } else if (federation) {
        credential->type = DIRECTORY_FEDERATION;
        credential->hash = "";
        credential->name = "federation";
        credential->issuer = text_of(federation, "issuer");
        credential->subject = text_of(federation, "subject");
        credential->audience = text_of(federation, "audience");
        if (!credential->issuer || !credential->subject || !credential->audience) {
            http_respond_failure(request, 400, "A federation has \"issuer\", \"subject\" and \"audience\".");
            return false;
        }
    }
    return true;
}

static void application_create(void *context, struct http_request *request)
{
    CLEANUP(json_release) json_t *root = read_body(request);
    if (!root)
        return;
    const char *name = text_of(root, "name");
    if (!name_valid(name)) {
        bad_name(request);
        return;
    }
    char id[GUID_TEXT_SIZE + 1], client_id[GUID_TEXT_SIZE + 1];
    struct new_secret secret;
    struct jose_prints prints = {.hex = ""};
    directory_guid(id);
    directory_guid(client_id);
    make_secret(SECRET_CLIENT, &secret);
    struct directory_credential credential = credential_of(&secret, id, expiry_of(root, SECRET_NS));
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
    write_application(&json, &application);
    json_write_member_cstr(&json, "tenantId", directory_tenant(context)->id);
    if (credential.type == DIRECTORY_SECRET)
        json_write_member_cstr(&json, "secret", secret.text);
    json_write_end_object(&json);
    explicit_bzero(secret.text, sizeof secret.text);
    note(request, "application made", name);
    reply_after(reply, context, writes, ARRAY_SIZE(writes));
}

static void application_delete(void *context, struct http_request *request)
{
    delete_principal(context, request, DIRECTORY_APPLICATION, "ServicePrincipal");
}

/* --- keys --- */

static void keys_list(void *context, struct http_request *request)
{
    const struct directory_key *key = NULL;
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_key(&json, "keys");
    json_write_begin_array(&json);
    while ((key = directory_next(context, DIRECTORY_KEY, key))) {
        const struct directory_key_use *use =
            directory_find(context, DIRECTORY_KEY_USE, "id", bytes_of_cstr(key->id));
        struct principal_found owner = {.name = ""};
        (void)find_principal(context, bytes_of_cstr(key->owner_id), &owner);
        json_write_begin_object(&json);
        json_write_member_cstr(&json, "id", key->id);
        json_write_member_cstr(&json, "name", key->name);
        json_write_member_cstr(&json, "hint", key->hint);
        json_write_member_cstr(&json, "owner", owner.name);
        json_write_member_cstr(&json, "roles", key->roles);
        json_write_member_cstr(&json, "scope", key->scope);
        write_time(&json, "createdAt", key->created_ns);
        write_time(&json, "expiresAt", key->expires_ns);
        write_time(&json, "lastUsedAt", use ? use->used_ns : 0);
        write_time(&json, "revokedAt", key->revoked_ns);
        json_write_end_object(&json);
    }
    json_write_end_array(&json);
    json_write_end_object(&json);
    answer_list(request, &json);
}

/* Names of roles, separated by commas, as they are in the table. False: one of them is none. */
static bool roles_of(const char *text, struct buf *out)
{
    struct bytes rest = bytes_of_cstr(text);
    while (text && rest.data) {
        enum access_role role;
        if (!access_role_find(bytes_trim(bytes_split(&rest, ',')), &role))
            return false;
        buf_append_fmt(out, "%s%s", out->size ? "," : "", access_role_name(role));
    }
    buf_append_byte(out, '\0');
    return buf_status(out) == STATUS_OK;
}

static void key_create(void *context, struct http_request *request)
{
    CLEANUP(json_release) json_t *root = read_body(request);
    CLEANUP(buf_fini) struct buf roles = {0};
    struct principal_found owner;
    if (!root)
        return;
    const char *name = text_of(root, "name"), *owner_name = text_of(root, "owner"),
               *scope = text_of(root, "scope");
    if (!name_valid(name)) {
        bad_name(request);
        return;
    }
    if (!roles_of(text_of(root, "roles"), &roles) || (scope && scope[0] != '/')) {
        http_respond_failure(
            request, 400,
            "\"roles\" are names of roles, separated by commas; \"scope\" begins with a slash.");
        return;
    }
    const char *own = http_request_principal(request)->id;
    if (!owner_name)
        owner_name = strcmp(own, access_local.id) == 0 ? "owner@sallyport" : own;
    if (!take_principal(context, request, bytes_of_cstr(owner_name), NULL, &owner))
        return;
    struct new_secret secret;
    make_secret(SECRET_API_KEY, &secret);
    const struct directory_key key = {.id = secret.id,
                                      .name = name,
                                      .owner_id = owner.id,
                                      .hash = secret.hash,
                                      .hint = secret.hint,
                                      .roles = (const char *)roles.data,
                                      .scope = scope,
                                      .created_ns = clock_unix_ns(),
                                      .expires_ns = expiry_of(root, 0)};
    const struct directory_write write = {DIRECTORY_CREATE, DIRECTORY_KEY, &key};
    struct reply *reply = reply_create(request, 201);
    if (!reply)
        return;
    struct json_writer json = {.out = &reply->body};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "id", key.id);
    json_write_member_cstr(&json, "name", name);
    json_write_member_cstr(&json, "owner", owner.name);
    json_write_member_cstr(&json, "key", secret.text);
    json_write_end_object(&json);
    explicit_bzero(secret.text, sizeof secret.text);
    note(request, "key made", name);
    reply_after(reply, context, &write, 1);
}

/* By its id, or by its name if one key that still counts has it. It stays in the list, revoked. */
static void key_revoke(void *context, struct http_request *request)
{
    struct bytes text = http_request_value(request);
    const struct directory_key *key = directory_find(context, DIRECTORY_KEY, "id", text), *each = NULL;
    size_t found = key != NULL;
    while (!found && (each = directory_next(context, DIRECTORY_KEY, each))) {
        if (each->revoked_ns || !bytes_equal_cstr(text, each->name))
            continue;
        found++;
        key = each;
    }
    if (!key || key->revoked_ns) {
        http_respond_failure(request, 404, "There is no such key.");
        return;
    }
    struct directory_key revoked = *key;
    revoked.revoked_ns = clock_unix_ns();
    const struct directory_write write = {DIRECTORY_REPLACE, DIRECTORY_KEY, &revoked};
    struct reply *reply = reply_create(request, 204);
    if (!reply)
        return;
    note(request, "key revoked", key->name);
    reply_after(reply, context, &write, 1);
}

/* --- roles --- */

static void assignments_list(void *context, struct http_request *request)
{
    const struct directory_assignment *assignment = NULL;
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_key(&json, "assignments");
    json_write_begin_array(&json);
    while ((assignment = directory_next(context, DIRECTORY_ASSIGNMENT, assignment))) {
        struct principal_found found = {.name = assignment->principal_id};
        enum access_role role;
        bool known = access_role_find(bytes_of_cstr(assignment->role_id), &role);
        (void)find_principal(context, bytes_of_cstr(assignment->principal_id), &found);
        json_write_begin_object(&json);
        json_write_member_cstr(&json, "id", assignment->id);
        json_write_member_cstr(&json, "role", known ? access_role_name(role) : assignment->role_id);
        json_write_member_cstr(&json, "principal", found.name);
        json_write_member_cstr(&json, "scope", assignment->scope);
        write_time(&json, "createdAt", assignment->created_ns);
        json_write_end_object(&json);
    }
    json_write_end_array(&json);
    json_write_end_object(&json);
    answer_list(request, &json);
}

static void assignment_create(void *context, struct http_request *request)
{
    CLEANUP(json_release) json_t *root = read_body(request);
    struct principal_found found;
    enum access_role role;
    if (!root)
        return;
    const char *named = text_of(root, "role"), *to = text_of(root, "principal"),
               *scope = text_of(root, "scope");
    if (!access_role_find(bytes_of_cstr(named ? named : ""), &role)) {
        http_respond_failure(request, 400, "There is no such role; doc/sign-in.md lists them.");
        return;
    }
    if (!scope || scope[0] != '/') {
        http_respond_failure(request, 400, "A scope begins with a slash: /, /app, /pool, /scheduler/HUB.");
        return;
    }
    if (!take_principal(context, request, bytes_of_cstr(to ? to : ""), NULL, &found))
        return;
    char id[GUID_TEXT_SIZE + 1];
    directory_guid(id);
    const struct directory_assignment assignment = {.id = id,
                                                    .principal_id = found.id,
                                                    .principal_type = found.type,
                                                    .role_id = access_role_id(role),
                                                    .scope = scope,
                                                    .created_by = http_request_principal(request)->name,
                                                    .created_ns = clock_unix_ns(),
                                                    .updated_ns = clock_unix_ns()};
    const struct directory_write write = {DIRECTORY_CREATE, DIRECTORY_ASSIGNMENT, &assignment};
    struct reply *reply = reply_create(request, 201);
    if (!reply)
        return;
    struct json_writer json = {.out = &reply->body};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "id", id);
    json_write_member_cstr(&json, "role", access_role_name(role));
    json_write_member_cstr(&json, "principal", found.name);
    json_write_member_cstr(&json, "scope", scope);
    json_write_end_object(&json);
    log_info(AREA, "granted role=\"%s\" to=\"%.80s\" scope=\"%.120s\" by=\"%.80s\"", access_role_name(role),
             found.name, scope, http_request_principal(request)->name);
    reply_after(reply, context, &write, 1);
}

static void assignment_delete(void *context, struct http_request *request)
{
    const struct directory_assignment *assignment =
        directory_find(context, DIRECTORY_ASSIGNMENT, "id", http_request_value(request));
    if (!assignment) {
        http_respond_failure(request, 404, "There is no such assignment.");
        return;
    }
    const struct directory_write write = {DIRECTORY_DELETE, DIRECTORY_ASSIGNMENT, assignment};
    struct reply *reply = reply_create(request, 204);
    if (!reply)
        return;
    note(request, "role taken", assignment->principal_id);
    reply_after(reply, context, &write, 1);
}

static void who_am_i(void *context, struct http_request *request)
{
    const struct principal *principal = http_request_principal(request);
    CLEANUP(buf_fini) struct buf body = {0};
    struct json_writer json = {.out = &body};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "id", principal->id);
    json_write_member_cstr(&json, "name", principal->name);
    json_write_key(&json, "roles");
    json_write_begin_array(&json);
    for (size_t i = 0; i < principal->grant_count; i++) {
        json_write_begin_object(&json);
        json_write_member_cstr(&json, "role", access_role_name(principal->grants[i].role));
        json_write_member_string(&json, "scope", principal->grants[i].scope);
        json_write_end_object(&json);
    }
    json_write_end_array(&json);
    json_write_end_object(&json);
    answer_list(request, &json);
}

/* --- routes --- */

#define READS  ACCESS_DIRECTORY_READ
#define WRITES ACCESS_DIRECTORY_WRITE

static const struct http_route routes[] = {
    {"GET", "/v1/directory/me", "", ACCESS_SIGNED_IN, .handle = who_am_i,
     .summary = "Who I am, and my roles"},
    {"GET", "/v1/directory/users", "", READS, .handle = users_list, .summary = "People"},
    {"POST", "/v1/directory/users", "", WRITES, HTTP_TYPE_JSON, .handle = user_create,
     .summary = "Make a person; the answer has the secret"},
    {"DELETE", "/v1/directory/users/{name}", "", WRITES, .handle = user_delete, .summary = "Delete a person"},
    {"POST", "/v1/directory/secrets/{name}", "", WRITES, .handle = secret_create,
     .summary = "A further secret of a person or an application"},
    {"GET", "/v1/directory/groups", "", READS, .handle = groups_list, .summary = "Groups and their members"},
    {"POST", "/v1/directory/groups", "", WRITES, HTTP_TYPE_JSON, .handle = group_create,
     .summary = "Make a group"},
    {"DELETE", "/v1/directory/groups/{name}", "", WRITES, .handle = group_delete,
     .summary = "Delete a group"},
    {"POST", "/v1/directory/groups/{name}/members", "", WRITES, HTTP_TYPE_JSON, .handle = member_create,
     .summary = "Add a member"},
    {"DELETE", "/v1/directory/groups/{name}/members/{member}", "", WRITES, .handle = member_delete,
     .summary = "Remove a member"},
    {"GET", "/v1/directory/applications", "", READS, .handle = applications_list, .summary = "Applications"},
    {"POST", "/v1/directory/applications", "", WRITES, HTTP_TYPE_JSON, .handle = application_create,
     .summary = "Make an application with a secret, a certificate or a federation"},
    {"DELETE", "/v1/directory/applications/{name}", "", WRITES, .handle = application_delete,
     .summary = "Delete an application"},
    {"GET", "/v1/directory/keys", "", READS, .handle = keys_list, .summary = "API keys, without the keys"},
    {"POST", "/v1/directory/keys", "", WRITES, HTTP_TYPE_JSON, .handle = key_create,
     .summary = "Make an API key; the answer has it"},
    {"DELETE", "/v1/directory/keys/{name}", "", WRITES, .handle = key_revoke, .summary = "Revoke an API key"},
    {"GET", "/v1/directory/assignments", "", READS, .handle = assignments_list,
     .summary = "Who has which role where"},
    {"POST", "/v1/directory/assignments", "", ACCESS_GRANT, HTTP_TYPE_JSON, .handle = assignment_create,
     .summary = "Grant a role"},
    {"DELETE", "/v1/directory/assignments/{id}", "", ACCESS_GRANT, .handle = assignment_delete,
     .summary = "Take a role"},
};

struct http_part people_part(struct directory *directory)
{
    return (struct http_part){.name = "directory",
                              .where = "/control/directory",
                              .prefix = "",
                              .claims = "/v1/directory",
                              .routes = routes,
                              .route_count = ARRAY_SIZE(routes),
                              .body_limits = {64 << 10, 64 << 10, 64 << 10},
                              .context = directory};
}
