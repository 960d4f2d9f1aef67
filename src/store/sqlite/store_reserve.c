/* SPDX-License-Identifier: MIT */
/* store_reserve.c — the file is made whole or not at all: half a reserve would be found too short when it is needed. */
#include "store/sqlite/store_reserve.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ROOM_MIN  4    /* times its size; on a smaller disk the reserve would be what fills it */
#define PATH_SIZE 4096 /* bytes; PATH_MAX of Linux */

static bool reserve_path(const char *path, char ret_reserve[PATH_SIZE])
{
    return (size_t)snprintf(ret_reserve, PATH_SIZE, "%s.reserve", path) < PATH_SIZE;
}

bool store_reserve_make(const char *path, int64_t size)
{
    char reserve[PATH_SIZE];
    struct stat facts;
    struct statvfs disk;
    if (!reserve_path(path, reserve))
        return false;
    if (lstat(reserve, &facts) == 0)
        return S_ISREG(facts.st_mode) && facts.st_size == size;
    if (statvfs(path, &disk) != 0 || (int64_t)disk.f_bavail * (int64_t)disk.f_frsize < ROOM_MIN * size)
        return false;

    int descriptor = open(reserve, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
        return false;
    bool whole = posix_fallocate(descriptor, 0, size) == 0;
    (void)close(descriptor);
    if (!whole)
        (void)unlink(reserve);
    return whole;
}

bool store_reserve_spend(const char *path)
{
    char reserve[PATH_SIZE];
    return reserve_path(path, reserve) && unlink(reserve) == 0;
}
