/* SPDX-License-Identifier: MIT */
/* Order matters: everything that needs a path of the host is done before pivot_root, and the last step of the
 * template makes it read-only. Paths below are literals or names the host's root wrote into /etc. */
#include "jail/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define STAGE           "/tmp" /* any directory will do: it is covered, then left */
#define DATA_MODE       0777
#define DATA_MODE_TEXT  "0777"
#define COPY_FILE_MAX   (1 << 20) /* bytes of one file copied from /etc */
#define COPY_DEPTH_MAX  4
#define ZYGOTE_SIZE_MAX (64 << 20) /* bytes */

/* Not in every libc's headers under one name; <sys/mount.h> and <linux/mount.h> disagree on these. */
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

static enum status failed(const char *what, const char *path, struct err *e)
{
    return err_set(e, STATUS_IO, "%s %s: %s", what, path, strerror(errno));
}

static int set_attributes(const char *path, unsigned flags, unsigned long long set)
{
    struct mount_attr attr = {.attr_set = set};
    return (int)syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &attr, sizeof attr);
}

/* --- the parts of the template --------------------------------------------------------------------- */

static const struct {
    const char *path;
    mode_t mode;
} directories[] = {
    {"etc", 0755},  {"dev", 0755},      {"dev/shm", 01777}, {"proc", 0755}, {"tmp", 01777},
    {"mnt", 0755},  {"mnt/data", 0755}, {"run", 0755},      {"sys", 0755},  {"var", 0755},
    {"home", 0755}, {"root", 0755},     {"opt", 0755},      {"srv", 0755},
};

static const struct {
    const char *target, *path;
} links[] = {
    {"/proc/self/fd", "dev/fd"},
    {"/proc/self/fd/0", "dev/stdin"},
    {"/proc/self/fd/1", "dev/stdout"},
    {"/proc/self/fd/2", "dev/stderr"},
    {"/tmp", "var/tmp"},
    {"/run", "var/run"},
};

static const struct {
    const char *path, *text;
} texts[] = {
    {"etc/passwd", "user:x:1000:1000:user:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"},
    {"etc/group", "user:x:1000:\nnogroup:x:65534:\n"},
    {"etc/hosts", "127.0.0.1 localhost session\n"},
    {"etc/hostname", "session\n"},
    {"etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"},
    {"etc/resolv.conf", ""},
};

/* Files and folders of the host's /etc that libraries read and that hold no secret. Alternatives stay
 * symbolic links: the dynamic linker finds libblas through them. */
static const char *const etc_copies[] = {
    "alternatives", "fonts",        "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime",
    "magic",        "matplotlibrc", "mime.types",  "os-release", "protocols",    "python3",
    "python3.11",   "python3.12",   "python3.13",  "services",   "timezone",
};

/* What a merged-/usr system has as links and an older one as folders. */
static const char *const top_folders[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

static const struct {
    const char *name;
    unsigned major_number, minor_number;
} devices[] = {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}};

/* --- steps of the template ------------------------------------------------------------------------- */

static enum status make_stage(struct err *e)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return failed("make private", "/", e);
    if (mount("tmpfs", STAGE, "tmpfs", MS_NOSUID, "mode=0755,size=80m,nr_inodes=4096") < 0)
        return failed("mount tmpfs", STAGE, e);
    if (chdir(STAGE) < 0)
        return failed("enter", STAGE, e);
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
        if (mkdir(directories[i].path, directories[i].mode) < 0 ||
            chmod(directories[i].path, directories[i].mode) < 0)
            return failed("make", directories[i].path, e);
    }
    for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
        if (symlink(links[i].target, links[i].path) < 0)
            return failed("link", links[i].path, e);
    }
    return STATUS_OK;
}

static enum status bind_read_only(const char *from, const char *to, struct err *e)
{
    if (mkdir(to, 0755) < 0 && errno != EEXIST)
        return failed("make", to, e);
    if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0)
        return failed("bind", from, e);
    if (set_attributes(to, AT_RECURSIVE, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV) < 0)
        return failed("make read-only", to, e);
    return STATUS_OK;
}

