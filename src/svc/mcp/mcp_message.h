/* SPDX-License-Identifier: MIT */
/* mcp_message.h — the Model Context Protocol as far as this server speaks it: JSON-RPC 2.0, one message a body, answered in one
 * piece; no session, no stream of the server's own.
 *
 *   message ──► mcp_take ──┬─► MCP_DONE     the answer is there
 *                          ├─► MCP_SILENT   a notification or an answer: nothing is said to it
 *                          └─► MCP_CALL     the API is asked ──► mcp_answered ──► MCP_DONE, or MCP_CALL again
 *
 * Pure; every byte of a message is doubted. */
#ifndef SVC_MCP_MCP_MESSAGE_H
#define SVC_MCP_MCP_MESSAGE_H

#include "svc/mcp/mcp_exchange.h"

#define MCP_REVISION_NEWEST "2025-11-25"
#define MCP_REVISION_OLDEST "2025-03-26"

/* Reads a message. What it cannot read, or does not know, it answers with an error. */
enum mcp_next mcp_take(struct mcp_exchange *exchange, struct bytes message);
/* False for a value of the header MCP-Protocol-Version that this server does not speak. */
bool mcp_revision_known(struct bytes revision);

#endif
