/* SPDX-License-Identifier: MIT */
/* source_az.c — the person who has signed in with `az login` on this machine. Its arguments are checked, though no shell sees
 * them, and what it writes is not believed longer than an answer of a service. */
#include <string.h>

#include "base/duration.h"
#include "credential/source.h"

#define TIMEOUT_NS    (30 * NS_PER_S) /* it starts an interpreter */
#define ARGUMENTS_MAX 10

/* As the SDKs allow them. */
static bool is_plain(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= 512 && text[0] != '-' &&
           strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._:/") == size;
}

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
    const char *tenant = query->settings->tenant_id;
    const char *arguments[ARGUMENTS_MAX] = {"az",   "account",    "get-access-token", "--output",
                                            "json", "--resource", query->resource};
    if (!is_plain(query->resource) || (tenant && !is_plain(tenant)))
        return err_set(err, STATUS_FAILED_PRECONDITION, "az: a resource or tenant with strange characters");
    if (tenant) {
        arguments[7] = "--tenant";
        arguments[8] = tenant;
    }
    CLEANUP(wiped_fini) struct buf output = {.limit = TOKEN_ANSWER_SIZE_MAX + 1};
    enum status status = world->run(world->context, arguments, TIMEOUT_NS, &output, err);
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
