/* SPDX-License-Identifier: MIT */
/* words.c — the same for all formats: which headline, which rows, how much of a text, and what of it can be seen. */
#include "base/hidden.h"
#include "base/text.h"
#include "core/notice/format/format.h"
#include "wire/json/json.h"

static const struct {
    const char *event;
    const char *headline;
    bool urgent;
} headlines[] = {
    {"request.submitted", "Submitted", false},
    {"request.run_started", "Runs", false},
    {"request.run_ended", "The run is over", false},
    {"request.waiting", "Waits for a decision", true},
    {"request.reminder", "Still waits for a decision", true},
    {"request.vote", "Somebody answered", false},
    {"request.cleared", "May run", false},
    {"request.changes_requested", "Changes are asked for", false},
    {"request.revised", "There is a new revision", false},
    {"request.approved", "Approved", false},
    {"request.rejected", "Rejected", false},
    {"request.timed_out", "Nobody decided in time", false},
    {"request.failed", "Failed", false},
    {"request.cancelled", "Cancelled", false},
    {"request.released", "The result is released", false},
    {"request.continued", "What follows was started", false},
    {"webhook.ping", "A test", false},
};

/* --- visible text --- */

static unsigned code_point(struct bytes text, size_t at)
{
    static const uint8_t first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t size = MIN(utf8_lead_size(text.data[at]), text.size - at);
    unsigned point = text.data[at] & first[size];
    for (size_t i = 1; i < size; i++)
        point = point << 6 | (text.data[at + i] & 0x3f);
    return point;
}

/* Bytes of the character at `at`; `*ret_sound` false: it is none. */
static size_t character_at(struct bytes text, size_t at, bool *ret_sound)
{
    size_t size = utf8_lead_size(text.data[at]);
    *ret_sound = size <= text.size - at && bytes_utf8_valid(bytes_slice(text, at, size));
    return *ret_sound ? size : 1;
}

void format_append_visible(struct buf *out, struct bytes text, size_t size_max, size_t lines_max)
{
    size_t begin = out->size, lines = 1;
    for (size_t at = 0; at < text.size;) {
        bool sound;
        size_t size = character_at(text, at, &sound);
        uint8_t byte = text.data[at];
        bool line_end = byte == '\n';
        if (out->size - begin + 12 > size_max || (line_end && lines_max > 1 && lines == lines_max)) {
            buf_append_cstr(out, "…");
            return;
        }
        if (line_end && lines_max > 1) {
            buf_append_byte(out, '\n');
            lines++;
        } else if (line_end || byte == '\t') {
            buf_append_byte(out, ' ');
        } else if (byte == '\r') {
            /* of a line's end, or it would write over what stands before */
        } else if (!sound) {
            buf_append_byte(out, '?');
        } else if (hidden_size(text, at) > 0) {
            buf_append_fmt(out, "[U+%04X]", code_point(text, at));
        } else {
            buf_append(out, text.data + at, size);
        }
        at += size;
    }
}

/* --- rows --- */

static struct buf *add_row(struct format_words *words, const char *name)
{
    if (words->row_count == FORMAT_ROWS)
        return NULL;
    struct format_row *row = &words->rows[words->row_count++];
    row->name = name;
    return &row->value;
}

static void add_text(struct format_words *words, const char *name, const json_t *text)
{
    struct bytes bytes = json_bytes(text);
    struct buf *value = bytes.size > 0 ? add_row(words, name) : NULL;
    if (value)
        format_append_visible(value, bytes, FORMAT_VALUE_SIZE_MAX, 1);
}

/* "2026-11-29 17:51 UTC" of a time of ours. */
static void add_time(struct format_words *words, const char *name, const json_t *time)
{
    struct bytes text = json_bytes(time);
    struct buf *value = text.size >= 16 ? add_row(words, name) : NULL;
    if (!value)
        return;
    format_append_visible(value, bytes_slice(text, 0, 10), 40, 1);
    buf_append_byte(value, ' ');
    format_append_visible(value, bytes_slice(text, 11, 5), 40, 1);
    buf_append_cstr(value, " UTC");
}

/* {"id","name","kind"}, or a name; where nobody signs in, the name that was given. */
static const json_t *submitter_of(const json_t *request)
{
    const json_t *submitter = json_object_get(request, "submitter"),
                 *said = json_object_get(request, "submittedBy");
    bool local = bytes_equal_cstr(json_bytes(json_object_get(submitter, "kind")), "local");
    if (json_is_string(said) && (local || !json_is_object(submitter)))
        return said;
    return json_object_get(submitter, "name");
}

