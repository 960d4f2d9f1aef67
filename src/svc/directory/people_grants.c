/* SPDX-License-Identifier: MIT */
/* people_grants.c — what somebody may: API keys, role assignments, and who asks. */
#include "base/log.h"
#include "base/text.h"
#include "os/clock.h"
#include "svc/directory/people_request.h"
#include "svc/directory/reply.h"

#define AREA "audit"

/* --- keys --- */

static void write_key(struct json_writer *json, const struct directory *directory, const void *object)
{
    const struct directory_key *key = object;
    const struct directory_key_use *use =
        directory_find(directory, DIRECTORY_KEY_USE, "id", bytes_of_cstr(key->id));
    struct people_principal owner = {.name = ""};
    (void)people_find(directory, bytes_of_cstr(key->owner_id), &owner);
    json_write_member_cstr(json, "id", key->id);
    json_write_member_cstr(json, "name", key->name);
    json_write_member_cstr(json, "hint", key->hint);
    json_write_member_cstr(json, "owner", owner.name);
    json_write_member_cstr(json, "roles", key->roles);
    json_write_member_cstr(json, "scope", key->scope);
    people_write_time(json, "createdAt", key->created_ns);
    people_write_time(json, "expiresAt", key->expires_ns);
    people_write_time(json, "lastUsedAt", use ? use->used_ns : 0);
    people_write_time(json, "revokedAt", key->revoked_ns);
}

void people_keys_list(void *context, struct http_request *request)
{
    people_answer_objects(request, context, DIRECTORY_KEY, "keys", write_key);
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

/* ORDER: whether the caller may grant that much comes before anything is made; the secret is in the answer, which
 * waits for the disk, and is wiped here. */
void people_key_create(void *context, struct http_request *request)
{
    static const struct people_field fields[] = {{"name", PEOPLE_TEXT},
                                                 {"owner", PEOPLE_TEXT},
                                                 {"roles", PEOPLE_TEXT},
                                                 {"scope", PEOPLE_TEXT},
                                                 {"expiresInSeconds", PEOPLE_SECONDS},
                                                 {.name = NULL}};
    CLEANUP(json_release) json_t *root = people_read_body(request, fields);
    CLEANUP(buf_fini) struct buf roles = {0};
    struct people_principal owner;
    const char *name = root ? people_take_name(request, root) : NULL;
    if (!name)
        return;
    const char *owner_name = people_text(root, "owner"), *scope = people_text(root, "scope");
    if (!roles_of(people_text(root, "roles"), &roles) || (scope && scope[0] != '/')) {
        http_respond_failure(
            request, 400,
            "\"roles\" are names of roles, separated by commas; \"scope\" begins with a slash.");
        return;
    }
    if (!people_may_grant(context, request, bytes_of_cstr(text_or(scope, "/"))))
        return;
    const char *own = http_request_principal(request)->id;
    if (!owner_name)
        owner_name = strcmp(own, access_local.id) == 0 ? "owner@sallyport" : own;
    if (!people_take(context, request, bytes_of_cstr(owner_name), NULL, &owner))
        return;
    struct people_secret secret;
    people_make_secret(SECRET_API_KEY, &secret);
    const struct directory_key key = {.id = secret.id,
                                      .name = name,
                                      .owner_id = owner.id,
                                      .hash = secret.hash,
                                      .hint = secret.hint,
                                      .roles = (const char *)roles.data,
                                      .scope = scope,
                                      .created_ns = clock_unix_ns(),
                                      .expires_ns = people_expiry(root, 0)};
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
    people_note(request, "key made", name);
    reply_after(reply, context, &write, 1);
}

/* The next key of a name that still counts; NULL: there is none. */
static const struct directory_key *next_named(const struct directory *directory, struct bytes name,
                                              const struct directory_key *after)
{
    while ((after = directory_next(directory, DIRECTORY_KEY, after)))
        if (!after->revoked_ns && bytes_equal_cstr(name, after->name))
            return after;
    return NULL;
}

/* By its id, or by its name if no other has it: whoever revokes a key that leaked must not be left with it because another is called so.
 * It stays in the list, revoked. */
void people_key_revoke(void *context, struct http_request *request)
{
    struct bytes text = http_request_value(request);
    const struct directory_key *key = directory_find(context, DIRECTORY_KEY, "id", text);
    bool by_name = !key;
    if (by_name)
        key = next_named(context, text, NULL);
    if (by_name && key && next_named(context, text, key)) {
        http_respond_failure(request, 409,
                             "Several keys are called so: revoke each by its id, which key ls --json has.");
        return;
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
    people_note(request, "key revoked", key->name);
    reply_after(reply, context, &write, 1);
}

/* --- roles --- */

static void write_assignment(struct json_writer *json, const struct directory *directory, const void *object)
{
    const struct directory_assignment *assignment = object;
    struct people_principal found = {.name = assignment->principal_id};
    enum access_role role;
    bool known = access_role_find(bytes_of_cstr(assignment->role_id), &role);
    (void)people_find(directory, bytes_of_cstr(assignment->principal_id), &found);
    json_write_member_cstr(json, "id", assignment->id);
    json_write_member_cstr(json, "role", known ? access_role_name(role) : assignment->role_id);
    json_write_member_cstr(json, "principal", found.name);
    json_write_member_cstr(json, "scope", assignment->scope);
    people_write_time(json, "createdAt", assignment->created_ns);
}

void people_assignments_list(void *context, struct http_request *request)
{
    people_answer_objects(request, context, DIRECTORY_ASSIGNMENT, "assignments", write_assignment);
}

void people_assignment_create(void *context, struct http_request *request)
{
    static const struct people_field fields[] = {
        {"role", PEOPLE_TEXT}, {"principal", PEOPLE_TEXT}, {"scope", PEOPLE_TEXT}, {.name = NULL}};
    CLEANUP(json_release) json_t *root = people_read_body(request, fields);
    struct people_principal found;
    enum access_role role;
    if (!root)
        return;
    const char *named = people_text(root, "role"), *to = people_text(root, "principal"),
               *scope = people_text(root, "scope");
    if (!access_role_find(bytes_of_cstr(text_or(named, "")), &role)) {
        http_respond_failure(request, 400, "There is no such role; doc/sign-in.md lists them.");
        return;
    }
    if (!scope || scope[0] != '/') {
        http_respond_failure(request, 400, "A scope begins with a slash: /, /app, /pool, /scheduler/HUB.");
        return;
    }
    if (!people_may_grant(context, request, bytes_of_cstr(scope)))
        return;
    if (!people_take(context, request, bytes_of_cstr(text_or(to, "")), NULL, &found))
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

/* Who may not grant at a scope may not take there either. */
void people_assignment_delete(void *context, struct http_request *request)
{
    const struct directory_assignment *assignment =
        directory_find(context, DIRECTORY_ASSIGNMENT, "id", http_request_value(request));
    if (!assignment) {
        http_respond_failure(request, 404, "There is no such assignment.");
        return;
    }
    if (!people_may_grant(context, request, bytes_of_cstr(assignment->scope)))
        return;
    const struct directory_write write = {DIRECTORY_DELETE, DIRECTORY_ASSIGNMENT, assignment};
    struct reply *reply = reply_create(request, 204);
    if (!reply)
        return;
    people_note(request, "role taken", assignment->principal_id);
    reply_after(reply, context, &write, 1);
}

void people_who_am_i(void *context, struct http_request *request)
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
    people_answer(request, &json);
}
