/* SPDX-License-Identifier: MIT */
/* actions.h — what each command of this folder does; returns the exit code. The rows are in commands.c. */
#ifndef CMD_REVIEW_ACTIONS_H
#define CMD_REVIEW_ACTIONS_H

#include "cmd/review/call.h"

int review_submit(const struct review_call *call);
int review_resubmit(const struct review_call *call);

int review_ls(const struct review_call *call);
int review_show(const struct review_call *call);
int review_logs(const struct review_call *call);
/* The output of the present run of `request`, whose whole id is `id`, as it comes (follow.c). */
int review_follow(const struct review_call *call, const char *id, const json_t *request);
int review_files(const struct review_call *call);
int review_diff(const struct review_call *call);
int review_export(const struct review_call *call);

int review_approve(const struct review_call *call);
int review_reject(const struct review_call *call);
int review_changes(const struct review_call *call);
int review_cancel(const struct review_call *call);

int review_demo(const struct review_call *call);
int review_open(const struct review_call *call);
int review_mcp(const struct review_call *call);

#endif
