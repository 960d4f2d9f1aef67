/* SPDX-License-Identifier: MIT */
/* running.h — the runs that are under way in this process, so that one that is wanted no more can be stopped. Any thread. */
#ifndef SVC_APP_RUNNING_H
#define SVC_APP_RUNNING_H

#include <stdbool.h>
#include <stdint.h>

struct pool_line;
struct running;
struct running_run;

/* NULL without memory. */
struct running *running_create(void);
/* No run may be left. NULL allowed. */
void running_destroy(struct running *running);

/* The run of that number of the request. NULL without memory: it then goes on to its end. */
struct running_run *running_begin(struct running *running, const char *request, int64_t number);
/* NULL allowed. */
void running_end(struct running *running, struct running_run *run);
/* The line that it runs on, which is woken when something is wanted of it; NULL: none any more. */
void running_set_line(struct running *running, struct running_run *run, struct pool_line *line);
/* NULL: false. */
bool running_unwanted(const struct running_run *run);
/* Every run of that request. */
void running_stop(struct running *running, const char *request);

#endif
