/* SPDX-License-Identifier: MIT */
/* person_question.h — one question to the public API about a request, as the person who is acted for; the vote that is asked for, and what a
 * refusal of it means to them. Used by what has no rights of its own: links and buttons. Loop's thread. */
#ifndef SVC_CONFIRM_PERSON_QUESTION_H
#define SVC_CONFIRM_PERSON_QUESTION_H

#include <jansson.h>

#include "base/buf.h"
#include "net/http_inner.h"

/* All of it is borrowed. */
struct person_question {
    struct http_server *server;
    const struct http_request *outer; /* what the peer has asked for */
    const char *secret;               /* that the person's rights are lent with; "": without credentials */
    const char *request_id;
    const char *what;       /* behind the request's path: "", "/votes" */
    const struct buf *body; /* JSON; NULL: GET */
    void (*on_answer)(void *context, const struct http_inner_answer *answer);
    void *context;
};

/* `on_answer` is called once, later, unless `*ret_inner` is cancelled. False: it could not be asked, and nothing is called. */
bool person_question_ask(const struct person_question *question, struct http_inner **ret_inner);
/* The body of a vote that counts once. `comment` NULL: none. What fails makes `out` failed. */
void person_question_write_vote(const char *answer, const char *manifest_sha256, const char *comment,
                                struct buf *out);

struct person_refusal {
    const char *problem; /* the end of its type */
    const char *words;
    bool wants_comment;
    bool is_last; /* nobody can vote on these bytes any more */
};

/* NULL: the problem is none that they could be told. Static. */
const struct person_refusal *person_refusal_of(const json_t *problem);

#endif
