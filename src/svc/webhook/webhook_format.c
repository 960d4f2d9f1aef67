/* SPDX-License-Identifier: MIT */
/* webhook_format.c — one row a format. */
#include "svc/webhook/webhook_format.h"

#include <stdio.h>

#include "base/encode.h"
#include "base/text.h"
#include "core/notice/event.h"
#include "core/notice/format/format.h"
#include "wire/json/json.h"

#define THREAD_SIZE 200 /* bytes of an id of a mail, with the NUL */

static enum status write_slack(const struct webhook_message *message, const struct format_words *words,
                               const json_t *request, struct buf *out, struct err *err)
{
    return format_slack(words, out) == STATUS_OK ? STATUS_OK : err_no_memory(err);
}

static enum status write_teams(const struct webhook_message *message, const struct format_words *words,
                               const json_t *request, struct buf *out, struct err *err)
{
    return format_teams(words, out) == STATUS_OK ? STATUS_OK : err_no_memory(err);
}

static enum status write_ntfy(const struct webhook_message *message, const struct format_words *words,
                              const json_t *request, struct buf *out, struct err *err)
{
    return format_ntfy(words, message->topic, out) == STATUS_OK ? STATUS_OK : err_no_memory(err);
}

/* What all mails about one request have in common; "": its id could be more than one. */
static void write_thread(const json_t *request, const char *domain, char ret_thread[THREAD_SIZE])
{
    const char *id = text_or(json_string_value(json_object_get(request, "id")), "");
    bool sound = id[0] && strlen(id) <= 64;
    for (const char *byte = id; sound && *byte; byte++)
        sound = ascii_alnum((uint8_t)*byte) || *byte == '-';
    ret_thread[0] = '\0';
    if (sound)
        (void)snprintf(ret_thread, THREAD_SIZE, "%s@%s", id, domain);
}

static enum status write_mail(const struct webhook_message *message, const struct format_words *words,
                              const json_t *request, struct buf *out, struct err *err)
{
    char id[THREAD_SIZE], thread[THREAD_SIZE], date[FORMAT_DATE_SIZE];
    const char *at = strchr(message->from, '@');
    const char *domain = at ? at + 1 : "";
    (void)snprintf(id, sizeof id, "%s@%s", message->event_id, domain);
    write_thread(request, domain, thread);
    format_mail_date(message->at_ns, date);
    const struct format_mail mail = {.from = message->from,
                                     .to = message->to,
                                     .message_id = id,
                                     .thread_id = thread[0] ? thread : NULL,
                                     .date = date};
    return format_mail(words, &mail, out, err);
}

static const struct webhook_format {
    const char *name;
    const char *content_type;
    enum webhook_way way;
    /* Of `message` the event's words, and the request that it is about. NULL: the event as it is. */
    enum status (*write)(const struct webhook_message *message, const struct format_words *words,
                         const json_t *request, struct buf *out, struct err *err);
} formats[] = {
    {WEBHOOK_FORMAT_DEFAULT, "application/cloudevents+json; charset=utf-8", WEBHOOK_BY_HTTP, NULL},
    {"slack", "application/json", WEBHOOK_BY_HTTP, write_slack},
    {"teams", "application/json", WEBHOOK_BY_HTTP, write_teams},
    {"ntfy", "application/json", WEBHOOK_BY_NTFY, write_ntfy},
    {"email", "message/rfc822", WEBHOOK_BY_MAIL, write_mail},
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

enum webhook_way webhook_format_way(const char *name)
{
    const struct webhook_format *format = find(name);
    return format ? format->way : WEBHOOK_BY_HTTP;
}

/* Where a person answers the event, or looks at the request, with a NUL. A message for many names nobody: on that page one signs in. */
static void write_link(const json_t *event, const char *base_url, struct buf *out)
{
    struct bytes id = json_member_bytes(json_object_get(event, "data"), "id");
    if (base_url[0] && id.size > 0) {
        bool asks = notice_event_asks(json_member_bytes(event, "type"));
        buf_append_fmt(out, "%s/#/%s/", base_url, asks ? "confirm" : "requests");
        percent_encode(out, id, NULL);
    }
    buf_append_byte(out, '\0');
}

static enum status write_words(const struct webhook_format *format, const struct webhook_message *message,
                               const json_t *event, struct buf *out, struct err *err)
{
    const json_t *request = json_object_get(event, "data");
    CLEANUP(format_words_fini) struct format_words words = {0};
    CLEANUP(buf_fini) struct buf link = {0};
    write_link(event, message->base_url, &link);
    if (buf_status(&link) != STATUS_OK)
        return err_no_memory(err);
    const char *page = link.size > 1 ? (const char *)link.data : NULL;
    enum status status =
        format_words_of(text_or(json_string_value(json_object_get(event, "type")), ""), request,
                        message->decide_url ? message->decide_url : page, &words, err);
    if (status != STATUS_OK)
        return status;
    words.link_decides = message->decide_url != NULL;
    return format->write(message, &words, request, out, err);
}

enum status webhook_format_write(const struct webhook_message *message, struct buf *out,
                                 const char **ret_content_type, struct err *err)
{
    const struct webhook_format *format = find(message->format);
    struct bytes event = message->event;
    if (!format)
        return err_set(err, STATUS_INVALID_ARGUMENT, "there is no format \"%.40s\"", message->format);
    *ret_content_type = format->content_type;
    if (!format->write) {
        buf_append_bytes(out, event);
        return buf_status(out) == STATUS_OK ? STATUS_OK : err_no_memory(err);
    }
    json_t *json = json_loadb((const char *)event.data, event.size, JSON_ALLOW_NUL, NULL);
    enum status status = json ? write_words(format, message, json, out, err)
                              : err_set(err, STATUS_MALFORMED, "the event is not JSON");
    json_decref(json);
    return status;
}
