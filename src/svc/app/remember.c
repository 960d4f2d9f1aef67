/* SPDX-License-Identifier: MIT */
/* remember.c — member by member; what is not known is refused, since a word that was mistyped would make another approval than was meant. */
#include "svc/app/remember.h"

#include <string.h>

#include "svc/app/limit_values.h"
#include "wire/json/json.h"

static bool is_whom(const json_t *value)
{
    static const char prefix[] = "label:";
    struct bytes whom = json_bytes(value);
    if (bytes_equal_cstr(whom, "submitter"))
        return true;
    bool label = whom.size > strlen(prefix) && memcmp(whom.data, prefix, strlen(prefix)) == 0;
    return label && whom.size <= strlen(prefix) + APP_LABEL_KEY_SIZE_MAX &&
           !memchr(whom.data, '\0', whom.size);
}

/* `value` NULL: it keeps what it has. */
static bool read_of(const json_t *value, enum policy_standing_of *of)
{
    if (json_string_value(value) && strcmp(json_string_value(value), "tree") == 0)
        *of = POLICY_STANDING_TREE;
    else if (value && !bytes_equal_cstr(json_bytes(value), "bytes"))
        return false;
    return true;
}

/* Likewise; a whole number from 1 on. */
static bool read_number(const json_t *value, int64_t most, int64_t *number)
{
    return !value || (json_whole(value, number) && *number >= 1 && *number <= most);
}

static bool has_others(const json_t *object)
{
    static const char *const known[] = {"for", "of", "expiresInSeconds", "uses"};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        count += json_object_get(object, known[i]) != NULL;
    return json_object_size(object) != count;
}

const char *remember_read(const json_t *object, struct review_remember *ret_remember)
{
    struct review_remember remember = {.of = POLICY_STANDING_BYTES, .uses = APP_STANDING_USES_DEFAULT};
    const json_t *whom = json_object_get(object, "for");
    if (!json_is_object(object) || has_others(object))
        return "The member \"remember\" is an object with \"for\", and perhaps \"of\", \"expiresInSeconds\" "
               "and "
               "\"uses\".";
    if (!is_whom(whom))
        return "The member \"remember.for\" must be \"submitter\" or \"label:KEY\".";
    if (!read_of(json_object_get(object, "of"), &remember.of))
        return "The member \"remember.of\" must be \"bytes\" or \"tree\".";
    if (!read_number(json_object_get(object, "expiresInSeconds"), APP_STANDING_S_MAX, &remember.lasts_s))
        return "The member \"remember.expiresInSeconds\" must be a whole number, at most " DIGITS_OF(
            APP_STANDING_S_MAX) " (limit app-standing-s-max).";
    if (!read_number(json_object_get(object, "uses"), APP_STANDING_USES_MAX, &remember.uses))
        return "The member \"remember.uses\" must be a whole number, at most " DIGITS_OF(
            APP_STANDING_USES_MAX) " (limit app-standing-uses-max).";
    remember.whom = json_string_value(whom);
    *ret_remember = remember;
    return NULL;
}
