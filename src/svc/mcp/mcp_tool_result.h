/* SPDX-License-Identifier: MIT */
/* mcp_tool_result.h — what a tool answers: content for the model, and what programs read of it. Pure. */
#ifndef SVC_MCP_MCP_TOOL_RESULT_H
#define SVC_MCP_MCP_TOOL_RESULT_H

#include "svc/mcp/mcp_exchange.h"

/* Ends the message with one text, `content` behind it (an array, taken; NULL: nothing), and what programs read of it (taken; NULL:
 * nothing). */
enum mcp_next mcp_tool_result(struct mcp_exchange *exchange, const struct buf *text, json_t *content,
                              json_t *structured, bool is_error);
enum mcp_next mcp_tool_failed(struct mcp_exchange *exchange, const char *words);
/* A refusal of the API in its own words, and what to do about it. */
enum mcp_next mcp_tool_refused(struct mcp_exchange *exchange, int http_status, struct bytes body);

#endif
