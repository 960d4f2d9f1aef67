/* SPDX-License-Identifier: MIT */
/* sight.c — from whose it is, over whether it is released, to what else they may. */
#include "core/review/sight.h"

#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "core/review/machine.h"
#include "wire/json/json.h"

bool review_is_submitter(const json_t *request, const char *person_id)
{
    const char *id = json_member_text(json_object_get(request, "submitter"), "id");
    return id && person_id && strcmp(id, person_id) == 0;
}

bool review_is_anybodys(const json_t *request)
{
    const json_t *submitter = json_object_get(request, "submitter");
    const char *kind = json_member_text(submitter, "kind");
    return kind && strcmp(kind, "local") == 0;
}

/* True while people may still decide, or the code may run. */
static bool goes_on(const json_t *request)
{
    const char *shown = json_member_text(request, "state");
    for (enum review_state state = 0; shown && state < REVIEW_STATE_COUNT; state++)
        if (strcmp(review_state_shown(state), shown) == 0)
            return !review_over(state);
    return false;
}

/* --- whom it is for --- */

static bool is_among(struct bytes name, const struct bytes *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_nocase(items[i], name))
            return true;
    return false;
}

static bool has_role(const struct review_viewer *viewer, struct bytes name)
{
    for (size_t i = 0; i < viewer->role_count; i++)
        if (bytes_equal_nocase(bytes_of_cstr(viewer->roles[i]), name))
            return true;
    return false;
}

static bool has_name(const struct review_viewer *viewer, struct bytes name)
{
    return (viewer->id && bytes_equal_cstr(name, viewer->id)) ||
           (viewer->name && bytes_equal_nocase(name, bytes_of_cstr(viewer->name)));
}

/* `who`: as it stands in a policy. */
static bool is_called(const struct review_viewer *viewer, struct bytes who)
{
    struct bytes name = who;
    struct bytes kind = bytes_split(&name, ':');
    if (bytes_equal_cstr(kind, "user"))
        return has_name(viewer, name);
    if (bytes_equal_cstr(kind, "group"))
        return is_among(name, viewer->groups, viewer->group_count);
    return bytes_equal_cstr(kind, "role") ? has_role(viewer, name) : bytes_equal_cstr(who, "anyone");
}

static bool is_called_in(const json_t *asked, const struct review_viewer *viewer)
{
    for (size_t i = 0; i < json_array_size(asked); i++) {
        const json_t *who = json_array_get(asked, i);
        if (json_is_string(who) && is_called(viewer, bytes_of_cstr(json_string_value(who))))
            return true;
    }
    return false;
}

/* Themselves, or in place of somebody whose own request it is not. */
static bool is_asked(const json_t *request, const struct review_viewer *viewer)
{
    const json_t *asked = json_object_get(request, "asked");
    bool is = !asked || is_called_in(asked, viewer);
    for (size_t i = 0; !is && i < viewer->absent_count; i++)
        is = is_called_in(asked, viewer->absent[i]) && !review_is_submitter(request, viewer->absent[i]->id);
    return is;
}

static bool has_voted(const json_t *request, const char *person_id)
{
    const json_t *voters = json_object_get(request, REVIEW_VOTED_BY);
    for (size_t i = 0; i < json_array_size(voters); i++) {
        const char *id = json_string_value(json_array_get(voters, i));
        if (id && person_id && strcmp(id, person_id) == 0)
            return true;
    }
    return false;
}

static enum review_sight sight(const json_t *request, bool is_theirs, const struct review_viewer *viewer)
{
    if (!viewer->is_known)
        return REVIEW_WHOLE;
    bool own = review_is_submitter(request, viewer->id) && !review_is_anybodys(request);
    bool for_them = viewer->sees_all ||
                    (viewer->decides && (is_asked(request, viewer) || has_voted(request, viewer->id)));
    if (!own)
        return for_them ? REVIEW_WHOLE : REVIEW_HIDDEN;
    return is_theirs ? REVIEW_WHOLE : REVIEW_HELD;
}

