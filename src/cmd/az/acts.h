/* SPDX-License-Identifier: MIT */
/* acts.h — what commands do that are more than one request, and bodies that are more than their members. Each returns the
 * exit code and has said what is wrong; a prepare returns false after it said so. */
#ifndef CMD_AZ_ACTS_H
#define CMD_AZ_ACTS_H

#include "cmd/az/call.h"

/* act_account.c */
int az_act_account_clear(struct az_call *call);
int az_act_account_list(struct az_call *call);
int az_act_account_set(struct az_call *call);
int az_act_account_show(struct az_call *call);
int az_act_account_token(struct az_call *call);
int az_act_configure(struct az_call *call);
int az_act_nothing(struct az_call *call); /* says that there is nothing to do here */
int az_act_version(struct az_call *call);
/* act_login.c */
int az_act_login(struct az_call *call);
/* Prints the subscriptions of who is signed in. */
int az_account_print(struct az_call *call, bool one);

/* act_rest.c */
int az_act_group_exists(struct az_call *call);
int az_act_group_list(struct az_call *call);
int az_act_rest(struct az_call *call);

/* act_deployment.c */
int az_act_deployment(struct az_call *call);

/* act_directory.c */
int az_act_sp_list(struct az_call *call);
int az_act_sp_show(struct az_call *call);
int az_act_sp_for_rbac(struct az_call *call);
int az_act_user_list(struct az_call *call);

/* act_role.c */
int az_act_role_create(struct az_call *call);
int az_act_role_delete(struct az_call *call);
int az_act_role_list(struct az_call *call);
int az_act_role_definitions(struct az_call *call);
/* Grants `role` (a name or an id) at `scope`. `*ret_grant` is the assignment. */
int az_role_grant(struct az_call *call, const char *role, const char *scope, const char *principal,
                  const char *principal_type, json_t **ret_grant);

/* act_apps.c */
bool az_prepare_app(struct az_call *call, json_t *body);
bool az_prepare_environment(struct az_call *call, json_t *body);
bool az_prepare_pool(struct az_call *call, json_t *body);
bool az_prepare_retention(struct az_call *call, json_t *body);
int az_act_app_update(struct az_call *call);
int az_act_app_logs(struct az_call *call);

#endif
