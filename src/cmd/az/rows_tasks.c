/* SPDX-License-Identifier: MIT */
/* rows_tasks.c — schedulers, task hubs, and how long they keep what is over. */
#include "cmd/az/rows_common.h"

#define SCHEDULER "Microsoft.DurableTask/schedulers"
#define VERSION   "2025-11-01"

#define OF_SCHEDULER                                                                                         \
    {                                                                                                        \
        .names = "--scheduler-name", .required = true, .help = "The scheduler."                              \
    }
#define SCHEDULER_NAME(what)                                                                                 \
    {                                                                                                        \
        .names = "--name --scheduler-name -n", .required = true, .help = what                                \
    }
#define HUB_NAME(what)                                                                                       \
    {                                                                                                        \
        .names = "--name --task-hub-name --taskhub-name -n", .required = true, .help = what                  \
    }
#define ALLOWLIST(start)                                                                                     \
    {                                                                                                        \
        .names = "--ip-allowlist", .kind = AZ_VALUE, .initial = (start), .member = "properties.ipAllowlist", \
        .help = "Addresses and networks, [10.0.0.0/8,::1]; 0.0.0.0/0 is everybody, [] nobody."               \
    }
#define CAPACITY                                                                                             \
    {                                                                                                        \
        .names = "--sku-capacity", .kind = AZ_COUNT, .member = "properties.sku.capacity",                    \
        .help = "Kept and shown."                                                                            \
    }
#define SKU(start)                                                                                           \
    {                                                                                                        \
        .names = "--sku-name", .choices = AZ_CHOICES("Consumption", "Dedicated"), .initial = (start),        \
        .member = "properties.sku.name", .help = "Kept and shown."                                           \
    }
#define NETWORK                                                                                              \
    {                                                                                                        \
        .names = "--public-network-access", .choices = AZ_CHOICES("Enabled", "Disabled"),                    \
        .member = "properties.publicNetworkAccess",                                                          \
        .help = "Disabled lets nobody in, whatever the list of addresses says."                              \
    }
#define RETENTION                                                                                            \
    OF_SCHEDULER, GROUP,                                                                                     \
        {.names = "--retention-policies",                                                                    \
         .kind = AZ_VALUE,                                                                                   \
         .member = "properties.retentionPolicies",                                                           \
         .help =                                                                                             \
             "[{retention-period-in-days:30},{retention-period-in-days:10,orchestration-state:Failed}]"},    \
        {.names = "--default-days -d", .kind = AZ_COUNT, .help = "Days for what is over in whatever way."},  \
        {.names = "--completed-days -c", .kind = AZ_COUNT, .help = "Days for what completed."},              \
        {.names = "--failed-days -f", .kind = AZ_COUNT, .help = "Days for what failed."},                    \
        {.names = "--terminated-days -t", .kind = AZ_COUNT, .help = "Days for what was terminated."},        \
    {                                                                                                        \
        .names = "--canceled-days -x", .kind = AZ_COUNT, .help = "Days for what was cancelled."              \
    }

#define A_SCHEDULER IN_GROUP SCHEDULER "/{name}"
#define A_HUB       IN_GROUP SCHEDULER "/{scheduler-name}/taskHubs/{name}"
#define POLICY      IN_GROUP SCHEDULER "/{scheduler-name}/retentionPolicies/default"

