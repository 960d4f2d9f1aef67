/* SPDX-License-Identifier: MIT */
/* token_answer.h — reads what token services say: an access token with its times, or why there is none. Pure and bounded: a
 * service may be anybody's. Sources: RFC 6749 sections 5.1 and 5.2; the managed identity's form of 2019-08-01; the output of
 * `az account get-access-token`. */
#ifndef CREDENTIAL_TOKEN_ANSWER_H
#define CREDENTIAL_TOKEN_ANSWER_H

#include "credential/wiped.h"

#define TOKEN_ANSWER_SIZE_MAX ((size_t)64 << 10) /* bytes of any answer */

/* Zero-initialise; access_token_fini overwrites it. */
struct access_token {
    struct buf text;  /* without NUL */
    int64_t until_ns; /* wall clock; its end */
    int64_t renew_ns; /* wall clock; when the service wants to be asked again; 0: it does not say */
};
void access_token_fini(struct access_token *token);

/* `now_ns`: wall clock, to which relative times are added. The times may be numbers or numbers as text. MALFORMED: not JSON,
 * no usable token, no end, an end that is over, another type than Bearer; `err` never holds what came. NO_MEMORY. */
STATUS_RESULT token_answer_read(struct bytes body, int64_t now_ns, struct access_token *ret_token,
                                struct err *err);
/* The same for what `az` prints. Its local time without zone is read with the process's own. */
STATUS_RESULT token_answer_read_az(struct bytes output, int64_t now_ns, struct access_token *ret_token,
                                   struct err *err);

#define TOKEN_FAULT_SIZE 160 /* bytes with NUL */

/* Why a service gave no token, for people: "HTTP 401 invalid_client: …", one line. `secret` (may be empty) is what was sent:
 * a text that repeats it is left out. */
void token_fault_describe(long http_status, struct bytes body, struct bytes secret,
                          char ret_text[TOKEN_FAULT_SIZE]);

#endif