static bool is_released(const json_t *request)
{
    return json_is_true(json_object_get(request, "released"));
}

static bool is_released_run(const json_t *request, int64_t run)
{
    const json_t *step = json_object_get(json_object_get(request, "then"), "code");
    const json_t *last = json_object_get(request, "run"), *approved = json_object_get(step, "afterRun");
    bool is_last = json_is_integer(last) && json_integer_value(last) == run;
    bool is_approved = json_is_integer(approved) && json_integer_value(approved) == run;
    return is_released(request) && (is_last || is_approved);
}

bool review_is_held_run(const json_t *request, int64_t run)
{
    return !is_released_run(request, run);
}

enum review_sight review_sight(const json_t *request, const struct review_viewer *viewer)
{
    return sight(request, is_released(request), viewer);
}

enum review_sight review_sight_of_run(const json_t *request, int64_t run, const struct review_viewer *viewer)
{
    return sight(request, is_released_run(request, run), viewer);
}

enum review_sight review_sight_of_output(const json_t *request, int64_t run,
                                         const struct review_viewer *viewer)
{
    bool allowed = json_is_true(json_object_get(request, "liveOutput")) && goes_on(request);
    return sight(request, allowed || is_released_run(request, run), viewer);
}

/* --- what of it --- */

bool review_is_blind(const json_t *request)
{
    static const char *const open[] = {"queued", "running", "waiting"};
    const char *state = json_member_text(request, "state");
    bool is_open = false;
    for (size_t i = 0; state && i < ARRAY_SIZE(open); i++)
        is_open = is_open || strcmp(state, open[i]) == 0;
    return is_open && json_is_true(json_object_get(request, "blind")) &&
           !json_object_get(request, "decision");
}

static bool is_vote_of(const json_t *vote, const char *person_id)
{
    const char *id = json_member_text(json_object_get(vote, "by"), "id");
    return id && person_id && strcmp(id, person_id) == 0;
}

/* Those on an earlier revision are over; of the present one everybody sees their own. */
static void hide_votes(json_t *request, const char *viewer_id)
{
    const json_t *votes = json_object_get(request, "votes"), *now = json_object_get(request, "revision");
    json_t *shown = json_array();
    for (size_t i = 0; i < json_array_size(votes); i++) {
        json_t *vote = json_array_get(votes, i);
        const json_t *revision = json_object_get(vote, "revision");
        bool is_over = revision && !json_equal(revision, now);
        if (is_over || is_vote_of(vote, viewer_id))
            json_array_append(shown, vote);
    }
    if (votes)
        json_object_set(request, "votes", shown);
    json_decref(shown);
    json_object_del(request, "voteCounts");
    json_object_del(request, "progress");
}

static void hide_internals(json_t *request)
{
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(request, next, name, value)
    {
        if (name[0] == '_')
            json_object_del(request, name);
    }
}

static void hide_deeds(json_t *run)
{
    json_object_del(run, "effects");
    json_object_del(run, "facts");
}

void review_hold_back(json_t *request, const struct review_viewer *viewer)
{
    static const char *const held[] = {"result", "files", "filesFrom", "filesNotKept", "filesLeftOut"};
    const json_t *runs = json_object_get(request, "runs");
    bool whole = review_sight(request, viewer) == REVIEW_WHOLE;
    for (size_t i = 0; !whole && i < ARRAY_SIZE(held); i++)
        json_object_del(request, held[i]);
    for (size_t i = 0; i < json_array_size(runs); i++) {
        json_t *run = json_array_get(runs, i);
        int64_t number = json_integer_value(json_object_get(run, "number"));
        if (review_sight_of_run(request, number, viewer) != REVIEW_WHOLE)
            hide_deeds(run);
    }
    if (review_is_blind(request))
        hide_votes(request, viewer->id);
    hide_internals(request);
}

bool review_is_emptied(const json_t *request)
{
    return json_object_get(request, "contentRemovedAt") != NULL;
}
