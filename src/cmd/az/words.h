/* SPDX-License-Identifier: MIT */
/* words.h — the words that may stand behind others, for help and completion. Pure. */
#ifndef CMD_AZ_WORDS_H
#define CMD_AZ_WORDS_H

#include "cmd/az/row.h"

/* A walk over the words one deeper than `below`. Zero but for that. */
struct az_words {
    const char *below; /* "containerapp"; "" for all */
    size_t row;
    const struct az_command *command; /* in which the word was found */
};

/* The next word, each once; false behind the last. `*ret_group`: more words follow it, and it is no command itself. */
bool az_words_next(struct az_words *words, char *ret_word, size_t size, bool *ret_group);

#endif
