/* SPDX-License-Identifier: MIT */
/* confirm_run.h — the middle of the page: what the code did and what it was given. Each appends its region, or nothing if
 * there is nothing to tell. `request`: as the API shows it. Pure; any thread. */
#ifndef SVC_CONFIRM_CONFIRM_RUN_H
#define SVC_CONFIRM_CONFIRM_RUN_H

#include <jansson.h>

#include "base/buf.h"

/* What was measured of the present run: network, refused calls, files, memory, time. */
void confirm_run_facts(struct buf *out, const json_t *request);
/* Its error, output, value and pictures. */
void confirm_run_result(struct buf *out, const json_t *request);
/* The code; open if it has not run. */
void confirm_run_code(struct buf *out, const json_t *request);
/* A list of files; `title` is ours. */
void confirm_run_files(struct buf *out, const json_t *files, const char *title);
/* The input files of the present revision; NULL: none. */
const json_t *confirm_run_inputs(const json_t *request);

#endif
