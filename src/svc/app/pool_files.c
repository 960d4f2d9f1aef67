/* SPDX-License-Identifier: MIT */
/* pool_files.c — three requests, and the two shapes of a list. */
#include "svc/app/pool_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/text.h"
#include "core/pool/file_path.h"
#include "os/clock.h"
#include "svc/app/limit_values.h"
#include "svc/app/pool_exchange.h"
#include "wire/json/json.h"

#define VERSION "2025-10-02-preview" /* the first with folders in a list */

/* "&path=DIR" of a path that is in a folder. */
static void append_folder(struct buf *out, const char *path)
{
    size_t size = (size_t)(file_path_base(path) - path);
    if (size == 0)
        return;
    buf_append_cstr(out, "&path=");
    percent_encode(out, bytes_of(path, size - 1), NULL);
}

/* --- putting --- */

/* Names that no form can hold as they are stand in both ways: the newer way is the one that is read where it is known (RFC 8187). */
static void append_file_name(struct buf *out, struct bytes name)
{
    bool plain = true;
    buf_append_cstr(out, "filename=\"");
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        plain = plain && byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '%' && byte != '\\';
        if (byte == '"')
            buf_append_cstr(out, "%22");
        else
            buf_append_byte(out, byte);
    }
    buf_append_byte(out, '"');
    if (plain)
        return;
    buf_append_cstr(out, "; filename*=UTF-8''");
    percent_encode(out, name, NULL);
}

/* The form around the content; the boundary is nobody's to guess. */
static enum status write_form(struct bytes name, struct bytes content, const char *boundary, struct buf *out)
{
    out->limit = content.size + 16 * FILE_NAME_SIZE_MAX;
    buf_append_fmt(out, "--%s\r\nContent-Disposition: form-data; name=\"file\"; ", boundary);
    append_file_name(out, name);
    buf_append_cstr(out, "\r\nContent-Type: application/octet-stream\r\n\r\n");
    buf_append_bytes(out, content);
    buf_append_fmt(out, "\r\n--%s--\r\n", boundary);
    return buf_status(out);
}

enum status pool_files_put(const struct pool_client *client, const char *identifier, const char *path,
                           struct bytes content, struct err *err)
{
    CLEANUP(buf_fini) struct buf form = {0}, more = {0};
    uint8_t random[16];
    char boundary[GUID_TEXT_SIZE + 1], type[80];
    entropy_fill(random, sizeof random);
    guid_format(random, boundary);
    (void)snprintf(type, sizeof type, "multipart/form-data; boundary=%s", boundary);
    append_folder(&more, path);
    buf_append_byte(&more, '\0');
    enum status status = write_form(bytes_of_cstr(file_path_base(path)), content, boundary, &form);
    if (status != STATUS_OK || buf_status(&more) != STATUS_OK)
        return err_no_memory(err);

    struct pool_exchange exchange;
    const struct pool_question question = {.route = "files",
                                           .version = VERSION,
                                           .identifier = identifier,
                                           .more = (const char *)more.data,
                                           .content_type = type,
                                           .body = buf_peek(&form),
                                           .timeout_ms = APP_POOL_FILE_TIMEOUT_MS};
    status = pool_exchange_open(&exchange, client, &question, NULL, err);
    if (status != STATUS_OK)
        return status;
    status = pool_exchange_perform(&exchange, err);
    pool_exchange_fini(&exchange);
    return status;
}

/* --- a list --- */

void pool_file_list_fini(struct pool_file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->files[i].path);
    free(list->files);
    *list = (struct pool_file_list){0};
}

const struct pool_file *pool_file_list_find(const struct pool_file_list *list, const char *path)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->files[i].path, path) == 0)
            return &list->files[i];
    return NULL;
}

static const char *text_of(const json_t *object, const char *name, const char *older_name)
{
    const char *text = json_member_text(object, name);
    return text ? text : json_member_text(object, older_name);
}

static json_int_t size_of(const json_t *object)
{
    const json_t *size = json_object_get(object, "sizeInBytes");
    if (!size)
        size = json_object_get(object, "size");
    return json_is_integer(size) && json_integer_value(size) >= 0 ? json_integer_value(size) : -1;
}

