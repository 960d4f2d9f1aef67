/* SPDX-License-Identifier: MIT */
/* mail.c — headers of ASCII only, one a line, the subject in encoded words (RFC 2047), the text in base64 (RFC 2045 section 6.8), so
 * that no line of others is ever a line of the message. */
#include <stdio.h>

#include "base/duration.h"
#include "base/encode.h"
#include "base/text.h"
#include "core/notice/format/format.h"

#define WORD_BYTES  39 /* bytes in one encoded word, which has 64 with its frame, behind "Subject: " */
#define BASE64_LINE 57 /* bytes in a line of 76 digits */

/* --- what may stand in a header as it is --- */

static bool is_of(struct bytes text, const char *more)
{
    for (size_t i = 0; i < text.size; i++)
        if (!ascii_alnum(text.data[i]) && (text.data[i] == '\0' || !strchr(more, text.data[i])))
            return false;
    return text.size > 0;
}

/* No empty part between dots (RFC 5322 section 3.2.3, dot-atom). */
static bool is_dotted(struct bytes text)
{
    return text.size > 0 && text.data[0] != '.' && text.data[text.size - 1] != '.' &&
           bytes_find(text, BYTES_LITERAL("..")) == text.size;
}

bool format_is_mail_address(struct bytes text)
{
    struct bytes domain = text, local = bytes_split(&domain, '@');
    return text.size <= FORMAT_ADDRESS_MAX && local.size <= 64 && is_of(local, "!#$%&'*+-/=?^_`{|}~.") &&
           is_dotted(local) && is_of(domain, "-.") && is_dotted(domain) && domain.data[0] != '-';
}

static bool is_message_id(const char *text)
{
    struct bytes domain = bytes_of_cstr(text), local = bytes_split(&domain, '@');
    return strlen(text) <= 200 && is_of(local, ".-_") && is_of(domain, ".-");
}

static bool is_date(const char *text)
{
    return is_of(bytes_of_cstr(text), " ,:+-") && strlen(text) < 40;
}

/* --- the subject --- */

/* Whole characters of UTF-8 in each word (RFC 2047 section 5). */
static void append_subject(struct buf *out, const struct format_words *words)
{
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_fmt(&text, "%s: ", words->headline);
    buf_append_bytes(&text, buf_peek(&words->title));
    struct bytes rest = buf_peek(&text);
    buf_append_cstr(out, "Subject:");
    while (rest.size > 0) {
        struct bytes piece = bytes_utf8_prefix(rest, WORD_BYTES);
        if (rest.size != text.size)
            buf_append_cstr(out, "\r\n");
        buf_append_cstr(out, " =?UTF-8?B?");
        base64_encode(out, piece);
        buf_append_cstr(out, "?=");
        rest = bytes_slice(rest, MAX(piece.size, (size_t)1), SIZE_MAX);
    }
    buf_append_cstr(out, "\r\n");
    if (text.failed)
        out->failed = true;
}

/* --- the text --- */

/* Each line of others has a bar in front, so that none looks like one of ours. */
static void append_barred(struct buf *out, struct bytes text)
{
    while (text.data) {
        struct bytes line = bytes_split(&text, '\n');
        buf_append_cstr(out, "  | ");
        buf_append_bytes(out, line);
        buf_append_cstr(out, "\r\n");
    }
}

static void append_text(struct buf *out, const struct format_words *words)
{
    buf_append_fmt(out, "%s\r\n\r\n", words->headline);
    append_barred(out, buf_peek(&words->title));
    buf_append_cstr(out, "\r\n");
    if (words->link)
        buf_append_fmt(out, "%s\r\n%s\r\n\r\n",
                       words->link_decides ? "Look at it, and answer, here; opening it decides nothing:"
                                           : "Look at it here:",
                       words->link);
    for (size_t i = 0; i < words->row_count; i++) {
        buf_append_fmt(out, "%s:\r\n", words->rows[i].name);
        append_barred(out, buf_peek(&words->rows[i].value));
    }
    if (words->excerpt_name) {
        buf_append_fmt(out, "%s:\r\n", words->excerpt_name);
        append_barred(out, buf_peek(&words->excerpt));
    }
    if (words->link && words->link_decides)
        buf_append_cstr(
            out,
            "\r\nThe link is yours alone: whoever has it can answer in your name. Do not forward it.\r\n");
}

static void append_base64(struct buf *out, struct bytes text)
{
    for (size_t at = 0; at < text.size; at += BASE64_LINE) {
        base64_encode(out, bytes_slice(text, at, BASE64_LINE));
        buf_append_cstr(out, "\r\n");
    }
}

/* RFC 5322 section 3.3, in any locale. 1970-01-01 was a Thursday. */
void format_mail_date(int64_t unix_ns, char ret_date[FORMAT_DATE_SIZE])
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[TIME_TEXT_SIZE_MAX]; /* 2026-11-29T08:09:46Z */
    size_t month, day = (size_t)(MAX(unix_ns, 0) / (86400 * NS_PER_S) % 7);
    (void)time_format(MAX(unix_ns, 0), 0, text);
    month = (size_t)(text[5] - '0') * 10 + (size_t)(text[6] - '0');
    (void)snprintf(ret_date, FORMAT_DATE_SIZE, "%s, %.2s %s %.4s %.8s +0000", days[day], text + 8,
                   months[(month - 1) % 12], text, text + 11);
}

enum status format_mail(const struct format_words *words, const struct format_mail *mail, struct buf *out,
                        struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    if (!format_is_mail_address(bytes_of_cstr(mail->from)) ||
        !format_is_mail_address(bytes_of_cstr(mail->to)))
        return err_set(err, STATUS_INVALID_ARGUMENT, "a mail needs two plain addresses");
    if (!is_message_id(mail->message_id) || (mail->thread_id && !is_message_id(mail->thread_id)) ||
        !is_date(mail->date))
        return err_set(err, STATUS_INVALID_ARGUMENT, "an id or the date of a mail cannot stand in a header");
    append_text(&text, words);
    buf_append_fmt(out, "From: Sallyport <%s>\r\nTo: <%s>\r\nDate: %s\r\nMessage-ID: <%s>\r\n", mail->from,
                   mail->to, mail->date, mail->message_id);
    if (mail->thread_id)
        buf_append_fmt(out, "In-Reply-To: <%s>\r\nReferences: <%s>\r\n", mail->thread_id, mail->thread_id);
    append_subject(out, words);
    buf_append_cstr(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; "
                         "charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
                         "Auto-Submitted: auto-generated\r\n\r\n");
    append_base64(out, buf_peek(&text));
    return buf_status(&text) == STATUS_OK && buf_status(out) == STATUS_OK
               ? STATUS_OK
               : err_set(err, STATUS_NO_MEMORY, "no memory for a mail");
}
