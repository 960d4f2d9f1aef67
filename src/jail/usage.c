/* SPDX-License-Identifier: MIT */
/* usage.c — /proc/PID/task/TID/children (proc_tid_children(5)) leads down the tree: a session's orphans become
 * children of its init, so nobody of its pid namespace is outside. A process that comes or goes during the walk
 * may be missed; one that stays is found in this look or the next. */
#include "jail/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/file.h"

#define TEXT_SIZE 4096
#define PATH_SIZE 64

static bool shares_memory(pid_t one, pid_t other)
{
    return syscall(SYS_kcmp, one, other, KCMP_VM, 0, 0) == 0;
}

/* False for a process that has gone. */
static bool look_at(pid_t pid, struct usage_member *ret_member)
{
    char path[PATH_SIZE], text[TEXT_SIZE];
    unsigned long long mapped, resident;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (file_read(AT_FDCWD, path, text, sizeof text) <= 0)
        return false;
    char *rest;
    mapped = strtoull(text, &rest, 10);
    resident = strtoull(rest, NULL, 10);
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    *ret_member = (struct usage_member){.pid = pid, .mapped = mapped * page, .resident = resident * page};
    return true;
}

static void add_member(struct usage_tree *tree, pid_t pid)
{
    if (pid > 0 && tree->count < USAGE_MEMBERS_MAX && look_at(pid, &tree->members[tree->count]))
        tree->count++;
}

static void add_children(struct usage_tree *tree, int tasks, const char *thread)
{
    char path[PATH_SIZE], text[TEXT_SIZE];
    snprintf(path, sizeof path, "%.20s/children", thread);
    if (file_read(tasks, path, text, sizeof text) <= 0)
        return;
    char *rest = text;
    for (char *word; (word = strsep(&rest, " "));)
        add_member(tree, (pid_t)strtol(word, NULL, 10));
}

/* Any thread may have made them. */
static void add_children_of(struct usage_tree *tree, pid_t pid)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (entry->d_name[0] != '.')
            add_children(tree, dirfd(folder), entry->d_name);
    }
    if (folder)
        closedir(folder);
}

void usage_find(pid_t root, struct usage_tree *ret_tree)
{
    ret_tree->count = 0;
    add_member(ret_tree, root);
    for (unsigned i = 0; i < ret_tree->count; i++)
        add_children_of(ret_tree, ret_tree->members[i].pid);
}

static bool was_counted(const struct usage_tree *tree, unsigned index)
{
    const struct usage_member *member = &tree->members[index];
    for (unsigned i = 0; i < index; i++) {
        bool alike = tree->members[i].mapped == member->mapped;
        if (alike && shares_memory(tree->members[i].pid, member->pid))
            return true;
    }
    return false;
}

static uint64_t kilobytes_at(const char *text, const char *key)
{
    const char *line = strstr(text, key);
    return line ? strtoull(line + strlen(key), NULL, 10) << 10 : 0;
}

struct usage usage_measure(const struct usage_tree *tree)
{
    char path[PATH_SIZE], text[TEXT_SIZE];
    struct usage sum = {0};
    for (unsigned i = 0; i < tree->count; i++) {
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)tree->members[i].pid);
        if (was_counted(tree, i) || file_read(AT_FDCWD, path, text, sizeof text) <= 0)
            continue;
        sum.anonymous += kilobytes_at(text, "\nPss_Anon:");
        sum.shared += kilobytes_at(text, "\nPss_Shmem:");
    }
    return sum;
}

bool usage_possible(void)
{
    char path[PATH_SIZE], text[TEXT_SIZE];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    return file_read(AT_FDCWD, path, text, sizeof text) >= 0 &&
           file_read(AT_FDCWD, "/proc/self/smaps_rollup", text, sizeof text) > 0 &&
           strstr(text, "\nPss_Anon:") && shares_memory(getpid(), getpid());
}
