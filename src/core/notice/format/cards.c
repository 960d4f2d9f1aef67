/* SPDX-License-Identifier: MIT */
/* cards.c — the formats that are JSON. Each has a kind of text in which the receiver looks for no markup; text of others stands in that
 * kind only. Slack: docs.slack.dev, "Block Kit", plain_text and rich_text_preformatted. Teams: learn.microsoft.com,
 * "Text formatting in cards" (Markdown in TextBlock and facts) and "TextRun" (none). ntfy: docs.ntfy.sh, "Publish as JSON". */
#include "core/notice/format/format.h"
#include "wire/json/json.h"

static void write_text(struct json_writer *json, const char *type, struct bytes text)
{
    json_write_begin_object(json);
    json_write_member_cstr(json, "type", type);
    json_write_member_string(json, "text", text);
    json_write_end_object(json);
}

static enum status finish(struct json_writer *json, struct buf *out)
{
    enum status status = json_write_status(json);
    if (status != STATUS_OK)
        return status;
    return buf_status(out);
}

/* "Waits for a decision: churn by plan", without markup. */
static void append_summary(struct buf *out, const struct format_words *words)
{
    buf_append_fmt(out, "%s: ", words->headline);
    buf_append_bytes(out, buf_peek(&words->title));
}

/* --- Slack --- */

/* What is not in a block is shown in notifications, and is looked through for mentions (docs.slack.dev, "Formatting message text"). */
static void write_slack_fallback(struct json_writer *json, const struct format_words *words)
{
    CLEANUP(buf_fini) struct buf plain = {0};
    CLEANUP(buf_fini) struct buf escaped = {0};
    append_summary(&plain, words);
    for (size_t i = 0; i < plain.size; i++) {
        uint8_t byte = plain.data[i];
        if (byte == '&')
            buf_append_cstr(&escaped, "&amp;");
        else if (byte == '<')
            buf_append_cstr(&escaped, "&lt;");
        else if (byte == '>')
            buf_append_cstr(&escaped, "&gt;");
        else
            buf_append_byte(&escaped, byte);
    }
    json_write_member_string(json, "text", buf_peek(&escaped));
}

static void write_slack_plain(struct json_writer *json, struct bytes text)
{
    json_write_begin_object(json);
    json_write_member_cstr(json, "type", "plain_text");
    json_write_member_string(json, "text", text);
    json_write_member_bool(json, "emoji", false);
    json_write_end_object(json);
}

static void begin_block(struct json_writer *json, const char *type)
{
    json_write_begin_object(json);
    json_write_member_cstr(json, "type", type);
}

static void write_slack_head(struct json_writer *json, const struct format_words *words)
{
    begin_block(json, "header");
    json_write_key(json, "text");
    write_slack_plain(json, buf_peek(&words->title));
    json_write_end_object(json);
    begin_block(json, "section");
    json_write_key(json, "text");
    write_slack_plain(json, bytes_of_cstr(words->headline));
    json_write_end_object(json);
}

static void write_slack_rows(struct json_writer *json, const struct format_words *words)
{
    if (words->row_count == 0)
        return;
    begin_block(json, "section");
    json_write_key(json, "fields");
    json_write_begin_array(json);
    for (size_t i = 0; i < words->row_count; i++) {
        CLEANUP(buf_fini) struct buf text = {0};
        buf_append_fmt(&text, "%s\n", words->rows[i].name);
        buf_append_bytes(&text, buf_peek(&words->rows[i].value));
        write_slack_plain(json, buf_peek(&text));
    }
    json_write_end_array(json);
    json_write_end_object(json);
}

static void write_slack_excerpt(struct json_writer *json, const struct format_words *words)
{
    if (!words->excerpt_name)
        return;
    begin_block(json, "rich_text");
    json_write_key(json, "elements");
    json_write_begin_array(json);
    begin_block(json, "rich_text_preformatted");
    json_write_key(json, "elements");
    json_write_begin_array(json);
    write_text(json, "text", buf_peek(&words->excerpt));
    json_write_end_array(json);
    json_write_end_object(json);
    json_write_end_array(json);
    json_write_end_object(json);
}

/* `value` and `url`: NULL for a button without. */
static void write_slack_button(struct json_writer *json, const char *label, const char *action,
                               const char *value, const char *url)
{
    begin_block(json, "button");
    json_write_key(json, "text");
    write_slack_plain(json, bytes_of_cstr(label));
    json_write_member_cstr(json, "action_id", action);
    if (value)
        json_write_member_cstr(json, "value", value);
    if (url)
        json_write_member_cstr(json, "url", url);
    json_write_end_object(json);
}

static void write_slack_buttons(struct json_writer *json, const struct format_words *words)
{
    if (!words->link && !words->button_value)
        return;
    begin_block(json, "actions");
    json_write_key(json, "elements");
    json_write_begin_array(json);
    if (words->button_value) {
        write_slack_button(json, "Approve", FORMAT_SLACK_APPROVE, words->button_value, NULL);
        write_slack_button(json, "Reject", FORMAT_SLACK_REJECT, words->button_value, NULL);
    }
    if (words->link)
        write_slack_button(json, "Open", "sallyport.open", NULL, words->link);
    json_write_end_array(json);
    json_write_end_object(json);
}

