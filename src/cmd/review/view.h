/* SPDX-License-Identifier: MIT */
/* view.h — a request of the HTTP API as people read it on a terminal. Pure. What the server did not report is not written:
 * never a zero in its place. Control characters of strangers are not printed. */
#ifndef CMD_REVIEW_VIEW_H
#define CMD_REVIEW_VIEW_H

#include "cmd/cli/print.h"

#define VIEW_ID_SIZE 9 /* bytes of a shortened id with its NUL */

/* The exit code of how a request ended (review.h); EXIT_GOOD also for one that is not over. */
int view_exit_code(const json_t *request);
/* True if the request will not change any more. */
bool view_is_over(const json_t *request);
/* One line on what happens to it now, without its end: "waiting for a decision until 2026-11-29 10:00:00Z". */
void view_standing(const json_t *request, struct buf *out);
/* The first characters of an id. */
const char *view_short_id(const json_t *request, char ret_text[VIEW_ID_SIZE]);

/* Headings of the list, and a row of it. */
void view_list_head(struct print_table *table);
void view_list_row(struct print_table *table, const json_t *request);
/* The whole request: what it is, what the code is, what it did, who has said what. `why`: also which rules sent it here. */
void view_request(const json_t *request, bool why, struct buf *out);
/* What the run printed and what its value is: as it is, for a pipe; `harmless`: without control characters, for a
 * terminal. */
void view_output(const json_t *result, bool harmless, struct buf *out);

#endif
