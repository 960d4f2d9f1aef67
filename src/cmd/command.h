/* SPDX-License-Identifier: MIT */
/* command.h — commands as rows, and finding the one that was typed.
 *
 * A command is a name of one or more words ("dev", "instance ls", "key create"), the settings and positionals that
 * it takes, and a function. A folder of commands exports a list of rows; main.c lists the lists. Help, the manual
 * page and the refusal of what is not there derive from the rows. Owns nothing; knows no command by name. */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include "cmd/option.h"

#define EXIT_GOOD   0
#define EXIT_FAILED 1
#define EXIT_USAGE  2

#define COMMAND_WORDS_MAX 5 /* of a name: "az durabletask scheduler identity assign" */

struct command_list;

struct command {
    const char *name; /* words with one space between them */
    /* Returns the process's exit code. The values hold the positionals, too, as many as the syntax asks for. */
    int (*run)(const struct command *command, const struct option_values *values);
    struct option_syntax syntax;
    const char *summary; /* one line for the list of all */
    const char *about;   /* for the command's own help; lines without a break at the end */
    /* In place of `run` and the syntax: the words behind the name, read by a grammar of its own. `lists` are those of all
     * commands. NULL: the command has none. */
    int (*run_words)(const struct command_list *lists, size_t list_count, int argc, char *const *argv);
};

struct command_list {
    const char *title;          /* above its rows in the list of all; NULL: none */
    const struct command *rows; /* up to one without a name */
};

/* The command whose words `argv` begins with, the one with the most of them, or NULL. `ret_words` gets how many. */
const struct command *command_find(const struct command_list *lists, size_t list_count, int argc,
                                   char *const *argv, int *ret_words);
/* True when the first words of `argv` (at least one) begin the names of several commands: a group such as
 * "instance". `ret_name` gets these words. */
bool command_is_group(const struct command_list *lists, size_t list_count, int argc, char *const *argv,
                      char *ret_name, size_t size);
/* Why nothing was found: the words that were typed, and the nearest name if one is near. */
void command_say_unknown(const struct command_list *lists, size_t list_count, int argc, char *const *argv,
                         struct buf *out);

/* Appends one line for each command, under the titles of the lists; of a group only its own if `group` is not NULL. */
void command_help_list(const struct command_list *lists, size_t list_count, const char *group,
                       struct buf *out);
/* The width of the names in that list, for lines that stand below it. */
int command_help_width(const struct command_list *lists, size_t list_count, const char *group);
/* Appends usage, what it is about, and its options. */
void command_help(const struct command *command, struct buf *out);

#endif
