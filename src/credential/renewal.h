/* SPDX-License-Identifier: MIT */
/* renewal.h — when a token is asked for: ahead of its end, and after a failure with pauses that double. Pure; all times are
 * the wall clock's in nanoseconds. Zero-initialise: nothing is there, and it may be asked for at once. */
#ifndef CREDENTIAL_RENEWAL_H
#define CREDENTIAL_RENEWAL_H

#include <stdbool.h>
#include <stdint.h>

struct renewal {
    int64_t until_ns; /* the end of the token that is kept; 0: none is */
    int64_t came_ns;  /* when it came */
    int64_t renew_ns; /* asked for again from here on */
    int64_t retry_ns; /* after a failure: not before this; 0: there was none */
    int failures;     /* in a row */
};

/* A token has come. `wish_ns`: when its service wants to be asked again; 0: it does not say. Then it is five minutes before
 * the end, and of a life below ten minutes its half. */
void renewal_came(struct renewal *renewal, int64_t now_ns, int64_t until_ns, int64_t wish_ns);
/* None has come. `wait_ns`: what the service asked for (Retry-After); 0: nothing. `random`: any number, so that many programs
 * do not come back together. */
void renewal_failed(struct renewal *renewal, int64_t now_ns, int64_t wait_ns, uint64_t random);
/* The service that the token is for refuses it: it is as if there were none. False: it has come only now, another would fare no
 * better, and nothing has changed. */
bool renewal_refused(struct renewal *renewal, int64_t now_ns);
/* A failure's pause is not over. A clock that was set back does not make it longer. */
bool renewal_is_pausing(const struct renewal *renewal, int64_t now_ns);
/* The token that is kept can be given away. */
bool renewal_is_good(const struct renewal *renewal, int64_t now_ns);
/* When to ask next; INT64_MAX: not before somebody wants one. */
int64_t renewal_next_ns(const struct renewal *renewal);

#endif
