/* SPDX-License-Identifier: MIT */
/* policy_file.h — a policy file that was named on the command line, and what it says. */
#ifndef CMD_POLICY_POLICY_FILE_H
#define CMD_POLICY_POLICY_FILE_H

#include "cmd/command.h"
#include "core/policy/policy.h"

/* Reads the file. On success the caller owns `*ret_policy`. Else says why, as FILE:LINE:COLUMN or as JSON, and returns an exit
 * code that is not 0. */
int policy_file_read(const char *path, bool as_json, struct policy **ret_policy);

int policy_check(const struct command *command, const struct option_values *values);
int policy_explain(const struct command *command, const struct option_values *values);
int policy_words(const struct command *command, const struct option_values *values);

/* server_policy.c: of a server. */
int policy_apply(const struct command *command, const struct option_values *values);
int policy_test(const struct command *command, const struct option_values *values);
int policy_show(const struct command *command, const struct option_values *values);
int policy_rules(const struct command *command, const struct option_values *values);
int policy_history(const struct command *command, const struct option_values *values);

/* standing.c: likewise. */
int policy_standing(const struct command *command, const struct option_values *values);
int policy_revoke(const struct command *command, const struct option_values *values);

/* absence.c: likewise. */
int absence_add(const struct command *command, const struct option_values *values);
int absence_list(const struct command *command, const struct option_values *values);
int absence_end(const struct command *command, const struct option_values *values);

#endif
