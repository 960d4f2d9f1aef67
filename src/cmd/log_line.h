/* SPDX-License-Identifier: MIT */
/* log_line.h — one log event as one line, for people or for programs. Pure; allocates nothing, for a line may
 * have to tell that memory is out.
 *
 *   text  2026-11-22T10:00:00.000Z level=info area=svc/app submitted id=… by="ann" bytes=12
 *   json  {"time":"…","level":"info","area":"svc/app","message":"submitted","fields":{"id":"…","by":"ann",…}}
 *
 * What others wrote, such as the text of an error, may stand in a value, so the fields of the JSON form are an
 * object of their own: nothing can pose as the level or the message. All values are texts. */
#ifndef CMD_LOG_LINE_H
#define CMD_LOG_LINE_H

#include "base/bytes.h"
#include "base/log.h"

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

#define LOG_LINE_SIZE_MAX 8192 /* bytes: 1000 of text, each at most six in JSON, and what is around them */

struct log_event {
    enum log_level level;
    const char *at; /* RFC 3339 */
    const char *area;
    const char *text; /* "message key=value key="a value"" */
    bool journal;     /* the journal reads the line: it begins with the priority, "<4>" */
};

/* The name of a level, and the level of a name; false for a text that is none. */
const char *log_level_name(enum log_level level);
bool log_level_parse(const char *name, enum log_level *ret_level);
bool log_format_parse(const char *name, enum log_format *ret_format);
/* The line with its line feed; returns its size. Control characters become '?', or escapes in JSON, so that
 * one event stays one line; bytes that are not UTF-8 become '?' in JSON. */
size_t log_line_format(const struct log_event *event, enum log_format format,
                       char ret_line[LOG_LINE_SIZE_MAX]);

#endif
