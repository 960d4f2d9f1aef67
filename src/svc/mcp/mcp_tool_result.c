/* SPDX-License-Identifier: MIT */
/* mcp_tool_result.c — the text comes first, whatever else there is. */
#include "svc/mcp/mcp_tool_result.h"

#include "base/text.h"
#include "wire/json/json.h"

enum mcp_next mcp_tool_result(struct mcp_exchange *exchange, const struct buf *text, json_t *content,
                              json_t *structured, bool is_error)
{
    json_t *item = buf_status(text) == STATUS_OK
                       ? json_pack("{s:s, s:s%}", "type", "text", "text", text->data, text->size)
                       : NULL;
    json_t *all = content ? content : json_array();
    if (!item || json_array_insert_new(all, 0, item) != 0) {
        json_decref(all);
        json_decref(structured);
        return mcp_no_memory(exchange);
    }
    return mcp_result(exchange, json_pack("{s:o, s:o*, s:b}", "content", all, "structuredContent", structured,
                                          "isError", is_error));
}

enum mcp_next mcp_tool_failed(struct mcp_exchange *exchange, const char *words)
{
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_cstr(&text, words);
    return mcp_tool_result(exchange, &text, NULL, NULL, true);
}

enum mcp_next mcp_tool_refused(struct mcp_exchange *exchange, int http_status, struct bytes body)
{
    static const struct {
        int http_status;
        const char *advice;
    } advices[] = {
        {0, " The server could not be asked: try again later."},
        {401, " The key that this client was given does not count: tell the user."},
        {403, " Tell the user; do not try another way."},
        {404, " Look with list_requests."},
        {429, " Try again later."},
        {503, " Try again later."},
    };
    CLEANUP(json_release) json_t *problem = NULL;
    CLEANUP(buf_fini) struct buf text = {0};
    if (json_parse(body, NULL, &problem, NULL) != STATUS_OK)
        problem = NULL;
    const char *detail = json_member_text(problem, "detail"), *title = json_member_text(problem, "title");
    buf_append_cstr(&text, text_or(detail, text_or(title, "The server refused.")));
    for (size_t i = 0; i < ARRAY_SIZE(advices); i++)
        if (advices[i].http_status == http_status)
            buf_append_cstr(&text, advices[i].advice);
    return mcp_tool_result(exchange, &text, NULL, NULL, true);
}