enum status format_slack(const struct format_words *words, struct buf *out)
{
    struct json_writer json = {.out = out};
    json_write_begin_object(&json);
    write_slack_fallback(&json, words);
    json_write_member_bool(&json, "mrkdwn", false);
    json_write_member_bool(&json, "unfurl_links", false);
    json_write_member_bool(&json, "unfurl_media", false);
    json_write_key(&json, "blocks");
    json_write_begin_array(&json);
    write_slack_head(&json, words);
    write_slack_rows(&json, words);
    write_slack_excerpt(&json, words);
    write_slack_buttons(&json, words);
    json_write_end_array(&json);
    json_write_end_object(&json);
    return finish(&json, out);
}

/* --- Teams --- */

/* "{{" begins a function of dates in a card, wherever it stands. */
static void write_run(struct json_writer *json, struct bytes text, const char *weight, bool monospace)
{
    CLEANUP(buf_fini) struct buf apart = {0};
    for (size_t i = 0; i < text.size; i++) {
        buf_append_byte(&apart, text.data[i]);
        if (text.data[i] == '{' && i + 1 < text.size && text.data[i + 1] == '{')
            buf_append_byte(&apart, ' ');
    }
    json_write_begin_object(json);
    json_write_member_cstr(json, "type", "TextRun");
    json_write_member_string(json, "text", buf_peek(&apart));
    if (weight)
        json_write_member_cstr(json, "weight", weight);
    if (monospace)
        json_write_member_cstr(json, "fontType", "Monospace");
    json_write_end_object(json);
}

static void begin_runs(struct json_writer *json)
{
    json_write_begin_object(json);
    json_write_member_cstr(json, "type", "RichTextBlock");
    json_write_key(json, "inlines");
    json_write_begin_array(json);
}

static void end_runs(struct json_writer *json)
{
    json_write_end_array(json);
    json_write_end_object(json);
}

static void write_teams_row(struct json_writer *json, const struct format_row *row)
{
    CLEANUP(buf_fini) struct buf name = {0};
    buf_append_fmt(&name, "%s: ", row->name);
    begin_runs(json);
    write_run(json, buf_peek(&name), "Bolder", false);
    write_run(json, buf_peek(&row->value), NULL, false);
    end_runs(json);
}

static void write_teams_body(struct json_writer *json, const struct format_words *words)
{
    json_write_key(json, "body");
    json_write_begin_array(json);
    begin_runs(json);
    write_run(json, buf_peek(&words->title), "Bolder", false);
    end_runs(json);
    begin_runs(json);
    write_run(json, bytes_of_cstr(words->headline), NULL, false);
    end_runs(json);
    for (size_t i = 0; i < words->row_count; i++)
        write_teams_row(json, &words->rows[i]);
    if (words->excerpt_name) {
        begin_runs(json);
        write_run(json, buf_peek(&words->excerpt), NULL, true);
        end_runs(json);
    }
    json_write_end_array(json);
}

static void write_teams_actions(struct json_writer *json, const struct format_words *words)
{
    if (!words->link)
        return;
    json_write_key(json, "actions");
    json_write_begin_array(json);
    json_write_begin_object(json);
    json_write_member_cstr(json, "type", "Action.OpenUrl");
    json_write_member_cstr(json, "title", "Open");
    json_write_member_cstr(json, "url", words->link);
    json_write_end_object(json);
    json_write_end_array(json);
}

enum status format_teams(const struct format_words *words, struct buf *out)
{
    struct json_writer json = {.out = out};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "type", "message");
    json_write_key(&json, "attachments");
    json_write_begin_array(&json);
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "contentType", "application/vnd.microsoft.card.adaptive");
    json_write_key(&json, "content");
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
    json_write_member_cstr(&json, "type", "AdaptiveCard");
    json_write_member_cstr(&json, "version", "1.4");
    write_teams_body(&json, words);
    write_teams_actions(&json, words);
    json_write_end_object(&json);
    json_write_end_object(&json);
    json_write_end_array(&json);
    json_write_end_object(&json);
    return finish(&json, out);
}

/* --- ntfy --- */

static void append_ntfy_message(struct buf *out, const struct format_words *words)
{
    buf_append_bytes(out, buf_peek(&words->title));
    for (size_t i = 0; i < words->row_count; i++) {
        buf_append_fmt(out, "\n%s: ", words->rows[i].name);
        buf_append_bytes(out, buf_peek(&words->rows[i].value));
    }
    if (!words->excerpt_name)
        return;
    buf_append_fmt(out, "\n%s:\n", words->excerpt_name);
    buf_append_bytes(out, buf_peek(&words->excerpt));
}

enum status format_ntfy(const struct format_words *words, const char *topic, struct buf *out)
{
    CLEANUP(buf_fini) struct buf message = {0};
    struct json_writer json = {.out = out};
    append_ntfy_message(&message, words);
    if (buf_status(&message) != STATUS_OK)
        return STATUS_NO_MEMORY;
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "topic", topic);
    json_write_member_cstr(&json, "title", words->headline);
    json_write_member_string(&json, "message", buf_peek(&message));
    json_write_member_int(&json, "priority", words->urgent ? 4 : 3);
    json_write_member_bool(&json, "markdown", false);
    if (words->link)
        json_write_member_cstr(&json, "click", words->link);
    json_write_end_object(&json);
    return finish(&json, out);
}
