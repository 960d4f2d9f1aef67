/* SPDX-License-Identifier: MIT */
/* actions.h — what each command of this folder does once its session is open; returns the exit code. The rows are in
 * commands.c. */
#ifndef CMD_CLI_ACTIONS_H
#define CMD_CLI_ACTIONS_H

#include "cmd/cli/session.h"

int cli_hub_create(struct cli_session *session);
int cli_hub_delete(struct cli_session *session);
int cli_hub_ls(struct cli_session *session);

int cli_instance_ls(struct cli_session *session);
int cli_instance_show(struct cli_session *session);
int cli_instance_history(struct cli_session *session);
int cli_instance_start(struct cli_session *session);
int cli_instance_raise(struct cli_session *session);
int cli_instance_suspend(struct cli_session *session);
int cli_instance_resume(struct cli_session *session);
int cli_instance_terminate(struct cli_session *session);
int cli_instance_rewind(struct cli_session *session);
int cli_instance_restart(struct cli_session *session);
int cli_instance_purge(struct cli_session *session);

int cli_audit_ls(struct cli_session *session);
int cli_audit_export(struct cli_session *session);
int cli_audit_verify(struct cli_session *session);
int cli_audit_check(struct cli_session *session);

int cli_entity_ls(struct cli_session *session);
int cli_entity_show(struct cli_session *session);
int cli_entity_signal(struct cli_session *session);

#endif
