/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of the page's sign-ins.
 * Values only; what each bounds is a row of cmd/limit_rows.c. */
#ifndef SVC_PAGE_LIMIT_VALUES_H
#define SVC_PAGE_LIMIT_VALUES_H

#include "base/duration.h"

#define PAGE_SESSIONS_MAX       10000
#define PAGE_SESSIONS_EACH_MAX  100
#define PAGE_SESSION_LIFE_NS    (12 * 3600 * NS_PER_S)
#define PAGE_SESSION_ROTATE_NS  (3600 * NS_PER_S)
#define PAGE_SESSION_OVERLAP_NS (60 * NS_PER_S)
#define PAGE_LINKS_MAX          1000
#define PAGE_LINKS_EACH_MAX     8
#define PAGE_LINK_LIFE_NS       (600 * NS_PER_S)
#define PAGE_CREDENTIALS_MAX    16384 /* bytes */

#endif
