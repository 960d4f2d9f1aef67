/* SPDX-License-Identifier: MIT */
/* mcp_message.h — the Model Context Protocol (revision 2025-06-18 and those of MCP_REVISIONS) as far as this server speaks it:
 * JSON-RPC 2.0, one message a body, answered in one piece; no session, no stream of the server's own.
 *
 *   message ──► mcp_take ──┬─► MCP_DONE     the answer is there
 *                          ├─► MCP_SILENT   a notification or an answer: nothing is said to it
 *                          └─► MCP_CALL     the API is asked ──► mcp_answered ──► MCP_DONE, or MCP_CALL again
 *
 * Pure; every byte of a message is doubted. Owns what it holds until mcp_exchange_fini. */
#ifndef SVC_MCP_MCP_MESSAGE_H
#define SVC_MCP_MCP_MESSAGE_H

#include "wire/json/json.h"

#define MCP_REVISION_NEWEST "2025-11-25"
#define MCP_REVISION_OLDEST "2025-03-26"

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

/* Reads a message. What it cannot read, or does not know, it answers with an error. */
enum mcp_next mcp_take(struct mcp_exchange *exchange, struct bytes message);
/* The API has answered the call with this; status 0: it could not be asked. */
enum mcp_next mcp_answered(struct mcp_exchange *exchange, int http_status, struct bytes content_type,
                           struct bytes body);
void mcp_exchange_fini(struct mcp_exchange *exchange);
/* False for a value of the header MCP-Protocol-Version that this server does not speak. */
bool mcp_revision_known(struct bytes revision);

/* --- for mcp_tools.c and mcp_resources.c --- */

/* Ends the message with a result, which is taken; NULL: there was no memory for it. */
enum mcp_next mcp_result(struct mcp_exchange *exchange, json_t *result);
enum mcp_next mcp_error(struct mcp_exchange *exchange, int code, const char *text);
/* Asks the API; `on_answer` goes on. `path` and `body` (taken; NULL: none) are appended to the exchange's own. */
enum mcp_next mcp_call(struct mcp_exchange *exchange, const char *method, mcp_step *on_answer);

#endif
