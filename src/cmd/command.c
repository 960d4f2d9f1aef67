/* SPDX-License-Identifier: MIT */
/* command.c — two parts: names of several words compared with what was typed, and the help texts. */
#include "cmd/command.h"

#include <stdio.h>

#include "base/nearest.h"
#include "base/text.h"

#define NAME_WIDTH_MIN 14 /* of "help [COMMAND]", which stands below the list of all */

/* --- finding --- */

/* How many words `name` has if `argv` begins with all of them, else 0. */
static int words_matched(const char *name, int argc, char *const *argv)
{
    struct bytes rest = bytes_of_cstr(name);
    int words = 0;
    while (rest.size > 0) {
        struct bytes word = bytes_split(&rest, ' ');
        if (words == argc || !bytes_equal_cstr(word, argv[words]))
            return 0;
        words++;
    }
    return words;
}

const struct command *command_find(const struct command_list *lists, size_t list_count, int argc,
                                   char *const *argv, int *ret_words)
{
    const struct command *best = NULL;
    int best_words = 0;
    for (size_t i = 0; i < list_count; i++) {
        for (const struct command *command = lists[i].rows; command->name; command++) {
            int words = words_matched(command->name, argc, argv);
            if (words > best_words) {
                best = command;
                best_words = words;
            }
        }
    }
    if (best)
        *ret_words = best_words;
    return best;
}

/* What was typed before the first option, as one text. */
static void join_words(int argc, char *const *argv, int words_max, char *ret_text, size_t size)
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (int i = 0; i < argc && i < words_max && argv[i][0] != '-' && used < size; i++)
        used += (size_t)snprintf(ret_text + used, size - used, "%s%.80s", i ? " " : "", argv[i]);
}

static bool in_group(const struct command *command, const char *group)
{
    size_t size = strlen(group);
    return strncmp(command->name, group, size) == 0 && command->name[size] == ' ';
}

static bool group_exists(const struct command_list *lists, size_t list_count, const char *group)
{
    for (size_t i = 0; i < list_count; i++) {
        for (const struct command *command = lists[i].rows; command->name; command++) {
            if (in_group(command, group))
                return true;
        }
    }
    return false;
}

bool command_is_group(const struct command_list *lists, size_t list_count, int argc, char *const *argv,
                      char *ret_name, size_t size)
{
    char text[OPTION_NAME_MAX * COMMAND_WORDS_MAX];
    join_words(argc, argv, COMMAND_WORDS_MAX, text, sizeof text);
    if (!text[0] || !group_exists(lists, list_count, text))
        return false;
    snprintf(ret_name, size, "%s", text);
    return true;
}

void command_say_unknown(const struct command_list *lists, size_t list_count, int argc, char *const *argv,
                         struct buf *out)
{
    char text[OPTION_NAME_MAX * COMMAND_WORDS_MAX];
    join_words(argc, argv, 1, text, sizeof text);
    /* What follows the first word is part of a name only where names begin with that word. */
    if (group_exists(lists, list_count, text))
        join_words(argc, argv, COMMAND_WORDS_MAX, text, sizeof text);
    else if (!text[0] && argc > 0)
        snprintf(text, sizeof text, "%.80s", argv[0]);

    struct nearest nearest = nearest_begin(bytes_of_cstr(text));
    for (size_t i = 0; i < list_count; i++)
        for (const struct command *command = lists[i].rows; command->name; command++)
            nearest_offer(&nearest, bytes_of_cstr(command->name));
    struct bytes near = nearest.found;
    buf_append_fmt(out, "there is no command \"%s\"%s%.*s%s", text, near.size ? "; did you mean \"" : "",
                   BYTES_FMT(near), near.size ? "\"?" : "");
}

/* --- help --- */

int command_help_width(const struct command_list *lists, size_t list_count, const char *group)
{
    size_t width = NAME_WIDTH_MIN;
    for (size_t i = 0; i < list_count; i++)
        for (const struct command *command = lists[i].rows; command->name; command++)
            if (!group || in_group(command, group))
                width = MAX(width, strlen(command->name));
    return (int)width;
}

void command_help_list(const struct command_list *lists, size_t list_count, const char *group,
                       struct buf *out)
{
    int width = command_help_width(lists, list_count, group);
    for (size_t i = 0; i < list_count; i++) {
        if (lists[i].title && !group)
            buf_append_fmt(out, "\n%s:\n", lists[i].title);
        for (const struct command *command = lists[i].rows; command->name; command++) {
            if (!group || in_group(command, group))
                buf_append_fmt(out, "  %-*s  %s\n", width, command->name, command->summary);
        }
    }
}

void command_help(const struct command *command, struct buf *out)
{
    const char *positionals = command->syntax.positionals;
    buf_append_fmt(out, "usage: sallyport %s%s%s [options]\n\n%s\n\noptions [default]:\n", command->name,
                   positionals ? " " : "", text_or(positionals, ""), command->about);
    option_help(&command->syntax, out);
}
