/* SPDX-License-Identifier: MIT */
/* complete.c — what may follow the words that stand there already: words, names of arguments, or the choices of the
 * argument before. */
#include <stdio.h>

#include "cmd/az/az.h"
#include "cmd/az/parse.h"
#include "cmd/az/words.h"

static void offer(const char *candidate, const char *begun, struct buf *out)
{
    if (strncmp(candidate, begun, strlen(begun)) == 0)
        buf_append_fmt(out, "%s\n", candidate);
}

static void offer_words(int argc, char *const *argv, const char *begun, struct buf *out)
{
    char below[256] = "";
    size_t used = 0;
    for (int i = 0; i < argc && used < sizeof below; i++)
        used += (size_t)snprintf(below + used, sizeof below - used, "%s%.60s", i ? " " : "", argv[i]);
    struct az_words words = {.below = below};
    char word[64];
    bool is_group;
    while (az_words_next(&words, word, sizeof word, &is_group))
        offer(word, begun, out);
}

static void offer_names(const struct az_command *command, const char *begun, struct buf *out)
{
    const struct az_argument *argument;
    for (size_t i = 0; (argument = az_argument_at(command, i)) != NULL; i++) {
        char name[64];
        for (size_t n = 0; az_word(argument->names, n, name, sizeof name); n++) {
            if (name[1] == '-')
                offer(name, begun, out);
        }
    }
}

/* True if the word before names an argument that takes a value; its choices are offered then. */
static bool offer_choices(const struct az_command *command, const char *before, const char *begun,
                          struct buf *out)
{
    const struct az_argument *argument;
    for (size_t i = 0; (argument = az_argument_at(command, i)) != NULL; i++) {
        char name[64];
        for (size_t n = 0; az_word(argument->names, n, name, sizeof name); n++) {
            if (strcmp(name, before) != 0)
                continue;
            for (const char *const *choice = argument->choices; choice && *choice; choice++)
                offer(*choice, begun, out);
            return argument->kind != AZ_FLAG;
        }
    }
    return false;
}

void az_complete(int argc, char *const *argv, struct buf *out)
{
    int used = 0;
    const char *begun = argc > 0 ? argv[argc - 1] : "";
    int before = argc > 0 ? argc - 1 : 0;
    const struct az_command *command = az_parse_command(before, argv, &used);
    if (!command) {
        offer_words(before, argv, begun, out);
        return;
    }
    if (before > used && offer_choices(command, argv[before - 1], begun, out))
        return;
    if (before == used)
        offer_words(before, argv, begun, out);
    offer_names(command, begun, out);
}
