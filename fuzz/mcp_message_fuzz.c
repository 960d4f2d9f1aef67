/* SPDX-License-Identifier: MIT */
/* mcp_message_fuzz.c — messages of agents (svc/mcp/mcp_message.h): the message, a NUL, the API's answer, which is given to each
 * call. Whatever both are, a message ends after few calls with one line of JSON; no target holds what ends a line; and what
 * nobody has approved is not given out. */
#include <string.h>

#include "svc/mcp/mcp_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_call(const struct mcp_exchange *exchange)
{
    struct bytes target = buf_peek(&exchange->target);
    ASSERT(bytes_starts_with(target, BYTES_LITERAL("/v1/requests")));
    for (size_t i = 0; i < target.size; i++)
        ASSERT(target.data[i] > ' ' && target.data[i] < 0x7f);
}

static void check_answer(const struct mcp_exchange *exchange)
{
    CLEANUP(json_release) json_t *root = NULL;
    struct bytes line = buf_peek(&exchange->answer);
    ASSERT(!memchr(line.data, '\n', line.size));
    ASSERT(json_parse(line, NULL, &root, NULL) == STATUS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mcp_exchange exchange = {0};
    struct bytes answer = bytes_of(data, size);
    struct bytes message = bytes_split(&answer, '\0');
    enum mcp_next next = mcp_take(&exchange, message);
    for (int calls = 0; next == MCP_CALL; calls++) {
        ASSERT(calls < 4);
        check_call(&exchange);
        next = mcp_answered(&exchange, calls ? 200 : 201, BYTES_LITERAL("text/plain"), answer);
        if (next == MCP_DONE)
            break;
    }
    if (next == MCP_DONE)
        check_answer(&exchange);
    mcp_exchange_fini(&exchange);
    return 0;
}