static void add_labels(struct format_words *words, json_t *labels)
{
    const char *key;
    json_t *label;
    CLEANUP(buf_fini) struct buf text = {0};
    json_object_foreach(labels, key, label)
    {
        buf_append_fmt(&text, "%s%s=", text.size > 0 ? ", " : "", key);
        buf_append_bytes(&text, json_bytes(label));
    }
    struct buf *value = text.size > 0 && buf_status(&text) == STATUS_OK ? add_row(words, "Labels") : NULL;
    if (value)
        format_append_visible(value, buf_peek(&text), FORMAT_VALUE_SIZE_MAX, 1);
}

static void add_excerpt(struct format_words *words, const json_t *request)
{
    struct bytes comment = json_bytes(json_object_get(json_object_get(request, "decision"), "comment"));
    if (comment.size == 0)
        return;
    words->excerpt_name = "Comment";
    format_append_visible(&words->excerpt, comment, FORMAT_EXCERPT_SIZE_MAX, FORMAT_EXCERPT_LINES);
}

static void write_title(struct format_words *words, const json_t *request)
{
    struct bytes purpose = json_bytes(json_object_get(request, "purpose"));
    if (!bytes_utf8_blank(purpose)) {
        format_append_visible(&words->title, purpose, FORMAT_TITLE_SIZE_MAX, 1);
        return;
    }
    if (!json_object_get(request, "id")) {
        buf_append_cstr(&words->title, "nothing happened, and nothing is to be done");
        return;
    }
    buf_append_cstr(&words->title, "Request ");
    format_append_visible(&words->title, bytes_slice(json_bytes(json_object_get(request, "id")), 0, 8), 40,
                          1);
}

static void set_headline(struct format_words *words, const char *type)
{
    static const struct bytes prefix = BYTES_LITERAL("sallyport.");
    struct bytes name = bytes_of_cstr(type);
    if (bytes_starts_with(name, prefix))
        name = bytes_slice(name, prefix.size, SIZE_MAX);
    words->headline = "Something happened";
    for (size_t i = 0; i < ARRAY_SIZE(headlines); i++) {
        if (!bytes_equal_cstr(name, headlines[i].event))
            continue;
        words->headline = headlines[i].headline;
        words->urgent = headlines[i].urgent;
    }
}

static bool link_is_sound(const char *link)
{
    struct bytes text = bytes_of_cstr(link);
    if (!bytes_starts_with(text, BYTES_LITERAL("https://")) &&
        !bytes_starts_with(text, BYTES_LITERAL("http://")))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f || strchr("\"<>\\^`{|}", text.data[i]))
            return false;
    return text.size <= FORMAT_LINK_SIZE_MAX;
}

static enum status words_status(const struct format_words *words)
{
    enum status status = buf_status(&words->title);
    for (size_t i = 0; status == STATUS_OK && i < words->row_count; i++)
        status = buf_status(&words->rows[i].value);
    if (status != STATUS_OK)
        return status;
    return buf_status(&words->excerpt);
}

enum status format_words_of(const char *type, const json_t *request, const char *link,
                            struct format_words *ret_words, struct err *err)
{
    *ret_words = (struct format_words){.link = link};
    if (link && !link_is_sound(link))
        return err_set(err, STATUS_INVALID_ARGUMENT, "the link of a message is no plain http URL");
    set_headline(ret_words, type);
    write_title(ret_words, request);
    add_text(ret_words, "Submitted by", submitter_of(request));
    add_text(ret_words, "On behalf of", json_object_get(request, "onBehalfOf"));
    add_labels(ret_words, json_object_get(request, "labels"));
    add_text(ret_words, "Decided by", json_object_get(json_object_get(request, "decision"), "by"));
    add_text(ret_words, "Policy", json_object_get(json_object_get(request, "policy"), "due"));
    if (ret_words->urgent)
        add_time(ret_words, "Until", json_object_get(request, "deadline"));
    add_excerpt(ret_words, request);
    return words_status(ret_words) == STATUS_OK ? STATUS_OK
                                                : err_set(err, STATUS_NO_MEMORY, "no memory for a message");
}

void format_words_fini(struct format_words *words)
{
    buf_fini(&words->title);
    for (size_t i = 0; i < words->row_count; i++)
        buf_fini(&words->rows[i].value);
    buf_fini(&words->excerpt);
}
