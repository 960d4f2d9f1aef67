/* SPDX-License-Identifier: MIT */
/* mcp_files.h — files of a request for a model: into a run, and what the run made out of it. ORDER: as with its output, none is handed
 * out before the request is approved, whatever else the caller may. Pure. */
#ifndef SVC_MCP_MCP_FILES_H
#define SVC_MCP_MCP_FILES_H

#include "svc/mcp/mcp_exchange.h"

#define MCP_FILES_SCHEMA                                                                                     \
    "{\"type\":\"array\",\"description\":\"input files; the code finds them below /mnt/data\",\"items\":{"   \
    "\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"},\"text\":{\"type\":\"string\"},"     \
    "\"base64\":{\"type\":\"string\",\"description\":\"instead of text\"}},\"required\":[\"path\"],"         \
    "\"additionalProperties\":false}}"
#define MCP_FILES_SHAPE "Each of \"files\" must have \"path\", and \"text\" or \"base64\"."

/* The member "files" of a submission from that of run_code; NULL: there is none. False: it cannot be read, or no memory. */
bool mcp_files_take(const json_t *arguments, json_t **ret_files);
/* Tells in words what an approved request made; nothing if that is nothing. */
void mcp_files_tell(const json_t *request, struct buf *text);
/* The tool get_file. */
enum mcp_next mcp_files_get(struct mcp_exchange *exchange, json_t *arguments);
/* Appends the path of a request. */
void mcp_append_id(struct buf *target, const char *id);

#endif
