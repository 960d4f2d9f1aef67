/* SPDX-License-Identifier: MIT */
/* words.c — a word is new if no row before has it in the same place. */
#include "cmd/az/words.h"

static size_t depth_of(const char *words)
{
    char word[64];
    size_t depth = 0;
    while (*words && az_word(words, depth, word, sizeof word))
        depth++;
    return depth;
}

/* The word of a row behind `below`; false if the row is not below it, or is it. */
static bool word_of(const struct az_command *command, const char *below, size_t depth, char *ret_word,
                    size_t size)
{
    return az_row_is_below(command, below) && az_word(command->name, depth, ret_word, size);
}

static bool was_met(const struct az_words *words, size_t depth, const char *word)
{
    for (size_t i = 0; i + 1 < words->row; i++) {
        char other[64];
        if (word_of(az_row_at(i), words->below, depth, other, sizeof other) && strcmp(other, word) == 0)
            return true;
    }
    return false;
}

bool az_words_next(struct az_words *words, char *ret_word, size_t size, bool *ret_group)
{
    size_t depth = depth_of(words->below);
    while ((words->command = az_row_at(words->row++)) != NULL) {
        if (!word_of(words->command, words->below, depth, ret_word, size) || was_met(words, depth, ret_word))
            continue;
        char deeper[64];
        *ret_group = az_word(words->command->name, depth + 1, deeper, sizeof deeper);
        return true;
    }
    return false;
}
