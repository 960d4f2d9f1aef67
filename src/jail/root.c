/* SPDX-License-Identifier: MIT */
/* root.c — the template, in the order of root_build. Everything that needs a path of the host is done before
 * pivot_root, and the last step makes the template read-only. Paths are literals or come from the plan, which
 * holds absolute paths without a link on the way. */
#include "jail/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/root_etc.h"

#define STAGE           "/tmp"     /* any directory will do: it is covered, then left */
#define EMPTY           "srv"      /* a folder of the stage that stays empty: an overlay wants two layers */
#define ZYGOTE_SIZE_MAX (64 << 20) /* bytes */
#define STAGE_SPARE     ((uint64_t)80 << 20) /* bytes for the zygote's program, /etc and folders */
#define STAGE_INODES    8192

/* Not in every libc's headers under one name; <sys/mount.h> and <linux/mount.h> disagree on these. */
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

#define TREE_ATTRIBUTES (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

static enum status failed(const char *what, const char *path, struct err *error)
{
    return err_set(error, STATUS_IO, "%s %s: %s", what, path, strerror(errno));
}

static int set_attributes(const char *path, unsigned flags, unsigned long long set)
{
    struct mount_attr attr = {.attr_set = set};
    return (int)syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &attr, sizeof attr);
}

/* --- the stage: folders and links that are in every template --- */

static const struct {
    const char *path;
    mode_t mode;
} directories[] = {
    {"etc", 0755},     {"dev", 0755},      {"dev/shm", 01777}, {"proc", 0755},      {"tmp", 01777},
    {"mnt", 0755},     {"mnt/data", 0755}, {"run", 0755},      {"sys", 0755},       {"var", 0755},
    {"home", 0755},    {"root", 0755},     {"opt", 0755},      {EMPTY, 0755},       {"usr", 0755},
    {"usr/bin", 0755}, {"usr/sbin", 0755}, {"usr/lib", 0755},  {"usr/lib64", 0755},
};

static const struct {
    const char *target;
    const char *path;
} links[] = {
    {"usr/bin", "bin"},
    {"usr/sbin", "sbin"},
    {"usr/lib", "lib"},
    {"usr/lib64", "lib64"},
    {"/proc/self/fd", "dev/fd"},
    {"/proc/self/fd/0", "dev/stdin"},
    {"/proc/self/fd/1", "dev/stdout"},
    {"/proc/self/fd/2", "dev/stderr"},
    {"/tmp", "var/tmp"},
    {"/run", "var/run"},
};

static const struct {
    const char *name;
    unsigned major_number;
    unsigned minor_number;
} devices[] = {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}};

static enum status make_stage(const struct template_plan *plan, struct err *error)
{
    char options[96];
    unsigned long long size = plan->copy_bytes + STAGE_SPARE;
    snprintf(options, sizeof options, "mode=0755,size=%llu,nr_inodes=%d", size, STAGE_INODES);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return failed("make private", "/", error);
    if (mount("tmpfs", STAGE, "tmpfs", MS_NOSUID, options) < 0)
        return failed("mount tmpfs", STAGE, error);
    if (chdir(STAGE) < 0)
        return failed("enter", STAGE, error);

    for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
        if (mkdir(directories[i].path, directories[i].mode) < 0 ||
            chmod(directories[i].path, directories[i].mode) < 0)
            return failed("make", directories[i].path, error);
    }
    for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
        if (symlink(links[i].target, links[i].path) < 0)
            return failed("link", links[i].path, error);
    }
    return STATUS_OK;
}

/* --- the list --- */

/* Every folder above `path`, and `path` itself if `whole`; `path` is relative to the stage. */
static enum status make_folders(const char *path, bool whole, struct err *error)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder, '/');; slash = strchr(slash + 1, '/')) {
        if (!slash && !whole)
            return STATUS_OK;
        if (slash)
            *slash = '\0';
        if (mkdir(folder, 0755) < 0 && errno != EEXIST)
            return failed("make", folder, error);
        if (!slash)
            return STATUS_OK;
        *slash = '/';
    }
}

/* A read-only overlay of one folder. Its inodes are the template's own, so a lock or a watch on a file does
 * not reach the host's, and a sync ends here. Neither of the two options may be taken from the folder. */
static int open_overlay(const char *source)
{
    char layers[PATH_MAX + sizeof EMPTY + 1];
    snprintf(layers, sizeof layers, EMPTY ":%s", source);
    const char *const settings[][2] = {
        {"lowerdir", layers}, {"redirect_dir", "nofollow"}, {"metacopy", "off"}};
    int fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
    if (fs < 0)
        return -1;
    long result = 0;
    for (size_t i = 0; result == 0 && i < ARRAY_SIZE(settings); i++)
        result = syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, settings[i][0], settings[i][1], 0);
    if (result == 0)
        result = syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "ro", NULL, 0);
    if (result == 0)
        result = syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (result == 0)
        result = syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, TREE_ATTRIBUTES);
    close(fs);
    return (int)result;
}

