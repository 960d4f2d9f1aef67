/* SPDX-License-Identifier: MIT */
/* A mixed machine has its controllers on v1 and an empty v2 tree: limits go to v1, start and kill to v2
 * (sandbox.md 2.5). Names below are relative to directory descriptors, so a mount that moves does no harm. */
#include "jail/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "jail/file.h"

#define PREFIX           "sallyport."
#define SERVER_LEAF      "sallyport-server" /* where the server's own processes stand aside on v2 */
#define CPU_PERIOD_US    100000
#define REMOVE_TRIES     200 /* of 5 ms */
#define REMOVE_WAIT_US   5000
#define CGROUP_FILE_SIZE 4096
#define CGROUP_PATH_SIZE 512

static const char *const controller_names[CGROUP_CONTROLLERS] = {
    [CGROUP_MEMORY] = "memory", [CGROUP_PIDS] = "pids", [CGROUP_CPU] = "cpu", [CGROUP_IO] = "blkio"};
static const char *const unified_names[CGROUP_CONTROLLERS] = {
    [CGROUP_MEMORY] = "memory", [CGROUP_PIDS] = "pids", [CGROUP_CPU] = "cpu", [CGROUP_IO] = "io"};

const char *cgroup_layout_name(enum cgroup_layout layout)
{
    static const char *const names[] = {"none", "v1", "v2", "hybrid"};
    return names[layout];
}

static int open_directory(int at, const char *path)
{
    return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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

/* --- finding the hierarchies ----------------------------------------------------------------------- */

static bool list_has(const char *list, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += size) {
        if ((at == list || at[-1] == ',') && (at[size] == '\0' || at[size] == ',' || at[size] == '\n'))
            return true;
    }
    return false;
}

/* Where the hierarchy with `controller` (NULL: v2) is mounted; false if nowhere. */
static bool find_mount(const char *controller, char ret_path[CGROUP_PATH_SIZE])
{
    FILE *f = fopen("/proc/self/mountinfo", "re");
    char line[2048], path[CGROUP_PATH_SIZE], kind[32], options[512];
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        const char *tail = strstr(line, " - ");
        if (!tail || sscanf(line, "%*s %*s %*s %*s %511s", path) != 1 ||
            sscanf(tail, " - %31s %*s %511s", kind, options) != 2)
            continue;
        found = controller ? strcmp(kind, "cgroup") == 0 && list_has(options, controller)
                           : strcmp(kind, "cgroup2") == 0;
    }
    if (f)
        fclose(f);
    if (found)
        snprintf(ret_path, CGROUP_PATH_SIZE, "%s", path);
    return found;
}

/* The keeper's own group in that hierarchy, relative to its mount. */
static bool find_own(const char *controller, char ret_path[CGROUP_PATH_SIZE])
{
    FILE *f = fopen("/proc/self/cgroup", "re");
    char line[1024];
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        char *names = strchr(line, ':');
        char *path = names ? strchr(names + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        names++;
        found = controller ? list_has(names, controller) : *names == '\0';
        path[strcspn(path, "\n")] = '\0';
        if (found)
            snprintf(ret_path, CGROUP_PATH_SIZE, ".%s", path);
    }
    if (f)
        fclose(f);
    return found;
}

/* The directory of the keeper's own group, or, if that cannot be seen, of the hierarchy's root. */
static int open_own(const char *controller)
{
    char mount[CGROUP_PATH_SIZE], own[CGROUP_PATH_SIZE];
    if (!find_mount(controller, mount))
        return -1;
    int root = open_directory(AT_FDCWD, mount);
    bool found = root >= 0 && find_own(controller, own);
    /* A keeper that comes after another one is born in the leaf: its place is beside it. */
    char *leaf = found && !controller ? strstr(own, "/" SERVER_LEAF) : NULL;
    if (leaf && strcmp(leaf, "/" SERVER_LEAF) == 0)
        *leaf = '\0';
    int dir = found ? open_directory(root, own) : -1;
    if (dir < 0)
        return root;
    close(root);
    return dir;
}

/* --- removing -------------------------------------------------------------------------------------- */

