/* SPDX-License-Identifier: MIT */
/* slack_press_fuzz.c — any payload as a press, and any list of people: what is taken is one word of letters and digits, an answer of ours, and a
 * value that ends. */
#include "svc/confirm/slack_press.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slack_press press;
    char name[SLACK_PERSON_SIZE];
    if (slack_press_read(bytes_of(data, size), &press, NULL) == STATUS_OK) {
        ASSERT(press.user[0] && strlen(press.user) < sizeof press.user);
        ASSERT(press.value[0] && strlen(press.value) < sizeof press.value);
        ASSERT(strlen(press.response_url) < sizeof press.response_url);
        ASSERT(strcmp(press.answer, "approve") == 0 || strcmp(press.answer, "reject") == 0);
    }
    bool sound = slack_people_are_sound(bytes_of(data, size));
    if (slack_person_find(bytes_of(data, size), "U1", name))
        ASSERT(!sound || name[0]);
    return 0;
}