static enum status bind_read_only(const char *source, const char *path, struct err *error)
{
    if (mount(source, path, NULL, MS_BIND, NULL) < 0)
        return failed("bind", source, error);
    if (set_attributes(path, AT_RECURSIVE, TREE_ATTRIBUTES) < 0)
        return failed("make read-only", path, error);
    return STATUS_OK;
}

static enum status mount_tree(const struct template_entry *entry, bool *overlay, struct err *error)
{
    const char *path = &entry->path[1];
    enum status status = make_folders(path, true, error);
    if (status != STATUS_OK)
        return status;
    int mount_fd = open_overlay(entry->source);
    if (mount_fd < 0) {
        *overlay = false;
        return bind_read_only(entry->source, path, error);
    }
    if (syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        status = failed("mount", entry->path, error);
    close(mount_fd);
    return status;
}

/* A size that grew since the plan was made does not matter: what was planned is copied. Bits that lend an
 * identity stay behind. */
static enum status copy_entry(const struct template_entry *entry, struct err *error)
{
    int from = open(entry->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (from < 0)
        return failed("open", entry->source, error);
    enum status status = STATUS_OK;
    mode_t mode = entry->executable ? 0755 : 0644;
    if (root_copy_file(from, (off_t)entry->size, AT_FDCWD, &entry->path[1], mode) < 0)
        status = failed("copy to", entry->path, error);
    close(from);
    return status;
}

static enum status place_entry(const struct template_entry *entry, bool *overlay, struct err *error)
{
    if (entry->action == TEMPLATE_MOUNT)
        return mount_tree(entry, overlay, error);
    enum status status = make_folders(&entry->path[1], false, error);
    if (status != STATUS_OK)
        return status;
    if (entry->action == TEMPLATE_COPY)
        return copy_entry(entry, error);
    if (symlink(entry->source, &entry->path[1]) < 0)
        return failed("link", entry->path, error);
    return STATUS_OK;
}

/* Copies first: a mount may stand in a folder that one of them makes, and hides nothing of theirs, for the
 * plan has no entry below a tree. */
static enum status place_entries(const struct template_plan *plan, bool *overlay, struct err *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < plan->entry_count; i++) {
        if (plan->entries[i].action != TEMPLATE_MOUNT)
            status = place_entry(&plan->entries[i], overlay, error);
    }
    for (size_t i = 0; status == STATUS_OK && i < plan->entry_count; i++) {
        if (plan->entries[i].action == TEMPLATE_MOUNT)
            status = place_entry(&plan->entries[i], overlay, error);
    }
    return status;
}

/* --- what the zygote is told --- */

struct folders {
    char *names[ROOT_FOLDERS_MAX];
    size_t count;
};

static void folders_fini(struct folders *folders)
{
    for (size_t i = 0; i < folders->count; i++)
        free(folders->names[i]);
}

/* Trees and single files by their own names, programs and libraries by the folder that holds only such. */
static enum status add_folder(struct folders *folders, const struct template_entry *entry, struct err *error)
{
    bool by_folder = entry->action != TEMPLATE_MOUNT && (!entry->row || entry->row->kind != TEMPLATE_FILE);
    size_t size = by_folder ? (size_t)(strrchr(entry->path, '/') - entry->path) : strlen(entry->path);
    for (size_t i = 0; i < folders->count; i++) {
        if (strlen(folders->names[i]) == size && memcmp(folders->names[i], entry->path, size) == 0)
            return STATUS_OK;
    }
    if (folders->count == ROOT_FOLDERS_MAX)
        return err_set(error, STATUS_TOO_LARGE,
                       "a session sees more than %d folders (limit root-folders-max)", ROOT_FOLDERS_MAX);
    char *name = strndup(entry->path, size);
    if (!name)
        return err_set(error, STATUS_NO_MEMORY, "no memory for the template's folders");
    folders->names[folders->count++] = name;
    return STATUS_OK;
}

static enum status write_folders(const struct folders *folders, struct err *error)
{
    CLEANUP(buf_fini) struct buf text = {0};
    for (size_t i = 0; i < folders->count; i++) {
        buf_append_cstr(&text, folders->names[i]);
        buf_append_byte(&text, '\n');
    }
    buf_append_byte(&text, '\0');
    if (buf_status(&text) != STATUS_OK)
        return err_set(error, STATUS_NO_MEMORY, "no memory for the template's folders");
    return root_write_file(&ROOT_FOLDERS[1], (const char *)text.data, 0644, error);
}

/* The host's cache names every library of the host. The template gets one of its own, which
 * ctypes.util.find_library reads; the loader finds its libraries without. */
static void write_library_cache(const struct folders *folders)
{
    const char *arguments[ROOT_FOLDERS_MAX + 4] = {"ldconfig", "-X", "-i"};
    for (size_t i = 0; i < folders->count; i++)
        arguments[3 + i] = folders->names[i];
    pid_t pid = fork();
    if (pid == 0) {
        if (chroot(".") == 0 && chdir("/") == 0)
            execv("/usr/sbin/ldconfig", (char *const *)arguments);
        _exit(1);
    }
    int ignored;
    while (pid > 0 && waitpid(pid, &ignored, 0) < 0 && errno == EINTR)
        ;
}

static enum status note_folders(const struct template_plan *plan, struct err *error)
{
    CLEANUP(folders_fini) struct folders folders = {.count = 0};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < plan->entry_count; i++)
        status = add_folder(&folders, &plan->entries[i], error);
    if (status == STATUS_OK)
        status = write_folders(&folders, error);
    if (status == STATUS_OK)
        write_library_cache(&folders);
    return status;
}

