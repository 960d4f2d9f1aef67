/* SPDX-License-Identifier: MIT */
/* cgroup_slot.c — the directories of a slot are made at its first use and stay: making them takes longer than
 * forking into them. Their counters go on counting, so what a session did is the difference to where it began. */
#include "jail/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jail/cgroup_internal.h"
#include "jail/file.h"

#define CPU_PERIOD_US 100000

static enum status set_number(int dir, const char *file, unsigned long long number, struct err *err)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", number);
    int r = file_write(dir, file, text);
    return r < 0 ? err_set(err, STATUS_IO, "cgroup %s: %s", file, strerror(-r)) : STATUS_OK;
}

static enum status limit_v1(const struct cgroup_tree *tree, const struct cgroup_slot *slot,
                            const struct session_limits *limits, struct err *err)
{
    enum status status = STATUS_OK;
    if (tree->enforced[CGROUP_MEMORY]) {
        status =
            set_number(slot->controllers[CGROUP_MEMORY], "memory.limit_in_bytes", limits->memory_bytes, err);
        /* Absent without swap accounting; then there may be swap, never more memory. */
        (void)!set_number(slot->controllers[CGROUP_MEMORY], "memory.memsw.limit_in_bytes",
                          limits->memory_bytes, NULL);
        (void)!set_number(slot->controllers[CGROUP_MEMORY], "memory.swappiness", 0, NULL);
    }
    if (status == STATUS_OK && tree->enforced[CGROUP_PIDS])
        status = set_number(slot->controllers[CGROUP_PIDS], "pids.max", limits->tasks, err);
    if (status == STATUS_OK && tree->enforced[CGROUP_CPU]) {
        int dir = slot->controllers[CGROUP_CPU];
        status = set_number(dir, "cpu.cfs_period_us", CPU_PERIOD_US, err);
        if (status == STATUS_OK)
            status = set_number(dir, "cpu.cfs_quota_us",
                                (unsigned long long)limits->cpu_percent * CPU_PERIOD_US / 100, err);
    }
    if (status == STATUS_OK && tree->enforced[CGROUP_IO]) {
        int r = group_limit_reads(tree->disk, slot->controllers[CGROUP_IO], false, limits->read_bytes);
        if (r < 0)
            status = err_set(err, STATUS_IO, "cgroup blkio: %s", strerror(-r));
    }
    return status;
}

/* A limit that the kernel refuses fails the slot. Swap and oom.group are set where it has them: none of the limits
 * rests on them. */
static enum status limit_v2(const struct cgroup_tree *tree, const struct cgroup_slot *slot,
                            const struct session_limits *limits, struct err *err)
{
    enum status status = STATUS_OK;
    if (tree->enforced[CGROUP_MEMORY]) {
        status = set_number(slot->unified, "memory.max", limits->memory_bytes, err);
        (void)!set_number(slot->unified, "memory.swap.max", 0, NULL);
        (void)!set_number(slot->unified, "memory.oom.group", 1, NULL);
    }
    if (status == STATUS_OK && tree->enforced[CGROUP_PIDS])
        status = set_number(slot->unified, "pids.max", limits->tasks, err);
    if (status == STATUS_OK && tree->enforced[CGROUP_CPU]) {
        char text[64];
        snprintf(text, sizeof text, "%llu %d", (unsigned long long)limits->cpu_percent * CPU_PERIOD_US / 100,
                 CPU_PERIOD_US);
        int r = file_write(slot->unified, "cpu.max", text);
        if (r < 0)
            status = err_set(err, STATUS_IO, "cgroup cpu.max: %s", strerror(-r));
    }
    if (status == STATUS_OK && tree->enforced[CGROUP_IO]) {
        int r = group_limit_reads(tree->disk, slot->unified, true, limits->read_bytes);
        if (r < 0)
            status = err_set(err, STATUS_IO, "cgroup io.max: %s", strerror(-r));
    }
    return status;
}

static enum status slot_make_unified(struct cgroup_tree *tree, uint32_t slot, struct err *err)
{
    struct cgroup_slot *s = &tree->slots[slot];
    char name[16];
    snprintf(name, sizeof name, "s%u", slot);
    s->unified = group_make(tree->unified_base, name);
    if (s->unified < 0)
        return err_set(err, STATUS_IO, "cgroup v2: %s", strerror(errno));
    group_give_to_owner(tree, s->unified);
    return STATUS_OK;
}

static enum status slot_make(struct cgroup_tree *tree, uint32_t slot, struct err *err)
{
    struct cgroup_slot *s = &tree->slots[slot];
    char name[16];
    snprintf(name, sizeof name, "s%u", slot);
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if (tree->bases[c] < 0 || !tree->enforced[c])
            continue;
        s->controllers[c] = group_make(tree->bases[c], name);
        if (s->controllers[c] < 0)
            return err_set(err, STATUS_IO, "cgroup %s: %s", group_names_v1[c], strerror(errno));
        s->join[c] = openat(s->controllers[c], "tasks", O_WRONLY | O_CLOEXEC);
        if (s->join[c] < 0)
            return err_set(err, STATUS_IO, "cgroup %s tasks: %s", group_names_v1[c], strerror(errno));
    }
    return tree->unified_base >= 0 ? slot_make_unified(tree, slot, err) : STATUS_OK;
}

/* Since Linux 6.14 a process that is cloned into a group compares the group's kill counter with that of its
 * parent's group and dies at birth if they differ: a group that was killed once takes nobody in any more. */
