/* SPDX-License-Identifier: MIT */
/* submission_check.h — whether what a submission says beside its code can be taken. It comes over HTTP or as the input of an
 * orchestration, and is the same object. Pure. */
#ifndef SVC_APP_SUBMISSION_CHECK_H
#define SVC_APP_SUBMISSION_CHECK_H

#include <jansson.h>

#include "core/review/machine.h"

#define REQUEST_LANGUAGE "python"

/* Texts are borrowed from the submission. */
struct submission_facts {
    const char *submitted_by;    /* NULL: not said */
    int64_t approval_timeout_ms; /* 0: not said */
    enum review_gate gate;
};

/* Why the object cannot be taken, a literal, or NULL. Neither about "code" (code_refusal) nor about "then" (then.h). */
const char *submission_refusal(const json_t *root, struct submission_facts *ret_facts);

/* A member that is absent or null, which many clients write for absent, is NULL; borrowed. */
json_t *submission_member(const json_t *root, const char *name);
/* An optional text member of bounded size without U+0000; false if it is there and wrong. Borrowed. */
bool submission_text(const json_t *root, const char *name, size_t size_max, const char **ret_text);

/* Whether it is a SHA-256 in hexadecimal, in whatever case. */
bool submission_hash(const char *text);
/* A person's typing error must not be lost in silence: the members that are not known are ignored, and said, a sentence each in a new
 * array. NULL: there are none. */
json_t *submission_warnings(json_t *root, const char *const *known, size_t count);

#endif
