/* SPDX-License-Identifier: MIT */
/* Whatever is read as an order for `az` is the one question: its words stand where they belong, none of the two that are chosen can
 * be taken for an option, and they make the same order again. */
#include <string.h>

#include "credential/az_question.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_words(const struct az_question *question)
{
    static const char *const words[] = {"az",       "account", "get-access-token",
                                        "--output", "json",    "--resource"};
    const size_t resource_at = ARRAY_SIZE(words);
    for (size_t i = 0; i < resource_at; i++)
        ASSERT(strcmp(question->arguments[i], words[i]) == 0);
    ASSERT(question->arguments[resource_at][0] != '-');

    const char *option = question->arguments[resource_at + 1];
    const char *tenant = option ? question->arguments[resource_at + 2] : NULL;
    ASSERT(!option || (strcmp(option, "--tenant") == 0 && tenant[0] != '-' && tenant[0] != '\0'));
    ASSERT(!question->arguments[ARRAY_SIZE(question->arguments) - 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_fini) struct buf again = {0};
    struct az_question question;
    if (az_question_read(bytes_of(data, size), &question, NULL) != STATUS_OK)
        return 0;
    check_words(&question);
    az_question_write(question.arguments, &again);
    ASSERT(bytes_equal(buf_peek(&again), bytes_of(data, size)));
    return 0;
}
