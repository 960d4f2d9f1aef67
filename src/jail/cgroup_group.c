/* SPDX-License-Identifier: MIT */
/* cgroup_group.c — names are relative to directory descriptors, so a mount that moves does no harm. What is
 * removed may belong to a keeper that lives: so a group counts as left behind only when it is certain that its
 * owner does not. */
#include "jail/cgroup_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/file.h"

#define REMOVE_TRIES     200 /* of 5 ms */
#define REMOVE_WAIT_US   5000
#define CGROUP_PATH_SIZE 512

const char *const group_names_v1[CGROUP_CONTROLLERS] = {
    [CGROUP_MEMORY] = "memory", [CGROUP_PIDS] = "pids", [CGROUP_CPU] = "cpu", [CGROUP_IO] = "blkio"};
const char *const group_names_v2[CGROUP_CONTROLLERS] = {
    [CGROUP_MEMORY] = "memory", [CGROUP_PIDS] = "pids", [CGROUP_CPU] = "cpu", [CGROUP_IO] = "io"};

int group_open(int at, const char *path)
{
    return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int group_make(int parent, const char *name)
{
    if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
        return -1;
    return group_open(parent, name);
}

int group_limit_reads(const char *disk, int dir, bool unified, uint64_t bytes)
{
    char text[64];
    snprintf(text, sizeof text, unified ? "%s rbps=%llu" : "%s %llu", disk, (unsigned long long)bytes);
    return file_write(dir, unified ? "io.max" : "blkio.throttle.read_bps_device", text);
}

/* Starting in a group asks for write access to its cgroup.procs and to that of the common ancestor. */
void group_give_to_owner(const struct cgroup_tree *tree, int dir)
{
    (void)!fchownat(dir, "cgroup.procs", tree->owner, (gid_t)-1, 0);
}

/* --- finding the hierarchies --- */

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
int group_open_own(const char *controller)
{
    char mount[CGROUP_PATH_SIZE], own[CGROUP_PATH_SIZE];
    if (!find_mount(controller, mount))
        return -1;
    int root = group_open(AT_FDCWD, mount);
    bool found = root >= 0 && find_own(controller, own);
    /* A keeper that comes after another one is born in the leaf: its place is beside it. */
    char *leaf = found && !controller ? strstr(own, "/" CGROUP_SERVER_LEAF) : NULL;
    if (leaf && strcmp(leaf, "/" CGROUP_SERVER_LEAF) == 0)
        *leaf = '\0';
    int dir = found ? group_open(root, own) : -1;
    if (dir < 0)
        return root;
    close(root);
    return dir;
}

/* --- removing --- */

/* `tasks` holds the members on v1, `cgroup.procs` on both; the first knows threads too. */
bool group_is_empty(int dir)
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
    int dir = group_open(parent, name);
    if (dir < 0)
        return errno == ENOENT;
    DIR *d = fdopendir(dir);
    for (struct dirent *entry; d && (entry = readdir(d));) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        int child = group_open(dir, entry->d_name);
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

void group_remove(int parent, const char *name)
{
    for (int i = 0; parent >= 0 && i < REMOVE_TRIES && !remove_group(parent, name); i++)
        usleep(REMOVE_WAIT_US); /* EBUSY for some ms after the last exit */
}

/* Only certainty counts: who cannot be looked at, for want of a descriptor or of the right to, may live. */
static bool owner_is_dead(const char *pid_text)
{
    char path[64], name[32] = "";
    if (strtol(pid_text, NULL, 10) == getpid())
        return true; /* ours is not made yet */
    snprintf(path, sizeof path, "/proc/%.10s/comm", pid_text);
    int size = file_read(AT_FDCWD, path, name, sizeof name);
    if (size <= 0)
        return size == -ENOENT || size == -ESRCH;
    return strncmp(name, CGROUP_OWNER_NAME, strlen(CGROUP_OWNER_NAME)) != 0;
}

/* What keepers that were killed left behind; their sessions died with them. */
void group_remove_leftovers(int parent)
{
    int dir = group_open(parent, ".");
    DIR *d = dir >= 0 ? fdopendir(dir) : NULL;
    for (struct dirent *entry; d && (entry = readdir(d));) {
        if (strncmp(entry->d_name, CGROUP_PREFIX, strlen(CGROUP_PREFIX)) == 0 &&
            owner_is_dead(entry->d_name + strlen(CGROUP_PREFIX)))
            (void)remove_group(parent, entry->d_name);
    }
    if (d)
        closedir(d);
    else if (dir >= 0)
        close(dir);
}
