/* SPDX-License-Identifier: MIT */
/* viewer.c — rights at the app's place, and the words for roles. */
#include "svc/app/viewer.h"

#include "os/clock.h"

static bool may(const struct principal *principal, enum access_permission permission)
{
    return access_decide_at(principal, permission, APP_PLACE, BYTES_LITERAL("")) == ACCESS_GRANTED;
}

void app_viewer_of(const struct principal *principal, const struct absences *absences,
                   struct app_viewer *ret_viewer)
{
    size_t role_count = access_role_words(principal, APP_PLACE, ret_viewer->roles);
    ret_viewer->viewer = (struct review_viewer){
        .id = principal->id,
        .sees_all = may(principal, ACCESS_AUDIT) || may(principal, ACCESS_OPERATE),
        .decides = may(principal, ACCESS_DECIDE),
        .is_known = principal != &access_local,
        .name = principal->name,
        .groups = principal->groups,
        .group_count = principal->group_count,
        .roles = ret_viewer->roles,
        .role_count = role_count,
        .absent = ret_viewer->absent,
        .absent_count =
            absences_for(absences, principal->id, principal->name, clock_unix_ns(), ret_viewer->absent),
    };
}

bool app_viewer_looks_around(const struct review_viewer *viewer)
{
    return !viewer->is_known || viewer->sees_all || viewer->decides;
}
