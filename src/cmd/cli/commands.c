/* SPDX-License-Identifier: MIT */
/* commands.c — the rows, their settings, and the one way in which each runs: open the session, act, close. */
#include "cmd/cli/actions.h"

#include "os/clock.h"

/* --- settings --- */

enum cli_bit {
    CLI_HUB_CREATE = 1 << 0,
    CLI_HUB_DELETE = 1 << 1,
    CLI_HUB_LS = 1 << 2,
    CLI_LS = 1 << 3,
    CLI_SHOW = 1 << 4,
    CLI_HISTORY = 1 << 5,
    CLI_START = 1 << 6,
    CLI_RAISE = 1 << 7,
    CLI_STEER = 1 << 8, /* suspend, resume, rewind */
    CLI_TERMINATE = 1 << 9,
    CLI_RESTART = 1 << 10,
    CLI_PURGE = 1 << 11,
    CLI_ENTITY_LS = 1 << 12,
    CLI_ENTITY_SHOW = 1 << 13,
    CLI_ENTITY_SIGNAL = 1 << 14,
    CLI_AUDIT_LS = 1 << 15,
    CLI_AUDIT_EXPORT = 1 << 16,
    CLI_AUDIT_VERIFY = 1 << 17,
    CLI_AUDIT_CHECK = 1 << 18,
    CLI_ALL = (1 << 18) - 1, /* that ask a server */
};

#define CLI_NAMES_HUB (CLI_HUB_CREATE | CLI_HUB_DELETE) /* by a positional */
#define CLI_TAKES_KEY (CLI_ALL & ~CLI_AUDIT_VERIFY)     /* whose --key and --data mean something else */
#define CLI_AUDIT     (CLI_AUDIT_LS | CLI_AUDIT_EXPORT | CLI_AUDIT_VERIFY)