static enum status bind_system(struct err *e)
{
    enum status s = bind_read_only("/usr", "usr", e);
    for (size_t i = 0; s == STATUS_OK && i < ARRAY_SIZE(top_folders); i++) {
        char from[32], target[256];
        snprintf(from, sizeof from, "/%s", top_folders[i]);
        struct stat st;
        if (lstat(from, &st) < 0)
            continue;
        ssize_t n = S_ISLNK(st.st_mode) ? readlink(from, target, sizeof target - 1) : -1;
        if (n > 0) {
            target[n] = '\0';
            if (symlink(target, top_folders[i]) < 0)
                return failed("link", from, e);
        } else if (S_ISDIR(st.st_mode)) {
            s = bind_read_only(from, top_folders[i], e);
        }
    }
    return s;
}

static enum status write_file(const char *path, const char *text, mode_t mode, struct err *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) < 0) {
        enum status s = failed("write", path, e);
        if (fd >= 0)
            close(fd);
        return s;
    }
    close(fd);
    return STATUS_OK;
}

static int copy_fd(int from, off_t size, int dir, const char *name, mode_t mode)
{
    int to = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (to < 0)
        return -1;
    off_t at = 0;
    while (at < size && sendfile(to, from, &at, (size_t)(size - at)) > 0)
        ;
    int result = at == size && fchmod(to, mode) == 0 ? 0 : -1;
    close(to);
    return result;
}

/* Copies what everybody may read; whatever cannot be copied is left out: no session depends on it. */
static void copy_entry(int from_dir, const char *name, int to_dir, int depth)
{
    char target[256];
    ssize_t n = readlinkat(from_dir, name, target, sizeof target - 1);
    if (n > 0 && depth > 0) { /* links at the top are followed: they lead out of /etc */
        target[n] = '\0';
        (void)!symlinkat(target, to_dir, name);
        return;
    }
    int fd = openat(from_dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & S_IROTH && st.st_size <= COPY_FILE_MAX)
        (void)!copy_fd(fd, st.st_size, to_dir, name, 0644);
    DIR *d = S_ISDIR(st.st_mode) && depth < COPY_DEPTH_MAX && mkdirat(to_dir, name, 0755) == 0 ? fdopendir(fd)
                                                                                               : NULL;
    if (!d) {
        close(fd);
        return;
    }
    int to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (struct dirent *entry; to >= 0 && (entry = readdir(d));) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            copy_entry(dirfd(d), entry->d_name, to, depth + 1);
    }
    if (to >= 0)
        close(to);
    closedir(d);
}

static enum status fill_etc(struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        enum status s = write_file(texts[i].path, texts[i].text, 0644, e);
        if (s != STATUS_OK)
            return s;
    }
    int from = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int to = open("etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; from >= 0 && to >= 0 && i < ARRAY_SIZE(etc_copies); i++)
        copy_entry(from, etc_copies[i], to, 0);
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return STATUS_OK;
}

static enum status make_devices(bool privileged, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        char path[32], host[32];
        snprintf(path, sizeof path, "dev/%s", devices[i].name);
        snprintf(host, sizeof host, "/dev/%s", devices[i].name);
        if (privileged) {
            dev_t number = makedev(devices[i].major_number, devices[i].minor_number);
            if (mknod(path, S_IFCHR | 0666, number) < 0 || chmod(path, 0666) < 0)
                return failed("make", path, e);
            continue;
        }
        enum status s = write_file(path, "", 0666, e);
        if (s != STATUS_OK)
            return s;
        if (mount(host, path, NULL, MS_BIND, NULL) < 0)
            return failed("bind", host, e);
    }
    return STATUS_OK;
}

static enum status copy_zygote(int fd, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > ZYGOTE_SIZE_MAX)
        return err_set(e, STATUS_INVALID_ARGUMENT, "the zygote's program is not a file of sensible size");
    if (copy_fd(fd, st.st_size, AT_FDCWD, &ROOT_ZYGOTE[1], 0755) < 0)
        return failed("copy to", ROOT_ZYGOTE, e);
    return STATUS_OK;
}

