/* SPDX-License-Identifier: MIT */
/* step_contract.c — nobody reads warnings of an orchestration, so what is not known is refused. */
#include "svc/app/step_contract.h"

#include <stdio.h>
#include <string.h>

static const char *const known[] = {"code",     "submittedBy", "approvalTimeoutSeconds",
                                    "language", "gate",        "session",
                                    "purpose",  "labels",      "onBehalfOf"};

static const char *unknown_refusal(json_t *body, char ret_text[static 200])
{
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value)
    {
        size_t i = 0;
        while (i < ARRAY_SIZE(known) && strcmp(known[i], name) != 0)
            i++;
        if (i < ARRAY_SIZE(known))
            continue;
        (void)snprintf(ret_text, 200, "The input has a member \"%.100s\", which a step does not take.", name);
        return ret_text;
    }
    return NULL;
}

const char *step_refusal(json_t *input, size_t code_size_max, struct step_submission *ret_submission,
                         char ret_text[static 200])
{
    struct step_submission *submission = ret_submission;
    *submission = (struct step_submission){.facts = {.gate = REVIEW_GATE_AFTER}};
    if (!json_is_string(input) && !json_is_object(input))
        return "The input is neither a JSON string of code nor an object with \"code\".";
    submission->body = json_is_object(input) ? input : NULL;
    const json_t *code = submission->body ? json_object_get(input, "code") : input;
    submission->code = json_bytes(code);
    if (!json_is_string(code))
        return "The member \"code\" must be a string.";
    if (bytes_utf8_blank(submission->code))
        return "Code cannot be null or empty.";
    if (code_size_max && submission->code.size > code_size_max)
        return "The code is longer than this server accepts (setting code-size-max).";
    if (!submission->body)
        return NULL;
    const char *refusal = unknown_refusal(input, ret_text);
    return refusal ? refusal : submission_refusal(input, &submission->facts);
}

bool step_needs_book(const struct step_submission *submission)
{
    return submission->facts.gate != REVIEW_GATE_AFTER ||
           (submission->body && submission_member(submission->body, "session"));
}

json_t *step_outcome(const char *state, const char *manifest_sha256, json_t *result, json_t *error)
{
    return json_pack("{s:b, s:s, s:s*, s:O*, s:O*}", "approved", strcmp(state, "approved") == 0, "state",
                     state, "manifestSha256", manifest_sha256, "result", result, "error", error);
}
