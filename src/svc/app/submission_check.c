/* SPDX-License-Identifier: MIT */
/* submission_check.c — a sentence for each member that cannot be taken. */
#include "svc/app/submission_check.h"

#include <string.h>

#include "base/encode.h"
#include "base/text.h"
#include "crypto/secret.h"
#include "svc/app/limit_values.h"

json_t *submission_member(const json_t *root, const char *name)
{
    json_t *value = json_object_get(root, name);
    return json_is_null(value) ? NULL : value;
}

static bool is_without_nul(const json_t *text)
{
    return strlen(json_string_value(text)) == json_string_length(text);
}

bool submission_text(const json_t *root, const char *name, size_t size_max, const char **ret_text)
{
    const json_t *value = submission_member(root, name);
    *ret_text = json_string_value(value);
    return !value ||
           (json_is_string(value) && json_string_length(value) <= size_max && is_without_nul(value));
}

bool submission_hash(const char *text)
{
    size_t size = 0;
    for (; text[size]; size++)
        if (ascii_hex_value((uint8_t)text[size]) < 0)
            return false;
    return size == SECRET_HASH_SIZE;
}

json_t *submission_warnings(json_t *root, const char *const *known, size_t count)
{
    json_t *warnings = NULL, *value;
    const char *name;
    json_object_foreach(root, name, value)
    {
        bool found = false;
        for (size_t i = 0; i < count; i++)
            found = found || strcmp(name, known[i]) == 0;
        if (found)
            continue;
        if (!warnings)
            warnings = json_array();
        json_array_append_new(warnings,
                              json_sprintf("The member \"%.100s\" is not known and was ignored.", name));
    }
    return warnings;
}

static bool labels_fit(const json_t *labels)
{
    const char *key;
    json_t *value;
    if (!json_is_object(labels) || json_object_size(labels) > APP_LABELS_MAX)
        return false;
    json_object_foreach((json_t *)labels, key, value)
    {
        size_t size = strlen(key);
        if (size == 0 || size > APP_LABEL_KEY_SIZE_MAX || strchr(key, ':') || !json_is_string(value) ||
            json_string_length(value) > APP_LABEL_VALUE_SIZE_MAX || !is_without_nul(value))
            return false;
    }
    return true;
}

/* What is wrong with the members that say what the code is for and how it is to be reviewed; NULL: nothing. */
static const char *purpose_refusal(const json_t *root, enum review_gate *ret_gate)
{
    const char *text, *gate;
    if (!submission_text(root, "purpose", APP_PURPOSE_SIZE_MAX, &text))
        return "The member \"purpose\" must be a string of at most " DIGITS_OF(
            APP_PURPOSE_SIZE_MAX) " bytes (limit app-purpose-size-max).";
    if (!submission_text(root, "session", APP_SESSION_SIZE_MAX, &text))
        return "The member \"session\" must be a string of at most " DIGITS_OF(
            APP_SESSION_SIZE_MAX) " bytes (limit app-session-size-max).";
    if (!submission_text(root, "onBehalfOf", APP_NAME_SIZE_MAX, &text))
        return "The member \"onBehalfOf\" must be a string of at most " DIGITS_OF(
            APP_NAME_SIZE_MAX) " bytes (limit app-name-size-max).";
    if (!submission_text(root, "language", 32, &text) || (text && strcmp(text, REQUEST_LANGUAGE) != 0))
        return "The member \"language\" must be \"" REQUEST_LANGUAGE "\".";
    if (submission_member(root, "labels") && !labels_fit(submission_member(root, "labels")))
        return "The member \"labels\" must be an object of at most " DIGITS_OF(
            APP_LABELS_MAX) " short texts, the names without a colon (limit app-labels-max).";
    if (!submission_text(root, "gate", 8, &gate) ||
        (gate && (*ret_gate = review_gate_of(bytes_of_cstr(gate))) == REVIEW_GATES))
        return "The member \"gate\" must be \"after\", \"before\" or \"both\".";
    return NULL;
}

const char *submission_refusal(const json_t *root, struct submission_facts *ret_facts)
{
    struct submission_facts *facts = ret_facts;
    *facts = (struct submission_facts){.gate = REVIEW_GATE_AFTER};
    if (!submission_text(root, "submittedBy", APP_NAME_SIZE_MAX, &facts->submitted_by))
        return "The member \"submittedBy\" must be a string of at most " DIGITS_OF(
            APP_NAME_SIZE_MAX) " bytes (limit app-name-size-max).";
    const json_t *wait = submission_member(root, "approvalTimeoutSeconds");
    double wait_s = json_number_value(wait);
    if (wait && !(json_is_number(wait) && wait_s >= 0.001 && wait_s * 1000 <= (double)APP_WAIT_MS_MAX))
        return "The member \"approvalTimeoutSeconds\" must be a number from 0.001 to 315360000.";
    facts->approval_timeout_ms = wait ? (int64_t)(wait_s * 1000) : 0;
    return purpose_refusal(root, &facts->gate);
}
