/* SPDX-License-Identifier: MIT */
/* option.h — settings as data: tables, from which the command line, the environment, the configuration file,
 * `--help` and the reference all derive.
 *
 * A setting is looked for on the command line, then in the environment, then in `--config FILE`, then its
 * default is taken. A secret can stand in a file that another setting names, which counts as the place where that one stands. No value is parsed twice: what comes out is checked and in its unit. An unknown name is
 * an error that names the nearest known one. What does not begin with "-" is a positional, and so is all behind "--".
 * Owns nothing but a `struct option_values`; text values point into argv, the environment or the file's text, which
 * live as long as the values do. */
#ifndef CMD_OPTION_H
#define CMD_OPTION_H

#include "base/buf.h"
#include "cmd/option_value.h"

#define OPTION_MAX             160 /* settings that one command's tables have */
#define OPTION_SETS_MAX        3   /* tables of one command */
#define OPTION_POSITIONALS_MAX 256 /* of one command line */
#define OPTION_REPEATED_MAX    256 /* values of settings that may be given several times */
#define OPTION_NAME_MAX        64  /* bytes */
#define OPTION_SECRETS_MAX     8   /* secrets that stand in files */

/* The rows of a table that have one of the bits. */
struct option_set {
    const struct option_spec *table; /* up to a row without a name */
    unsigned commands;
};

/* What one command takes. */
struct option_syntax {
    struct option_set sets[OPTION_SETS_MAX]; /* unused ones are zero; a name stands in one of them only */
    /* as help shows them: "ID", "NAME [FILE]", "ID..."; NULL: none. Brackets make one optional, three dots let
     * the last one be repeated */
    const char *positionals;
    const char *file; /* the setting that holds the configuration file's path; NULL: there is none */
};

/* One value of a setting that may be given several times. */
struct option_repeated {
    const struct option_spec *spec;
    const char *text;
};

struct option_values {
    const struct option_syntax *syntax;
    struct option_value at[OPTION_MAX]; /* in the order of the tables, one after the other */
    const char *positionals[OPTION_POSITIONALS_MAX];
    size_t positional_count;
    struct option_repeated repeated[OPTION_REPEATED_MAX]; /* as they were typed */
    size_t repeated_count;
    char *file_text;                   /* the configuration file, owned */
    char *secrets[OPTION_SECRETS_MAX]; /* that were read from files, owned */
    size_t secret_count;
    int argc; /* what was parsed, for option_parse_again */
    char *const *argv;
    const char *(*environment)(const char *name);
};

/* A fault of a configuration file. `line` and `column` begin at 1; the column counts bytes. */
struct option_fault {
    int line;
    int column;
    const char *text; /* what is wrong, and what is expected; valid during the call */
};
/* Reads a configuration file alone and tells of each fault in it, in order. The return value says whether the file could
 * be read. */
STATUS_RESULT option_check_file(const struct option_syntax *syntax, const char *path,
                                void (*on_fault)(void *context, const struct option_fault *fault),
                                void *context, struct err *err);
/* Reads `argc` arguments (without program and command). `syntax` lives as long as the values. INVALID_ARGUMENT with a
 * text that says what to type instead. */
STATUS_RESULT option_parse(const struct option_syntax *syntax, int argc, char *const *argv,
                           const char *(*environment)(const char *name), struct option_values *ret_values,
                           struct err *err);
/* The same command line and environment once more, with the configuration file as it is now, and secrets of files as they were. `values`: of option_parse. */
STATUS_RESULT option_parse_again(const struct option_values *values, struct option_values *ret_values,
                                 struct err *err);
void option_values_fini(struct option_values *values);
/* The value of a setting by name; the name must be in one of the tables, whether the command knows it or not. Of several rows of that
 * name the command's own counts. */
const struct option_value *option_get(const struct option_values *values, const char *name);
/* The same as the number, the text (NULL if absent) or the flag that it is. */
int64_t setting_number(const struct option_values *values, const char *name);
const char *setting_text(const struct option_values *values, const char *name);
bool setting_flag(const struct option_values *values, const char *name);
/* The value number `index`, from 0, of a setting that may be given several times; NULL behind the last one. */
const char *setting_each(const struct option_values *values, const char *name, size_t index);

/* The options part of a help text. */
void option_help(const struct option_syntax *syntax, struct buf *out);

#endif
