/* SPDX-License-Identifier: MIT */
/* record.c — the table of kinds and fields; a writer, a reader and the unique keys that walk it. */
#include "store/directory/record.h"

#include <stddef.h>

#include "base/text.h"
#include "wire/json/json.h"

#define FIELDS_MAX 16

enum field_type { FIELD_TEXT, FIELD_UNIQUE, FIELD_TOGETHER, FIELD_NUMBER };

struct record_field {
    const char *name;
    enum field_type type; /* of those together unique: their values as one */
    size_t offset;
};

struct record_kind {
    const char *name;
    size_t size;
    struct record_field fields[FIELDS_MAX]; /* up to one without a name */
};

#define ROW(kind, type, member)                                                                              \
    {                                                                                                        \
#member, FIELD_##type, offsetof(struct directory_##kind, member)                                     \
    }
#define KIND(kind) .name = #kind, .size = sizeof(struct directory_##kind)

static const struct record_kind kinds[DIRECTORY_KINDS] = {
    [DIRECTORY_TENANT] = {KIND(tenant),
                          {ROW(tenant, UNIQUE, id), ROW(tenant, TEXT, subscription_id),
                           ROW(tenant, NUMBER, created_ns)}},
    [DIRECTORY_PERSON] = {KIND(person),
                          {ROW(person, UNIQUE, id), ROW(person, UNIQUE, name),
                           ROW(person, TEXT, display_name), ROW(person, NUMBER, created_ns),
                           ROW(person, NUMBER, disabled)}},
    [DIRECTORY_GROUP] = {KIND(group),
                         {ROW(group, UNIQUE, id), ROW(group, UNIQUE, name), ROW(group, NUMBER, created_ns)}},
    [DIRECTORY_MEMBER] = {KIND(member),
                          {ROW(member, UNIQUE, id), ROW(member, TOGETHER, group_id),
                           ROW(member, TOGETHER, member_id)}},
    [DIRECTORY_APPLICATION] = {KIND(application),
                               {ROW(application, UNIQUE, id), ROW(application, UNIQUE, client_id),
                                ROW(application, TEXT, name), ROW(application, UNIQUE, resource_id),
                                ROW(application, NUMBER, created_ns), ROW(application, NUMBER, disabled)}},
    [DIRECTORY_CREDENTIAL] = {KIND(credential),
                              {ROW(credential, UNIQUE, id), ROW(credential, TEXT, owner_id),
                               ROW(credential, NUMBER, type), ROW(credential, TEXT, name),
                               ROW(credential, TEXT, hash), ROW(credential, TEXT, certificate),
                               ROW(credential, TEXT, issuer), ROW(credential, TEXT, subject),
                               ROW(credential, TEXT, audience), ROW(credential, NUMBER, created_ns),
                               ROW(credential, NUMBER, expires_ns)}},
    [DIRECTORY_KEY] = {KIND(key),
                       {ROW(key, UNIQUE, id), ROW(key, TEXT, name), ROW(key, TEXT, owner_id),
                        ROW(key, UNIQUE, hash), ROW(key, TEXT, hint), ROW(key, TEXT, roles),
                        ROW(key, TEXT, scope), ROW(key, NUMBER, created_ns), ROW(key, NUMBER, expires_ns),
                        ROW(key, NUMBER, revoked_ns)}},
    [DIRECTORY_KEY_USE] = {KIND(key_use), {ROW(key_use, UNIQUE, id), ROW(key_use, NUMBER, used_ns)}},
    [DIRECTORY_ASSIGNMENT] = {KIND(assignment),
                              {ROW(assignment, UNIQUE, id), ROW(assignment, TOGETHER, principal_id),
                               ROW(assignment, TEXT, principal_type), ROW(assignment, TOGETHER, role_id),
                               ROW(assignment, TOGETHER, scope), ROW(assignment, TEXT, description),
                               ROW(assignment, TEXT, created_by), ROW(assignment, NUMBER, created_ns),
                               ROW(assignment, NUMBER, updated_ns)}},
    [DIRECTORY_SIGNING_KEY] = {KIND(signing_key),
                               {ROW(signing_key, UNIQUE, id), ROW(signing_key, TEXT, private_key),
                                ROW(signing_key, NUMBER, created_ns), ROW(signing_key, NUMBER, active_ns)}},
    [DIRECTORY_TICKET] = {KIND(ticket),
                          {ROW(ticket, UNIQUE, id), ROW(ticket, NUMBER, type), ROW(ticket, UNIQUE, hash),
                           ROW(ticket, UNIQUE, user_hash), ROW(ticket, TEXT, family),
                           ROW(ticket, TEXT, principal_id), ROW(ticket, TEXT, client_id),
                           ROW(ticket, TEXT, scope), ROW(ticket, TEXT, challenge),
                           ROW(ticket, TEXT, redirect), ROW(ticket, TEXT, nonce),
                           ROW(ticket, NUMBER, refused), ROW(ticket, NUMBER, used),
                           ROW(ticket, NUMBER, created_ns), ROW(ticket, NUMBER, expires_ns)}},
};

