/* SPDX-License-Identifier: MIT */
/* fault_vfs.h — a SQLite VFS over the system's own that fails on purpose and remembers what was synced.
 * It passes everything through and keeps, for each database and log file, the bytes a disk would surely hold
 * after a power cut (those before the last sync) and the writes since, of which any part may survive. Any
 * thread; one run at a time. */
#ifndef TEST_FAULT_VFS_H
#define TEST_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum { FAULT_NONE, FAULT_FULL, FAULT_IO };

/* Registers the VFS (once) and returns its name. */
const char *fault_vfs_register(void);
/* Forgets all files and faults; `seed` decides what survives a cut. */
void fault_vfs_reset(uint64_t seed);
/* From now on writes fail with FAULT_FULL or FAULT_IO; FAULT_NONE: they work. */
void fault_vfs_fail_writes(int fault);
/* From now on reads fail. */
void fault_vfs_fail_reads(bool fail);
/* From now on syncs fail, which stops the process. */
void fault_vfs_fail_syncs(bool fail);
/* At the n-th write, truncation or sync from now (1 is the next) the power goes: it and all later ones fail.
 * 0: never. */
void fault_vfs_cut_at(uint64_t n);
/* Writes, truncations and syncs since fault_vfs_reset. */
uint64_t fault_vfs_operations(void);
uint64_t fault_vfs_syncs(void);
/* Writes to `to` (and `to`-wal) what the disk holds of `from` (and `from`-wal) after the cut. */
void fault_vfs_recover(const char *from, const char *to);

#endif
