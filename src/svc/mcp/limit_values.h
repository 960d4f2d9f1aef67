/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of the Model Context Protocol at /mcp. Values only; what each bounds is a row of
 * cmd/limit_rows.c. */
#ifndef SVC_MCP_LIMIT_VALUES_H
#define SVC_MCP_LIMIT_VALUES_H

#include <stddef.h>

#define MCP_ANSWER_SIZE_MAX ((size_t)32 << 20)
#define MCP_DEPTH_MAX       32
#define MCP_FILE_SIZE_MAX   ((size_t)1 << 20)
#define MCP_LIST_MAX        100
#define MCP_WAIT_MAX_S      50
#define MCP_BODY_SIZE_SLACK ((size_t)1 << 20)

#endif
