/* SPDX-License-Identifier: MIT */
/* running.h — the runs that are under way in this process, so that one that is wanted no more can be broken off. Any thread. */
#ifndef SVC_APP_RUNNING_H
#define SVC_APP_RUNNING_H

#include <stdbool.h>

struct running;
struct running_run;

/* NULL without memory. */
struct running *running_create(void);
/* No run may be left. NULL allowed. */
void running_destroy(struct running *running);

/* NULL without memory: it then goes on to its end. */
struct running_run *running_begin(struct running *running, const char *request);
/* NULL allowed. */
void running_end(struct running *running, struct running_run *run);
/* NULL: false. */
bool running_unwanted(const struct running_run *run);
/* Every run of that request. */
void running_stop(struct running *running, const char *request);

#endif
