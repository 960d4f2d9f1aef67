/* SPDX-License-Identifier: MIT */
/* mcp_view.h — what of the API's answers a model gets to see. Pure. */
#ifndef SVC_MCP_MCP_VIEW_H
#define SVC_MCP_MCP_VIEW_H

#include "wire/json/json.h"

#define MCP_URI_REQUESTS "sallyport://requests/"

/* True if what its code made is given out. */
bool mcp_request_approved(const json_t *request);
/* Of a request of the API, a new reference; its output only after an approval. NULL: no memory. */
json_t *mcp_request_view(const json_t *request);

#endif
