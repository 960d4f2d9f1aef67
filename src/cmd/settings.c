/* SPDX-License-Identifier: MIT */
/* settings.c — name, kind, argument, environment, default, range, commands, help: everything else derives
 * from here. */
#include "cmd/settings.h"

#include "os/clock.h"

#define DAY_NS (86400 * NS_PER_S)

const struct option_spec settings_table[] = {
    {"host", OPTION_TEXT, "ADDRESS", NULL, "127.0.0.1", 0, 0, COMMAND_SERVERS,
     "numeric address to listen on"},
    {"port", OPTION_COUNT, "PORT", NULL, "8080", 0, 65535, COMMAND_SERVERS,
     "port for HTTP/1.1 and gRPC; 0: the kernel chooses"},
    {"host-names", OPTION_TEXT, "NAMES", NULL, NULL, 0, 0, COMMAND_SERVERS,
     "names, separated by commas, that clients and proxies call this server besides localhost"},
    {"data", OPTION_TEXT, "DIR", "SALLYPORT_DATA", NULL, 0, 0, COMMAND_DEV | COMMAND_SCHEDULER,
     "folder of the durable state; default: $STATE_DIRECTORY, else $XDG_STATE_HOME/sallyport"},
    {"user", OPTION_TEXT, "USER", NULL, NULL, 0, 0, COMMAND_SERVERS,
     "started as root, the server becomes this user; default: number 199998"},
    {"ready-file", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, COMMAND_SERVERS,
     "written once everything answers: a JSON object with the addresses"},
    {"compat", OPTION_TEXT, "MODE", NULL, NULL, 0, 0, COMMAND_DEV | COMMAND_APP,
     "\"sample\": the /code routes answer exactly as the cloud sample"},
    {"approval-timeout", OPTION_DURATION, "TIME", NULL, "24h", NS_PER_MS, 3650 * DAY_NS,
     COMMAND_DEV | COMMAND_APP, "how long a result waits for a decision"},
    {"run-timeout", OPTION_DURATION, "TIME", NULL, "0", 0, DAY_NS, COMMAND_DEV | COMMAND_APP,
     "limit of one run; 0: the pool's own limit"},
    {"code-size-max", OPTION_SIZE, "BYTES", NULL, "512K", 1, 900 << 10, COMMAND_DEV | COMMAND_APP,
     "most bytes of submitted code"},
    {"session-pool-url", OPTION_TEXT, "URL", "SESSION_POOL_URL", NULL, 0, 0, COMMAND_APP,
     "management endpoint of the session pool"},
    {"session-pool-token", OPTION_TEXT, "TOKEN", "SESSION_POOL_TOKEN", NULL, 0, 0, COMMAND_APP,
     "bearer token for the pool", .secret = true},
    {"scheduler", OPTION_TEXT, "STRING", "DURABLE_TASK_SCHEDULER_CONNECTION_STRING", NULL, 0, 0, COMMAND_APP,
     "Endpoint=URL;TaskHub=NAME;Authentication=None"},
    {"scheduler-token", OPTION_TEXT, "TOKEN", "DURABLE_TASK_SCHEDULER_TOKEN", NULL, 0, 0, COMMAND_APP,
     "bearer token for the scheduler", .secret = true},
    {"task-hubs", OPTION_TEXT, "NAMES", "DTS_TASK_HUB_NAMES", "default", 0, 0,
     COMMAND_DEV | COMMAND_SCHEDULER, "task hubs, separated by commas, in any order"},
    {"app-hub", OPTION_TEXT, "NAME", NULL, "default", 0, 0, COMMAND_DEV,
     "task hub of the app, served besides --task-hubs"},
    {"dynamic-task-hubs", OPTION_FLAG, NULL, "DTS_USE_DYNAMIC_TASK_HUBS", NULL, 0, 0,
     COMMAND_DEV | COMMAND_SCHEDULER, "make a task hub when its name is first used"},
    {"payload-size-max", OPTION_SIZE, "BYTES", NULL, "1M", 1024, 3 << 20, COMMAND_DEV | COMMAND_SCHEDULER,
     "most bytes of one input, output or event of an orchestration"},
    {"resident-size-max", OPTION_SIZE, "BYTES", NULL, "64M", 1 << 20, 1LL << 40,
     COMMAND_DEV | COMMAND_SCHEDULER,
     "memory for inputs and outputs that may be read from disk again, and as much for histories"},
    {"activity-lease", OPTION_DURATION, "TIME", NULL, "24h", NS_PER_S, 3650 * DAY_NS,
     COMMAND_DEV | COMMAND_SCHEDULER, "an activity not answered within this is given to another worker"},
    {"large-message-agents", OPTION_TEXT, "NAMES", NULL, "durabletask-js", 0, 0,
     COMMAND_DEV | COMMAND_SCHEDULER,
     "beginnings of the user agents, separated by commas, whose workers take messages over 4 MiB"},
    {"pool-name", OPTION_TEXT, "NAME", NULL, "default", 0, 0, COMMAND_DEV | COMMAND_POOL,
     "name of the session pool"},
    {"max-sessions", OPTION_COUNT, "N", NULL, "100", 1, 10000, COMMAND_DEV | COMMAND_POOL,
     "sessions with an identifier at one time"},
    {"ready-sessions", OPTION_COUNT, "N", NULL, "5", 0, 1000, COMMAND_DEV | COMMAND_POOL,
     "sessions kept ready for new identifiers"},
    {"isolation-wait", OPTION_DURATION, "TIME", NULL, "60s", NS_PER_MS, DAY_NS,
     COMMAND_DEV | COMMAND_POOL | COMMAND_APP,
     "how long runs wait while sessions cannot be made, before they fail"},
    {"require", OPTION_TEXT, "LAYERS", NULL, NULL, 0, 0, COMMAND_DEV | COMMAND_POOL,
     "layers of isolation, separated by commas, without which nothing is started"},
    {"cooldown", OPTION_DURATION, "TIME", NULL, "300s", 0, 30 * DAY_NS, COMMAND_DEV | COMMAND_POOL,
     "a session ends when it was not used for this long"},
    {"execution-timeout-max", OPTION_DURATION, "TIME", NULL, "220s", NS_PER_MS, DAY_NS,
     COMMAND_DEV | COMMAND_POOL, "longest time one execution may ask for"},
    {"upload-size-max", OPTION_SIZE, "BYTES", NULL, "128M", 1, 1LL << 40, COMMAND_DEV | COMMAND_POOL,
     "most bytes of one upload"},
    {"call-size-max", OPTION_SIZE, "BYTES", NULL, "8M", 1 << 10, 32 << 20, COMMAND_DEV | COMMAND_POOL,
     "most bytes of the body of any other call to the pool"},
    {"output-size-max", OPTION_SIZE, "BYTES", NULL, "1M", 1 << 10, 64 << 20, COMMAND_DEV | COMMAND_POOL,
     "most bytes kept of each stream and each text of an execution"},
    {"result-size-max", OPTION_SIZE, "BYTES", NULL, "8M", 64 << 10, 32 << 20, COMMAND_DEV | COMMAND_POOL,
     "most bytes of one result as a session sends it"},
    {"pool-memory", OPTION_SIZE, "BYTES", NULL, "256M", 16 << 20, 1LL << 40, COMMAND_DEV | COMMAND_POOL,
     "what all sessions may make the server hold: results, output, waiting code"},
    {"uploads-memory", OPTION_SIZE, "BYTES", NULL, "1G", 1 << 20, 1LL << 40, COMMAND_DEV | COMMAND_POOL,
     "what all sessions may hold of uploaded files; charged to the server, not to them"},
    {"lenient-versions", OPTION_FLAG, NULL, NULL, NULL, 0, 0, COMMAND_DEV | COMMAND_POOL,
     "take any api-version that begins with a date"},
    {"plain-numbers", OPTION_FLAG, NULL, NULL, NULL, 0, 0, COMMAND_DEV | COMMAND_POOL,
     "send number results as numbers also to Semantic Kernel for .NET"},
    {"session-memory", OPTION_SIZE, "BYTES", NULL, "512M", 32 << 20, 1LL << 40, COMMAND_DEV | COMMAND_POOL,
     "memory of one session"},
    {"session-tasks", OPTION_COUNT, "N", NULL, "64", 4, 30000, COMMAND_DEV | COMMAND_POOL,
     "processes and threads of one session"},
    {"session-cpu-percent", OPTION_COUNT, "N", NULL, "100", 1, 6400, COMMAND_DEV | COMMAND_POOL,
     "share of one core for one session"},
    {"session-data", OPTION_SIZE, "BYTES", NULL, "256M", 1 << 20, 1LL << 40, COMMAND_DEV | COMMAND_POOL,
     "size of a session's /mnt/data"},
    {"session-path", OPTION_TEXT, "PATHS", NULL, NULL, 0, 0, COMMAND_DEV | COMMAND_POOL | COMMAND_DOCTOR,
     "absolute paths, separated by commas, that sessions may read besides the list of sallyport doctor"},
    {"session-disk-read", OPTION_SIZE, "BYTES", NULL, "64M", 1 << 16, 1LL << 40, COMMAND_DEV | COMMAND_POOL,
     "most bytes a second that a session may read from the disk, where the kernel can limit it"},
    {"strict-proc", OPTION_FLAG, NULL, NULL, NULL, 0, 0, COMMAND_DEV | COMMAND_POOL,
     "no file of /proc can be read in sessions: closes a covert channel, breaks ps and psutil"},
    {"strict-locks", OPTION_FLAG, NULL, NULL, NULL, 0, 0, COMMAND_DEV | COMMAND_POOL,
     "no file locks in sessions: closes a covert channel, breaks sqlite"},
    {"insecure-no-auth", OPTION_FLAG, NULL, NULL, NULL, 0, 0, COMMAND_SERVERS,
     "listen on an address other than loopback although there is no sign-in"},
    {"peer-ping-interval", OPTION_DURATION, "TIME", NULL, "20s", NS_PER_MS, DAY_NS,
     COMMAND_DEV | COMMAND_SCHEDULER,
     "a worker or client with calls that is silent for so long is asked for a sign of life"},
    {"peer-ping-timeout", OPTION_DURATION, "TIME", NULL, "40s", NS_PER_MS, DAY_NS,
     COMMAND_DEV | COMMAND_SCHEDULER,
     "one that does not give it in time is disconnected, and its work goes to others"},
    {"shutdown-timeout", OPTION_DURATION, "TIME", NULL, "15s", 0, 3600 * NS_PER_S, COMMAND_SERVERS,
     "an orderly stop that takes longer is cut short"},
    {"log-level", OPTION_TEXT, "LEVEL", "SALLYPORT_LOG_LEVEL", "info", 0, 0, COMMAND_SERVERS,
     "debug, info, warn or error"},
    {"log-format", OPTION_TEXT, "FORMAT", "SALLYPORT_LOG_FORMAT", "text", 0, 0, COMMAND_SERVERS,
     "text or json"},
    {"access-log", OPTION_FLAG, NULL, NULL, NULL, 0, 0, COMMAND_SERVERS,
     "log one line for each HTTP request: route, status, bytes, time, peer"},
    {"config", OPTION_TEXT, "FILE", "SALLYPORT_CONFIG", NULL, 0, 0, COMMAND_SERVERS,
     "file of \"name = value\" lines with the names of this list"},
    {"json", OPTION_FLAG, NULL, NULL, NULL, 0, 0, COMMAND_DOCTOR | COMMAND_CONFIG, "print JSON"},
};
const size_t settings_count = ARRAY_SIZE(settings_table);

static const struct option_value *value(const struct option_values *values, const char *name)
{
    return option_get(settings_table, settings_count, values, name);
}

int64_t setting_number(const struct option_values *values, const char *name)
{
    return value(values, name)->number;
}

const char *setting_text(const struct option_values *values, const char *name)
{
    return value(values, name)->text;
}

bool setting_flag(const struct option_values *values, const char *name)
{
    return value(values, name)->number != 0;
}
