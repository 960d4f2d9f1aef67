/* SPDX-License-Identifier: MIT */
/* webhook_format.c — one row a format. */
#include "svc/webhook/webhook_format.h"

#include "base/encode.h"
#include "base/text.h"
#include "core/notice/format/format.h"

static const struct webhook_format {
    const char *name;
    const char *content_type;
    enum status (*write)(const struct format_words *words, struct buf *out); /* NULL: the event as it is */
} formats[] = {
    {WEBHOOK_FORMAT_DEFAULT, "application/cloudevents+json; charset=utf-8", NULL},
    {"slack", "application/json", format_slack},
    {"teams", "application/json", format_teams},
};

const char *webhook_format_name(size_t index)
{
    return index < ARRAY_SIZE(formats) ? formats[index].name : NULL;
}

static const struct webhook_format *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

bool webhook_format_is_known(const char *name)
{
    return find(name) != NULL;
}

/* Where a person looks at the request, with a NUL. */
static void write_link(const json_t *request, const char *base_url, struct buf *out)
{
    struct bytes id = bytes_of_cstr(json_string_value(json_object_get(request, "id")));
    if (base_url[0] && id.size > 0) {
        buf_append_fmt(out, "%s/#/requests/", base_url);
        percent_encode(out, id, NULL);
    }
    buf_append_byte(out, '\0');
}

static enum status write_message(const struct webhook_format *format, const json_t *event,
                                 const char *base_url, struct buf *out, struct err *err)
{
    const json_t *request = json_object_get(event, "data");
    struct format_words words = {0};
    CLEANUP(buf_fini) struct buf link = {0};
    write_link(request, base_url, &link);
    if (buf_status(&link) != STATUS_OK)
        return err_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status status =
        format_words_of(text_or(json_string_value(json_object_get(event, "type")), ""), request,
                        link.size > 1 ? (const char *)link.data : NULL, &words, err);
    if (status == STATUS_OK && format->write(&words, out) != STATUS_OK)
        status = err_set(err, STATUS_NO_MEMORY, "out of memory");
    format_words_fini(&words);
    return status;
}

enum status webhook_format_write(const char *name, struct bytes event, const char *base_url, struct buf *out,
                                 const char **ret_content_type, struct err *err)
{
    const struct webhook_format *format = find(name);
    if (!format)
        return err_set(err, STATUS_INVALID_ARGUMENT, "there is no format \"%.40s\"", name);
    *ret_content_type = format->content_type;
    if (!format->write) {
        buf_append_bytes(out, event);
        return buf_status(out) == STATUS_OK ? STATUS_OK : err_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    json_t *json = json_loadb((const char *)event.data, event.size, JSON_ALLOW_NUL, NULL);
    enum status status = json ? write_message(format, json, base_url, out, err)
                              : err_set(err, STATUS_MALFORMED, "the event is not JSON");
    json_decref(json);
    return status;
}