const char *record_kind_name(enum directory_kind kind)
{
    ASSERT(kind > 0 && kind < DIRECTORY_KINDS);
    return kinds[kind].name;
}

size_t record_size(enum directory_kind kind)
{
    ASSERT(kind > 0 && kind < DIRECTORY_KINDS);
    return kinds[kind].size;
}

static const char *text_at(const void *object, const struct record_field *field)
{
    const char *text;
    memcpy(&text, (const char *)object + field->offset, sizeof text);
    return text_or(text, "");
}

static int64_t number_at(const void *object, const struct record_field *field)
{
    int64_t number;
    memcpy(&number, (const char *)object + field->offset, sizeof number);
    return number;
}

/* --- writing --- */

static enum status check_text(enum directory_kind kind, const struct record_field *field, struct bytes text,
                              struct err *err)
{
    if (text.size > DIRECTORY_TEXT_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT, "%s: %s has more than %zu bytes", kinds[kind].name,
                       field->name, DIRECTORY_TEXT_MAX);
    if (!bytes_utf8_valid(text))
        return err_set(err, STATUS_INVALID_ARGUMENT, "%s: %s is not UTF-8", kinds[kind].name, field->name);
    if (field->offset == 0 && text.size == 0)
        return err_set(err, STATUS_INVALID_ARGUMENT, "%s: the id is missing", kinds[kind].name);
    return STATUS_OK;
}

enum status record_write(enum directory_kind kind, const void *object, struct buf *out, struct err *err)
{
    struct json_writer json = {.out = out};
    json_write_begin_object(&json);
    for (const struct record_field *field = kinds[kind].fields; field->name; field++) {
        if (field->type == FIELD_NUMBER) {
            json_write_member_int(&json, field->name, number_at(object, field));
            continue;
        }
        struct bytes text = bytes_of_cstr(text_at(object, field));
        enum status status = check_text(kind, field, text, err);
        if (status != STATUS_OK)
            return status;
        json_write_member_string(&json, field->name, text);
    }
    json_write_end_object(&json);
    if (json_write_status(&json) != STATUS_OK)
        return err_set(err, STATUS_NO_MEMORY, "%s: out of memory", kinds[kind].name);
    return STATUS_OK;
}

/* --- reading --- */

/* A member that is missing is empty, or 0: an older version did not write it. */
static enum status read_field(const json_t *root, const struct record_field *field, struct arena *arena,
                              void *object)
{
    const json_t *value = json_object_get(root, field->name);
    if (field->type == FIELD_NUMBER) {
        int64_t number = json_integer_value(value);
        memcpy((char *)object + field->offset, &number, sizeof number);
        return STATUS_OK;
    }
    struct bytes bytes = json_bytes(value);
    const char *text = arena_cstr(arena, bytes.data ? bytes : BYTES_LITERAL(""));
    if (!text)
        return STATUS_NO_MEMORY;
    memcpy((char *)object + field->offset, &text, sizeof text);
    return STATUS_OK;
}

