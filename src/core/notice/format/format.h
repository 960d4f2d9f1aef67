/* SPDX-License-Identifier: MIT */
/* format.h — an event of a request as a message that people read: for Slack, for Teams, for ntfy, as a mail.
 *
 *   event, as /v1/events has it ──► words: a headline, rows, an excerpt, a link ──► one of the formats
 *
 * Nearly every text was chosen by a stranger: purpose, names, labels, comments. INVARIANT: none of it is markup, a mention, a link with
 * another name or a header in any format; it is shown as it is, cut, and what cannot be seen is shown by its number ("[U+202E]").
 * Pure; any thread. */
#ifndef CORE_NOTICE_FORMAT_H
#define CORE_NOTICE_FORMAT_H

#include <jansson.h>

#include "base/buf.h"

/* The actions of buttons in Slack. */
#define FORMAT_SLACK_APPROVE "sallyport.approve"
#define FORMAT_SLACK_REJECT  "sallyport.reject"

#define FORMAT_ROWS             8
#define FORMAT_TITLE_SIZE_MAX   120  /* bytes; the header of a Slack message holds 150 characters */
#define FORMAT_VALUE_SIZE_MAX   300  /* bytes of one row */
#define FORMAT_EXCERPT_SIZE_MAX 1200 /* bytes of a comment or of output */
#define FORMAT_EXCERPT_LINES    20
#define FORMAT_LINK_SIZE_MAX    2000 /* bytes */
#define FORMAT_ADDRESS_MAX      254  /* bytes of a mail address (RFC 5321 section 4.5.3.1.3) */
#define FORMAT_DATE_SIZE        40   /* bytes, with the NUL */
#define FORMAT_HEADER_LINE      76   /* bytes of a header's line with an encoded word (RFC 2047 section 2) */

struct format_row {
    const char *name; /* ours */
    struct buf value; /* visible text of one line */
};

/* What a message says, ready to be escaped. */
struct format_words {
    const char *headline; /* ours: "Waits for a decision" */
    struct buf title;     /* visible, one line */
    struct format_row rows[FORMAT_ROWS];
    size_t row_count;
    const char *excerpt_name; /* ours; NULL: no excerpt */
    struct buf excerpt;       /* visible, of several lines */
    const char *link;         /* borrowed; NULL: none */
    bool urgent;              /* somebody has to act */
    bool link_decides; /* whoever has the link can answer as the person for whom it is, and is told so */
    /* borrowed: what Slack hands back of a button; NULL: there are none that decide */
    const char *button_value;
};

/* Of an event's type ("sallyport.request.waiting" or without its prefix) and its data, the request as a list shows it. `link` (NULL allowed) is an http or https URL of ours in
 * printable ASCII. INVALID_ARGUMENT: it is none; NO_MEMORY. `ret_words` is to be released also then. */
STATUS_RESULT format_words_of(const char *type, const json_t *request, const char *link,
                              struct format_words *ret_words, struct err *err);
void format_words_fini(struct format_words *words);
/* Appends text of others as visible text: hidden characters by their numbers, at most `size_max` bytes and `lines_max` lines (1: line ends are blanks), and "…" where it
 * was cut. Bytes that are not UTF-8 are shown as "?". */
void format_append_visible(struct buf *out, struct bytes text, size_t size_max, size_t lines_max);

/* Each appends one message. NO_MEMORY. */

/* The body of an incoming webhook of Slack: blocks of plain text and a preformatted excerpt, in which nothing is a mention. */
STATUS_RESULT format_slack(const struct format_words *words, struct buf *out);
/* The body that the webhooks of Teams take: an Adaptive Card 1.4. Text of others is in TextRuns, which know no Markdown. */
STATUS_RESULT format_teams(const struct format_words *words, struct buf *out);
/* The JSON that ntfy takes at its root; `topic` is sent as it is. */
STATUS_RESULT format_ntfy(const struct format_words *words, const char *topic, struct buf *out);

struct format_mail {
    const char *from, *to;  /* addresses that format_is_mail_address takes */
    const char *message_id; /* without the brackets: letters, digits, '.', '-', one '@' */
    const char *thread_id;  /* likewise: of all messages about one request; NULL: none */
    const char *date;       /* RFC 5322: "Sun, 29 Nov 2026 08:09:46 +0000" */
};

/* An internet message (RFC 5322) of one part in UTF-8 (RFC 2045), lines ended by CR LF. INVALID_ARGUMENT: an address, an id or the date could be
 * more than one header; NO_MEMORY. */
STATUS_RESULT format_mail(const struct format_words *words, const struct format_mail *mail, struct buf *out,
                          struct err *err);
/* When it was sent, as a mail says it, in UTC. */
void format_mail_date(int64_t unix_ns, char ret_date[FORMAT_DATE_SIZE]);
/* A plain address, "mina@example.org": no quotes, comments, blanks or routes, in ASCII. */
bool format_is_mail_address(struct bytes text);

#endif
