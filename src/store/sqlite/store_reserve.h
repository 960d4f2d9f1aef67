/* SPDX-License-Identifier: MIT */
/* store_reserve.h — room for getting out of a full disk.
 * Deleting needs room, too: a purge writes to the log before anything is free. So a file that holds nothing stands beside
 * the store. When a write finds the disk full, the file is deleted, and the room is for what makes more of it: purges,
 * and the work that is already there. New work is refused meanwhile (task_store_low). */
#ifndef STORE_SQLITE_STORE_RESERVE_H
#define STORE_SQLITE_STORE_RESERVE_H

#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>

#define STORE_RESERVE_SIZE                                                                                   \
    ((int64_t)16                                                                                             \
     << 20) /* bytes, of the task store; as long as the log grows before it is copied (CHECKPOINT_PAGES) */

/* Makes `<path>.reserve` of `size` bytes if it is absent and the disk has four times as much. True if it is there
 * afterwards. */
bool store_reserve_make(const char *path, int64_t size);
/* Deletes it. False if there is none to delete. */
bool store_reserve_spend(const char *path);

#endif
