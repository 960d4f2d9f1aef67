/* SPDX-License-Identifier: MIT */
/* rows_directory.c — people, programs, identities, and what they may. */
#include "cmd/az/rows_common.h"

#define IDENTITY "Microsoft.ManagedIdentity/userAssignedIdentities"
#define VERSION  "2023-01-31"

#define ASSIGNEE                                                                                             \
    {                                                                                                        \
        .names = "--assignee", .help = "A person's name, a program's client id, or an object's id."          \
    }
#define OBJECT                                                                                               \
    {                                                                                                        \
        .names = "--assignee-object-id", .help = "In its place, without a look into the directory."          \
    }
#define ROLE                                                                                                 \
    {                                                                                                        \
        .names = "--role", .help = "A role's name or id."                                                    \
    }
#define SCOPE                                                                                                \
    {                                                                                                        \
        .names = "--scope", .help = "The id of what it holds for, and for all below; \"/\" is everything."   \
    }
#define INHERITED                                                                                            \
    {                                                                                                        \
        .names = "--include-inherited", .kind = AZ_FLAG, .help = "Those of the scopes above, too."           \
    }

const struct az_command az_rows_directory[] = {
    {.name = "ad user show",
     .arguments = ARGUMENTS({.names = "--id", .required = true, .help = "A person's name or id."}),
     .method = "GET",
     .path = "/v1.0/users/{id}",
     .summary = "Show a person.",
     .example = "--id ann@example.org --query id -o tsv"},
    {.name = "ad user list",
     .arguments = ARGUMENTS({.names = "--upn", .help = "Only this name."},
                            {.names = "--filter", .help = "OData: userPrincipalName eq 'ann@example.org'."},
                            {.names = "--display-name", .help = "Only whose name begins so."}),
     .run = az_act_user_list,
     .table = "[].{DisplayName:displayName,UserPrincipalName:userPrincipalName}",
     .summary = "List people."},
    {.name = "ad signed-in-user show",
     .arguments = NO_ARGUMENTS,
     .method = "GET",
     .path = "/v1.0/me",
     .summary = "Show yourself."},
    {.name = "ad sp show",
     .arguments = ARGUMENTS({.names = "--id", .required = true, .help = "Its client id or object id."}),
     .run = az_act_sp_show,
     .summary = "Show a program."},
    {.name = "ad sp list",
     .arguments = ARGUMENTS({.names = "--all", .kind = AZ_FLAG, .help = "All of them."},
                            {.names = "--display-name", .help = "Only with this name."},
                            {.names = "--spn", .help = "Only with this client id."},
                            {.names = "--filter", .help = "OData: appId eq '…'."}),
     .run = az_act_sp_list,
     .summary = "List programs."},
    {.name = "ad sp create-for-rbac",
     .arguments = ARGUMENTS(
         {.names = "--name --display-name -n", .help = "Its name."}, ROLE,
         {.names = "--scopes", .kind = AZ_TEXTS, .help = "Where it has the role."},
         {.names = "--years", .kind = AZ_COUNT, .initial = "1", .help = "How long its secret holds."}),
     .run = az_act_sp_for_rbac,
     .summary = "Make a program that can sign in, and print its secret: it is shown this once.",
     .example = "-n robot --role Reader --scopes /subscriptions/ID"},
    {.name = "role assignment create",
     .arguments = ARGUMENTS(
         ASSIGNEE, OBJECT,
         {.names = "--assignee-principal-type",
          .choices = AZ_CHOICES("User", "Group", "ServicePrincipal", "ForeignGroup"),
          .help = "What that object is."},
         {.names = "--role", .required = true, .help = "A role's name or id."},
         {.names = "--scope", .required = true, .help = "The id of what it holds for, and for all below."},
         {.names = "--description", .help = "Why."},
         {.names = "--name -n", .help = "A GUID for the assignment."}),
     .run = az_act_role_create,
     .flat = true,
     .nulls =
         "condition conditionVersion createdBy delegatedManagedIdentityResourceId description systemData",
     .summary = "Let somebody do something somewhere.",
     .example = "--assignee ann@example.org --role \"Durable Task Data Contributor\" --scope ID"},
    {.name = "role assignment list",
     .arguments =
         ARGUMENTS(ASSIGNEE, OBJECT, ROLE, SCOPE, GROUP_MAY, INHERITED,
                   {.names = "--all", .kind = AZ_FLAG, .help = "Everywhere below the subscription."}),
     .run = az_act_role_list,
     .flat = true,
     .table = "[].{Principal:principalName,Role:roleDefinitionName,Scope:scope}",
     .summary = "Who may do what."},
    {.name = "role assignment delete",
     .arguments = ARGUMENTS({.names = "--ids", .kind = AZ_TEXTS, .help = "Ids of assignments."}, ASSIGNEE,
                            OBJECT, ROLE, SCOPE, GROUP_MAY, INHERITED, YES),
     .run = az_act_role_delete,
     .silent = true,
     .summary = "Take it away."},
    {.name = "role definition list",
     .arguments = ARGUMENTS(
         {.names = "--name -n", .help = "Only this role, by its name or id."},
         {.names = "--scope", .help = "Only where it can be given."},
         {.names = "--custom-role-only", .kind = AZ_YESNO, .help = "Only those that were made here: none."},
         GROUP_MAY),
     .run = az_act_role_definitions,
     .flat = true,
     .nulls = "createdBy createdOn systemData updatedBy updatedOn",
     .table = "[].{Name:roleName,Type:type,Description:description}",
     .summary = "Roles, and what they permit."},
    {.name = "identity create",
     .arguments = ARGUMENTS(NAME("The new identity."), GROUP, LOCATION, TAGS),
     .method = "PUT",
     .path = IN_GROUP IDENTITY "/{name}",
     .drops = "systemData",
     .version = VERSION,
     .body = "{}",
     .located = true,
     .flat = true,
     .summary = "Make an identity that apps can have."},
    {.name = "identity show",
     .arguments = ARGUMENTS(NAME("The identity."), GROUP),
     .method = "GET",
     .path = IN_GROUP IDENTITY "/{name}",
     .drops = "systemData",
     .version = VERSION,
     .flat = true,
     .summary = "Show an identity."},
    {.name = "identity list",
     .arguments = ARGUMENTS(GROUP_MAY),
     .method = "GET",
     .path = MAYBE_GROUP IDENTITY,
     .drops = "systemData",
     .version = VERSION,
     .select = "value",
     .flat = true,
     .summary = "List identities."},
    {.name = "identity delete",
     .arguments = ARGUMENTS(NAME("The identity."), GROUP),
     .method = "DELETE",
     .path = IN_GROUP IDENTITY "/{name}",
     .drops = "systemData",
     .version = VERSION,
     .silent = true,
     .summary = "Delete an identity."},
    {.name = NULL},
};
