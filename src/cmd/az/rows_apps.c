/* SPDX-License-Identifier: MIT */
/* rows_apps.c — session pools, environments and apps. */
#include "cmd/az/rows_common.h"

#define POOL        "Microsoft.App/sessionPools"
#define ENVIRONMENT "Microsoft.App/managedEnvironments"
#define APP         "Microsoft.App/containerApps"
#define VERSION     "2025-07-01"

#define LIFE  "properties.dynamicPoolConfiguration.lifecycleConfiguration."
#define SCALE "properties.scaleConfiguration."
#define POOL_CHANGES                                                                                         \
    {.names = "--max-sessions",                                                                              \
     .kind = AZ_COUNT,                                                                                       \
     .member = SCALE "maxConcurrentSessions",                                                                \
     .help = "Most sessions at a time."},                                                                    \
        {.names = "--ready-sessions",                                                                        \
         .kind = AZ_COUNT,                                                                                   \
         .member = SCALE "readySessionInstances",                                                            \
         .help = "How many wait ready."},                                                                    \
        {.names = "--cooldown-period",                                                                       \
         .kind = AZ_COUNT,                                                                                   \
         .member = LIFE "cooldownPeriodInSeconds",                                                           \
         .help = "Seconds without a call after which a session ends."},                                      \
        {.names = "--max-alive-period",                                                                      \
         .kind = AZ_COUNT,                                                                                   \
         .member = LIFE "maxAlivePeriodInSeconds",                                                           \
         .help = "Seconds after which a session ends whatever it does."},                                    \
        {.names = "--lifecycle-type",                                                                        \
         .choices = AZ_CHOICES("Timed", "OnContainerExit"),                                                  \
         .member = LIFE "lifecycleType",                                                                     \
         .help = "What ends a session."},                                                                    \
    {                                                                                                        \
        .names = "--network-status", .choices = AZ_CHOICES("EgressDisabled", "EgressEnabled"),               \
        .member = "properties.sessionNetworkConfiguration.status",                                           \
        .help = "Whether code reaches the network."                                                          \
    }

/* Of an app's one container, in the order in which they are looked for. */
#define APP_CHANGES                                                                                          \
    {.names = "--image -i", .help = "The image; sallyport/app needs no container engine."},                  \
        {.names = "--container-name", .help = "The container's name."},                                      \
        {.names = "--command", .kind = AZ_TEXTS, .help = "In place of the image's entry point."},            \
        {.names = "--args", .kind = AZ_TEXTS, .help = "Its arguments."},                                     \
        {.names = "--cpu", .help = "Processors, such as 0.5."},                                              \
        {.names = "--memory", .help = "Such as 1.0Gi."},                                                     \
        {.names = "--min-replicas",                                                                          \
         .kind = AZ_COUNT,                                                                                   \
         .member = "properties.template.scale.minReplicas",                                                  \
         .help = "Fewest processes."},                                                                       \
        {.names = "--max-replicas",                                                                          \
         .kind = AZ_COUNT,                                                                                   \
         .member = "properties.template.scale.maxReplicas",                                                  \
         .help = "Most processes."},                                                                         \
    {                                                                                                        \
        .names = "--revision-suffix", .member = "properties.template.revisionSuffix",                        \
        .help = "End of the revision's name."                                                                \
    }

#define POOL_TABLE "[].{Name:name,Location:location,ResourceGroup:resourceGroup}"

