/* SPDX-License-Identifier: MIT */
/* mcp_resources.h — requests as resources (MCP 2025-06-18, "Resources"): `sallyport://requests/ID` is the request as JSON. Who
 * may see what is the API's matter. Pure. */
#ifndef SVC_MCP_MCP_RESOURCES_H
#define SVC_MCP_MCP_RESOURCES_H

#include "svc/mcp/mcp_exchange.h"

enum mcp_next mcp_resources_list(struct mcp_exchange *exchange);
enum mcp_next mcp_resources_templates(struct mcp_exchange *exchange);
enum mcp_next mcp_resources_read(struct mcp_exchange *exchange);

#endif
