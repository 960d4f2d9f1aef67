/* SPDX-License-Identifier: MIT */
/* version.h — versions of orchestrations: their order, and which ones a worker takes.
 * Pure. Called by the turn. */
#ifndef SDK_TURN_VERSION_H
#define SDK_TURN_VERSION_H

#include "sdk/turn/turn_options.h"

/* Orders two versions by their dot-separated parts, numerically where both parts are numbers, else as text
 * without regard to case; a missing part is older. <0, 0, >0. NULL is older than all. */
int sdk_version_compare(const char *left, const char *right);
/* Whether a worker with these options takes an instance of this version (NULL: unversioned). */
bool sdk_version_accepts(const struct sdk_turn_options *options, const char *version);

#endif