const struct az_command az_rows_apps[] = {
    {.name = "containerapp sessionpool create",
     .arguments = ARGUMENTS(
         NAME("The new pool."), GROUP, LOCATION,
         {.names = "--container-type",
          .choices = AZ_CHOICES("PythonLTS", "NodeLTS", "Shell", "CustomContainer"),
          .initial = "PythonLTS",
          .member = "properties.containerType",
          .help = "What its sessions run."},
         {.names = "--environment",
          .member = "properties.environmentId",
          .type = ENVIRONMENT,
          .help = "Its environment."},
         POOL_CHANGES,
         {.names = "--secrets -s", .kind = AZ_TEXTS, .help = "NAME=VALUE, with spaces between several."}),
     .method = "PUT",
     .path = IN_GROUP POOL "/{name}",
     .version = VERSION,
     .body = "{\"properties\":{\"poolManagementType\":\"Dynamic\"}}",
     .prepare = az_prepare_pool,
     .located = true,
     .summary = "Make a session pool; it serves at once.",
     .example = "-n myPool -g myResourceGroup -l local --container-type PythonLTS --max-sessions 100"},
    {.name = "containerapp sessionpool show",
     .arguments = ARGUMENTS(NAME("The pool."), GROUP),
     .method = "GET",
     .path = IN_GROUP POOL "/{name}",
     .version = VERSION,
     .summary = "Show a pool.",
     .example = "-n myPool -g myResourceGroup --query properties.poolManagementEndpoint -o tsv"},
    {.name = "containerapp sessionpool list",
     .arguments = ARGUMENTS(GROUP_MAY),
     .method = "GET",
     .path = MAYBE_GROUP POOL,
     .version = VERSION,
     .select = "value",
     .table = POOL_TABLE,
     .summary = "List pools."},
    {.name = "containerapp sessionpool update",
     .arguments = ARGUMENTS(NAME("The pool."), GROUP, POOL_CHANGES),
     .method = "PATCH",
     .path = IN_GROUP POOL "/{name}",
     .version = VERSION,
     .body = "{}",
     .summary = "Change a pool's limits; its sessions go on."},
    {.name = "containerapp sessionpool delete",
     .arguments = ARGUMENTS(NAME("The pool."), GROUP, YES),
     .method = "DELETE",
     .path = IN_GROUP POOL "/{name}",
     .version = VERSION,
     .asks = true,
     .silent = true,
     .summary = "Delete a pool, and end its sessions."},
    {.name = "containerapp env create",
     .arguments = ARGUMENTS(
         NAME("The new environment."), GROUP, LOCATION, TAGS,
         {.names = "--logs-destination",
          .choices = AZ_CHOICES("log-analytics", "azure-monitor", "none"),
          .help = "Only none is there."},
         {.names = "--enable-workload-profiles -w", .kind = AZ_YESNO, .help = "Makes no difference."}),
     .method = "PUT",
     .path = IN_GROUP ENVIRONMENT "/{name}",
     .version = VERSION,
     .body = "{\"properties\":{}}",
     .prepare = az_prepare_environment,
     .located = true,
     .summary = "Make an environment for apps.",
     .example = "-n myEnvironment -g myResourceGroup -l local --logs-destination none"},
    {.name = "containerapp env show",
     .arguments = ARGUMENTS(NAME("The environment."), GROUP),
     .method = "GET",
     .path = IN_GROUP ENVIRONMENT "/{name}",
     .version = VERSION,
     .table = "{Location:location,Name:name,ResourceGroup:resourceGroup}",
     .summary = "Show an environment."},
    {.name = "containerapp env list",
     .arguments = ARGUMENTS(GROUP_MAY),
     .method = "GET",
     .path = MAYBE_GROUP ENVIRONMENT,
     .version = VERSION,
     .select = "value",
     .table = "[].{Location:location,Name:name,ResourceGroup:resourceGroup}",
     .summary = "List environments."},
    {.name = "containerapp env delete",
     .arguments = ARGUMENTS(NAME("The environment."), GROUP, YES),
     .method = "DELETE",
     .path = IN_GROUP ENVIRONMENT "/{name}",
     .version = VERSION,
     .asks = true,
     .silent = true,
     .summary = "Delete an environment."},
    {.name = "containerapp create",
     .arguments = ARGUMENTS(
         NAME("The new app."), GROUP,
         {.names = "--environment",
          .required = true,
          .member = "properties.environmentId",
          .type = ENVIRONMENT,
          .help = "Its environment, by name or id."},
         TAGS, APP_CHANGES,
         {.names = "--env-vars",
          .kind = AZ_TEXTS,
          .help = "NAME=VALUE or NAME=secretref:SECRET, with spaces between several."},
         {.names = "--ingress", .choices = AZ_CHOICES("internal", "external"), .help = "Who reaches it."},
         {.names = "--target-port",
          .kind = AZ_COUNT,
          .member = "properties.configuration.ingress.targetPort",
          .help = "Where it listens."},
         {.names = "--transport",
          .choices = AZ_CHOICES("auto", "http", "http2", "tcp"),
          .initial = NULL,
          .help = "What it speaks: auto unless said otherwise."},
         {.names = "--allow-insecure",
          .kind = AZ_YESNO,
          .member = "properties.configuration.ingress.allowInsecure",
          .help = "Clear text, too."},
         {.names = "--secrets -s", .kind = AZ_TEXTS, .help = "NAME=VALUE, with spaces between several."},
         {.names = "--system-assigned", .kind = AZ_FLAG, .help = "With an identity of its own."},
         {.names = "--user-assigned", .kind = AZ_TEXTS, .help = "With these identities, by name or id."},
         {.names = "--revisions-mode",
          .choices = AZ_CHOICES("single", "multiple"),
          .initial = "single",
          .member = "properties.configuration.activeRevisionsMode",
          .help = "How many versions run."}),
     .method = "PUT",
     .path = IN_GROUP APP "/{name}",
     .version = VERSION,
     .body = "{\"properties\":{\"configuration\":{},\"template\":{}}}",
     .prepare = az_prepare_app,
     .located = true,
     .summary = "Start an app.",
     .example = "-n app -g myResourceGroup --environment myEnvironment --image sallyport/app --ingress "
                "external --target-port 8080"},
    {.name = "containerapp show",
     .arguments = ARGUMENTS(NAME("The app."), GROUP),
     .method = "GET",
     .path = IN_GROUP APP "/{name}",
     .version = VERSION,
     .table = "{Name:name,Location:location,ResourceGroup:resourceGroup,Fqdn:properties.configuration."
              "ingress.fqdn}",
     .summary = "Show an app."},
    {.name = "containerapp list",
     .arguments = ARGUMENTS(GROUP_MAY, {.names = "--environment", .help = "Only of this environment."}),
     .method = "GET",
     .path = MAYBE_GROUP APP,
     .version = VERSION,
     .select = "value",
     .table = "[].{Name:name,Location:location,ResourceGroup:resourceGroup,Fqdn:properties.configuration."
              "ingress.fqdn}",
     .summary = "List apps."},
    {.name = "containerapp update",
     .arguments =
         ARGUMENTS(NAME("The app."), GROUP, TAGS, APP_CHANGES,
                   {.names = "--set-env-vars", .kind = AZ_TEXTS, .help = "NAME=VALUE: set or added."},
                   {.names = "--remove-env-vars", .kind = AZ_TEXTS, .help = "Names that are taken away."},
                   {.names = "--replace-env-vars", .kind = AZ_TEXTS, .help = "NAME=VALUE: in place of all."},
                   {.names = "--remove-all-env-vars", .kind = AZ_FLAG, .help = "All are taken away."}),
     .method = "PATCH",
     .path = IN_GROUP APP "/{name}",
     .version = VERSION,
     .body = "{}",
     .run = az_act_app_update,
     .summary = "Change an app; it starts anew.",
     .example = "-n app -g myResourceGroup --set-env-vars COLOR=red"},
    {.name = "containerapp delete",
     .arguments = ARGUMENTS(NAME("The app."), GROUP, YES),
     .method = "DELETE",
     .path = IN_GROUP APP "/{name}",
     .version = VERSION,
     .asks = true,
     .silent = true,
     .summary = "Stop an app and delete it."},
    {.name = "containerapp logs show",
     .arguments = ARGUMENTS(
         NAME("The app."), GROUP, {.names = "--follow", .kind = AZ_YESNO, .help = "Go on as it writes."},
         {.names = "--tail", .kind = AZ_COUNT, .initial = "20", .help = "Lines of before."},
         {.names = "--container", .help = "Of this container."},
         {.names = "--revision", .help = "Of this revision."},
         {.names = "--replica", .help = "Of this process."},
         {.names = "--format",
          .choices = AZ_CHOICES("json", "text"),
          .initial = "json",
          .help = "How lines are printed."}),
     .path = IN_GROUP APP "/{name}",
     .version = VERSION,
     .run = az_act_app_logs,
     .summary = "What an app writes.",
     .example = "-n app -g myResourceGroup --format text"},
    {.name = NULL},
};
