/* SPDX-License-Identifier: MIT */
/* help.h — help texts of groups and commands, from their rows. Pure. */
#ifndef CMD_AZ_HELP_H
#define CMD_AZ_HELP_H

#include "cmd/az/row.h"

/* Appends the text of a command. */
void az_help_command(const struct az_command *command, struct buf *out);
/* Appends the text of a group; "": all. */
void az_help_group(const char *words, struct buf *out);

#endif
