/* SPDX-License-Identifier: MIT */
/* help.c — a list of what stands one word deeper, or of the arguments. */
#include "cmd/az/help.h"

#include <stdio.h>

#include "cmd/az/words.h"

static void list_words(const char *words, bool groups, struct buf *out)
{
    struct az_words at = {.below = words};
    char word[64];
    bool is_group;
    bool first = true;
    int width = 0;
    while (az_words_next(&at, word, sizeof word, &is_group))
        width = is_group == groups ? MAX(width, (int)strlen(word)) : width;
    at = (struct az_words){.below = words};
    while (az_words_next(&at, word, sizeof word, &is_group)) {
        if (is_group != groups)
            continue;
        if (first)
            buf_append_cstr(out, groups ? "\nSubgroups:\n" : "\nCommands:\n");
        first = false;
        if (groups)
            buf_append_fmt(out, "    %s\n", word);
        else
            buf_append_fmt(out, "    %-*s : %s\n", width, word, at.command->summary);
    }
}

void az_help_group(const char *words, struct buf *out)
{
    buf_append_fmt(out, "\nGroup\n    az%s%s\n", *words ? " " : "", words);
    list_words(words, true, out);
    list_words(words, false, out);
    buf_append_fmt(out, "\n    sallyport az%s%s WORD --help tells more.\n\n", *words ? " " : "", words);
}

static void write_argument(const struct az_argument *argument, int width, struct buf *out)
{
    buf_append_fmt(out, "    %-*s %s : %s", width, argument->names,
                   argument->required ? "[Required]" : "          ", argument->help);
    for (const char *const *choice = argument->choices; choice && *choice; choice++)
        buf_append_fmt(out, "%s%s", choice == argument->choices ? " Allowed values: " : ", ", *choice);
    if (argument->choices)
        buf_append_byte(out, '.');
    if (argument->initial)
        buf_append_fmt(out, " Default: %s.", argument->initial);
    if (argument->preset)
        buf_append_fmt(out, " Preset: az configure --defaults %s=NAME.", argument->preset);
    buf_append_byte(out, '\n');
}

static void write_arguments(const char *title, const struct az_argument *arguments, int width,
                            struct buf *out)
{
    if (!arguments || !arguments->names)
        return;
    buf_append_fmt(out, "\n%s\n", title);
    for (int required = 1; required >= 0; required--) {
        for (const struct az_argument *argument = arguments; argument->names; argument++) {
            if (argument->required == (required == 1))
                write_argument(argument, width, out);
        }
    }
}

void az_help_command(const struct az_command *command, struct buf *out)
{
    int width = 0;
    const struct az_argument *argument;
    for (size_t i = 0; (argument = az_argument_at(command, i)) != NULL; i++)
        width = MAX(width, (int)strlen(argument->names));
    buf_append_fmt(out, "\nCommand\n    az %s : %s\n", command->name, command->summary);
    write_arguments("Arguments", command->arguments, width, out);
    write_arguments("Global Arguments", az_globals, width, out);
    if (command->example)
        buf_append_fmt(out, "\nExamples\n    sallyport az %s %s\n", command->name, command->example);
    buf_append_byte(out, '\n');
}
