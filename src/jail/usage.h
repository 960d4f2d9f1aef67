/* SPDX-License-Identifier: MIT */
/* usage.h — what a tree of processes holds in memory, by looking at /proc.
 * For a keeper that no memory group of the kernel's helps. Owns nothing; one thread. Looks only: between two looks
 * anything may happen, and what no process maps is not seen (memfds, buffers of pipes and sockets). */
#ifndef JAIL_USAGE_H
#define JAIL_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define USAGE_MEMBERS_MAX 512 /* processes of one tree; those beyond are not counted */

struct usage_member {
    pid_t pid;
    uint64_t mapped;   /* bytes of address space */
    uint64_t resident; /* bytes in memory, shared ones included */
};

struct usage_tree {
    struct usage_member members[USAGE_MEMBERS_MAX];
    unsigned count;
};

struct usage {
    uint64_t anonymous; /* bytes: private memory; a page that several have counts in parts */
    uint64_t shared;    /* bytes: mapped files in memory and shared memory, in the same way */
};

/* True if this kernel tells a process's children, its proportional memory, and who shares a memory with whom. */
bool usage_possible(void);
/* `root` and all below it. Cheap; the sum of `resident` is more than what the tree holds. */
void usage_find(pid_t root, struct usage_tree *ret_tree);
/* Never too little of what the members map: walks their page tables, about 10 ms for a GiB. A memory that two of them
 * share as a whole, as between vfork and exec, counts once. */
struct usage usage_measure(const struct usage_tree *tree);

#endif
