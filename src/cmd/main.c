/* SPDX-License-Identifier: MIT */
/* main.c — the lists of commands, their help, and the choice between them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/az/az.h"
#include "cmd/cli/cli.h"
#include "cmd/cli/directory.h"
#include "cmd/cli/server.h"
#include "cmd/command.h"
#include "cmd/completion.h"
#include "cmd/policy/policy_commands.h"
#include "cmd/review/review.h"
#include "cmd/servers.h"
#include "cmd/webhook/webhook_commands.h"
#include "jail/launcher_client.h"
#include "jail/warden_client.h"
#include "os/memory.h"
#include "svc/keeper/warden.h"
#include "svc/launcher/engine.h"
#include "svc/launcher/launcher.h"

static const struct command server_commands[] = {
    {"dev", command_serve, SERVER_SYNTAX(COMMAND_DEV), "run everything on this machine",
     "Session pool, task scheduler and app in one process, on one port of the loopback address, without an "
     "account.\n"
     "State is kept; a restart on the same data folder continues every run."},
    {"app", command_serve, SERVER_SYNTAX(COMMAND_APP), "run the web API and its durable worker",
     "Needs a session pool and a task scheduler, this product's or the cloud's, named by SESSION_POOL_URL "
     "and\n"
     "DURABLE_TASK_SCHEDULER_CONNECTION_STRING."},
    {"pool", command_serve, SERVER_SYNTAX(COMMAND_POOL), "run a session pool",
     "Isolated Python sessions over the session pool API, at the root of the port and under any path before "
     "it."},
    {"scheduler", command_serve, SERVER_SYNTAX(COMMAND_SCHEDULER), "run a task scheduler",
     "Durable orchestrations over gRPC for the Durable Task SDKs."},
    {"config", command_config, SERVER_SYNTAX(COMMAND_CONFIG | COMMAND_SERVERS),
     "print the settings that hold, and why",
     "Takes the options, the environment and the --config file of any service and prints every setting with "
     "its value\nand where that comes from, in the form that --config reads. With --json also kind, range, "
     "default, environment\nvariable and commands of each. Secrets are not shown."},
    {"config show", command_config, SERVER_SYNTAX(COMMAND_CONFIG | COMMAND_SERVERS), "the same",
     "Takes the options, the environment and the --config file of any service and prints every setting with "
     "its value\nand where that comes from, in the form that --config reads. With --json also kind, range, "
     "default, environment\nvariable and commands of each. Secrets are not shown."},
    {"config check",
     command_config_check,
     {.sets = {{settings_table, COMMAND_CONFIG | COMMAND_SERVERS}}, .positionals = "[FILE]"},
     "tell each fault of a settings file",
     "Prints FILE:LINE:COLUMN, what is wrong and what is expected, for each fault of the file that is named, "
     "or "
     "that\n--config names. Exit code 1 when there are faults, 2 when the file cannot be read."},
    {"metrics", command_metrics, SERVER_SYNTAX(COMMAND_METRICS), "list what /metrics has",
     "Prints name, type, labels and meaning of each value that GET /metrics of a server started with "
     "--metrics can have."},
    {"limits",
     command_limits,
     {.sets = {{settings_table, COMMAND_LIMITS}}},
     "list what is bounded, and by how much",
     "Prints each limit with its value, whether a setting changes it, and what it bounds."},
    {"doctor", command_doctor, SERVER_SYNTAX(COMMAND_DOCTOR), "say what isolation this machine can give",
     "Prints each layer of isolation, whether it is on, and the command that mends it if not. Exit code 1 "
     "when the\n"
     "sandbox cannot be used at all."},
    {.name = NULL},
};

static int run_az(const struct command_list *lists, size_t list_count, int argc, char *const *argv)
{
    return az_main(argc, argv);
}

static const struct command other_commands[] = {
    {.name = "az",
     .run_words = run_az,
     .summary = "the cloud's az, for what this product has",
     .about = "sallyport az --help lists the groups."},
    {.name = "completion",
     .run_words = completion_run,
     .summary = "print the completion of bash, zsh or fish",
     .about = "usage: sallyport completion bash|zsh|fish. In bash: eval \"$(sallyport completion bash)\""},
    {.name = NULL},
};

/* A folder of commands adds its list here. */
static const struct command_list lists[] = {
    {NULL, server_commands},
    {"submit and review", review_commands},
    {"say what needs a person", policy_commands},
    {"tell others what happens", webhook_commands},
    {"ask a task scheduler", cli_commands},
    {"say who may what, with --auth", directory_commands},
    {"set up, and type", other_commands},
};

static int print(FILE *file, const struct buf *text, int code)
{
    bool whole = buf_status(text) == STATUS_OK && fwrite(text->data, 1, text->size, file) == text->size;
    return whole && fflush(file) == 0 ? code : EXIT_FAILED;
}

