/* SPDX-License-Identifier: MIT */
/* rows_deployments.c — deployments of templates, in a group and in the subscription. */
#include "cmd/az/rows_common.h"

#define VERSION "2024-11-01"

#define TEMPLATE                                                                                             \
    {.names = "--template-file -f",                                                                          \
     .required = true,                                                                                       \
     .help = "A template in JSON; of Bicep, what it compiles to."},                                          \
        {.names = "--parameters -p",                                                                         \
         .kind = AZ_TEXTS,                                                                                   \
         .help = "NAME=VALUE, JSON, or @FILE with either; the last one counts."},                            \
    {                                                                                                        \
        .names = "--mode", .choices = AZ_CHOICES("Incremental"), .initial = "Incremental",                   \
        .help = "What is not in the template stays."                                                         \
    }
#define DEPLOYMENT                                                                                           \
    {                                                                                                        \
        .names = "--name -n", .help = "The deployment; without it named as the template's file."             \
    }
#define PLACE                                                                                                \
    {                                                                                                        \
        .names = "--location -l", .required = true, .preset = "location",                                    \
        .help = "Any region's name, or local."                                                               \
    }
#define NO_PROMPT                                                                                            \
    {                                                                                                        \
        .names = "--no-prompt", .kind = AZ_YESNO, .help = "There is no prompt: nothing to do."               \
    }

#define OF_GROUP        IN_GROUP "Microsoft.Resources/deployments"
#define OF_SUBSCRIPTION "/subscriptions/{subscription}/providers/Microsoft.Resources/deployments"
#define TABLE                                                                                                \
    "[].{Name:name,State:properties.provisioningState,Timestamp:properties.timestamp,Mode:properties.mode}"

const struct az_command az_rows_deployments[] = {
    {.name = "deployment group create",
     .arguments = ARGUMENTS(DEPLOYMENT, GROUP, TEMPLATE, NO_PROMPT),
     .method = "PUT",
     .path = OF_GROUP,
     .version = VERSION,
     .run = az_act_deployment,
     .summary = "Make what a template says in a group.",
     .example = "-g myResourceGroup -f main.json -p pool=myPool --query properties.outputs"},
    {.name = "deployment group validate",
     .arguments = ARGUMENTS(DEPLOYMENT, GROUP, TEMPLATE, NO_PROMPT),
     .method = "POST",
     .path = OF_GROUP,
     .version = VERSION,
     .run = az_act_deployment,
     .summary = "Look at a template, and make nothing."},
    {.name = "deployment group show",
     .arguments = ARGUMENTS(NAME("The deployment."), GROUP),
     .method = "GET",
     .path = OF_GROUP "/{name}",
     .version = VERSION,
     .summary = "Show a deployment that is over."},
    {.name = "deployment group list",
     .arguments = ARGUMENTS(GROUP),
     .method = "GET",
     .path = OF_GROUP,
     .version = VERSION,
     .select = "value",
     .table = TABLE,
     .summary = "List deployments of a group."},
    {.name = "deployment group delete",
     .arguments = ARGUMENTS(NAME("The deployment."), GROUP),
     .method = "DELETE",
     .path = OF_GROUP "/{name}",
     .version = VERSION,
     .silent = true,
     .summary = "Forget a deployment; what it made stays."},
    {.name = "deployment operation group list",
     .arguments = ARGUMENTS(NAME("The deployment."), GROUP),
     .method = "GET",
     .path = OF_GROUP "/{name}/operations",
     .version = VERSION,
     .select = "value",
     .summary = "List what a deployment made."},
    {.name = "deployment sub create",
     .arguments = ARGUMENTS(DEPLOYMENT, PLACE, TEMPLATE, NO_PROMPT),
     .method = "PUT",
     .path = OF_SUBSCRIPTION,
     .version = VERSION,
     .run = az_act_deployment,
     .summary = "Make what a template says in the subscription, groups included."},
    {.name = "deployment sub validate",
     .arguments = ARGUMENTS(DEPLOYMENT, PLACE, TEMPLATE, NO_PROMPT),
     .method = "POST",
     .path = OF_SUBSCRIPTION,
     .version = VERSION,
     .run = az_act_deployment,
     .summary = "Look at a template, and make nothing."},
    {.name = "deployment sub show",
     .arguments = ARGUMENTS(NAME("The deployment.")),
     .method = "GET",
     .path = OF_SUBSCRIPTION "/{name}",
     .version = VERSION,
     .summary = "Show a deployment that is over."},
    {.name = "deployment sub list",
     .arguments = NO_ARGUMENTS,
     .method = "GET",
     .path = OF_SUBSCRIPTION,
     .version = VERSION,
     .select = "value",
     .table = TABLE,
     .summary = "List deployments of the subscription."},
    {.name = NULL},
};
