/* SPDX-License-Identifier: MIT */
/* confirm_message.c — a table of formats. */
#include "svc/confirm/confirm_message.h"

#include <stdio.h>

#include "base/text.h"
#include "core/notice/format/format.h"

#define TOPIC_BYTES 64 /* bytes (docs.ntfy.sh, "Topic names") */

static bool is_topic(struct bytes topic)
{
    for (size_t i = 0; i < topic.size; i++)
        if (!ascii_alnum(topic.data[i]) && topic.data[i] != '-' && topic.data[i] != '_')
            return false;
    return topic.size > 0 && topic.size <= TOPIC_BYTES;
}

static enum status write_slack(const struct confirm_message *message, const struct format_words *words,
                               struct buf *out, struct err *err)
{
    return format_slack(words, out);
}

static enum status write_teams(const struct confirm_message *message, const struct format_words *words,
                               struct buf *out, struct err *err)
{
    return format_teams(words, out);
}

static enum status write_ntfy(const struct confirm_message *message, const struct format_words *words,
                              struct buf *out, struct err *err)
{
    char topic[TOPIC_BYTES + 1] = "sallyport";
    if (message->topic.data && !is_topic(message->topic))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "The topic must be up to 64 letters, digits, '-' and '_'.");
    if (message->topic.data)
        (void)snprintf(topic, sizeof topic, "%.*s", BYTES_FMT(message->topic));
    return format_ntfy(words, topic, out);
}

/* To themselves, by their own mail server: both addresses are theirs. */
static enum status write_mail(const struct confirm_message *message, const struct format_words *words,
                              struct buf *out, struct err *err)
{
    char date[FORMAT_DATE_SIZE], id[120], thread[120];
    const char *at = strchr(message->name, '@'), *request = json_member_text(message->request, "id");
    if (!format_is_mail_address(bytes_of_cstr(message->name)))
        return err_set(err, STATUS_INVALID_ARGUMENT, "A mail needs an address: your name here is none.");
    (void)snprintf(id, sizeof id, "%lld.%.40s%.60s", (long long)message->now_ns, text_or(request, ""), at);
    (void)snprintf(thread, sizeof thread, "%.40s%.60s", text_or(request, ""), at);
    format_mail_date(message->now_ns, date);
    const struct format_mail mail = {
        .from = message->name, .to = message->name, .message_id = id, .thread_id = thread, .date = date};
    return format_mail(words, &mail, out, err);
}

static const struct {
    const char *name;
    enum status (*write)(const struct confirm_message *message, const struct format_words *words,
                         struct buf *out, struct err *err);
    bool is_text; /* not JSON */
} formats[] = {{"slack", write_slack, false},
               {"teams", write_teams, false},
               {"ntfy", write_ntfy, false},
               {"email", write_mail, true}};

enum status confirm_message_write(const struct confirm_message *message, struct json_writer *json,
                                  struct err *err)
{
    CLEANUP(format_words_fini) struct format_words words = {0};
    CLEANUP(buf_fini) struct buf text = {0};
    size_t which = 0;
    while (which < ARRAY_SIZE(formats) && !bytes_equal_cstr(message->format, formats[which].name))
        which++;
    if (which == ARRAY_SIZE(formats))
        return err_set(err, STATUS_INVALID_ARGUMENT, "The format must be slack, teams, ntfy or email.");
    enum status status = format_words_of("request.waiting", message->request, message->url, &words, err);
    words.link_decides = true;
    if (status == STATUS_OK)
        status = formats[which].write(message, &words, &text, err);
    if (status != STATUS_OK)
        return err->status == status ? status : err_set(err, status, "The message could not be made.");
    json_write_key(json, "message");
    if (formats[which].is_text)
        json_write_string(json, buf_peek(&text));
    else
        json_write_raw(json, buf_peek(&text));
    return STATUS_OK;
}
