/* SPDX-License-Identifier: MIT */
/* slot.h — the life of one place for a session.
 *
 *   FREE ─SPAWN─► FORKING ─FORKED─► ENTERING ─ENTERED─► RUNNING
 *    ▲               │ UNFORKED         │ STUCK            │
 *    │               ▼                  ▼                  ▼  EXITED from the zygote: all of the pid
 *    └───────── groups empty ◄───────────────────────── DRAINING    namespace is dead and reaped
 *
 * A slot's number is also that of its cgroups and, from the first one on, of its host uid. All three are used
 * again only when the session's init is reaped, which the kernel does after all others of its pid namespace,
 * its porter is reaped, who may not have joined the groups yet, and its groups are empty. The generation goes up each
 * time a slot becomes free, so that an old reference names nothing. Signals go by pidfd, never by pid. slots_move is the only writer of `state`: slots.h, which has all of the
 * keeper's. */
#ifndef SVC_KEEPER_SLOT_H
#define SVC_KEEPER_SLOT_H

#include <sys/types.h>

#include "runtime/runtime.h"
#include "wire/keeper_message.h"

#define SLOT_ENTER_MAX_NS (30 * NS_PER_S) /* for a session to build its jail */
#define SLOT_DRAIN_MAX_NS (2 * NS_PER_S)  /* for its groups to become empty; then they are killed again */

#define SLOT_REST_NS (NS_PER_S / 10) /* from FREE until it is used again, if there is another */

enum slot_state { SLOT_FREE, SLOT_FORKING, SLOT_ENTERING, SLOT_RUNNING, SLOT_DRAINING };

/* The process that carries a file into the session (porter.h). */
enum slot_porter { SLOT_PORTER_NONE, SLOT_PORTER_ASKED, SLOT_PORTER_RUNNING };

struct slot {
    enum slot_state state;
    uint64_t generation;
    enum runtime_id runtime;         /* whose zygote it is forked from */
    uint64_t request;                /* of the pool: what SPAWNED or REFUSED answers */
    int64_t deadline_ns;             /* ENTERING: to be built; DRAINING: to be empty; FREE: rested */
    struct keeper_message_gate gate; /* for what the session says while it is built */
    int pidfd;                       /* of the session's init; -1 before FORKED */
    int setup;                       /* our end of the socket it builds itself over; -1 when it is done */
    int pool_fds[3];                 /* control, stdout, stderr: the pool's ends until they are sent */
    bool announced;                  /* SPAWNED was sent, so ENDED is owed */
    bool killed;                     /* by the pool's wish, while it was alive */
    uint32_t status;                 /* from EXITED */
    dev_t data_device;               /* of /mnt/data, from ENTERED on */
    int data_fd;                     /* /mnt/data, where it is watched (watch.h); else -1 */
    pid_t pid;                       /* of the init, where it is watched: to look at, never for signals */
    bool over_memory;                /* it was found over its limit, and killed for it */
    enum slot_porter porter;         /* while there is one, the slot does not become free */
    int porter_pidfd;                /* RUNNING; else -1 */
    char text[256];                  /* why it was not built, for REFUSED */
};

/* A free slot's first content. */
void slot_init(struct slot *slot);
/* Closes the descriptors only. */
void slot_close(struct slot *slot);
/* To the session's init, if there is one. SIGINT it hands to the runner; of SIGKILL it dies, and the kernel
 * takes the rest of the namespace along. */
void slot_signal(struct slot *slot, int signal);
/* The init has exited, or never was. */
bool slot_dead(const struct slot *slot);

#endif