static enum status slot_renew_unified(struct cgroup_tree *tree, uint32_t slot, struct err *err)
{
    struct cgroup_slot *s = &tree->slots[slot];
    char name[16];
    snprintf(name, sizeof name, "s%u", slot);
    file_close(&s->unified);
    if (unlinkat(tree->unified_base, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return err_set(err, STATUS_IO, "cgroup v2: removing %s: %s", name, strerror(errno));
    s->killed = false;
    return slot_make_unified(tree, slot, err);
}

static unsigned long long oom_count(const struct cgroup_tree *tree, const struct cgroup_slot *slot)
{
    unsigned long long n = 0;
    if (tree->layout == CGROUP_V2 && slot->unified >= 0)
        (void)!file_read_key(slot->unified, "memory.events", "oom_kill", &n);
    else if (slot->controllers[CGROUP_MEMORY] >= 0)
        (void)!file_read_key(slot->controllers[CGROUP_MEMORY], "memory.oom_control", "oom_kill", &n);
    return n;
}

enum status cgroup_slot_prepare(struct cgroup_tree *tree, uint32_t slot, const struct session_limits *limits,
                                struct err *err)
{
    struct cgroup_slot *s = &tree->slots[slot];
    bool made = s->unified >= 0 || s->controllers[CGROUP_MEMORY] >= 0 || s->controllers[CGROUP_PIDS] >= 0;
    bool renewed = s->killed;
    enum status status = STATUS_OK;
    if (!made)
        status = slot_make(tree, slot, err);
    else if (renewed)
        status = slot_renew_unified(tree, slot, err);
    if (status == STATUS_OK && tree->layout == CGROUP_V2 && (!made || renewed))
        status = limit_v2(tree, s, limits, err);
    else if (status == STATUS_OK && !made)
        status = limit_v1(tree, s, limits, err);
    /* ORDER: last. The counter is never reset, so what counts is the difference from the moment at which the slot
     * is handed out. */
    s->oom_before = oom_count(tree, s);
    return status;
}

unsigned cgroup_slot_joins(const struct cgroup_tree *tree, uint32_t slot, unsigned controllers,
                           int ret_fds[CGROUP_CONTROLLERS])
{
    unsigned count = 0;
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if (controllers & 1u << c && tree->slots[slot].join[c] >= 0)
            ret_fds[count++] = tree->slots[slot].join[c];
    }
    return count;
}

void cgroup_slot_open_gauges(const struct cgroup_tree *tree, uint32_t slot, int ret_fds[CGROUP_GAUGES])
{
    static const struct {
        enum cgroup_controller controller;
        const char *v1, *v2;
        int flags;
    } gauges[CGROUP_GAUGE_PROCESSES] = {
        [CGROUP_GAUGE_CPU] = {CGROUP_CPU, "cpuacct.usage", "cpu.stat", O_RDONLY},
        [CGROUP_GAUGE_MEMORY] = {CGROUP_MEMORY, "memory.max_usage_in_bytes", "memory.peak", O_RDWR},
    };
    const struct cgroup_slot *s = &tree->slots[slot];
    bool unified = tree->layout == CGROUP_V2;
    /* Of v2, also where that only kills: v1 answers from a list that may be a second old (kernel/cgroup/cgroup-v1.c). */
    ret_fds[CGROUP_GAUGE_PROCESSES] =
        s->unified < 0 ? -1 : openat(s->unified, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < CGROUP_GAUGE_PROCESSES; i++) {
        int dir = unified ? s->unified : s->controllers[gauges[i].controller];
        bool there = tree->enforced[gauges[i].controller] && dir >= 0;
        ret_fds[i] =
            there ? openat(dir, unified ? gauges[i].v2 : gauges[i].v1, gauges[i].flags | O_CLOEXEC) : -1;
    }
}

bool cgroup_slot_oom(struct cgroup_tree *tree, uint32_t slot)
{
    return oom_count(tree, &tree->slots[slot]) > tree->slots[slot].oom_before;
}

bool cgroup_slot_forgive_oom(struct cgroup_tree *tree, uint32_t slot)
{
    bool happened = cgroup_slot_oom(tree, slot);
    tree->slots[slot].oom_before += happened;
    return happened;
}

bool cgroup_slot_has_room(const struct cgroup_tree *tree, uint32_t slot, uint64_t limit, uint64_t size)
{
    static const char *const cached[] = {"active_file", "inactive_file"};
    bool unified = tree->layout == CGROUP_V2;
    int dir = unified ? tree->slots[slot].unified : tree->slots[slot].controllers[CGROUP_MEMORY];
    char text[32];
    if (!tree->enforced[CGROUP_MEMORY] || dir < 0)
        return true;
    if (size > limit ||
        file_read(dir, unified ? "memory.current" : "memory.usage_in_bytes", text, sizeof text) <= 0)
        return false;

    uint64_t used = strtoull(text, NULL, 10);
    /* Costs the kernel a walk over its processors, so it is asked only when it matters. */
    for (size_t i = 0; i < ARRAY_SIZE(cached) && used > limit - size; i++) {
        unsigned long long bytes = 0;
        (void)!file_read_key(dir, "memory.stat", cached[i], &bytes);
        used -= MIN(used, (uint64_t)bytes);
    }
    return used <= limit - size;
}

void cgroup_slot_kill(struct cgroup_tree *tree, uint32_t slot)
{
    if (tree->slots[slot].unified >= 0)
        tree->slots[slot].killed = file_write(tree->slots[slot].unified, "cgroup.kill", "1") == 0;
}

/* Every tree has its say: a process is in a group of each, and the slot must not be used while one of them still
 * holds it. */
bool cgroup_slot_empty(struct cgroup_tree *tree, uint32_t slot)
{
    struct cgroup_slot *s = &tree->slots[slot];
    if (s->unified >= 0 && !group_is_empty(s->unified))
        return false;
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if (s->controllers[c] >= 0 && !group_is_empty(s->controllers[c]))
            return false;
    }
    return true;
}