static int help_all(FILE *file)
{
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_cstr(&text, "sallyport " SALLYPORT_VERSION
                           " - run code where it can do no harm, and go on when a person approves\n\n"
                           "usage: sallyport COMMAND [options]\n\n");
    command_help_list(lists, ARRAY_SIZE(lists), NULL, &text);
    int width = command_help_width(lists, ARRAY_SIZE(lists), NULL);
    buf_append_fmt(
        &text,
        "\n  %-*s  this text, or a command's options\n"
        "  %-*s  the version\n\n"
        "exit codes: 0 good, 1 failed, 2 wrong usage, 3 no such thing; of submit --wait also 4 rejected,\n"
        "5 timed out, 6 failed; 7 no right\n",
        width, "help [COMMAND]", width, "--version");
    return print(file, &text, file == stdout ? EXIT_GOOD : EXIT_USAGE);
}

static int help_group(FILE *file, const char *group)
{
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_fmt(&text, "usage: sallyport %s COMMAND [options]\n\n", group);
    command_help_list(lists, ARRAY_SIZE(lists), group, &text);
    return print(file, &text, file == stdout ? EXIT_GOOD : EXIT_USAGE);
}

static int help_one(const struct command *command)
{
    CLEANUP(buf_fini) struct buf text = {0};
    command_help(command, &text);
    return print(stdout, &text, EXIT_GOOD);
}

/* Help of such a command is its own matter: `help az group` is `az group --help`. */
static int run_words(const struct command *command, bool help, int argc, char *const *argv)
{
    static char help_word[] = "--help";
    char *words[COMMAND_WORDS_MAX + 1];
    if (!help)
        return command->run_words(lists, ARRAY_SIZE(lists), argc, argv);
    int count = MIN(argc, COMMAND_WORDS_MAX);
    for (int i = 0; i < count; i++)
        words[i] = argv[i];
    words[count] = help_word;
    return command->run_words(lists, ARRAY_SIZE(lists), count + 1, words);
}

static int unknown_command(int argc, char *const *argv)
{
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_cstr(&text, "sallyport: ");
    command_say_unknown(lists, ARRAY_SIZE(lists), argc, argv, &text);
    buf_append_cstr(&text, "\ntype: sallyport help\n");
    return print(stderr, &text, EXIT_USAGE);
}

static bool wants_help(int argc, char *const *argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

static const char *environment(const char *name)
{
    return getenv(name);
}

static int run_command(const struct command *command, int argc, char *const *argv)
{
    struct err err = {0};
    struct option_values values;
    enum status status = option_parse(&command->syntax, argc, argv, environment, &values, &err);
    if (status != STATUS_OK) {
        fprintf(stderr, "sallyport %s: %s\ntype: sallyport help %s\n", command->name, err.text,
                command->name);
        return EXIT_USAGE;
    }
    json_t *own = server_find_own(&values);
    int code = command->run(command, &values);
    json_decref(own);
    option_values_fini(&values);
    return code;
}

static bool has_socket(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int run_warden(int argc, char *const *argv)
{
    if (argc == 3 && has_socket(WARDEN_SOCKET_FD))
        return warden_main(WARDEN_SOCKET_FD, argv[2]);
    fputs("sallyport: the warden is started by a session pool, with a socket to it\ntype: sallyport help\n",
          stderr);
    return EXIT_USAGE;
}

static int run_launcher(int argc, char *const *argv)
{
    uint64_t uid;
    if (argc == 3 && has_socket(LAUNCHER_SOCKET_FD) &&
        bytes_parse_u64(bytes_of_cstr(argv[2]), &uid) == STATUS_OK && uid < UINT32_MAX)
        return launcher_main(LAUNCHER_SOCKET_FD, (uid_t)uid);
    fputs("sallyport: the launcher is started by a server, with a socket to it\ntype: sallyport help\n",
          stderr);
    return EXIT_USAGE;
}

static int run_containers(int argc, char *const *argv)
{
    if (argc == 3 && has_socket(LAUNCHER_SOCKET_FD))
        return engine_main(LAUNCHER_SOCKET_FD, argv[2]);
    fputs("sallyport: this command is started by a server, with a socket to it\ntype: sallyport help\n",
          stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return help_all(stderr);
    const char *name = argv[1];
    if (strcmp(name, "warden") == 0) /* started by jail/warden_client.c, not by people */
        return run_warden(argc, argv);
    if (strcmp(name, "launcher") == 0) /* started by jail/launcher_client.c, not by people */
        return run_launcher(argc, argv);
    if (strcmp(name, "containers") == 0) /* likewise */
        return run_containers(argc, argv);
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        puts("sallyport " SALLYPORT_VERSION);
        return EXIT_GOOD;
    }
    memory_configure();
    bool help = strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
    if (help && (argc == 2 || strcmp(argv[2], "help") == 0))
        return help_all(stdout);

    int word_count = argc - (help ? 2 : 1);
    char *const *words = argv + (help ? 2 : 1);
    int used;
    char group[OPTION_NAME_MAX * COMMAND_WORDS_MAX];
    const struct command *command = command_find(lists, ARRAY_SIZE(lists), word_count, words, &used);
    if (command && command->run_words)
        return run_words(command, help, word_count - used, words + used);
    if (command && (help || wants_help(word_count - used, words + used)))
        return help_one(command);
    if (command)
        return run_command(command, word_count - used, words + used);
    if (command_is_group(lists, ARRAY_SIZE(lists), word_count, words, group, sizeof group))
        return help_group(help || wants_help(word_count, words) ? stdout : stderr, group);
    return unknown_command(word_count, words);
}
