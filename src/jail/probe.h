/* SPDX-License-Identifier: MIT */
/* probe.h — what isolation this machine gives, as a list of layers for people and for /healthz.
 * The facts come from trying, not from version numbers; the keeper fills in what it really built. Any
 * thread, but probe_machine forks: call it before threads exist. */
#ifndef JAIL_PROBE_H
#define JAIL_PROBE_H

#include "base/buf.h"

struct probe_facts {
    bool privileged;      /* root with the capabilities to build jails */
    bool user_namespaces; /* can be made */
    bool proc;            /* sessions get a /proc of their own */
    bool net;             /* sessions get a network namespace of their own */
    bool uid;             /* sessions get a host uid of their own */
    bool seccomp;
    int landlock_abi;
    bool overlay;              /* files of the list are behind one: locks on them do not reach the host's */
    const char *cgroup_layout; /* "none", "v1", "v2", "hybrid"; a literal */
    bool memory, pids, cpu;    /* enforced by cgroup */
    bool sampled;              /* else: memory is looked at by the keeper (jail/usage.h) */
    bool cgroup_kill;          /* a v2 tree can kill a session at once */
    char cgroup_missing[160];
};

enum probe_state { PROBE_ON, PROBE_DEGRADED, PROBE_OFF };

struct probe_layer {
    const char *name;
    enum probe_state state;
    char detail[224];
    const char *mend; /* a command or a setting; "" when there is nothing to do */
};

#define PROBE_LAYERS 10

/* Tries what can be tried without building anything; `cgroup_*` are left for probe_cgroups. */
void probe_machine(struct probe_facts *ret_facts);
/* Makes and removes a group tree to see which limits hold. */
void probe_cgroups(struct probe_facts *facts);
/* The list in a fixed order. True if nothing is degraded or off. */
bool probe_layers(const struct probe_facts *facts, struct probe_layer ret_layers[PROBE_LAYERS]);
/* True for the name of a layer. */
bool probe_layer_known(struct bytes name);
const char *probe_state_name(enum probe_state state);
/* Appends the names of the layers that are not on, separated by commas. */
void probe_degraded(const struct probe_facts *facts, struct buf *out);
/* The JSON of struct keeper_report. */
void probe_json(const struct probe_facts *facts, struct buf *out);

#endif
