/* SPDX-License-Identifier: MIT */
/* sight.c — from whose it is, over whether it is released, to what else they may. */
#include "core/review/sight.h"

#include <string.h>

bool review_is_submitter(const json_t *request, const char *person_id)
{
    const char *id = json_string_value(json_object_get(json_object_get(request, "submitter"), "id"));
    return id && person_id && strcmp(id, person_id) == 0;
}

static enum review_sight sight(const json_t *request, bool is_theirs, const struct review_viewer *viewer)
{
    if (!viewer->is_known)
        return REVIEW_WHOLE;
    bool own = review_is_submitter(request, viewer->id);
    if (!own)
        return viewer->sees_all ? REVIEW_WHOLE : REVIEW_HIDDEN;
    return is_theirs ? REVIEW_WHOLE : REVIEW_HELD;
}

static bool is_released(const json_t *request)
{
    return json_is_true(json_object_get(request, "released"));
}

static bool is_released_run(const json_t *request, int64_t run)
{
    const json_t *approved = json_object_get(request, "run");
    return is_released(request) && json_is_integer(approved) && json_integer_value(approved) == run;
}

enum review_sight review_sight(const json_t *request, const struct review_viewer *viewer)
{
    return sight(request, is_released(request), viewer);
}

enum review_sight review_sight_of_run(const json_t *request, int64_t run, const struct review_viewer *viewer)
{
    return sight(request, is_released_run(request, run), viewer);
}

static void hide_deeds(json_t *run)
{
    json_object_del(run, "effects");
    json_object_del(run, "facts");
}

void review_hold_back(json_t *request, const struct review_viewer *viewer)
{
    const json_t *runs = json_object_get(request, "runs");
    if (review_sight(request, viewer) != REVIEW_WHOLE)
        json_object_del(request, "result");
    for (size_t i = 0; i < json_array_size(runs); i++) {
        json_t *run = json_array_get(runs, i);
        int64_t number = json_integer_value(json_object_get(run, "number"));
        if (review_sight_of_run(request, number, viewer) != REVIEW_WHOLE)
            hide_deeds(run);
    }
}
