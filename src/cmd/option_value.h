/* SPDX-License-Identifier: MIT */
/* option_value.h — one setting: its row, and how the text that somebody gave it becomes its value: by kind, by words, within
 * its range. Where texts come from is option.c's. Pure. */
#ifndef CMD_OPTION_VALUE_H
#define CMD_OPTION_VALUE_H

#include "base/bytes.h"
#include "base/status.h"

enum option_kind {
    OPTION_FLAG, /* no argument on the command line; true, false, yes, no, 1 or 0 elsewhere */
    OPTION_TEXT,
    OPTION_COUNT,    /* whole number */
    OPTION_SIZE,     /* bytes; suffixes K, M, G (powers of 1024) */
    OPTION_DURATION, /* nanoseconds; suffixes ms, s, m, h, d; a bare number is seconds */
};

struct option_spec {
    const char *name; /* "approval-timeout": --approval-timeout, approval-timeout = … in the file */
    enum option_kind kind;
    const char *argument;    /* what `--help` shows, such as "SECONDS"; NULL for a flag */
    const char *environment; /* variable, or NULL */
    const char *initial;     /* default as text, or NULL: absent */
    int64_t min, max;        /* for numbers, inclusive, in the unit of the kind */
    unsigned commands;       /* bit set of the commands that know it; each table has bits of its own */
    const char *help;        /* one line, no full stop */
    bool secret;             /* its value is shown nowhere */
    /* it names a file with the value of that setting, a secret of the same commands; NULL: it does not */
    const char *file_of;
    bool limit;        /* it bounds something: listed by the command `limits`, too */
    bool reload;       /* a running server takes a new value from the file at SIGHUP */
    const char *words; /* of a text: those that are known, with blanks between them; NULL: any text */
    char letter;       /* 'n': -n NAME is the same; 0: there is none */
    bool repeats;      /* of a text on the command line: it may be given several times; see setting_each */
};

enum option_origin {
    OPTION_DEFAULT,
    OPTION_FROM_FILE,
    OPTION_FROM_ENVIRONMENT,
    OPTION_FROM_COMMAND_LINE,
};

struct option_value {
    bool given; /* from the command line, the environment or the file */
    enum option_origin origin;
    int line; /* in the file, from 1; else 0 */
    int64_t number;
    const char *text; /* NULL: absent */
};

/* `origin`: where the text stands, for people: "command line", "FILE:3". INVALID_ARGUMENT with a text that says what may
 * stand there. The value borrows `text`. */
STATUS_RESULT option_value_set(const struct option_spec *spec, const char *text, const char *origin,
                               struct option_value *ret_value, struct err *err);

#endif
