/* SPDX-License-Identifier: MIT */
/* sight.c — from whose it is, over whether it is released, to what else they may. */
#include "core/review/sight.h"

#include <string.h>

bool review_is_submitter(const json_t *request, const char *person_id)
{
    const char *id = json_string_value(json_object_get(json_object_get(request, "submitter"), "id"));
    return id && person_id && strcmp(id, person_id) == 0;
}

enum review_sight review_sight(const json_t *request, const struct review_viewer *viewer)
{
    if (!viewer->is_known)
        return REVIEW_WHOLE;
    bool own = review_is_submitter(request, viewer->id);
    if (!own && !viewer->sees_all)
        return REVIEW_HIDDEN;
    if (json_is_true(json_object_get(request, "released")))
        return REVIEW_WHOLE;
    return own ? REVIEW_HELD : REVIEW_WHOLE;
}
