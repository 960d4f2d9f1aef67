/* SPDX-License-Identifier: MIT */
/* person_question.c — a loan of the person's rights, a request inside, and a table of what may be told. */
#include "svc/confirm/person_question.h"

#include "base/encode.h"
#include "net/http_problem.h"
#include "svc/confirm/limit_values.h"
#include "wire/json/json.h"

bool person_question_ask(const struct person_question *question, struct http_inner **ret_inner)
{
    struct err err = {0};
    const struct buf *body = question->body;
    CLEANUP(buf_fini) struct buf target = {0};
    CLEANUP(buf_fini) struct buf authorization = {0};
    buf_append_cstr(&target, "/v1/requests/");
    percent_encode(&target, bytes_of_cstr(question->request_id), NULL);
    buf_append_cstr(&target, question->what);
    if (question->secret[0])
        buf_append_fmt(&authorization, "Bearer %s", question->secret);
    if (buf_status(&target) != STATUS_OK || buf_status(&authorization) != STATUS_OK ||
        (body && buf_status(body) != STATUS_OK))
        return false;

    const struct http_inner_request inner = {.method = body ? "POST" : "GET",
                                             .target = buf_peek(&target),
                                             .content_type = body ? "application/json" : NULL,
                                             .body = body ? buf_peek(body) : (struct bytes){0},
                                             .authorization = buf_peek(&authorization)};
    return http_inner_ask(question->server, question->outer, &inner, CONFIRM_ANSWER_SIZE_MAX,
                          question->on_answer, question->context, ret_inner, &err) == STATUS_OK;
}

void person_question_write_vote(const char *answer, const char *manifest_sha256, const char *comment,
                                struct buf *out)
{
    struct json_writer json = {.out = out};
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "answer", answer);
    json_write_member_cstr(&json, "manifestSha256", manifest_sha256);
    if (comment)
        json_write_member_cstr(&json, "comment", comment);
    json_write_member_bool(&json, "once", true);
    json_write_end_object(&json);
    if (json_write_status(&json) != STATUS_OK)
        out->failed = true;
}

/* --- refusals --- */

static const struct person_refusal refusals[] = {
    {"comment-needed", "The policy wants a comment with this answer. Nothing was decided yet.",
     .wants_comment = true},
    {"bad-request", "The comment is no text, or longer than 4,000 bytes. Nothing was decided yet."},
    {"own-request", "Nobody decides on their own request."},
    {"already-voted", "Your vote was taken before; this one was not."},
    {"already-decided", "It was decided before; this vote was not taken.", .is_last = true},
    {"request-over", "It was over before; this vote was not taken.", .is_last = true},
    {"manifest-differs", "It has changed since; this vote was not taken.", .is_last = true},
    {"not-now", "Nobody is asked at the moment; this vote was not taken."},
};

const struct person_refusal *person_refusal_of(const json_t *problem)
{
    struct bytes type = json_member_bytes(problem, "type");
    struct bytes name = bytes_slice(type, MIN(strlen(HTTP_PROBLEM_PREFIX), type.size), SIZE_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
        if (bytes_equal_cstr(name, refusals[i].problem))
            return &refusals[i];
    return NULL;
}
