/* SPDX-License-Identifier: MIT */
/* root_etc.c — texts of our own, then copies of what holds no secret; no setting of the host's is a link. */
#include "jail/root_etc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/runtime.h"

#define COPY_FILE_MAX  (1 << 20) /* bytes of one file copied from /etc */
#define COPY_DEPTH_MAX 4         /* folders below /etc */

static const struct {
    const char *path;
    const char *text;
} texts[] = {
    {"etc/passwd", "user:x:1000:1000:user:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"},
    {"etc/group", "user:x:1000:\nnogroup:x:65534:\n"},
    {"etc/hosts", "127.0.0.1 localhost session\n"},
    {"etc/hostname", "session\n"},
    {"etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"},
    {"etc/resolv.conf", ""},
};

/* Files and folders of the host's /etc that libraries read and that hold no secret. */
static const char *const copies[] = {
    "fonts", "localtime", "mime.types", "os-release", "protocols", "services", "timezone",
};

static enum status failed(const char *what, const char *path, struct err *error)
{
    return err_set(error, STATUS_IO, "%s %s: %s", what, path, strerror(errno));
}

enum status root_write_file(const char *path, const char *text, mode_t mode, struct err *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return failed("write", path, error);
    enum status status = STATUS_OK;
    size_t size = strlen(text);
    if (write(fd, text, size) != (ssize_t)size || fchmod(fd, mode) < 0)
        status = failed("write", path, error);
    close(fd);
    return status;
}

int root_copy_file(int from, off_t size, int folder, const char *name, mode_t mode)
{
    int to = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (to < 0)
        return -1;
    off_t at = 0;
    while (at < size && sendfile(to, from, &at, (size_t)(size - at)) > 0)
        ;
    int result = at == size ? fchmod(to, mode) : -1;
    close(to);
    return result;
}

static void copy_entry(int from_folder, const char *name, int to_folder, int depth);

/* Takes over `from`. */
static void copy_folder(int from, const char *name, int to_folder, int depth)
{
    DIR *entries = mkdirat(to_folder, name, 0755) == 0 ? fdopendir(from) : NULL;
    if (!entries) {
        close(from);
        return;
    }
    int to = openat(to_folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (struct dirent *entry; to >= 0 && (entry = readdir(entries));) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            copy_entry(dirfd(entries), entry->d_name, to, depth + 1);
    }
    if (to >= 0)
        close(to);
    closedir(entries);
}

/* Copies what everybody may read. Links below the top stay links; those at the top lead out of /etc. */
static void copy_entry(int from_folder, const char *name, int to_folder, int depth)
{
    char target[256];
    ssize_t size = readlinkat(from_folder, name, target, sizeof target - 1);
    if (size > 0 && depth > 0) {
        target[size] = '\0';
        (void)!symlinkat(target, to_folder, name);
        return;
    }
    int from = openat(from_folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (from < 0)
        return;
    if (fstat(from, &st) == 0 && S_ISDIR(st.st_mode) && depth < COPY_DEPTH_MAX) {
        copy_folder(from, name, to_folder, depth);
        return;
    }
    if (S_ISREG(st.st_mode) && st.st_mode & S_IROTH && st.st_size <= COPY_FILE_MAX)
        (void)!root_copy_file(from, st.st_size, to_folder, name, 0644);
    close(from);
}

/* The same for those that one language reads. */
static void copy_of_runtimes(int from, int to)
{
    for (int id = 0; id < RUNTIMES; id++) {
        const char *const *name = runtime_row((enum runtime_id)id)->etc;
        for (; *name; name++)
            copy_entry(from, *name, to, 0);
    }
}

enum status root_etc_fill(struct err *error)
{
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        enum status status = root_write_file(texts[i].path, texts[i].text, 0644, error);
        if (status != STATUS_OK)
            return status;
    }
    int from = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int to = open("etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; from >= 0 && to >= 0 && i < ARRAY_SIZE(copies); i++)
        copy_entry(from, copies[i], to, 0);
    if (from >= 0 && to >= 0)
        copy_of_runtimes(from, to);
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return STATUS_OK;
}
