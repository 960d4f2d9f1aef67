/* SPDX-License-Identifier: MIT */
/* sight.h — how much of a request somebody may see now: the one decision behind every route, stream and receipt. Pure. */
#ifndef CORE_REVIEW_SIGHT_H
#define CORE_REVIEW_SIGHT_H

#include <jansson.h>
#include <stdbool.h>

enum review_sight {
    REVIEW_HIDDEN, /* as if there were no such request */
    REVIEW_HELD,   /* all but the result, which stands between the doors (RP-10) */
    REVIEW_WHOLE,
};

/* Who looks. */
struct review_viewer {
    const char *id;
    bool sees_all; /* reviews, audits or operates: others' requests, and results before they are released */
    bool is_known; /* people are told apart; else there is one, who may do everything */
};

/* True if `request`, as the API shows it, was submitted by the person. */
bool review_is_submitter(const json_t *request, const char *person_id);
/* Who submitted a request sees its result once it is released, whatever their other rights are (RP-10, RP-22). */
enum review_sight review_sight(const json_t *request, const struct review_viewer *viewer);

#endif
