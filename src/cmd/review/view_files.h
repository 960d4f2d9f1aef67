/* SPDX-License-Identifier: MIT */
/* view_files.h — files of a request as people read them on a terminal: what goes in, what came out, what differs. Pure. */
#ifndef CMD_REVIEW_VIEW_FILES_H
#define CMD_REVIEW_VIEW_FILES_H

#include "cmd/cli/print.h"

/* Headings of the list of files, and rows of it, from {"path","size"?,"sha256"?,"change"?,"cause"?}; `kind` NULL: "made" or "changed". */
void view_files_head(struct print_table *table);
void view_files_rows(struct print_table *table, const char *kind, const json_t *files);
/* What differs between the input files of two revisions, as the API's diff has it: a line each. */
void view_inputs_difference(const json_t *difference, struct buf *out);
/* All files of a request as a table under one name; nothing, if it has none. */
void view_files(const json_t *request, struct buf *out);

#endif
