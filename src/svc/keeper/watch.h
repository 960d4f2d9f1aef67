/* SPDX-License-Identifier: MIT */
/* watch.h — a memory limit for sessions as a whole where the kernel gives no memory group.
 * Looks at each running session some times a second (jail/usage.h) and ends those that hold more than their limit, as
 * the kernel's OOM killer would. The keeper's loop only. What this bound is worth: a session can pass its limit for as
 * long as lies between two looks, and what no process maps is not seen (memfds, buffers of pipes and sockets), nor is
 * /tmp, which has a size of its own. */
#ifndef SVC_KEEPER_WATCH_H
#define SVC_KEEPER_WATCH_H

#include <stdbool.h>

struct keeper;
struct slot;

/* At the start: true if sessions are to be looked at, and can be. */
bool watch_wanted(const struct keeper *keeper);
/* The session's init is there: remembers its number. */
void watch_begin(const struct keeper *keeper, struct slot *slot);
/* Looks if it is time to. Returns how many milliseconds to wait before the next look, -1: there is nobody to look at. */
int watch_sweep(struct keeper *keeper);

#endif
