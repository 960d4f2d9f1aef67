/* SPDX-License-Identifier: MIT */
/* engine_command.c — words, one after the other. What people wrote stands behind the image, or in a file. */
#include "svc/launcher/engine_command.h"

#include <stdio.h>

#define LABEL                 "sallyport.server"
#define TEXT_OF(number)       TEXT_OF_VALUE(number)
#define TEXT_OF_VALUE(number) #number
#define VARIABLES_FILE        ("/proc/self/fd/" TEXT_OF(ENGINE_VARIABLES_FD))

/* What images take for granted, without those that a container could use against the machine. */
static const char *const capabilities[] = {"CHOWN", "DAC_OVERRIDE",     "FOWNER", "FSETID",
                                           "KILL",  "NET_BIND_SERVICE", "SETGID", "SETUID"};

static const char *const always[] = {
    "--rm",           "--log-driver",      "none",         "--env-file", VARIABLES_FILE, "--cap-drop", "ALL",
    "--security-opt", "no-new-privileges", "--pids-limit", "1024",
};

bool engine_settings_read(char *text, struct engine_settings *ret_settings)
{
    struct engine_settings settings = {0};
    size_t line = 0;
    for (char *rest = text; rest; line++) {
        char *word = strsep(&rest, "\n");
        if (!*word || line >= 2 + ENGINE_OPTIONS_MAX)
            return false;
        if (line == 0)
            settings.program = word;
        else if (line == 1)
            settings.owner = word;
        else
            settings.options[settings.option_count++] = word;
    }
    *ret_settings = settings;
    return line >= 2;
}

static void add(struct engine_command *command, const char *word)
{
    ASSERT(command->count < ENGINE_WORDS - 1); /* the table of the wire is shorter */
    command->words[command->count++] = word;
    command->words[command->count] = NULL;
}

static void begin(struct engine_command *command, const struct engine_settings *settings, const char *verb)
{
    command->count = 0;
    add(command, settings->program);
    add(command, verb);
}

static void add_label(struct engine_command *command, const struct engine_settings *settings)
{
    snprintf(command->label, sizeof command->label, LABEL "=%s", settings->owner);
}

static void add_limits(struct engine_command *command, const struct container_launch *launch)
{
    if (launch->memory_bytes) {
        snprintf(command->memory, sizeof command->memory, "%llu", (unsigned long long)launch->memory_bytes);
        add(command, "--memory");
        add(command, command->memory);
    }
    if (launch->cpu_millis) {
        snprintf(command->cpus, sizeof command->cpus, "%u.%03u", (unsigned)(launch->cpu_millis / 1000),
                 (unsigned)(launch->cpu_millis % 1000));
        add(command, "--cpus");
        add(command, command->cpus);
    }
}

/* An entry point is one word of the engine's; the others stand in front of the arguments. */
void engine_command_run(const struct engine_settings *settings, const char *name,
                        const struct container_launch *launch, struct engine_command *ret_command)
{
    struct engine_command *command = ret_command;
    begin(command, settings, "run");
    add(command, "--name");
    add(command, name);
    add_label(command, settings);
    add(command, "--label");
    add(command, command->label);
    for (size_t i = 0; i < ARRAY_SIZE(always); i++)
        add(command, always[i]);
    for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
        add(command, "--cap-add");
        add(command, capabilities[i]);
    }
    add_limits(command, launch);
    for (size_t i = 0; i < settings->option_count; i++)
        add(command, settings->options[i]);
    if (launch->command_count > 0) {
        add(command, "--entrypoint");
        add(command, launch->command[0]);
    }
    add(command, launch->image);
    for (size_t i = 1; i < launch->command_count; i++)
        add(command, launch->command[i]);
    for (size_t i = 0; i < launch->argument_count; i++)
        add(command, launch->arguments[i]);
}

void engine_command_stop(const struct engine_settings *settings, const char *name, const char *seconds,
                         struct engine_command *ret_command)
{
    begin(ret_command, settings, "stop");
    add(ret_command, "-t");
    add(ret_command, seconds);
    add(ret_command, name);
}

void engine_command_kill(const struct engine_settings *settings, const char *name,
                         struct engine_command *ret_command)
{
    begin(ret_command, settings, "kill");
    add(ret_command, name);
}

void engine_command_remove(const struct engine_settings *settings, const char *name,
                           struct engine_command *ret_command)
{
    begin(ret_command, settings, "rm");
    add(ret_command, "-f");
    add(ret_command, "-v");
    add(ret_command, name);
}

void engine_command_find_process(const struct engine_settings *settings, const char *name,
                                 struct engine_command *ret_command)
{
    begin(ret_command, settings, "inspect");
    add(ret_command, "--format");
    add(ret_command, "{{.State.Pid}}");
    add(ret_command, name);
}

void engine_command_list(const struct engine_settings *settings, struct engine_command *ret_command)
{
    begin(ret_command, settings, "ps");
    add(ret_command, "-a");
    add(ret_command, "-q");
    add(ret_command, "--filter");
    snprintf(ret_command->label, sizeof ret_command->label, "label=" LABEL "=%s", settings->owner);
    add(ret_command, ret_command->label);
}