static const struct option_spec settings[] = {
    {"connection", OPTION_TEXT, "STRING", "DURABLE_TASK_SCHEDULER_CONNECTION_STRING", NULL, 0, 0, CLI_ALL,
     "Endpoint=URL;TaskHub=NAME;Authentication=None, or DefaultAzure, AzureCli, …"},
    {"url", OPTION_TEXT, "URL", "SALLYPORT_URL", NULL, 0, 0, CLI_ALL,
     "the endpoint alone; without this and --connection a running dev of one's own, else "
     "http://localhost:8080"},
    {"hub", OPTION_TEXT, "NAME", "SALLYPORT_HUB", NULL, 0, 0, CLI_ALL & ~CLI_NAMES_HUB & ~CLI_AUDIT,
     "the task hub; without it that of --connection, or default"},
    {"token", OPTION_TEXT, "TOKEN", "DURABLE_TASK_SCHEDULER_TOKEN", NULL, 0, 0, CLI_ALL, "bearer token",
     .secret = true},
    {"token-file", OPTION_TEXT, "FILE", "DURABLE_TASK_SCHEDULER_TOKEN_FILE", NULL, 0, 0, CLI_ALL,
     "a file with that token in its one line", .file_of = "token"},
    {"key", OPTION_TEXT, "KEY", "SALLYPORT_KEY", NULL, 0, 0, CLI_TAKES_KEY,
     "without --token and --connection: an API key; better in the environment", .secret = true},
    {"key-file", OPTION_TEXT, "FILE", "SALLYPORT_KEY_FILE", NULL, 0, 0, CLI_TAKES_KEY,
     "a file with that key in its one line", .file_of = "key"},
    {"data", OPTION_TEXT, "DIR", "SALLYPORT_DATA", NULL, 0, 0, CLI_TAKES_KEY,
     "without these: the data folder of the server on this machine, whose local.key is taken"},
    {"ca-file", OPTION_TEXT, "FILE", "SALLYPORT_CA_FILE", NULL, 0, 0, CLI_ALL,
     "PEM file of the authorities that are trusted, in place of the system's"},
    {"timeout", OPTION_DURATION, "TIME", NULL, "10s", NS_PER_MS, 3600 * NS_PER_S, CLI_ALL,
     "how long an answer is waited for"},
    {"json", OPTION_FLAG, NULL, NULL, NULL, 0, 0, CLI_ALL & ~CLI_AUDIT_EXPORT,
     "print JSON, with the names of the HTTP API"},
    {"query", OPTION_TEXT, "JMESPATH", NULL, NULL, 0, 0, CLI_ALL & ~CLI_AUDIT_EXPORT,
     "print what this finds in the JSON, such as orchestrations[].instanceId"},
    {"recreate", OPTION_FLAG, NULL, NULL, NULL, 0, 0, CLI_HUB_CREATE, "drop what it holds, if it exists"},
    {"yes", OPTION_FLAG, NULL, NULL, NULL, 0, 0, CLI_HUB_DELETE, "do not ask"},
    {"status", OPTION_TEXT, "NAMES", NULL, NULL, 0, 0, CLI_LS,
     "only these, with commas: pending, running, suspended, completed, failed, terminated, cancelled"},
    {"prefix", OPTION_TEXT, "TEXT", NULL, NULL, 0, 0, CLI_LS | CLI_ENTITY_LS, "only ids that begin so"},
    {"since", OPTION_TEXT, "TIME", NULL, NULL, 0, 0, CLI_LS, "only those created at or after it"},
    {"before", OPTION_TEXT, "TIME", NULL, NULL, 0, 0, CLI_LS, "only those created before it"},
    {"transient", OPTION_FLAG, NULL, NULL, NULL, 0, 0, CLI_ENTITY_LS,
     "also those without a state that are held, or for which something waits"},
    {"limit", OPTION_COUNT, "N", NULL, "100", 1, 1000000, CLI_LS | CLI_ENTITY_LS | CLI_AUDIT_LS,
     "most to print"},
    {"after", OPTION_COUNT, "ENTRY", NULL, "0", 0, INT64_MAX, CLI_AUDIT_LS, "only those behind this one"},
    {"object", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, CLI_AUDIT_LS,
     "only those about it, such as requests/ID"},
    {"key", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, CLI_AUDIT_VERIFY | CLI_AUDIT_CHECK,
     "the server's public key, audit-key.pub of its data folder"},
    {"heads", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, CLI_AUDIT_VERIFY,
     "signed heads that were kept elsewhere, audit-heads.jsonl"},
    {"data", OPTION_TEXT, "FOLDER", NULL, NULL, 0, 0, CLI_AUDIT_VERIFY,
     "a data folder, in place of a server"},
    {"id", OPTION_TEXT, "ID", NULL, NULL, 0, 0, CLI_START, "its id; without it a new one"},
    {"version", OPTION_TEXT, "VERSION", NULL, NULL, 0, 0, CLI_START, "version of the orchestration"},
    {"tags", OPTION_TEXT, "LIST", NULL, NULL, 0, 0, CLI_START, "NAME=VALUE, with commas between several"},
    {"at", OPTION_TEXT, "TIME", NULL, NULL, 0, 0, CLI_START | CLI_ENTITY_SIGNAL,
     "not before this time, such as 2026-11-28T11:52:53Z"},
    {"wait", OPTION_FLAG, NULL, NULL, NULL, 0, 0, CLI_START,
     "wait until it is over; exit code 1 unless it completed"},
    {"reason", OPTION_TEXT, "TEXT", NULL, NULL, 0, 0, CLI_STEER, "why, for the history"},
    {"output", OPTION_TEXT, "JSON", NULL, NULL, 0, 0, CLI_TERMINATE, "what becomes its output"},
    {"now", OPTION_FLAG, NULL, NULL, NULL, 0, 0, CLI_TERMINATE, "without asking its worker"},
    {"recursive", OPTION_FLAG, NULL, NULL, NULL, 0, 0, CLI_TERMINATE | CLI_PURGE, "its children, too"},
    {"new-id", OPTION_FLAG, NULL, NULL, NULL, 0, 0, CLI_RESTART, "under a new id, and keep this one"},
    {"older-than", OPTION_DURATION, "TIME", NULL, NULL, 0, 36500LL * 86400 * NS_PER_S, CLI_PURGE,
     "in place of ids: all that are over and were created longer ago"},
    {.name = NULL},
};

/* --- running --- */

static const struct {
    const char *name;
    int (*act)(struct cli_session *session);
    bool names_hub; /* the first positional is the hub */
} actions[] = {
    {"hub create", cli_hub_create, true},
    {"hub delete", cli_hub_delete, true},
    {"hub ls", cli_hub_ls, false},
    {"instance ls", cli_instance_ls, false},
    {"instance show", cli_instance_show, false},
    {"instance history", cli_instance_history, false},
    {"instance start", cli_instance_start, false},
    {"instance raise", cli_instance_raise, false},
    {"instance suspend", cli_instance_suspend, false},
    {"instance resume", cli_instance_resume, false},
    {"instance terminate", cli_instance_terminate, false},
    {"instance rewind", cli_instance_rewind, false},
    {"instance restart", cli_instance_restart, false},
    {"instance purge", cli_instance_purge, false},
    {"audit ls", cli_audit_ls, false},
    {"audit export", cli_audit_export, false},
    {"audit verify", cli_audit_verify, false},
    {"audit check", cli_audit_check, false},
    {"entity ls", cli_entity_ls, false},
    {"entity show", cli_entity_show, false},
    {"entity signal", cli_entity_signal, false},
};

static int run(const struct command *command, const struct option_values *values)
{
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
        if (strcmp(actions[i].name, command->name) != 0)
            continue;
        struct cli_session session;
        const char *hub = actions[i].names_hub ? values->positionals[0] : NULL;
        bool takes_key = command->syntax.sets[0].commands & CLI_TAKES_KEY;
        const char *key = takes_key ? setting_text(values, "key") : NULL;
        int code = cli_session_open(&session, command, values, hub, key);
        if (code == EXIT_GOOD)
            code = actions[i].act(&session);
        cli_session_close(&session);
        return code;
    }
    ASSERT(!"a row without an action");
}

