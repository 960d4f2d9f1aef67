/* SPDX-License-Identifier: MIT */
/* watch.c — two looks: the cheap one sees at least what a session holds and settles nearly all cases; only who is
 * over the limit by it is measured. INVARIANT: looking takes at most a twentieth of the keeper's time, whatever
 * sessions do, so the looks become rarer when they become dear. */
#include "svc/keeper/watch.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>

#include "jail/file.h"
#include "jail/usage.h"
#include "os/clock.h"
#include "svc/keeper/state.h"

#define LOOK_NS     (NS_PER_S / 5)
#define REST_FACTOR 20 /* times as long as a look took is rested after it */
#define PID_KEY     "Pid:"
#define FDINFO_SIZE 1024
#define PATH_SIZE   64

bool watch_wanted(const struct keeper *keeper)
{
    return !keeper->groups.enforced[CGROUP_MEMORY] && usage_possible();
}

/* The number is looked at only until EXITED: the zygote reaps the init just before. Should it be another's for a moment,
 * a wrong look may end a session that has ended; the signal goes by pidfd. */
void watch_begin(const struct keeper *keeper, struct slot *slot)
{
    char path[PATH_SIZE], text[FDINFO_SIZE];
    if (!keeper->watches)
        return;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", slot->pidfd);
    bool read = file_read(AT_FDCWD, path, text, sizeof text) > 0;
    const char *line = read ? strstr(text, PID_KEY) : NULL;
    slot->pid = line ? (pid_t)strtol(line + strlen(PID_KEY), NULL, 10) : 0;
}

static uint64_t stored_bytes(const struct slot *slot)
{
    struct statfs facts;
    if (slot->data_fd < 0 || fstatfs(slot->data_fd, &facts) < 0)
        return 0;
    return (uint64_t)(facts.f_blocks - facts.f_bfree) * (uint64_t)facts.f_bsize;
}

static bool is_over(uint64_t limit, const struct slot *slot)
{
    static struct usage_tree tree; /* large; one thread */
    uint64_t stored = stored_bytes(slot);
    uint64_t most = stored;
    usage_find(slot->pid, &tree);
    for (unsigned i = 0; i < tree.count; i++)
        most += tree.members[i].resident;
    if (most <= limit)
        return false;

    /* A file in /mnt/data that is mapped is in both: the larger one has all of it. */
    struct usage usage = usage_measure(&tree);
    return usage.anonymous + MAX(stored, usage.shared) > limit;
}

static void look(struct keeper *keeper, struct slot *slot)
{
    if (slot->state != SLOT_RUNNING || slot->pid <= 0 || slot->over_memory ||
        !is_over(keeper->limits.memory_bytes, slot))
        return;
    slot->over_memory = true;
    slot_signal(slot, SIGKILL);
}

int watch_sweep(struct keeper *keeper)
{
    if (!keeper->watches || keeper->running == 0)
        return -1;
    int64_t begin = clock_monotonic_ns();
    if (begin >= keeper->look_at_ns) {
        for (uint32_t i = 0; i < keeper->slot_count; i++)
            look(keeper, &keeper->slots[i]);
        int64_t end = clock_monotonic_ns();
        keeper->look_at_ns = end + MAX(LOOK_NS, REST_FACTOR * (end - begin));
        begin = end;
    }
    return (int)((keeper->look_at_ns - begin + NS_PER_MS - 1) / NS_PER_MS);
}
