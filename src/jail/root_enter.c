/* SPDX-License-Identifier: MIT */
/* root_enter.c — what one session lays over its copy of the template: five mounts, for they cost time. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/root.h"

#define DATA_MODE      0777
#define DATA_MODE_TEXT "0777"

static enum status failed(const char *what, const char *path, struct err *err)
{
    return err_set(err, STATUS_IO, "%s %s: %s", what, path, strerror(errno));
}

static enum status mount_tmpfs(const char *path, unsigned long flags, unsigned mode, uint64_t size,
                               uint32_t inodes, unsigned uid, struct err *err)
{
    char options[160];
    snprintf(options, sizeof options, "size=%llu,nr_inodes=%u,mode=%04o,uid=%u,gid=%u",
             (unsigned long long)size, inodes, mode, uid, uid);
    if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | flags, options) < 0)
        return failed("mount tmpfs", path, err);
    return STATUS_OK;
}

/* Attached nowhere: the session gets it as a descriptor, and no path leads to it from outside. */
enum status root_make_data(const struct session_limits *limits, unsigned host_uid, int *ret_mount_fd,
                           struct err *err)
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
    enum status status = r < 0 ? failed("make tmpfs", ROOT_DATA, err) : STATUS_OK;
    if (r >= 0)
        *ret_mount_fd = (int)r;
    if (fs >= 0)
        close(fs);
    return status;
}

/* Open to all: only this session and the pool, which has no capability to pass a mode, can reach it. */
static enum status mount_data(const struct session_limits *limits, unsigned uid, int mount_fd,
                              struct err *err)
{
    if (mount_fd < 0)
        return mount_tmpfs(ROOT_DATA, 0, DATA_MODE, limits->data_bytes, limits->files, uid, err);
    long r = syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, ROOT_DATA, MOVE_MOUNT_F_EMPTY_PATH);
    return r < 0 ? failed("move mount", ROOT_DATA, err) : STATUS_OK;
}

/* ORDER: the mounts, then the folder to work in: its descriptor must be of the file system that the session sees. */
enum status root_enter(const struct session_limits *limits, unsigned uid, bool proc, int data_mount_fd,
                       int *ret_data_fd, struct err *err)
{
    enum status status = mount_data(limits, uid, data_mount_fd, err);
    if (status == STATUS_OK)
        status = mount_tmpfs("/tmp", 0, 01777, limits->tmp_bytes, limits->files, uid, err);
    if (status == STATUS_OK)
        status = mount_tmpfs("/dev/shm", MS_NOEXEC, 01777, limits->tmp_bytes, limits->files, uid, err);
    if (status != STATUS_OK)
        return status;
    if (proc &&
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=invisible,subset=pid") < 0)
        return failed("mount proc", "/proc", err);
    int fd = open(ROOT_DATA, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed("open", ROOT_DATA, err);
    if (chdir(ROOT_DATA) < 0) {
        status = failed("enter", ROOT_DATA, err);
        close(fd);
        return status;
    }
    *ret_data_fd = fd;
    return STATUS_OK;
}
