/* SPDX-License-Identifier: MIT */
/* engine_command.h — the command lines of a container engine: podman, docker and nerdctl understand the same.
 * Owns what a container may be: which rights it keeps, that it can gain none, that it leaves no log of its own and is removed
 * at its end. Pure. */
#ifndef SVC_LAUNCHER_ENGINE_COMMAND_H
#define SVC_LAUNCHER_ENGINE_COMMAND_H

#include "wire/container_launch.h"

#define ENGINE_OPTIONS_MAX  32  /* words of --container-options */
#define ENGINE_WORDS        256 /* of a command line, with its NULL */
#define ENGINE_NAME_SIZE    80
#define ENGINE_VARIABLES_FD 3 /* where `run` finds the container's variables, a line each */

/* What an operator chose. Texts are borrowed. */
struct engine_settings {
    const char *program; /* a path */
    const char *owner;   /* of the containers: the same for each start of a server on one data folder */
    const char *options[ENGINE_OPTIONS_MAX]; /* further words of `run`, in front of the image */
    size_t option_count;
};

/* Words point into the settings, the launch, and the texts here. */
struct engine_command {
    const char *words[ENGINE_WORDS];
    size_t count;
    char label[ENGINE_NAME_SIZE + 32];
    char memory[32], cpus[32];
};

/* Reads "PROGRAM\nOWNER\nOPTION\nOPTION" and cuts it into its lines. False: that is not it. */
bool engine_settings_read(char *text, struct engine_settings *ret_settings);

/* Starts a container under that name, and stays until it ends, with its output and its status. */
void engine_command_run(const struct engine_settings *settings, const char *name,
                        const struct container_launch *launch, struct engine_command *ret_command);
/* Asks it to end within `seconds`; ends it at once; removes it with what it wrote; prints its first process. */
void engine_command_stop(const struct engine_settings *settings, const char *name, const char *seconds,
                         struct engine_command *ret_command);
void engine_command_kill(const struct engine_settings *settings, const char *name,
                         struct engine_command *ret_command);
void engine_command_remove(const struct engine_settings *settings, const char *name,
                           struct engine_command *ret_command);
void engine_command_find_process(const struct engine_settings *settings, const char *name,
                                 struct engine_command *ret_command);
/* Prints the containers of this owner that are left, a line each. */
void engine_command_list(const struct engine_settings *settings, struct engine_command *ret_command);

#endif
