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
/* Whether its output can be read while it goes on: its pool is ours. */
void running_set_followed(struct running_run *run, bool is_followed);
/* NULL: false. */
bool running_unwanted(const struct running_run *run);
/* Who reads its output, as running_read has said; 0, also for NULL: nobody. */
uint64_t running_reader(const struct running_run *run);
/* That run goes on here. */
bool running_has(struct running *running, const char *request, int64_t number);
/* Every run of that request. */
void running_stop(struct running *running, const char *request);
/* From now on its output is read from its beginning on, by the reader whose number (not 0) this returns; it is nobody else's. 0: that
 * run does not go on here, or cannot be read while it does. */
uint64_t running_read(struct running *running, const char *request, int64_t number);
/* That reader reads no more. */
void running_unread(struct running *running, const char *request, int64_t number, uint64_t reader);

#endif
