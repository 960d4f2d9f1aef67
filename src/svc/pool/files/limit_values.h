/* SPDX-License-Identifier: MIT */
/* limit_values.h — the limits of looking for changed files.
 * Values only; what each bounds is a row of cmd/limits.c. */
#ifndef SVC_POOL_FILES_LIMIT_VALUES_H
#define SVC_POOL_FILES_LIMIT_VALUES_H

#include <stddef.h>
#include <stdint.h>

#define FILE_CHANGES_MAX           500
#define FILE_CHANGES_LOOK_MAX      5000
#define FILE_CHANGES_HASH_SIZE_MAX ((uint64_t)256 << 20)

#endif
