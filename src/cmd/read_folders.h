/* SPDX-License-Identifier: MIT */
/* read_folders.h — the folders of all files that the settings and the environment name and that the server reads later:
 * what confinement has to leave readable. Owns the list of those settings and variables. Never opens a file. */
#ifndef CMD_READ_FOLDERS_H
#define CMD_READ_FOLDERS_H

#include "base/arena.h"
#include "cmd/option.h"

#define READ_FOLDERS_ROOM 19 /* with the NULL behind them */

/* For files of TLS, of --config and of credentials (doc/credentials.md), replaced ones too: the folder in which the name
 * stands and the one in which the file is that a link leads to; of "/" and of folders right below it only the file.
 * `ret_folders`: NULL-terminated; the texts live in `arena`. NO_MEMORY; else the connection string
 * is somebody else's to refuse. */
STATUS_RESULT read_folders_list(const struct option_values *values, struct arena *arena,
                                const char *ret_folders[READ_FOLDERS_ROOM], struct err *err);

#endif
