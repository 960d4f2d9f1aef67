/* SPDX-License-Identifier: MIT */
/* sight.h — how much of a request, and of one run of it, somebody may see now: the one decision behind every route, stream and receipt.
 * `request` is as the API shows it, or as the book has it. Pure. */
#ifndef CORE_REVIEW_SIGHT_H
#define CORE_REVIEW_SIGHT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum review_sight {
    REVIEW_HIDDEN, /* as if there were no such request */
    REVIEW_HELD,   /* all but the result, which stands between the doors (RP-10) */
    REVIEW_WHOLE,
};

/* Who looks. */
struct review_viewer {
    const char *id;
    bool sees_all; /* audits or operates: others' requests, and results before they are released */
    bool decides;  /* reviews: sees what they are asked about, and what they voted on */
    bool is_known; /* people are told apart; else there is one, who may do everything */
    /* As policies ask for them: "user:mina", "group:security", "role:reviewer", in any case. */
    const char *name;
    const struct bytes *groups;
    size_t group_count;
    const char *const *roles;
    size_t role_count;
    /* Who is away and has them stand in: by id (NULL: not known), name, groups and roles; nothing else of these counts. */
    const struct review_viewer *const *absent;
    size_t absent_count;
};

/* A member for servers only: the ids of those who voted. */
#define REVIEW_VOTED_BY "_votedBy"

/* True if `request`, as the API shows it, was submitted by the person. */
bool review_is_submitter(const json_t *request, const char *person_id);
/* True if it came while nobody signed in. Where people do, it is nobody's own, though the server's own key has the id that everybody had. */
bool review_is_anybodys(const json_t *request);
/* Who submitted a request sees its result once it is released, whatever their other rights are (RP-10, RP-22). Its member "asked"
 * says whom a policy asks; without it anyone who decides is asked. */
enum review_sight review_sight(const json_t *request, const struct review_viewer *viewer);
/* The same of what run number `run` came to, its effects among it: to its submitter a release counts for the run that was
 * approved and for the step that followed it, and for none before these. */
enum review_sight review_sight_of_run(const json_t *request, int64_t run, const struct review_viewer *viewer);
/* The same of what it prints (RP-61). HELD: that it runs, and nothing of what it says. Its submitter reads it while the request is open
 * if the policy that rules it has allowed that ("liveOutput"). */
enum review_sight review_sight_of_output(const json_t *request, int64_t run,
                                         const struct review_viewer *viewer);
/* True while what the run came to stands between the doors, or if it does for good: it was not the one that was approved. */
bool review_is_held_run(const json_t *request, int64_t run);
/* True while nobody sees the votes of others: a policy wants them independent, and they are not all in (RP-34). */
bool review_is_blind(const json_t *request);
/* Takes out of `request` what they may not see: the result, the files that were made, and what runs did; others' votes while it is blind; and members for
 * servers only, whose names begin with '_'. It is not HIDDEN from them. */
void review_hold_back(json_t *request, const struct review_viewer *viewer);

/* True if the time of what it was about is over (retention): of that only hashes are left. */
bool review_is_emptied(const json_t *request);

#endif