/* --- devices, the zygote, the end --- */

/* Nodes, where we may make them; else the host's are bound one by one, never its /dev. */
static enum status make_devices(bool privileged, struct err *error)
{
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        char path[32];
        char host[32];
        snprintf(path, sizeof path, "dev/%s", devices[i].name);
        snprintf(host, sizeof host, "/dev/%s", devices[i].name);
        if (privileged) {
            dev_t number = makedev(devices[i].major_number, devices[i].minor_number);
            if (mknod(path, S_IFCHR | 0666, number) < 0 || chmod(path, 0666) < 0)
                return failed("make", path, error);
            continue;
        }
        enum status status = root_write_file(path, "", 0666, error);
        if (status != STATUS_OK)
            return status;
        if (mount(host, path, NULL, MS_BIND, NULL) < 0)
            return failed("bind", host, error);
    }
    return STATUS_OK;
}

static enum status copy_zygote(int fd, struct err *error)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > ZYGOTE_SIZE_MAX)
        return err_set(error, STATUS_INVALID_ARGUMENT, "the zygote's program is not a file of sensible size");
    if (root_copy_file(fd, st.st_size, AT_FDCWD, &ROOT_ZYGOTE[1], 0755) < 0)
        return failed("copy to", ROOT_ZYGOTE, error);
    return STATUS_OK;
}

static enum status mount_last(bool *ret_proc, struct err *error)
{
    /* A full proc must stay visible under the sessions' own, or the kernel refuses them one. */
    *ret_proc = mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
    /* The zygote's own scratch space while it warms up; every session covers it. */
    if (mount("tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=16m") < 0)
        return failed("mount tmpfs", "/tmp", error);
    return STATUS_OK;
}

/* pivot_root(".", "."): the old root is stacked over the new one, and detached from there, so that no folder has
 * to be made for it (pivot_root(2)). */
static enum status pivot(struct err *error)
{
    if (syscall(SYS_pivot_root, ".", ".") < 0)
        return failed("pivot_root", STAGE, error);
    if (umount2(".", MNT_DETACH) < 0)
        return failed("detach", "the host's root", error);
    if (chdir("/") < 0)
        return failed("enter", "/", error);
    if (set_attributes("/", 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID) < 0)
        return failed("make read-only", "/", error);
    return STATUS_OK;
}

/* The data root may lie below the stage, so it is taken before that covers it. -1 without one. */
static enum status take_data_root(const char *path, int *ret_mount_fd, struct err *error)
{
    if (!path)
        return STATUS_OK;
    int mount_fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (mount_fd < 0)
        return failed("take", path, error);
    *ret_mount_fd = mount_fd;
    return STATUS_OK;
}

static enum status place_data_root(int mount_fd, struct err *error)
{
    if (mount_fd < 0)
        return STATUS_OK;
    enum status status = STATUS_OK;
    if (syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, "mnt", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
        set_attributes("mnt", AT_RECURSIVE, TREE_ATTRIBUTES) < 0)
        status = failed("mount", ROOT_DATA_PARENT, error);
    close(mount_fd);
    return status;
}

enum status root_build(const struct root_options *options, struct root_report *ret_report, struct err *error)
{
    struct root_report report = {.overlay = true};
    umask(022);
    int data_root = -1;
    enum status status = take_data_root(options->data_root, &data_root, error);
    if (status == STATUS_OK)
        status = make_stage(options->plan, error);
    if (status == STATUS_OK)
        status = place_entries(options->plan, &report.overlay, error);
    if (status == STATUS_OK)
        status = root_etc_fill(error);
    if (status == STATUS_OK)
        status = make_devices(options->privileged, error);
    if (status == STATUS_OK)
        status = copy_zygote(options->zygote_fd, error);
    if (status == STATUS_OK)
        status = note_folders(options->plan, error);
    if (status == STATUS_OK)
        status = place_data_root(data_root, error);
    if (status == STATUS_OK)
        status = mount_last(&report.proc, error);
    if (status == STATUS_OK)
        status = pivot(error);
    if (status == STATUS_OK)
        *ret_report = report;
    return status;
}
