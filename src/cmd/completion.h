/* SPDX-License-Identifier: MIT */
/* completion.h — what a shell offers when a command line is begun: derived from the rows of all commands. The scripts for
 * the shells ask this program, so they never go stale. Owns nothing. */
#ifndef CMD_COMPLETION_H
#define CMD_COMPLETION_H

#include "cmd/command.h"

/* `sallyport completion bash|zsh|fish` prints a script; `completion words WORD...` what may stand in the place of the last
 * word, which may be empty. Returns the exit code. */
int completion_run(const struct command_list *lists, size_t list_count, int argc, char *const *argv);
/* Appends the candidates, one a line. The words are those behind the program's name. */
void completion_offer(const struct command_list *lists, size_t list_count, int argc, char *const *argv,
                      struct buf *out);

#endif
