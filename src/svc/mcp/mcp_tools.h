/* SPDX-License-Identifier: MIT */
/* mcp_tools.h — the tools of the server (MCP 2025-06-18, "Tools"): run_code, get_request, list_requests, get_file, cancel_request.
 * A refusal of the API is a tool's result with isError, in words that tell a model what to do: it is the model that can mend it.
 * Pure. */
#ifndef SVC_MCP_MCP_TOOLS_H
#define SVC_MCP_MCP_TOOLS_H

#include "svc/mcp/mcp_exchange.h"

enum mcp_next mcp_tools_list(struct mcp_exchange *exchange);
enum mcp_next mcp_tools_call(struct mcp_exchange *exchange);

#endif
