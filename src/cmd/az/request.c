/* SPDX-License-Identifier: MIT */
/* request.c — a template is copied up to each brace and bracket; a body is a member for each argument. */
#include "cmd/az/request.h"

#include <stdio.h>

#include "base/encode.h"
#include "base/text.h"
#include "cmd/az/shorthand.h"

/* --- paths --- */

/* The value for a place of the template; NULL if there is none. */
static const char *place_value(const struct az_values *values, struct bytes place, const char *subscription)
{
    char key[64];
    (void)snprintf(key, sizeof key, "%.*s", BYTES_FMT(place));
    return strcmp(key, "subscription") == 0 ? subscription : az_text_of(values, key);
}

/* Appends a piece without brackets; false if a value is missing. */
static bool append_piece(const struct az_values *values, struct bytes piece, const char *subscription,
                         struct buf *out, struct bytes *ret_missing)
{
    while (piece.size) {
        size_t brace = bytes_find(piece, BYTES_LITERAL("{"));
        buf_append_bytes(out, bytes_slice(piece, 0, brace));
        piece = bytes_slice(piece, brace + 1, SIZE_MAX);
        if (!piece.size)
            break;
        struct bytes place = bytes_split(&piece, '}');
        const char *value = place_value(values, place, subscription);
        if (!value || !*value) {
            *ret_missing = place;
            return false;
        }
        percent_encode(out, bytes_of_cstr(value), NULL);
    }
    return true;
}

enum status az_request_path(const struct az_values *values, const char *path, const char *version,
                            const char *subscription, struct buf *out, struct err *err)
{
    struct bytes rest = bytes_of_cstr(path);
    struct bytes missing = {0};
    while (rest.data) {
        bool good = append_piece(values, bytes_split(&rest, '['), subscription, out, &missing);
        if (!good)
            return err_set(err, STATUS_INVALID_ARGUMENT, "the following arguments are required: --%.*s",
                           BYTES_FMT(missing));
        if (!rest.data)
            break;
        size_t before = out->size;
        if (!append_piece(values, bytes_split(&rest, ']'), subscription, out, &missing))
            out->size = before;
    }
    if (version)
        buf_append_fmt(out, "%sapi-version=%s", memchr(out->data, '?', out->size) ? "&" : "?", version);
    return buf_status(out);
}

bool az_request_needs(const char *path, const char *key)
{
    char place[72];
    (void)snprintf(place, sizeof place, "{%s}", key);
    return strstr(path, place) != NULL;
}

void az_request_id(const char *subscription, const char *group, const char *type, const char *name,
                   struct buf *out)
{
    if (name[0] == '/')
        buf_append_cstr(out, name);
    else
        buf_append_fmt(out, "/subscriptions/%s/resourceGroups/%s/providers/%s/%s", subscription,
                       text_or(group, ""), type, name);
}

/* --- bodies --- */

bool az_member_set(json_t *body, const char *member, json_t *value)
{
    struct bytes rest = bytes_of_cstr(member);
    for (;;) {
        struct bytes name = bytes_split(&rest, '.');
        char key[64];
        (void)snprintf(key, sizeof key, "%.*s", BYTES_FMT(name));
        if (!rest.data)
            return value && json_object_set_new(body, key, value) == 0;
        json_t *inner = json_object_get(body, key);
        if (!json_is_object(inner)) {
            inner = json_object();
            if (!inner || json_object_set_new(body, key, inner) != 0) {
                json_decref(value);
                return false;
            }
        }
        body = inner;
    }
}

static json_t *texts_value(const struct az_values *values, const struct az_value *value)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < value->count; i++)
        (void)json_array_append_new(array, json_string(values->texts[value->first + i]));
    return array;
}

/* NAME=VALUE, or NAME alone for an empty value; '' alone clears. */
static json_t *pairs_value(const struct az_values *values, const struct az_value *value)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < value->count; i++) {
        struct bytes rest = bytes_of_cstr(values->texts[value->first + i]);
        struct bytes name = bytes_split(&rest, '=');
        CLEANUP(buf_fini) struct buf key = {0};
        buf_append_bytes(&key, name);
        buf_append_byte(&key, '\0');
        if (name.size && !key.failed)
            (void)json_object_set_new(object, (const char *)key.data,
                                      json_stringn(rest.data ? (const char *)rest.data : "", rest.size));
    }
    return object;
}

