/* SPDX-License-Identifier: MIT */
/* ready.h — telling people and programs that everything answers: the banner and the ready file. */
#ifndef CMD_READY_H
#define CMD_READY_H

#include "cmd/addresses.h"

/* Of a `dev`, in the folder of its state; read by cmd/own_server.h. */
#define READY_OWN_NAME "server.json"

/* Before the start: removes what an earlier process left at `path`, which is not true any more, and looks
 * whether the folder can be written. IO with the reason. */
STATUS_RESULT ready_file_prepare(const char *path, struct err *err);
/* Writes {"url","sessionPoolUrl","schedulerConnectionString","pid","dataDir","certificateAuthority"} (design.md section 2); members
 * that do not apply are null. The file appears whole or not at all. */
STATUS_RESULT ready_file_write(const char *path, const struct addresses *addresses, struct err *err);
/* Prints the addresses and, with `submit`, a curl ready to paste, to standard output. */
void ready_banner(const struct addresses *addresses, bool submit);

#endif
