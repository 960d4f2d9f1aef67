/* SPDX-License-Identifier: MIT */
/* ready.h — telling people and programs that everything answers: the banner and the ready file. */
#ifndef CMD_READY_H
#define CMD_READY_H

#include "base/buf.h"

#define ADDRESSES_HUBS_SIZE 2048 /* bytes */

struct addresses {
    char url[256];
    char pool_url[512];             /* "" if there is no pool */
    char connection_string[512];    /* "" if there is no scheduler */
    char hubs[ADDRESSES_HUBS_SIZE]; /* all that are served, separated by ", "; "" if there is no scheduler */
    const char *data_dir;           /* NULL if nothing is kept */
    const char *certificate;        /* file that is shown to who speaks TLS; "": nobody does */
    const char *authority;          /* file that clients need for that; "": theirs is known to them */
};

/* Before the start: removes what an earlier process left at `path`, which is not true any more, and looks
 * whether the folder can be written. IO with the reason. */
STATUS_RESULT ready_file_prepare(const char *path, struct err *err);
/* Writes {"url","sessionPoolUrl","schedulerConnectionString","pid","dataDir","certificateAuthority"} (design.md section 2); members
 * that do not apply are null. The file appears whole or not at all. */
STATUS_RESULT ready_file_write(const char *path, const struct addresses *addresses, struct err *err);
/* Prints the addresses and, with `submit`, a curl ready to paste, to standard output. */
void ready_banner(const struct addresses *addresses, bool submit);

#endif
