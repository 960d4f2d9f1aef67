/* SPDX-License-Identifier: MIT */
/* mcp_exchange.c — every message ends in `finish`, without memory in a text that is there already. */
#include "svc/mcp/mcp_exchange.h"
#include "base/no_memory.h"

#include <stdlib.h>

static enum mcp_next finish(struct mcp_exchange *exchange, json_t *answer)
{
    char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    json_decref(answer);
    buf_clear(&exchange->answer);
    if (text)
        buf_append_cstr(&exchange->answer, text);
    else
        buf_append_cstr(&exchange->answer, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32603,"
                                           "\"message\":\"out of memory\"}}");
    free(text);
    exchange->on_answer = NULL;
    return MCP_DONE;
}

enum mcp_next mcp_result(struct mcp_exchange *exchange, json_t *result)
{
    if (!result)
        return mcp_no_memory(exchange);
    return finish(exchange,
                  json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", exchange->id, "result", result));
}

enum mcp_next mcp_error(struct mcp_exchange *exchange, int code, const char *text)
{
    json_t *id = exchange->id ? json_incref(exchange->id) : json_null();
    return finish(exchange, json_pack("{s:s, s:o, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id, "error", "code",
                                      code, "message", text));
}

enum mcp_next mcp_no_memory(struct mcp_exchange *exchange)
{
    return mcp_error(exchange, MCP_INTERNAL_ERROR, ERR_NO_MEMORY);
}

enum mcp_next mcp_call(struct mcp_exchange *exchange, const char *method, mcp_step *on_answer)
{
    if (buf_status(&exchange->target) != STATUS_OK || buf_status(&exchange->body) != STATUS_OK)
        return mcp_no_memory(exchange);
    exchange->method = method;
    exchange->on_answer = on_answer;
    return MCP_CALL;
}

enum mcp_next mcp_answered(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                           struct bytes body)
{
    mcp_step *step = exchange->on_answer;
    exchange->on_answer = NULL;
    buf_clear(&exchange->target);
    buf_clear(&exchange->body);
    return step(exchange, http_status, content_type, body);
}

void mcp_exchange_fini(struct mcp_exchange *exchange)
{
    json_decref(exchange->root);
    buf_fini(&exchange->target);
    buf_fini(&exchange->body);
    buf_fini(&exchange->answer);
}