const struct az_command az_rows_tasks[] = {
    {.name = "durabletask scheduler create",
     .arguments = ARGUMENTS(SCHEDULER_NAME("The new scheduler."), GROUP, LOCATION, TAGS,
                            ALLOWLIST("[0.0.0.0/0]"), SKU("Consumption"), CAPACITY, NETWORK),
     .method = "PUT",
     .path = A_SCHEDULER,
     .version = VERSION,
     .body = "{\"properties\":{}}",
     .located = true,
     .summary = "Make a scheduler; it serves at once.",
     .example = "-n myScheduler -g myResourceGroup -l local"},
    {.name = "durabletask scheduler show",
     .arguments = ARGUMENTS(SCHEDULER_NAME("The scheduler."), GROUP),
     .method = "GET",
     .path = A_SCHEDULER,
     .version = VERSION,
     .summary = "Show a scheduler.",
     .example = "-n myScheduler -g myResourceGroup --query properties.endpoint -o tsv"},
    {.name = "durabletask scheduler list",
     .arguments = ARGUMENTS(GROUP_MAY),
     .method = "GET",
     .path = MAYBE_GROUP SCHEDULER,
     .version = VERSION,
     .select = "value",
     .summary = "List schedulers."},
    {.name = "durabletask scheduler update",
     .arguments = ARGUMENTS(SCHEDULER_NAME("The scheduler."), GROUP, TAGS, ALLOWLIST(NULL), SKU(NULL),
                            CAPACITY, NETWORK),
     .method = "PATCH",
     .path = A_SCHEDULER,
     .version = VERSION,
     .body = "{}",
     .retags = true,
     .summary = "Change a scheduler."},
    {.name = "durabletask scheduler delete",
     .arguments = ARGUMENTS(SCHEDULER_NAME("The scheduler."), GROUP, YES),
     .method = "DELETE",
     .path = A_SCHEDULER,
     .version = VERSION,
     .asks = true,
     .silent = true,
     .summary = "Delete a scheduler, and its task hubs."},
    {.name = "durabletask taskhub create",
     .arguments = ARGUMENTS(HUB_NAME("The new task hub."), OF_SCHEDULER, GROUP),
     .method = "PUT",
     .path = A_HUB,
     .version = VERSION,
     .body = "{\"properties\":{}}",
     .summary = "Make a task hub; it serves at once.",
     .example = "-n myHub --scheduler-name myScheduler -g myResourceGroup"},
    {.name = "durabletask taskhub show",
     .arguments = ARGUMENTS(HUB_NAME("The task hub."), OF_SCHEDULER, GROUP),
     .method = "GET",
     .path = A_HUB,
     .version = VERSION,
     .summary = "Show a task hub."},
    {.name = "durabletask taskhub list",
     .arguments = ARGUMENTS(OF_SCHEDULER, GROUP),
     .method = "GET",
     .path = IN_GROUP SCHEDULER "/{scheduler-name}/taskHubs",
     .version = VERSION,
     .select = "value",
     .summary = "List task hubs."},
    {.name = "durabletask taskhub update",
     .arguments = ARGUMENTS(HUB_NAME("The task hub."), OF_SCHEDULER, GROUP),
     .method = "PUT",
     .path = A_HUB,
     .version = VERSION,
     .body = "{\"properties\":{}}",
     .summary = "Nothing of a task hub can be changed; it is shown."},
    {.name = "durabletask taskhub delete",
     .arguments = ARGUMENTS(HUB_NAME("The task hub."), OF_SCHEDULER, GROUP, YES),
     .method = "DELETE",
     .path = A_HUB,
     .version = VERSION,
     .asks = true,
     .silent = true,
     .summary = "Delete a task hub, and end what runs in it."},
    {.name = "durabletask retention-policy create",
     .arguments = ARGUMENTS(RETENTION),
     .method = "PUT",
     .path = POLICY,
     .version = VERSION,
     .body = "{\"properties\":{\"retentionPolicies\":[]}}",
     .prepare = az_prepare_retention,
     .summary = "How long what is over is kept.",
     .example = "--scheduler-name myScheduler -g myResourceGroup --default-days 30 --failed-days 90"},
    {.name = "durabletask retention-policy update",
     .arguments = ARGUMENTS(RETENTION),
     .method = "PATCH",
     .path = POLICY,
     .version = VERSION,
     .body = "{\"properties\":{}}",
     .prepare = az_prepare_retention,
     .summary = "Change it."},
    {.name = "durabletask retention-policy show",
     .arguments = ARGUMENTS(OF_SCHEDULER, GROUP),
     .method = "GET",
     .path = POLICY,
     .version = VERSION,
     .summary = "Show it."},
    {.name = "durabletask retention-policy list",
     .arguments = ARGUMENTS(OF_SCHEDULER, GROUP),
     .method = "GET",
     .path = IN_GROUP SCHEDULER "/{scheduler-name}/retentionPolicies",
     .version = VERSION,
     .select = "value",
     .summary = "The one that is there, as a list."},
    {.name = "durabletask retention-policy delete",
     .arguments = ARGUMENTS(OF_SCHEDULER, GROUP, YES),
     .method = "DELETE",
     .path = POLICY,
     .version = VERSION,
     .asks = true,
     .silent = true,
     .summary = "Keep everything."},
    {.name = NULL},
};
