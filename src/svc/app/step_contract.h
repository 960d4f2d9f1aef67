/* SPDX-License-Identifier: MIT */
/* step_contract.h — the orchestration as a step of another one, in any language: what it is given and what it gives back.
 *
 *   input   a JSON string, the code (the cloud sample's contract)     output  a JSON boolean: approved or not; code that fails fails it
 *           an object, as POST /v1/requests takes it, without "then"          {"approved","state","manifestSha256"?,"result"?,"error"?},
 *                                                                             whatever became of it; "result" once it is released
 *
 * Pure. */
#ifndef SVC_APP_STEP_CONTRACT_H
#define SVC_APP_STEP_CONTRACT_H

#include "svc/app/submission_check.h"
#include "wire/json/json.h"

#define STEP_REFUSAL_TYPE                                                                                    \
    "InvalidRequest" /* of the failure of an orchestration whose input cannot be taken */

/* A step's submission, checked; borrowed from the input. */
struct step_submission {
    struct bytes code;
    const json_t *body; /* NULL: the input is the code alone */
    struct submission_facts facts;
};

/* Why `input` cannot be taken, or NULL. `ret_text` holds it. `code_size_max`: bytes; 0: any. */
const char *step_refusal(json_t *input, size_t code_size_max, struct step_submission *ret_submission,
                         char ret_text[static 200]);
/* True if more than running the code at once and asking afterwards is wanted: a promise that only a book keeps. */
bool step_needs_book(const struct step_submission *submission);
/* The output for an object; `manifest_sha256`, `result` and `error` may be NULL and are borrowed. NULL: no memory. */
json_t *step_outcome(const char *state, const char *manifest_sha256, json_t *result, json_t *error);

#endif
