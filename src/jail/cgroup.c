/* SPDX-License-Identifier: MIT */
/* cgroup.c — a mixed machine has its controllers on v1 and an empty v2 tree: limits go to v1, start and kill to v2
 * (sandbox.md 2.5). */
#include "jail/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "jail/cgroup_internal.h"
#include "jail/file.h"

const char *cgroup_layout_name(enum cgroup_layout layout)
{
    static const char *const names[] = {"none", "v1", "v2", "hybrid"};
    return names[layout];
}

/* The same cause is said once, behind all names it holds for. */
static void missing(struct cgroup_tree *tree, const char *what, int error)
{
    char cause[64];
    size_t used = strlen(tree->missing);
    size_t size = (size_t)snprintf(cause, sizeof cause, ": %s", strerror(error));
    if (used >= size && strcmp(&tree->missing[used - size], cause) == 0) {
        used -= size;
        snprintf(tree->missing + used, sizeof tree->missing - used, ", %s%s", what, cause);
        return;
    }
    snprintf(tree->missing + used, sizeof tree->missing - used, "%s%s%s", used ? "; " : "", what, cause);
}

/* --- the base directories --- */

/* The disk that /usr lies on: limits are set on whole disks, not on partitions (block/blk-cgroup.c). */
static void find_disk(char ret_disk[24])
{
    struct stat st;
    char path[96], text[24] = "";
    ret_disk[0] = '\0';
    if (stat("/usr", &st) < 0 || major(st.st_dev) == 0)
        return;
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u/partition", major(st.st_dev), minor(st.st_dev));
    bool partition = access(path, F_OK) == 0;
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%s", major(st.st_dev), minor(st.st_dev),
             partition ? "../dev" : "dev");
    if (file_read(AT_FDCWD, path, text, sizeof text) > 0)
        snprintf(ret_disk, 24, "%.*s", (int)strcspn(text, "\n"), text);
}

/* True if the base group takes a limit for the disk: then those below do too. */
static bool can_limit_reads(const struct cgroup_tree *tree, int base, bool unified)
{
    return base >= 0 && tree->disk[0] && group_limit_reads(tree->disk, base, unified, UINT64_C(1) << 40) == 0;
}

static void open_v1(struct cgroup_tree *tree)
{
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if (c == CGROUP_IO && !tree->disk[0])
            continue;
        tree->parents[c] = group_open_own(group_names_v1[c]);
        if (tree->parents[c] < 0)
            continue;
        group_remove_leftovers(tree->parents[c]);
        tree->bases[c] = group_make(tree->parents[c], tree->name);
        tree->enforced[c] = tree->bases[c] >= 0;
        if (c == CGROUP_IO)
            tree->enforced[c] = can_limit_reads(tree, tree->bases[c], false);
        else if (tree->enforced[c])
            tree->layout = CGROUP_V1;
        else
            missing(tree, group_names_v1[c], errno);
    }
}

static pid_t parent_of(long member)
{
    char path[64];
    char text[512] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", member);
    if (file_read(AT_FDCWD, path, text, sizeof text) <= 0)
        return 0;
    /* "PID (NAME) S PPID …": a name may hold anything, also ")" (proc(5)). */
    const char *name_end = strrchr(text, ')');
    bool whole = name_end && strlen(name_end) > 4;
    return whole ? (pid_t)strtol(name_end + 4, NULL, 10) : 0;
}

/* The server, and its children: keeper and warden. */
static bool is_ours(long member)
{
    return member == getpid() || member == getppid() || parent_of(member) == getppid();
}

static bool all_are_ours(const char *members)
{
    for (const char *at = members; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        if (!is_ours(strtol(at, NULL, 10)))
            return false;
    }
    return true;
}

/* A v2 group cannot have members and give controllers to children at once. If all members of ours belong to this server,
 * they move into a leaf beside the sessions' groups: not into these, which are killed and removed with their keeper. */
