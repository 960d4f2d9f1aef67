/* SPDX-License-Identifier: MIT */
/* mcp_resources.h — requests and their files as resources (MCP 2025-06-18, "Resources"): `sallyport://requests/ID` is the
 * request as JSON, `sallyport://requests/ID/files/PATH` a file that its code made. Who may see what is the API's matter.
 * Pure. */
#ifndef SVC_MCP_MCP_RESOURCES_H
#define SVC_MCP_MCP_RESOURCES_H

#include "svc/mcp/mcp_message.h"

#define MCP_URI_REQUESTS "sallyport://requests/"

enum mcp_next mcp_resources_list(struct mcp_exchange *exchange);
enum mcp_next mcp_resources_templates(struct mcp_exchange *exchange);
enum mcp_next mcp_resources_read(struct mcp_exchange *exchange);

/* The bytes of a file as the content of a resource: a text where they are UTF-8 and the type is a text, else base64. NULL: no
 * memory. */
json_t *mcp_content(const char *uri, struct bytes content_type, struct bytes body);

#endif
