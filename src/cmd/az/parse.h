/* SPDX-License-Identifier: MIT */
/* parse.h — which command was typed, and the values of its arguments, with the words of the cloud's `az` for what is
 * wrong. Long names may be shortened as long as they stay unambiguous; --name=VALUE and -nVALUE are the same as two words.
 * Pure: it reads no file and no environment. */
#ifndef CMD_AZ_PARSE_H
#define CMD_AZ_PARSE_H

#include "cmd/az/row.h"

#define AZ_TEXTS_MAX 512 /* values of one command line */

struct az_value {
    bool given; /* typed, preset or initial */
    bool typed;
    size_t first, count; /* of az_values.texts */
};

/* Owns nothing: the texts point into argv, the rows and the presets. */
struct az_values {
    const struct az_command *command;
    struct az_value at[AZ_ARGUMENTS_MAX]; /* in the order of az_argument_at */
    const char *texts[AZ_TEXTS_MAX];
    size_t text_count;
};

/* What `az configure --defaults` keeps: NULL where there is nothing. */
struct az_presets {
    const char *group;
    const char *location;
};

/* The command that the words of argv name, with how many words that took; NULL if they name none. */
const struct az_command *az_parse_command(int argc, char *const *argv, int *ret_words);
/* Why they name none: the word that is wrong, and one that is near; or that there must be another word. `*ret_group` gets how
 * many words are right. */
void az_parse_say_unknown(int argc, char *const *argv, int *ret_group, struct buf *out);

/* Reads the arguments behind the words. False: `refusal` says what is wrong, without an end of line. `presets` may be
 * NULL. */
bool az_parse(const struct az_command *command, int argc, char *const *argv, const struct az_presets *presets,
              struct az_values *ret_values, struct buf *refusal);
/* True if a word of argv asks for help. */
bool az_parse_wants_help(int argc, char *const *argv);

/* The value of an argument by its key; NULL if it was not given or the command has no such argument. */
const struct az_value *az_value_of(const struct az_values *values, const char *key);
/* Its first text; NULL if there is none. */
const char *az_text_of(const struct az_values *values, const char *key);
/* A flag that was typed, or a YESNO that is true. */
bool az_flag_of(const struct az_values *values, const char *key);

#endif