static void make_room(struct cgroup_tree *tree)
{
    char members[CGROUP_FILE_SIZE];
    char pid[32];
    if (file_read(tree->unified_parent, "cgroup.procs", members, sizeof members) <= 0 ||
        !all_are_ours(members))
        return;

    int leaf = group_make(tree->unified_parent, CGROUP_SERVER_LEAF);
    for (const char *at = members; leaf >= 0 && *at; at += strcspn(at, "\n"), at += *at == '\n') {
        snprintf(pid, sizeof pid, "%ld", strtol(at, NULL, 10));
        (void)!file_write(leaf, "cgroup.procs", pid);
    }
    file_close(&leaf);
}

static void enable_v2(struct cgroup_tree *tree)
{
    char text[32], given[256] = "";
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        snprintf(text, sizeof text, "+%s", group_names_v2[c]);
        int r = file_write(tree->unified_parent, "cgroup.subtree_control", text);
        if (r == -EBUSY) {
            make_room(tree);
            r = file_write(tree->unified_parent, "cgroup.subtree_control", text);
        }
        if (r == 0)
            r = file_write(tree->unified_base, "cgroup.subtree_control", text);
        (void)!file_read(tree->unified_base, "cgroup.subtree_control", given, sizeof given);
        tree->enforced[c] = r == 0 && strstr(given, group_names_v2[c]);
        if (c == CGROUP_IO)
            tree->enforced[c] = tree->enforced[c] && can_limit_reads(tree, tree->unified_base, true);
        else if (tree->enforced[c])
            tree->layout = CGROUP_V2;
        else
            missing(tree, group_names_v2[c], r < 0 ? -r : ENOENT);
    }
}

static void open_v2(struct cgroup_tree *tree)
{
    tree->unified_parent = group_open_own(NULL);
    if (tree->unified_parent < 0)
        return;
    group_remove_leftovers(tree->unified_parent);
    tree->unified_base = group_make(tree->unified_parent, tree->name);
    if (tree->unified_base < 0) {
        if (tree->layout == CGROUP_NONE)
            missing(tree, "cgroup v2", errno);
        return;
    }
    group_give_to_owner(tree, tree->unified_base);
    if (tree->layout == CGROUP_V1)
        tree->layout = CGROUP_HYBRID;
    else
        enable_v2(tree);
}

enum status cgroup_open(struct cgroup_tree *tree, uint32_t slots, uid_t owner, struct err *err)
{
    *tree =
        (struct cgroup_tree){.unified_base = -1, .unified_parent = -1, .slot_count = slots, .owner = owner};
    for (int c = 0; c < CGROUP_CONTROLLERS; c++)
        tree->bases[c] = tree->parents[c] = -1;
    snprintf(tree->name, sizeof tree->name, CGROUP_PREFIX "%d", (int)getpid());
    tree->slots = calloc(slots, sizeof *tree->slots);
    if (!tree->slots)
        return err_set(err, STATUS_NO_MEMORY, "no memory for %u slots", slots);
    for (uint32_t i = 0; i < slots; i++) {
        tree->slots[i].unified = -1;
        for (int c = 0; c < CGROUP_CONTROLLERS; c++)
            tree->slots[i].controllers[c] = tree->slots[i].join[c] = -1;
    }
    find_disk(tree->disk);
    open_v1(tree);
    open_v2(tree);
    if (tree->layout == CGROUP_NONE && tree->missing[0] == '\0')
        snprintf(tree->missing, sizeof tree->missing, "no cgroup hierarchy is mounted");
    return STATUS_OK;
}

void cgroup_close(struct cgroup_tree *tree)
{
    for (uint32_t i = 0; tree->slots && i < tree->slot_count; i++) {
        file_close(&tree->slots[i].unified);
        for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
            file_close(&tree->slots[i].controllers[c]);
            file_close(&tree->slots[i].join[c]);
        }
    }
    if (tree->unified_base >= 0)
        group_remove(tree->unified_parent, tree->name);
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if (tree->bases[c] >= 0)
            group_remove(tree->parents[c], tree->name);
        file_close(&tree->bases[c]);
        file_close(&tree->parents[c]);
    }
    file_close(&tree->unified_base);
    file_close(&tree->unified_parent);
    free(tree->slots);
    tree->slots = NULL;
}

int cgroup_zygote_directory(struct cgroup_tree *tree)
{
    if (tree->unified_base < 0)
        return -1;
    int dir = group_make(tree->unified_base, "zygote");
    return dir;
}
