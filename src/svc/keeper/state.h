/* SPDX-License-Identifier: MIT */
/* state.h — what the keeper knows, and how it speaks.
 * The one struct of the process, for the keeper's own files only: startup.c fills it in, the three sides
 * (pool_side.h, zygote_side.h, session_side.h) change it, one message at a time, on one thread. A side never
 * ends the process: it sets `over`, and the loop in keeper.c then takes everything down. */
#ifndef SVC_KEEPER_STATE_H
#define SVC_KEEPER_STATE_H

#include "jail/cgroup.h"
#include "jail/packet.h"
#include "jail/probe.h"
#include "jail/session.h"
#include "jail/template.h"
#include "svc/keeper/slot.h"
#include "svc/keeper/zygote.h"

/* Tags of the epoll set; a zygote's socket has TAG_ZYGOTE + its runtime, a slot's setup socket TAG_SLOT + its number. */
enum { TAG_CLIENT, TAG_ZYGOTE, TAG_SLOT = TAG_ZYGOTE + RUNTIMES };

/* The zygote of one runtime. All of them share the slots, and with them their ids and groups. */
struct keeper_zygote {
    struct zygote_process process;
    struct keeper_message_gate gate;
    unsigned features; /* of enum jail_feature: what every session of it must have */
    char template_identity[TEMPLATE_IDENTITY_SIZE];
};

struct keeper {
    int client; /* to the pool */
    int epoll;
    enum keeper_phase phase;
    struct keeper_message_gate client_gate;
    struct session_limits limits; /* no zero fields */
    uint32_t slot_count;
    struct slot *slots;
    uint32_t unsettled; /* slots in FORKING, ENTERING or DRAINING: what slots_sweep has to look at */
    uint32_t running;   /* slots in RUNNING: what watch_sweep has to look at */
    struct keeper_zygote zygotes[RUNTIMES];
    struct cgroup_tree groups;
    struct probe_facts facts; /* what this machine gives; found out once */
    unsigned first_id;        /* host id of the zygotes' root; 0: rootless */
    const char *data_root;    /* of jail/data_root.h; NULL: none */
    char *zygote_path;        /* the first runtime's program, as the pool named it at the start, or NULL */
    char *session_paths;      /* what sessions see besides the list, or NULL */
    bool other_ids;           /* the second range of host ids */
    bool listens;             /* the pool hears of refused calls */
    bool watches;             /* sessions are looked at, for want of a memory group (watch.h) */
    int64_t look_at_ns;       /* the next time */
    bool over;
};

/* Sends a message and copies of `fds`. A peer that does not take its messages within the socket's send time
 * is as good as gone: the keeper is over. */
void keeper_tell(struct keeper *keeper, int socket, const struct keeper_message *message, const int *fds,
                 unsigned count);
/* Answers a SPAWN that led to nothing. */
void keeper_refuse(struct keeper *keeper, uint64_t request, const char *text);
/* Its place among the slots: also the number of its groups. */
uint32_t keeper_slot_number(const struct keeper *keeper, const struct slot *slot);
/* The zygote that the slot's session comes from. */
const struct keeper_zygote *keeper_zygote_of(const struct keeper *keeper, const struct slot *slot);
/* The session's uid in its zygote's user namespace; 0 where sessions have none of their own. */
unsigned keeper_session_uid(const struct keeper *keeper, const struct slot *slot);
/* Last words to the pool; the keeper is over. */
void keeper_give_up(struct keeper *keeper, const char *text);

#endif
