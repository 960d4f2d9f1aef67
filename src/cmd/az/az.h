/* SPDX-License-Identifier: MIT */
/* az.h — `sallyport az`: the words, outputs, errors and exit codes of the cloud's `az` for what this product has, against
 * this product's control plane. A client like any other; it touches no store. Exit codes: 0 good, 1 failed, 2 wrong
 * usage, 3 no such thing. */
#ifndef CMD_AZ_AZ_H
#define CMD_AZ_AZ_H

#include "base/buf.h"

/* Runs the words behind "az". Returns the exit code. */
int az_main(int argc, char *const *argv);
/* Appends what may stand in the place of the last word, one a line: groups and commands, names of arguments, choices. The
 * words are those behind "az"; the last one may be empty or begun. */
void az_complete(int argc, char *const *argv, struct buf *out);

#endif