/* `tasks` holds the members on v1, `cgroup.procs` on both; the first knows threads too. */
static bool group_empty(int dir)
{
    char text[32];
    return file_read(dir, "cgroup.procs", text, sizeof text) <= 0;
}

/* By pidfd, and only after a second look: between the list and the signal the pid may have become another's.
 */
static void kill_member(int dir, pid_t pid)
{
    char text[CGROUP_FILE_SIZE], line[16];
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    snprintf(line, sizeof line, "%d\n", (int)pid);
    if (pidfd >= 0 && file_read(dir, "cgroup.procs", text, sizeof text) > 0) {
        const char *at = strstr(text, line);
        if (at && (at == text || at[-1] == '\n'))
            (void)!syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    }
    file_close(&pidfd);
}

static void kill_members(int dir)
{
    if (file_write(dir, "cgroup.kill", "1") == 0)
        return;
    char text[CGROUP_FILE_SIZE];
    if (file_read(dir, "cgroup.procs", text, sizeof text) <= 0)
        return;
    for (char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        pid_t pid = (pid_t)strtol(at, NULL, 10);
        if (pid > 1)
            kill_member(dir, pid);
    }
}

/* Kills and removes the groups under `name`, one level deep, and `name` itself. False if some remain. */
static bool remove_group(int parent, const char *name)
{
    int dir = open_directory(parent, name);
    if (dir < 0)
        return errno == ENOENT;
    DIR *d = fdopendir(dir);
    for (struct dirent *entry; d && (entry = readdir(d));) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        int child = open_directory(dir, entry->d_name);
        if (child >= 0) {
            kill_members(child);
            close(child);
        }
        unlinkat(dir, entry->d_name, AT_REMOVEDIR);
    }
    kill_members(dir);
    bool gone = unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
    if (d)
        closedir(d);
    else
        close(dir);
    return gone;
}

static void remove_group_waiting(int parent, const char *name)
{
    for (int i = 0; parent >= 0 && i < REMOVE_TRIES && !remove_group(parent, name); i++)
        usleep(REMOVE_WAIT_US); /* EBUSY for some ms after the last exit */
}

static bool owner_lives(const char *pid_text)
{
    char path[64], name[32] = "";
    snprintf(path, sizeof path, "/proc/%.10s/comm", pid_text);
    return file_read(AT_FDCWD, path, name, sizeof name) > 0 &&
           strncmp(name, CGROUP_OWNER_NAME, strlen(CGROUP_OWNER_NAME)) == 0;
}

/* What keepers that were killed left behind; their sessions died with them. */
static void remove_leftovers(int parent)
{
    int dir = open_directory(parent, ".");
    DIR *d = dir >= 0 ? fdopendir(dir) : NULL;
    for (struct dirent *entry; d && (entry = readdir(d));) {
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 &&
            !owner_lives(entry->d_name + strlen(PREFIX)))
            (void)remove_group(parent, entry->d_name);
    }
    if (d)
        closedir(d);
    else if (dir >= 0)
        close(dir);
}

/* --- the base directories -------------------------------------------------------------------------- */

static int make_group(int parent, const char *name)
{
    if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
        return -1;
    return open_directory(parent, name);
}

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

static int limit_reads(const char *disk, int dir, bool unified, uint64_t bytes)
{
    char text[64];
    snprintf(text, sizeof text, unified ? "%s rbps=%llu" : "%s %llu", disk, (unsigned long long)bytes);
    return file_write(dir, unified ? "io.max" : "blkio.throttle.read_bps_device", text);
}

/* True if the base group takes a limit for the disk: then those below do too. */
static bool can_limit_reads(const struct cgroup_tree *tree, int base, bool unified)
{
    return base >= 0 && tree->disk[0] && limit_reads(tree->disk, base, unified, UINT64_C(1) << 40) == 0;
}

