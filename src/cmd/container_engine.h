/* SPDX-License-Identifier: MIT */
/* container_engine.h — which container engine of this machine runs apps of other images, by the setting `container-engine`, and
 * what to type where none does. Owns nothing; looks at files, starts nothing. Before the server confines itself. */
#ifndef CMD_CONTAINER_ENGINE_H
#define CMD_CONTAINER_ENGINE_H

#include <limits.h>
#include <sys/stat.h>

#include "base/buf.h"

#define CONTAINER_ENGINE_NONE "none"

/* The program of that name on the PATH, or at that path. False: there is none that can be executed. */
bool container_engine_find(const char *name, char ret_path[PATH_MAX]);
/* The first engine that is there: podman, docker, nerdctl; NULL: none. */
const char *container_engine_there(void);
/* Why no container runs, and the command that mends it, for people. */
void container_engine_advise(char *ret_text, size_t size);

/* What the process that commands the engine is told (svc/launcher/engine_command.h): the program, whose the containers are,
 * further words of its command `run`. `owner`: the data folder. INVALID_ARGUMENT: no such program, a word too many or too odd; the
 * text says what to do. */
STATUS_RESULT container_engine_settings(const char *name, const char *options, const struct stat *owner,
                                        struct buf *ret_settings, struct err *err);

#endif
