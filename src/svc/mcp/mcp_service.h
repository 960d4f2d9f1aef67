/* SPDX-License-Identifier: MIT */
/* mcp_service.h — /mcp: the streamable HTTP transport of the Model Context Protocol (2025-06-18, "Transports"), in its form without
 * session and without a stream of the server's: a message is POSTed, its answer is the body. Loop's thread. */
#ifndef SVC_MCP_MCP_SERVICE_H
#define SVC_MCP_MCP_SERVICE_H

#include "net/http_router.h"

struct mcp_service {
    struct http_server *server; /* whose API is asked; outlives the service */
    size_t code_size_max;       /* of what run_code may hold */
    size_t input_size_max;      /* likewise: of its files together */
};

/* Its routes, for an http_router; valid as long as the service. */
struct http_part mcp_service_part(struct mcp_service *service);

#endif