enum status record_read(enum directory_kind kind, struct bytes body, struct arena *arena, void *object,
                        struct err *err)
{
    CLEANUP(json_release) json_t *root = NULL;
    enum status status = json_parse(body, NULL, &root, err);
    if (status != STATUS_OK || !json_is_object(root))
        return err_set(err, STATUS_DATA_LOSS, "a record of kind %s cannot be read", kinds[kind].name);
    for (const struct record_field *field = kinds[kind].fields; field->name; field++) {
        if (read_field(root, field, arena, object) != STATUS_OK)
            return err_no_memory(err);
    }
    if (text_at(object, &kinds[kind].fields[0])[0] == '\0')
        return err_set(err, STATUS_DATA_LOSS, "a record of kind %s has no id", kinds[kind].name);
    return STATUS_OK;
}

/* --- what is unique --- */

#define TOGETHER_FIELD 0xff /* in the place of a field's number */

/* Without case, behind the two bytes that say of what it is the key: names are told apart as people read them. */
static struct bytes finish_key(struct buf *key, struct arena *arena)
{
    for (size_t i = 2; i < key->size; i++)
        key->data[i] = (uint8_t)ascii_lower(key->data[i]);
    if (buf_status(key) == STATUS_OK)
        return arena_copy(arena, buf_peek(key));
    return (struct bytes){0};
}

struct bytes record_key(enum directory_kind kind, const char *field, struct bytes value, struct arena *arena)
{
    ASSERT(kind > 0 && kind < DIRECTORY_KINDS);
    for (size_t i = 0; kinds[kind].fields[i].name; i++) {
        if (strcmp(kinds[kind].fields[i].name, field) != 0)
            continue;
        ASSERT(kinds[kind].fields[i].type == FIELD_UNIQUE);
        CLEANUP(buf_fini) struct buf key = {0};
        buf_append_byte(&key, (uint8_t)kind);
        buf_append_byte(&key, (uint8_t)i);
        buf_append_bytes(&key, value);
        return finish_key(&key, arena);
    }
    ASSERT(!"a field that the kind has");
    return (struct bytes){0};
}

/* The values of those fields that are unique together; data NULL if the kind has none, or without memory. */
static struct bytes key_together(enum directory_kind kind, const void *object, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf key = {0};
    for (const struct record_field *field = kinds[kind].fields; field->name; field++) {
        if (field->type != FIELD_TOGETHER)
            continue;
        if (key.size == 0) {
            buf_append_byte(&key, (uint8_t)kind);
            buf_append_byte(&key, TOGETHER_FIELD);
        }
        buf_append_cstr(&key, text_at(object, field));
        buf_append_byte(&key, '\n');
    }
    if (key.size > 0)
        return finish_key(&key, arena);
    return (struct bytes){0};
}

static bool has_together(enum directory_kind kind)
{
    for (const struct record_field *field = kinds[kind].fields; field->name; field++)
        if (field->type == FIELD_TOGETHER)
            return true;
    return false;
}

/* The id is first: who looks for an object of the same id takes the first key. Empty values are not unique. */
enum status record_keys(enum directory_kind kind, const void *object, struct arena *arena,
                        struct bytes ret_keys[RECORD_KEYS_MAX], size_t *ret_count)
{
    size_t count = 0;
    for (const struct record_field *field = kinds[kind].fields; field->name; field++) {
        if (field->type != FIELD_UNIQUE || text_at(object, field)[0] == '\0')
            continue;
        ASSERT(count < RECORD_KEYS_MAX);
        ret_keys[count] = record_key(kind, field->name, bytes_of_cstr(text_at(object, field)), arena);
        if (!ret_keys[count++].data)
            return STATUS_NO_MEMORY;
    }
    if (has_together(kind)) {
        ASSERT(count < RECORD_KEYS_MAX);
        ret_keys[count] = key_together(kind, object, arena);
        if (!ret_keys[count++].data)
            return STATUS_NO_MEMORY;
    }
    *ret_count = count;
    return STATUS_OK;
}