static void open_v1(struct cgroup_tree *tree)
{
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if (c == CGROUP_IO && !tree->disk[0])
            continue;
        tree->parents[c] = open_own(controller_names[c]);
        if (tree->parents[c] < 0)
            continue;
        remove_leftovers(tree->parents[c]);
        tree->bases[c] = make_group(tree->parents[c], tree->name);
        tree->enforced[c] = tree->bases[c] >= 0;
        if (c == CGROUP_IO)
            tree->enforced[c] = can_limit_reads(tree, tree->bases[c], false);
        else if (tree->enforced[c])
            tree->layout = CGROUP_V1;
        else
            missing(tree, controller_names[c], errno);
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

    int leaf = make_group(tree->unified_parent, SERVER_LEAF);
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
        snprintf(text, sizeof text, "+%s", unified_names[c]);
        int r = file_write(tree->unified_parent, "cgroup.subtree_control", text);
        if (r == -EBUSY) {
            make_room(tree);
            r = file_write(tree->unified_parent, "cgroup.subtree_control", text);
        }
        if (r == 0)
            r = file_write(tree->unified_base, "cgroup.subtree_control", text);
        (void)!file_read(tree->unified_base, "cgroup.subtree_control", given, sizeof given);
        tree->enforced[c] = r == 0 && strstr(given, unified_names[c]);
        if (c == CGROUP_IO)
            tree->enforced[c] = tree->enforced[c] && can_limit_reads(tree, tree->unified_base, true);
        else if (tree->enforced[c])
            tree->layout = CGROUP_V2;
        else
            missing(tree, unified_names[c], r < 0 ? -r : ENOENT);
    }
}

/* Starting in a group asks for write access to its cgroup.procs and to that of the common ancestor. */
static void give_to_owner(const struct cgroup_tree *tree, int dir)
{
    (void)!fchownat(dir, "cgroup.procs", tree->owner, (gid_t)-1, 0);
}

static void open_v2(struct cgroup_tree *tree)
{
    tree->unified_parent = open_own(NULL);
    if (tree->unified_parent < 0)
        return;
    remove_leftovers(tree->unified_parent);
    tree->unified_base = make_group(tree->unified_parent, tree->name);
    if (tree->unified_base < 0) {
        if (tree->layout == CGROUP_NONE)
            missing(tree, "cgroup v2", errno);
        return;
    }
    give_to_owner(tree, tree->unified_base);
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
    snprintf(tree->name, sizeof tree->name, PREFIX "%d", (int)getpid());
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
        remove_group_waiting(tree->unified_parent, tree->name);
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if (tree->bases[c] >= 0)
            remove_group_waiting(tree->parents[c], tree->name);
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
    int dir = make_group(tree->unified_base, "zygote");
    return dir;
}

/* --- slots ----------------------------------------------------------------------------------------- */

static enum status set_number(int dir, const char *file, unsigned long long n, struct err *err)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", n);
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
        int r = limit_reads(tree->disk, slot->controllers[CGROUP_IO], false, limits->read_bytes);
        if (r < 0)
            status = err_set(err, STATUS_IO, "cgroup blkio: %s", strerror(-r));
    }
    return status;
}

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
        int r = limit_reads(tree->disk, slot->unified, true, limits->read_bytes);
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
    s->unified = make_group(tree->unified_base, name);
    if (s->unified < 0)
        return err_set(err, STATUS_IO, "cgroup v2: %s", strerror(errno));
    give_to_owner(tree, s->unified);
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
        s->controllers[c] = make_group(tree->bases[c], name);
        if (s->controllers[c] < 0)
            return err_set(err, STATUS_IO, "cgroup %s: %s", controller_names[c], strerror(errno));
        s->join[c] = openat(s->controllers[c], "tasks", O_WRONLY | O_CLOEXEC);
        if (s->join[c] < 0)
            return err_set(err, STATUS_IO, "cgroup %s tasks: %s", controller_names[c], strerror(errno));
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
    s->oom_before = oom_count(tree, s);
    return status;
}

unsigned cgroup_slot_joins(const struct cgroup_tree *tree, uint32_t slot, int ret_fds[CGROUP_CONTROLLERS])
{
    unsigned count = 0;
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if (tree->slots[slot].join[c] >= 0)
            ret_fds[count++] = tree->slots[slot].join[c];
    }
    return count;
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

bool cgroup_slot_empty(struct cgroup_tree *tree, uint32_t slot)
{
    struct cgroup_slot *s = &tree->slots[slot];
    if (s->unified >= 0 && !group_empty(s->unified))
        return false;
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if (s->controllers[c] >= 0 && !group_empty(s->controllers[c]))
            return false;
    }
    return true;
}
