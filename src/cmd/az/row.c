/* SPDX-License-Identifier: MIT */
/* row.c — the lists of rows one behind the other, and the global arguments. */
#include "cmd/az/row.h"

#include <stdio.h>

#include "cmd/az/output.h"

const struct az_argument az_globals[] = {
    {.names = "--output -o",
     .choices = AZ_CHOICES(AZ_FORMAT_NAMES),
     .help = "How the answer is printed: json unless said otherwise."},
    {.names = "--query", .help = "JMESPath: print what it finds in the answer."},
    {.names = "--subscription", .help = "Name or id of the subscription."},
    {.names = "--no-wait",
     .kind = AZ_FLAG,
     .help = "Print nothing of what was made; it is there at once in any case."},
    {.names = "--only-show-errors", .kind = AZ_FLAG, .help = "No warnings."},
    {.names = "--verbose", .kind = AZ_FLAG, .help = "Say on standard error which requests are made."},
    {.names = "--debug", .kind = AZ_FLAG, .help = "The same."},
    {.names = "--help -h", .kind = AZ_FLAG, .help = "This text."},
    {.names = NULL},
};

static const struct az_command *const lists[] = {az_rows_account, az_rows_directory, az_rows_apps,
                                                 az_rows_tasks, az_rows_deployments};

const struct az_command *az_row_at(size_t index)
{
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        for (const struct az_command *command = lists[i]; command->name; command++) {
            if (index-- == 0)
                return command;
        }
    }
    return NULL;
}

bool az_row_is_below(const struct az_command *command, const char *words)
{
    size_t size = strlen(words);
    if (strncmp(command->name, words, size) != 0)
        return false;
    return size == 0 || command->name[size] == '\0' || command->name[size] == ' ';
}

const struct az_argument *az_argument_at(const struct az_command *command, size_t index)
{
    const struct az_argument *const sets[] = {command->arguments, az_globals};
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        for (const struct az_argument *argument = sets[i]; argument && argument->names; argument++) {
            if (index-- == 0)
                return argument;
        }
    }
    return NULL;
}

bool az_word(const char *text, size_t index, char *ret_word, size_t size)
{
    struct bytes rest = bytes_of_cstr(text);
    struct bytes word = bytes_split(&rest, ' ');
    for (; index > 0; index--) {
        if (!rest.data)
            return false;
        word = bytes_split(&rest, ' ');
    }
    (void)snprintf(ret_word, size, "%.*s", BYTES_FMT(word));
    return word.size > 0;
}

bool az_argument_has_key(const struct az_argument *argument, const char *key)
{
    char first[64];
    return az_word(argument->names, 0, first, sizeof first) && strcmp(first + 2, key) == 0;
}
