/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of the task store, the same for every kind of store.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef STORE_LIMIT_VALUES_H
#define STORE_LIMIT_VALUES_H

#include <stddef.h>

#define STORE_FRESH_IDS_MAX     65536
#define STORE_HUBS_MAX          1000
#define STORE_HUB_NAME_SIZE_MAX 100
#define STORE_HISTORY_SIZE_MAX  ((size_t)1 << 30)
#define STORE_INSTANCE_SIZE_MAX ((size_t)512 << 20)
#define STORE_ENTITY_SIZE_MAX   ((size_t)128 << 20)
#define STORE_PAGE_ROWS         100
#define STORE_PAGE_SIZE_MAX     ((size_t)3 << 20)

#endif
