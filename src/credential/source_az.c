/* SPDX-License-Identifier: MIT */
/* source_az.c — the person who has signed in with `az login` on this machine. Its arguments are checked, though no shell sees
 * them, and what it writes is not believed longer than an answer of a service. */
#include "base/duration.h"
#include "credential/az_question.h"
#include "credential/source.h"

#define TIMEOUT_NS (30 * NS_PER_S) /* it starts an interpreter */

/* What its failure means; `said` is what it wrote for people. */
static enum status judge(struct bytes said, struct err *err)
{
    if (bytes_find(said, BYTES_LITERAL("az login")) < said.size)
        return err_set(err, STATUS_NOT_FOUND, "nobody is signed in: run az login");
    size_t line = 0;
    while (line < said.size && line < 80 && said.data[line] >= 0x20 && said.data[line] < 0x7f)
        line++;
    struct bytes words = bytes_slice(said, 0, line);
    /* What looks like a token is shown to nobody. */
    bool holds_token = bytes_find(said, BYTES_LITERAL("eyJ")) < said.size;
    if (holds_token || words.size == 0)
        return err_set(err, STATUS_UNAUTHENTICATED, "az failed");
    return err_set(err, STATUS_UNAUTHENTICATED, "az failed: %.*s", BYTES_FMT(words));
}

enum status source_az(const struct source_query *query, struct access_token *ret_token, int64_t *ret_wait_ns,
                      struct err *err)
{
    *ret_wait_ns = 0;
    const struct credential_world *world = query->world;
    struct az_question question;
    enum status status = az_question_make(query->resource, query->settings->tenant_id, &question, err);
    if (status != STATUS_OK)
        return status;
    CLEANUP(wiped_fini) struct buf output = {.limit = TOKEN_ANSWER_SIZE_MAX + 1};
    status = world->run(world->context, question.arguments, TIMEOUT_NS, &output, err);
    if (status == STATUS_OK)
        return token_answer_read_az(buf_peek(&output), world->unix_ns(world->context), ret_token, err);
    if (status == STATUS_NOT_FOUND)
        return err_set(err, STATUS_NOT_FOUND, "az is not on the PATH");
    if (status == STATUS_PERMISSION_DENIED)
        return err_set(err, STATUS_NOT_FOUND, "az: this process may start no program");
    if (status != STATUS_FAILED_PRECONDITION)
        return status;
    return judge(buf_peek(&output), err);
}
