/* SPDX-License-Identifier: MIT */
/* search_member.h — members that the bodies of searches have in common, for instances and for entities. Pure. */
#ifndef SVC_SCHEDULER_HTTP_SEARCH_MEMBER_H
#define SVC_SCHEDULER_HTTP_SEARCH_MEMBER_H

#include "svc/scheduler/http/search.h"
#include "wire/json/json.h"

/* A member that is there and not null, or NULL; its name in any case. */
json_t *search_member(const json_t *object, const char *name);
/* A member that must be an object if it is there; else NULL. */
STATUS_RESULT search_member_object(const json_t *object, const char *name, json_t **ret_value,
                                   struct err *err);
/* filter.NAME.value, or filter.NAME as it is, into `arena`. Untouched if it is absent. */
STATUS_RESULT search_member_text(const json_t *filter, const char *name, struct arena *arena,
                                 struct bytes *ret_text, struct err *err);
/* filter.NAME.start and .end. Untouched if it is absent. */
STATUS_RESULT search_member_range(const json_t *filter, const char *name, struct search_range *ret_range,
                                  struct err *err);
/* pagination.startIndex and .count, at most SEARCH_WINDOW_MAX together. Untouched where absent. */
STATUS_RESULT search_member_page(const json_t *body, size_t *ret_first, size_t *ret_count, struct err *err);

#endif