/* --- rows --- */

#define SYNTAX(bit, words)                                                                                   \
    {                                                                                                        \
        .sets = {{settings, (bit)}}, .positionals = (words)                                                  \
    }
#define WHERE                                                                                                \
    "The endpoint is --connection, else --url, this product's or the cloud's; else a dev of one's own that " \
    "runs, else http://localhost:8080.\n"                                                                    \
    "Exit codes: 0 good, 1 failed, 2 wrong usage, 3 no such thing."

const struct command cli_commands[] = {
    {"hub create", run, SYNTAX(CLI_HUB_CREATE, "NAME"), "make a task hub",
     "The scheduler must let clients do that: --manage-task-hubs.\n" WHERE},
    {"hub delete", run, SYNTAX(CLI_HUB_DELETE, "NAME"), "delete a task hub and all that is in it",
     "The scheduler must let clients do that: --manage-task-hubs.\n" WHERE},
    {"hub ls", run, SYNTAX(CLI_HUB_LS, NULL), "list the task hubs",
     "By the HTTP API of this product; the cloud does not list its hubs. Instances are counted from the "
     "server's start on;\n"
     "WAITING and ACTIVE are turns, activities and entities in line and with workers.\n" WHERE},
    {"instance ls", run, SYNTAX(CLI_LS, NULL), "list orchestration instances",
     "Oldest first. Times are UTC.\n" WHERE},
    {"instance show", run, SYNTAX(CLI_SHOW, "ID"), "show an instance, and why it does not move",
     "The line \"standing\" says what it waits for.\n" WHERE},
    {"instance history", run, SYNTAX(CLI_HISTORY, "ID"), "show what happened to an instance",
     "The events of its present execution.\n" WHERE},
    {"instance start", run, SYNTAX(CLI_START, "NAME [INPUT]"), "start an instance",
     "Prints its id. INPUT is JSON, as the SDKs write it.\n" WHERE},
    {"instance raise", run, SYNTAX(CLI_RAISE, "ID EVENT [DATA]"), "send an event to an instance",
     "DATA is JSON. It is kept until the orchestration waits for it.\n" WHERE},
    {"instance suspend", run, SYNTAX(CLI_STEER, "ID..."), "suspend instances",
     "Their orchestrators decide nothing until they are resumed.\n" WHERE},
    {"instance resume", run, SYNTAX(CLI_STEER, "ID..."), "resume suspended instances",
     "What came meanwhile is handled in its order.\n" WHERE},
    {"instance terminate", run, SYNTAX(CLI_TERMINATE, "ID..."), "end instances",
     "By their worker; with --now at once.\n" WHERE},
    {"instance rewind", run, SYNTAX(CLI_STEER, "ID..."), "run again what failed in failed instances",
     "What succeeded is kept; children, too.\n" WHERE},
    {"instance restart", run, SYNTAX(CLI_RESTART, "ID"), "run an instance again with its input",
     "Prints its id.\n" WHERE},
    {"instance purge", run, SYNTAX(CLI_PURGE, "[ID...]"), "delete instances that are over",
     "Each with its history.\n" WHERE},
    {"entity ls", run, SYNTAX(CLI_ENTITY_LS, NULL), "list entities",
     "Those that have a state; with --transient also those that are only held, or have a backlog.\n" WHERE},
    {"entity show", run, SYNTAX(CLI_ENTITY_SHOW, "ID"), "show an entity and its state",
     "ID is @NAME@KEY.\n" WHERE},
    {"entity signal", run, SYNTAX(CLI_ENTITY_SIGNAL, "ID OPERATION [INPUT]"),
     "have an entity run an operation", "ID is @NAME@KEY, INPUT is JSON. Nothing comes back.\n" WHERE},
    {"audit ls", run, SYNTAX(CLI_AUDIT_LS, NULL), "list entries of the audit log",
     "Oldest first; --after goes on behind an entry. Times are UTC.\n" WHERE},
    {"audit export", run, SYNTAX(CLI_AUDIT_EXPORT, NULL),
     "print the whole audit log, with a signed head at its end",
     "A line each, in the bytes that are proven. Keep it where the server cannot reach.\n" WHERE},
    {"audit verify", run, SYNTAX(CLI_AUDIT_VERIFY, "[FILE]"), "prove that an audit log is whole",
     "Of a server, of a data folder (--data), or of an export (FILE; - is standard input). Looks at every "
     "entry\n"
     "and every signed head, and names the first that was changed. Give --key, which you got another way, or "
     "the\n"
     "server's own word is taken for its key.\n" WHERE},
    {"audit check", run, SYNTAX(CLI_AUDIT_CHECK, "RECEIPT"),
     "prove what a receipt or an export says, without a server",
     "RECEIPT is what GET /v1/requests/ID/receipt answered. Exit codes: 0 it holds, 1 it does not, 2 wrong "
     "usage."},
    {.name = NULL},
};
