/* SPDX-License-Identifier: MIT */
/* demo_requests.h — what waits in a demonstration: each shows another thing that a reviewer has to look at. Values only. */
#ifndef CMD_REVIEW_DEMO_REQUESTS_H
#define CMD_REVIEW_DEMO_REQUESTS_H

struct demo_request {
    const char *purpose;
    const char *by;
    const char *code;
    const char *gate;     /* NULL: after the run */
    const char *changes;  /* what a reviewer asks for; NULL: nothing */
    const char *revision; /* what is submitted then; NULL: nothing */
};

extern const struct demo_request demo_requests[]; /* up to one without code */

#endif
