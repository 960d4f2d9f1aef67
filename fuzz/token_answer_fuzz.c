/* SPDX-License-Identifier: MIT */
/* token_answer_fuzz.c — any bytes as the answer of a token service and as the output of az. What is taken can go into a header and
 * ends in the future; what is said of a fault is one short line of text. */
#include "credential/token_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_NS ((int64_t)1800000000 * 1000000000)

typedef enum status read_fn(struct bytes body, int64_t now_ns, struct access_token *ret_token,
                            struct err *err);

static void check(read_fn *read, const uint8_t *data, size_t size)
{
    struct buf copy = {0}; /* the reader overwrites what it has taken */
    buf_append(&copy, data, size);
    struct access_token token = {0};
    struct err err = {0};
    if (read(buf_peek(&copy), NOW_NS, &token, &err) == STATUS_OK) {
        ASSERT(wiped_is_token(buf_peek(&token.text)));
        ASSERT(token.until_ns > NOW_NS);
        ASSERT(token.renew_ns >= 0 && token.renew_ns < token.until_ns);
    } else {
        ASSERT(err.text[0] && !token.text.data);
    }
    access_token_fini(&token);
    buf_fini(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(token_answer_read, data, size);
    check(token_answer_read_az, data, size);
    char text[TOKEN_FAULT_SIZE];
    token_fault_describe(400, bytes_of(data, size), BYTES_LITERAL("hunter2"), text);
    ASSERT(bytes_utf8_valid(bytes_of_cstr(text)));
    ASSERT(!strstr(text, "hunter2") && !strchr(text, '\n'));
    return 0;
}
