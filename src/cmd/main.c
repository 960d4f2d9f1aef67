/* SPDX-License-Identifier: MIT */
/* main.c — the table of commands, their help, and the choice between them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/command.h"
#include "jail/warden_client.h"
#include "os/memory.h"
#include "svc/keeper/warden.h"

struct command {
    const char *name;
    unsigned bit;
    int (*run)(unsigned command, const struct option_values *v);
    const char *summary;
    const char *about;
};

static const struct command commands[] = {
    {"dev", COMMAND_DEV, command_serve, "run everything on this machine",
     "Session pool, task scheduler and app in one process, on one port of the loopback address, without an "
     "account.\n"
     "State is kept; a restart on the same data folder continues every run."},
    {"app", COMMAND_APP, command_serve, "run the web API and its durable worker",
     "Needs a session pool and a task scheduler, this product's or the cloud's, named by SESSION_POOL_URL "
     "and\n"
     "DURABLE_TASK_SCHEDULER_CONNECTION_STRING."},
    {"pool", COMMAND_POOL, command_serve, "run a session pool",
     "Isolated Python sessions over the session pool API, at the root of the port and under any path before "
     "it."},
    {"scheduler", COMMAND_SCHEDULER, command_serve, "run a task scheduler",
     "Durable orchestrations over gRPC for the Durable Task SDKs."},
    {"config", COMMAND_CONFIG | COMMAND_SERVERS, command_config, "print the settings that hold, and why",
     "Takes the options, the environment and the --config file of any service and prints every setting with "
     "its value\nand where that comes from, in the form that --config reads. With --json also kind, range, "
     "default, environment\nvariable and commands of each. Secrets are not shown."},
    {"doctor", COMMAND_DOCTOR, command_doctor, "say what isolation this machine can give",
     "Prints each layer of isolation, whether it is on, and the command that mends it if not. Exit code 1 "
     "when the\n"
     "sandbox cannot be used at all."},
};

static int help_all(FILE *out)
{
    fputs("sallyport " SALLYPORT_VERSION
          " - run code where it can do no harm, and go on when a person approves\n\n"
          "usage: sallyport COMMAND [options]\n\n",
          out);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        fprintf(out, "  %-14s  %s\n", commands[i].name, commands[i].summary);
    fputs("  help [COMMAND]  this text, or a command's options\n"
          "  --version       the version\n\n"
          "exit codes: 0 good, 1 failed, 2 wrong usage\n",
          out);
    return out == stdout ? EXIT_GOOD : EXIT_USAGE;
}

static int help_one(const struct command *command)
{
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_fmt(&text, "usage: sallyport %s [options]\n\n%s\n\noptions [default]:\n", command->name,
                   command->about);
    option_help(settings_table, settings_count, command->bit, &text);
    fwrite(text.data, 1, text.size, stdout);
    return EXIT_GOOD;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[ARRAY_SIZE(commands)];
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        names[i] = commands[i].name;
    const char *near = option_nearest(name, names, ARRAY_SIZE(names));
    fprintf(stderr, "sallyport: there is no command \"%s\"%s%s%s\ntype: sallyport help\n", name,
            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return EXIT_USAGE;
}

static bool wants_help(int argc, char *const *argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
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
    enum status status = option_parse(settings_table, settings_count, command->bit, argc, argv, environment,
                                      "config", &values, &err);
    if (status != STATUS_OK) {
        fprintf(stderr, "sallyport %s: %s\ntype: sallyport help %s\n", command->name, err.text,
                command->name);
        return EXIT_USAGE;
    }
    int code = command->run(command->bit, &values);
    option_values_fini(&values);
    return code;
}

static int run_warden(int argc, char *const *argv)
{
    struct stat st;
    if (argc == 3 && fstat(WARDEN_SOCKET_FD, &st) == 0 && S_ISSOCK(st.st_mode))
        return warden_main(WARDEN_SOCKET_FD, argv[2]);
    fputs("sallyport: the warden is started by a session pool, with a socket to it\ntype: sallyport help\n",
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
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        puts("sallyport " SALLYPORT_VERSION);
        return EXIT_GOOD;
    }
    memory_configure();
    bool help = strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
    if (help && argc == 2)
        return help_all(stdout);
    const struct command *command = find_command(help ? argv[2] : name);
    if (!command)
        return unknown_command(help ? argv[2] : name);
    if (help || wants_help(argc - 2, argv + 2))
        return help_one(command);
    return run_command(command, argc - 2, argv + 2);
}
