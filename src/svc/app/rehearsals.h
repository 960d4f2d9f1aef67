/* SPDX-License-Identifier: MIT */
/* rehearsals.h — how many threads rehearse now, and the end of all of them. Any thread. */
#ifndef SVC_APP_REHEARSALS_H
#define SVC_APP_REHEARSALS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct rehearsals {
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t none;  /* nobody is left */
    size_t active;
    bool stopping;
};

void rehearsals_init(struct rehearsals *rehearsals);
void rehearsals_fini(struct rehearsals *rehearsals);
/* False: too many are under way, or all are to end. Each that has entered leaves. */
bool rehearsals_enter(struct rehearsals *rehearsals);
void rehearsals_leave(struct rehearsals *rehearsals);
/* They are to end. */
bool rehearsals_stopping(struct rehearsals *rehearsals);
/* Waits until all have left; none enters any more. Not on the loop's thread, which must run meanwhile. */
void rehearsals_stop(struct rehearsals *rehearsals);

#endif
