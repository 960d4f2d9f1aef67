/* SPDX-License-Identifier: MIT */
/* mcp_tools.h — the tools of the server (MCP 2025-06-18, "Tools"): run_code, get_request, list_requests, get_file,
 * cancel_request. A refusal of the API is a tool's result with isError, in words that tell a model what to do: it is the model
 * that can mend it. Pure. */
#ifndef SVC_MCP_MCP_TOOLS_H
#define SVC_MCP_MCP_TOOLS_H

#include "svc/mcp/mcp_message.h"

/* Of a wait for a decision: what a client waits for an answer is a minute by default. */
#define MCP_WAIT_DEFAULT_S 20
#define MCP_WAIT_MAX_S     50

enum mcp_next mcp_tools_list(struct mcp_exchange *exchange);
enum mcp_next mcp_tools_call(struct mcp_exchange *exchange);
/* True if what its code made is given out. */
bool mcp_request_approved(const json_t *request);
/* What a model may see of a request of the API, a new reference: its output only after an approval. NULL: no memory. */
json_t *mcp_request_view(const json_t *request);

#endif
