/* SPDX-License-Identifier: MIT */
/* viewer.h — who asks, for what they may see (core/review/sight.h) and for whom policies ask: the principal of an HTTP request in the
 * words of both. Loop's thread. */
#ifndef SVC_APP_VIEWER_H
#define SVC_APP_VIEWER_H

#include "core/access/access.h"
#include "core/review/sight.h"
#include "svc/app/absences.h"

#define APP_PLACE BYTES_LITERAL("/app") /* where the rights of the app's routes hold */

struct app_viewer {
    struct review_viewer viewer;
    const char *roles[ACCESS_ROLES]; /* of the viewer; static words */
    const struct review_viewer *absent[ABSENCES_MAX];
};

/* Borrows the texts of the principal, and those of whoever is away now (NULL: nobody); `ret_viewer` must stay where it is. */
void app_viewer_of(const struct principal *principal, const struct absences *absences,
                   struct app_viewer *ret_viewer);
/* Who is not told apart from others, or audits, operates or decides: more than a submitter of their own requests. */
bool app_viewer_looks_around(const struct review_viewer *viewer);

#endif
