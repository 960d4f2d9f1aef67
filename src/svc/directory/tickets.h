/* SPDX-License-Identifier: MIT */
/* tickets.h — how many tickets there may be, so that nobody fills the directory for the others. A code for a device is asked for
 * by whoever reaches the port, before anybody is known: there are DEVICE_CODES_MAX at one time, and a share of them for each peer.
 * Whoever signs in again and again makes room for it among the codes and refresh tokens of their own.
 *
 * Reads no clock: `now_ns` never goes back. Loop's thread. */
#ifndef SVC_DIRECTORY_TICKETS_H
#define SVC_DIRECTORY_TICKETS_H

#include "store/directory/directory.h"
#include "svc/directory/limit_values.h"

/* Codes for devices that may still be shown; which peer asked for each is known by a hash. */
struct device_gate {
    uint64_t key[2]; /* random */
    struct {
        uint64_t peer;
        int64_t ends_ns; /* 0: free */
    } at[DEVICE_CODES_MAX];
    /* When a code was last asked about, at the place of its hash; of two at one place the later. */
    struct {
        uint64_t code;
        int64_t asked_ns;
    } polls[DEVICE_CODES_MAX];
};

enum device_gate_verdict {
    DEVICE_GATE_OPEN,
    DEVICE_GATE_PEER_FULL, /* this peer has its share */
    DEVICE_GATE_FULL,      /* all together have all that there are */
};

/* Notes one more code of that peer, which counts until `ends_ns`, unless there is no room. `peer`: as address_owner; empty: not
 * known, which is a peer of its own. */
enum device_gate_verdict device_gate_take(struct device_gate *gate, struct bytes peer, int64_t now_ns,
                                          int64_t ends_ns);

/* Somebody asks whether the code (a ticket's id) was confirmed. True if they did so less than `interval_ns` ago. */
bool device_gate_hurries(struct device_gate *gate, struct bytes code, int64_t now_ns, int64_t interval_ns);

/* Deletes what has to go before the person gets one more code or refresh token: what was used first, then the oldest; `spent` (NULL:
 * none) stays. In a set of its own, which nobody waits for: that somebody else deletes the same must not undo what follows. */
void tickets_make_room(struct directory *directory, const char *person_id,
                       const struct directory_ticket *spent);

/* Sign-ins of which somebody has shown a copy, until nothing of them is left. Who frees it settles the directory first. */
struct ticket_ends {
    struct directory *directory;
    struct list ending;
};

void ticket_ends_init(struct ticket_ends *ends, struct directory *directory);
/* Deletes all that came from one sign-in, also what is being handed out meanwhile (RFC 9700 section 4.14.2). `family` is copied; "" is
 * nobody's. */
void tickets_end_family(struct ticket_ends *ends, const char *family);
/* True while that is done: nothing of it counts any more. */
bool tickets_are_ending(const struct ticket_ends *ends, const char *family);

#endif
