/* SPDX-License-Identifier: MIT */
/* option.h — settings as data: one table, from which the command line, the environment, the configuration
 * file,
 * `--help` and the reference all derive.
 *
 * A setting is looked for on the command line, then in the environment, then in `--config FILE`, then its
 * default is taken. No value is parsed twice: what comes out is checked and in its unit. An unknown name is
 * an error that names the nearest known one. Owns nothing but a `struct option_values`; text values point
 * into argv, the environment or the file's text, which live as long as the values do. */
#ifndef CMD_OPTION_H
#define CMD_OPTION_H

#include "base/buf.h"
#include "base/bytes.h"

enum option_kind {
    OPTION_FLAG, /* no argument on the command line; true/false elsewhere */
    OPTION_TEXT,
    OPTION_COUNT,    /* whole number */
    OPTION_SIZE,     /* bytes; suffixes K, M, G (powers of 1024) */
    OPTION_DURATION, /* nanoseconds; suffixes ms, s, m, h, d; a bare number is seconds */
};

#define OPTION_MAX 64 /* settings in one table */

struct option_spec {
    const char *name; /* "approval-timeout": --approval-timeout, approval-timeout = … in the file */
    enum option_kind kind;
    const char *argument;    /* what `--help` shows, such as "SECONDS"; NULL for a flag */
    const char *environment; /* variable, or NULL */
    const char *initial;     /* default as text, or NULL: absent */
    int64_t min, max;        /* for numbers, inclusive, in the unit of the kind */
    unsigned commands;       /* bit set of the commands that know it */
    const char *help;        /* one line, no full stop */
    bool secret;             /* its value is shown nowhere */
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

struct option_values {
    struct option_value at[OPTION_MAX]; /* by index in the table */
    char *file_text;                    /* the configuration file, owned */
};

/* Reads `argc` arguments (without program and command) for the command with bit `command`. `file` names the
 * setting that holds the configuration file's path. INVALID_ARGUMENT with a text that says what to type
 * instead. */
STATUS_RESULT option_parse(const struct option_spec *table, size_t count, unsigned command, int argc,
                           char *const *argv, const char *(*environment)(const char *name), const char *file,
                           struct option_values *ret_values, struct err *err);
void option_values_fini(struct option_values *values);
/* The value of a setting by name; the name must be in the table. */
const struct option_value *option_get(const struct option_spec *table, size_t count,
                                      const struct option_values *values, const char *name);
/* The options part of a help text for one command. */
void option_help(const struct option_spec *table, size_t count, unsigned command, struct buf *out);
/* Of `count` names, the one nearest to `given` by edit distance, or NULL if none is near. */
const char *option_nearest(const char *given, const char *const *names, size_t count);

#endif