/* False without memory. */
static bool take_entry(struct pool_file_list *list, const json_t *entry)
{
    const json_t *wrapped = json_object_get(entry, "properties"); /* of the older contract */
    const json_t *file = json_is_object(wrapped) ? wrapped : entry;
    const char *name = text_of(file, "name", "filename"), *folder = text_of(file, "directory", "directory");
    const char *type = text_of(file, "type", "type"),
               *modified = text_of(file, "lastModifiedAt", "lastModifiedTime");
    bool is_folder = type && bytes_equal_nocase(bytes_of_cstr(type), BYTES_LITERAL("directory"));
    if (!name || is_folder)
        return true;
    if (list->count == APP_POOL_FILES_MAX) {
        list->left_out++;
        return true;
    }
    struct pool_file *made = &list->files[list->count];
    bool inside = folder && *folder;
    if (asprintf(&made->path, "%s%s%s", text_or(folder, ""), inside ? "/" : "", name) < 0)
        return false;
    list->count++;
    made->size = size_of(file);
    (void)snprintf(made->modified, sizeof made->modified, "%s", text_or(modified, ""));
    return true;
}

static enum status read_list(struct bytes body, struct pool_file_list *list, struct err *err)
{
    json_t *root = pool_exchange_json(body);
    const json_t *value = json_object_get(root, "value");
    enum status status =
        json_is_array(value)
            ? STATUS_OK
            : err_set(err, STATUS_MALFORMED, "the session pool's list of files has no array \"value\"");
    size_t count = MIN(json_array_size(value), (size_t)APP_POOL_FILES_MAX);
    list->files = calloc(count + 1, sizeof *list->files);
    for (size_t i = 0; list->files && status == STATUS_OK && i < json_array_size(value); i++)
        if (!take_entry(list, json_array_get(value, i)))
            status = err_no_memory(err);
    json_decref(root);
    return list->files ? status : err_no_memory(err);
}

enum status pool_files_list(const struct pool_client *client, const char *identifier,
                            struct pool_file_list *ret_list, struct err *err)
{
    struct pool_exchange exchange;
    const struct pool_question question = {.route = "files",
                                           .version = VERSION,
                                           .identifier = identifier,
                                           .more = "&recursive=true",
                                           .timeout_ms = APP_POOL_FILE_TIMEOUT_MS};
    *ret_list = (struct pool_file_list){0};
    enum status status = pool_exchange_open(&exchange, client, &question, NULL, err);
    if (status != STATUS_OK)
        return status;
    status = pool_exchange_perform(&exchange, err);
    if (status == STATUS_OK)
        status = read_list(buf_peek(&exchange.response), ret_list, err);
    pool_exchange_fini(&exchange);
    return status;
}

/* --- getting --- */

struct fetch {
    const struct pool_exchange *exchange;
    struct review_draft *draft;
    size_t size_max;
    enum status status; /* of the draft; TOO_LARGE: over size_max */
    struct err err;
};

/* A refusal is no content. */
static bool on_data(void *context, struct bytes data)
{
    struct fetch *fetch = context;
    if (pool_exchange_http_status(fetch->exchange) != 200)
        return true;
    if (data.size > fetch->size_max - fetch->draft->size)
        fetch->status = err_set(&fetch->err, STATUS_TOO_LARGE, "it has more than %zu bytes", fetch->size_max);
    else
        fetch->status = review_draft_append(fetch->draft, data, &fetch->err);
    return fetch->status == STATUS_OK;
}

/* What a pool says of itself is none of the draft's faults. */
static enum status of_the_pool(enum status status)
{
    return status == STATUS_RESOURCE_EXHAUSTED || status == STATUS_IO ? STATUS_UNAVAILABLE : status;
}

enum status pool_files_get(const struct pool_client *client, const char *identifier, const char *path,
                           size_t size_max, struct review_draft *draft, struct err *err)
{
    CLEANUP(buf_fini) struct buf route = {0}, more = {0};
    buf_append_cstr(&route, "files/");
    percent_encode(&route, bytes_of_cstr(file_path_base(path)), NULL);
    buf_append_cstr(&route, "/content");
    buf_append_byte(&route, '\0');
    append_folder(&more, path);
    buf_append_byte(&more, '\0');
    if (buf_status(&route) != STATUS_OK || buf_status(&more) != STATUS_OK)
        return err_no_memory(err);

    struct pool_exchange exchange;
    struct fetch fetch = {.exchange = &exchange, .draft = draft, .size_max = size_max};
    const struct pool_question question = {.route = (const char *)route.data,
                                           .version = VERSION,
                                           .identifier = identifier,
                                           .more = (const char *)more.data,
                                           .timeout_ms = APP_POOL_FILE_TIMEOUT_MS};
    enum status status = pool_exchange_open(&exchange, client, &question, NULL, err);
    if (status != STATUS_OK)
        return of_the_pool(status);
    exchange.on_data = on_data;
    exchange.context = &fetch;
    status = of_the_pool(pool_exchange_perform(&exchange, err));
    pool_exchange_fini(&exchange);
    if (fetch.status != STATUS_OK) {
        *err = fetch.err;
        return fetch.status;
    }
    if (status != STATUS_OK)
        return status;
    return review_draft_finish(draft, err);
}