static enum status pivot(struct err *e)
{
    if (syscall(SYS_pivot_root, ".", ".") < 0)
        return failed("pivot_root", STAGE, e);
    if (umount2(".", MNT_DETACH) < 0)
        return failed("detach", "the host's root", e);
    if (chdir("/") < 0)
        return failed("enter", "/", e);
    if (set_attributes("/", 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID) < 0)
        return failed("make read-only", "/", e);
    return STATUS_OK;
}

enum status root_build(const struct root_options *o, bool *ret_proc, struct err *e)
{
    umask(022);
    enum status s = make_stage(e);
    if (s == STATUS_OK)
        s = bind_system(e);
    if (s == STATUS_OK)
        s = fill_etc(e);
    if (s == STATUS_OK)
        s = make_devices(o->privileged, e);
    if (s == STATUS_OK)
        s = copy_zygote(o->zygote_fd, e);
    if (s != STATUS_OK)
        return s;
    /* A full proc must stay visible under the sessions' own, or the kernel refuses them one. */
    *ret_proc = mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
    /* The zygote's own scratch space while it warms up; every session covers it. */
    if (mount("tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=16m") < 0)
        return failed("mount tmpfs", "/tmp", e);
    return pivot(e);
}

/* --- the session ----------------------------------------------------------------------------------- */

static enum status mount_tmpfs(const char *path, unsigned long flags, unsigned mode, uint64_t size,
                               uint32_t inodes, unsigned uid, struct err *e)
{
    char options[160];
    snprintf(options, sizeof options, "size=%llu,nr_inodes=%u,mode=%04o,uid=%u,gid=%u",
             (unsigned long long)size, inodes, mode, uid, uid);
    if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | flags, options) < 0)
        return failed("mount tmpfs", path, e);
    return STATUS_OK;
}

enum status root_make_data(const struct session_limits *limits, unsigned host_uid, int *ret_mount_fd,
                           struct err *e)
{
    char size[24], inodes[16], id[16];
    snprintf(size, sizeof size, "%llu", (unsigned long long)limits->data_bytes);
    snprintf(inodes, sizeof inodes, "%u", limits->files);
    snprintf(id, sizeof id, "%u", host_uid);
    const char *const settings[][2] = {
        {"size", size}, {"nr_inodes", inodes}, {"mode", DATA_MODE_TEXT}, {"uid", id}, {"gid", id}};
    int fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
    long r = fs < 0 ? -1 : 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(settings); i++)
        r = syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, settings[i][0], settings[i][1], 0);
    if (r == 0)
        r = syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (r == 0)
        r = syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    enum status s = r < 0 ? failed("make tmpfs", ROOT_DATA, e) : STATUS_OK;
    if (r >= 0)
        *ret_mount_fd = (int)r;
    if (fs >= 0)
        close(fs);
    return s;
}

/* Open to all: only this session and the pool, which has no capability to pass a mode, can reach it. */
static enum status mount_data(const struct session_limits *limits, unsigned uid, int mount_fd, struct err *e)
{
    if (mount_fd < 0)
        return mount_tmpfs(ROOT_DATA, 0, DATA_MODE, limits->data_bytes, limits->files, uid, e);
    long r = syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, ROOT_DATA, MOVE_MOUNT_F_EMPTY_PATH);
    return r < 0 ? failed("move mount", ROOT_DATA, e) : STATUS_OK;
}

enum status root_enter(const struct session_limits *limits, unsigned uid, bool proc, int data_mount_fd,
                       int *ret_data_fd, struct err *e)
{
    enum status s = mount_data(limits, uid, data_mount_fd, e);
    if (s == STATUS_OK)
        s = mount_tmpfs("/tmp", 0, 01777, limits->tmp_bytes, limits->files, uid, e);
    if (s == STATUS_OK)
        s = mount_tmpfs("/dev/shm", MS_NOEXEC, 01777, limits->tmp_bytes, limits->files, uid, e);
    if (s != STATUS_OK)
        return s;
    if (proc &&
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=invisible,subset=pid") < 0)
        return failed("mount proc", "/proc", e);
    int fd = open(ROOT_DATA, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed("open", ROOT_DATA, e);
    if (chdir(ROOT_DATA) < 0) {
        s = failed("enter", ROOT_DATA, e);
        close(fd);
        return s;
    }
    *ret_data_fd = fd;
    return STATUS_OK;
}