/* One word may be JSON or shorthand; several are an array, except that one word of an array is that array. */
static enum status shorthand_value(const struct az_values *values, const struct az_value *value,
                                   json_t **ret_value, struct err *err)
{
    if (value->count != 1) {
        *ret_value = texts_value(values, value);
        return *ret_value ? STATUS_OK : STATUS_NO_MEMORY;
    }
    const char *text = values->texts[value->first];
    bool bare = text[0] != '[' && text[0] != '{';
    if (!bare)
        return shorthand_parse(bytes_of_cstr(text), ret_value, err);
    *ret_value = texts_value(values, value);
    return *ret_value ? STATUS_OK : STATUS_NO_MEMORY;
}

/* A place by its own name, the way the cloud keeps it: "West US 2" is westus2. */
static json_t *location_value(const char *text)
{
    CLEANUP(buf_fini) struct buf name = {0};
    for (; *text; text++) {
        if (*text != ' ')
            buf_append_byte(&name, ascii_lower((uint8_t)*text));
    }
    return json_stringn(name.size ? (const char *)name.data : "", name.size);
}

static json_t *text_value(const struct az_values *values, const struct az_argument *argument,
                          const char *text, const char *subscription)
{
    if (argument->preset && strcmp(argument->preset, "location") == 0)
        return location_value(text);
    if (!argument->type)
        return json_string(text);
    CLEANUP(buf_fini) struct buf id = {0};
    az_request_id(subscription, az_text_of(values, "resource-group"), argument->type, text, &id);
    if (id.failed)
        return NULL;
    return json_stringn((const char *)id.data, id.size);
}

static enum status member_value(const struct az_values *values, const struct az_argument *argument,
                                const struct az_value *value, const char *subscription, json_t **ret_value,
                                struct err *err)
{
    const char *text = value->count ? values->texts[value->first] : "";
    int64_t number = 0;
    switch (argument->kind) {
    case AZ_VALUE:
        return shorthand_value(values, value, ret_value, err);
    case AZ_COUNT:
        if (bytes_parse_i64(bytes_of_cstr(text), &number) != STATUS_OK)
            return err_set(err, STATUS_INVALID_ARGUMENT, "invalid int value: '%.80s'", text);
        *ret_value = json_integer(number);
        break;
    case AZ_FLAG:
    case AZ_YESNO:
        *ret_value = json_boolean(value->count == 0 || strcmp(text, "true") == 0);
        break;
    case AZ_TEXTS:
        *ret_value = texts_value(values, value);
        break;
    case AZ_PAIRS:
        *ret_value = pairs_value(values, value);
        break;
    case AZ_TEXT:
        *ret_value = text_value(values, argument, text, subscription);
        break;
    }
    if (!*ret_value)
        return err_set(err, STATUS_INVALID_ARGUMENT, "'%.80s' is no text in UTF-8", text);
    return STATUS_OK;
}

enum status az_request_body(const struct az_values *values, const char *subscription, json_t **ret_body,
                            struct err *err)
{
    CLEANUP(json_release) json_t *body = NULL;
    enum status status = json_parse(bytes_of_cstr(values->command->body), NULL, &body, err);
    const struct az_argument *argument;
    for (size_t i = 0; status == STATUS_OK && (argument = az_argument_at(values->command, i)) != NULL; i++) {
        if (!argument->member || !values->at[i].given)
            continue;
        json_t *value = NULL;
        status = member_value(values, argument, &values->at[i], subscription, &value, err);
        if (status != STATUS_OK) {
            char name[64];
            (void)az_word(argument->names, 0, name, sizeof name);
            (void)err_wrap(err, "argument %s", name);
            return status;
        }
        if (!az_member_set(body, argument->member, value))
            return err_no_memory(err);
    }
    if (status == STATUS_OK) {
        *ret_body = body;
        body = NULL;
    }
    return status;
}
