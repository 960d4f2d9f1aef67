/* SPDX-License-Identifier: MIT */
/* steer.c — a library that a test loads into a server (LD_PRELOAD): a wall clock that the test sets, and an end, as abrupt as by SIGKILL,
 * at a write that it chooses. The test and the process share a file, which STEER names: four numbers of 64 bits, as in struct steer. The kernel's own
 * clocks, and those of other processes, stay as they are. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S  1000000000
#define NS_PER_US 1000
#define KILLED    137 /* its exit code: the server may signal nobody, not even itself */

struct steer {
    int64_t shift_ns; /* of the wall clock */
    int64_t pid;      /* whose writes count; 0: nobody's */
    int64_t writes;   /* so far */
    int64_t ends_at;  /* the write before which the process ends; 0: none */
};

static struct steer nowhere;
static volatile struct steer *steer = &nowhere;

__attribute__((constructor)) static void open_steer(void)
{
    const char *path = getenv("STEER");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *shared =
        fd >= 0 ? mmap(NULL, sizeof nowhere, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (shared != MAP_FAILED)
        steer = shared;
    if (fd >= 0)
        (void)close(fd);
}

/* --- the clock --- */

int clock_gettime(clockid_t id, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, id, now);
    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        int64_t ns = (int64_t)now->tv_sec * NS_PER_S + now->tv_nsec + steer->shift_ns;
        now->tv_sec = ns / NS_PER_S;
        now->tv_nsec = ns % NS_PER_S;
    }
    return result;
}

time_t time(time_t *ret_now)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret_now)
        *ret_now = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *ret_now, void *zone)
{
    struct timespec now = {0};
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    *ret_now = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / NS_PER_US};
    return result;
}

/* --- the end --- */

static void count_write(void)
{
    if (steer->pid != getpid())
        return;
    if (__atomic_add_fetch(&steer->writes, 1, __ATOMIC_SEQ_CST) == steer->ends_at)
        (void)syscall(SYS_exit_group, KILLED);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    count_write();
    return syscall(SYS_pwrite64, fd, data, size, at);
}

int fsync(int fd)
{
    count_write();
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    count_write();
    return (int)syscall(SYS_fdatasync, fd);
}
