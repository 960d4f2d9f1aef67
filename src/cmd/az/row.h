/* SPDX-License-Identifier: MIT */
/* row.h — the commands of `sallyport az` as rows: words, arguments, the request that they become, and what is shown of
 * the answer. The parser, the help texts, the completion and the requests derive from the rows. Owns nothing. */
#ifndef CMD_AZ_ROW_H
#define CMD_AZ_ROW_H

#include "base/buf.h"
#include "wire/json/json.h"

#define AZ_ARGUMENTS_MAX 40 /* of one command, with the global ones */

enum az_kind {
    AZ_TEXT,
    AZ_FLAG,  /* takes no value */
    AZ_YESNO, /* true or false; alone: true */
    AZ_COUNT, /* whole number */
    AZ_TEXTS, /* one or more */
    AZ_PAIRS, /* NAME=VALUE, any number: an object */
    AZ_VALUE, /* JSON, or the shorthand [a,{b:c}] */
};

#define AZ_CHOICES(...) ((const char *const[]){__VA_ARGS__, NULL})

struct az_argument {
    /* "--resource-group -g", the first one is its key: "resource-group"; NULL ends a list */
    const char *names;
    enum az_kind kind;
    bool required;
    const char *initial;        /* NULL: none */
    const char *const *choices; /* in any case, up to NULL; NULL: any */
    const char *member;         /* where it goes in the body: "properties.sku.name"; NULL: nowhere */
    const char *preset;         /* what `az configure --defaults` calls it; NULL: it cannot be preset */
    /* a name becomes the id of such a resource of the group: "Microsoft.App/managedEnvironments" */
    const char *type;
    const char *help;
};

struct az_call;

struct az_command {
    const char *name; /* words with one space between them; NULL ends a list */
    const struct az_argument *arguments;
    const char *method;
    /* With {resource-group} for an argument's value, percent-encoded, and {subscription}; what stands in brackets is
     * left out unless its argument was given. NULL: `run` makes the requests. */
    const char *path;
    const char *version; /* api-version; NULL: the directory's API */
    const char *body;    /* JSON that the members are added to; NULL: there is no body */
    const char *select;  /* JMESPath: what counts of the answer; NULL: all of it */
    /* members that are shown as null where the answer has none, with spaces between them */
    const char *nulls;
    const char *drops; /* members that are not shown, with spaces between them */
    const char *table; /* JMESPath: columns of a table */
    bool flat;         /* the members of "properties" are shown one level up */
    bool retags;       /* a PATCH whose tags replace those that are there, as the cloud's CLI has it */
    bool located;      /* without a location that of the group is taken */
    bool asks;         /* wants a yes, or --yes */
    bool silent;       /* prints nothing */
    /* Completes the body; NULL: nothing to do. False: it was said what is wrong. */
    bool (*prepare)(struct az_call *call, json_t *body);
    /* In place of the one request. Returns the exit code. */
    int (*run)(struct az_call *call);
    const char *summary; /* one line, for the group's list */
    const char *example; /* behind "sallyport az "; NULL: none */
};

extern const struct az_command az_rows_account[];
extern const struct az_command az_rows_directory[];
extern const struct az_command az_rows_apps[];
extern const struct az_command az_rows_tasks[];
extern const struct az_command az_rows_deployments[];
/* Of every command. */
extern const struct az_argument az_globals[];

/* The rows of all commands, one after the other; NULL behind the last. Begin with 0. */
const struct az_command *az_row_at(size_t index);
/* True if `words` (with one space between them; "" for all) are the beginning of a command's name, or all of it. */
bool az_row_is_below(const struct az_command *command, const char *words);
/* The n-th argument of a command: its own first, then the global ones; NULL behind the last. */
const struct az_argument *az_argument_at(const struct az_command *command, size_t index);

/* The word number `index` of a text with one space between words, cut to `size`; false if there are not so many. */
bool az_word(const char *text, size_t index, char *ret_word, size_t size);
/* True if `key` ("resource-group") is the first name of the argument. */
bool az_argument_has_key(const struct az_argument *argument, const char *key);

#endif
