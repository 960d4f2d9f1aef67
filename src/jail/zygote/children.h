/* SPDX-License-Identifier: MIT */
/* children.h — what a process of the zygote's program has forked on the keeper's orders, one child a slot: the answer to
 * an order, and the word when the child has exited. Two processes have children: the zygote its sessions (main.c), and
 * porters.c its porters. Without a keeper there is no reason to live: where it cannot be told, the process ends. */
#ifndef JAIL_ZYGOTE_CHILDREN_H
#define JAIL_ZYGOTE_CHILDREN_H

#include "wire/keeper_message.h"

#include <sys/types.h>

#define KEEPER_SOCKET 3 /* of every process of the program */

/* What is said of a child that was made, that could not be made, and that has exited. */
struct children_words {
    enum keeper_message_type made, refused, exited;
};

struct children {
    const struct children_words *words;
    int signal_fd;       /* readable: call children_reap */
    struct child *of;    /* by slot */
    uint32_t slot_count; /* highest slot that was ever used, and one */
};

/* Blocks SIGCHLD and makes the descriptor. IO. */
STATUS_RESULT children_watch(struct children *children, struct err *err);
/* Makes the table, untouched beyond the slots in use: a mapping of its own, for it is written to. NO_MEMORY. */
STATUS_RESULT children_map(struct children *children, struct err *err);
/* True if the slot can have a child now; the keeper never asks otherwise. */
bool children_free(const struct children *children, uint32_t slot);
/* Tells the keeper what became of its order: `pid` is the child's, or -errno; `pidfd` is closed. */
void children_answer(struct children *children, const struct keeper_message *order, pid_t pid, int pidfd);
/* Tells the keeper of each child that has exited. The pid of one that is in no slot, or 0. */
pid_t children_reap(struct children *children);

#endif
