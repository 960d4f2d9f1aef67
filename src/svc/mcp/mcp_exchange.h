/* SPDX-License-Identifier: MIT */
/* mcp_exchange.h — one message of an agent in work: what it asks for, the call of the API that is to be made, its answer.
 * Pure. Owns what it holds until mcp_exchange_fini. */
#ifndef SVC_MCP_MCP_EXCHANGE_H
#define SVC_MCP_MCP_EXCHANGE_H

#include "wire/json/json.h"

/* Codes of JSON-RPC 2.0 section 5.1, and of the protocol for a resource that is not there. */
#define MCP_PARSE_ERROR        (-32700)
#define MCP_INVALID_REQUEST    (-32600)
#define MCP_METHOD_NOT_FOUND   (-32601)
#define MCP_INVALID_PARAMS     (-32602)
#define MCP_INTERNAL_ERROR     (-32603)
#define MCP_RESOURCE_NOT_FOUND (-32002)

enum mcp_next { MCP_DONE, MCP_SILENT, MCP_CALL };

struct mcp_exchange;

/* What is done with the answer of the last call; NULL stands for that a message is done. */
typedef enum mcp_next mcp_step(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                               struct bytes body);

/* One message in work. Zero-initialise. */
struct mcp_exchange {
    json_t *root;      /* the message */
    json_t *id;        /* borrowed from it */
    json_t *arguments; /* borrowed from it: of a tool or a method */
    mcp_step *on_answer;
    int64_t wait_seconds; /* of run_code and get_request */
    /* The call that is to be made. */
    const char *method;
    struct buf target;
    struct buf body; /* JSON; empty: none */
    /* The answer, one line of JSON. */
    struct buf answer;
};

/* The API has answered the call with this; status 0: it could not be asked. */
enum mcp_next mcp_answered(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                           struct bytes body);
void mcp_exchange_fini(struct mcp_exchange *exchange);

/* Ends the message with a result, which is taken; NULL: there was no memory for it. */
enum mcp_next mcp_result(struct mcp_exchange *exchange, json_t *result);
enum mcp_next mcp_error(struct mcp_exchange *exchange, int code, const char *text);
enum mcp_next mcp_no_memory(struct mcp_exchange *exchange);
/* Has the API asked: `method`, and what was appended to `target` and `body`. `on_answer` goes on. */
enum mcp_next mcp_call(struct mcp_exchange *exchange, const char *method, mcp_step *on_answer);

#endif
