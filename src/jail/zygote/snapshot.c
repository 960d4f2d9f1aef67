/* SPDX-License-Identifier: MIT */
/* snapshot.c — between copying a page and mapping it back nothing may write to it. So this code calls no allocator
 * and keeps its state on the stack and in one mapping of its own, which is left out. */
#include "jail/zygote/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE          ((uintptr_t)4096)
#define MAPS_SIZE     ((size_t)1 << 20) /* bytes of /proc/self/maps; 600 mappings are 60 KiB */
#define REGIONS_MAX   8192
#define PAGES_AT_ONCE 512
#define GAP_MAX       4 /* untouched pages that are copied along to save a mapping */

#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_SWAPPED (1ull << 62)
#define PAGEMAP_FILE    (1ull << 61)

struct region {
    uintptr_t start, end;
    int protection;
};

struct scratch {
    char maps[MAPS_SIZE];
    struct region regions[REGIONS_MAX];
    size_t count;
    uint64_t pages[PAGES_AT_ONCE];
};

struct snapshot {
    struct scratch *scratch;
    int memfd, pagemap;
    off_t size;
};

static bool read_all(const char *path, char *ret_text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0 && used < size - 1) {
        n = read(fd, ret_text + used, size - 1 - used);
        used += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        close(fd);
    ret_text[used] = '\0';
    return n == 0;
}

/* "start-end rwxp offset device inode path": private, readable, and neither a stack nor the kernel's own. */
static void take_line(struct scratch *scratch, const char *line, const char *end)
{
    char *at;
    uintptr_t start = strtoul(line, &at, 16);
    uintptr_t stop = strtoul(at + 1, &at, 16);
    const char *perms = at + 1;
    const char *name = memchr(perms, '[', (size_t)(end - perms));
    bool special = name && strncmp(name, "[heap]", 6) != 0;
    bool readable = perms[0] == 'r' && perms[3] == 'p';
    bool own = start <= (uintptr_t)scratch && (uintptr_t)scratch < stop;
    if (!readable || special || own || scratch->count == REGIONS_MAX)
        return;

    int protection = PROT_READ;
    if (perms[1] == 'w')
        protection |= PROT_WRITE;
    if (perms[2] == 'x')
        protection |= PROT_EXEC;
    scratch->regions[scratch->count++] = (struct region){start, stop, protection};
}

/* Read as a whole before anything is moved: moving changes the file. */
static bool find_regions(struct scratch *scratch)
{
    if (!read_all("/proc/self/maps", scratch->maps, sizeof scratch->maps))
        return false;
    for (const char *line = scratch->maps; *line;) {
        const char *end = strchr(line, '\n');
        if (!end)
            break;
        take_line(scratch, line, end);
        line = end + 1;
    }
    return true;
}

/* Copies [start, end) to the end of the memfd and maps it back in place. */
static bool move_run(struct snapshot *snapshot, uintptr_t start, uintptr_t end, int protection)
{
    for (uintptr_t at = start; at < end;) {
        ssize_t n = pwrite(snapshot->memfd, (const void *)at, end - at, snapshot->size + (off_t)(at - start));
        if (n <= 0)
            return false;
        at += (uintptr_t)n;
    }
    void *there = mmap((void *)start, end - start, protection, MAP_PRIVATE | MAP_FIXED, snapshot->memfd,
                       snapshot->size);
    snapshot->size += (off_t)(end - start);
    return there != MAP_FAILED;
}

static bool anonymous(uint64_t page)
{
    return page & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED) && !(page & PAGEMAP_FILE);
}

/* Pages that were touched lie together or far apart: short gaps are copied along, since each run is one mapping
 * that every fork has to copy. */
static bool move_region(struct snapshot *snapshot, const struct region *region)
{
    uintptr_t run = 0, run_end = 0; /* 0: none is open */
    bool good = true;
    for (uintptr_t at = region->start; good && at < region->end; at += PAGES_AT_ONCE * PAGE) {
        size_t wanted = MIN((region->end - at) / PAGE, (size_t)PAGES_AT_ONCE);
        ssize_t n = pread(snapshot->pagemap, snapshot->scratch->pages, wanted * sizeof(uint64_t),
                          (off_t)(at / PAGE * sizeof(uint64_t)));
        if (n != (ssize_t)(wanted * sizeof(uint64_t)))
            return false;
        for (size_t i = 0; good && i < wanted; i++) {
            if (!anonymous(snapshot->scratch->pages[i]))
                continue;
            uintptr_t page = at + i * PAGE;
            if (run && page - run_end > GAP_MAX * PAGE) {
                good = move_run(snapshot, run, run_end, region->protection);
                run = 0;
            }
            run = run ? run : page;
            run_end = page + PAGE;
        }
    }
    return good && (!run || move_run(snapshot, run, run_end, region->protection));
}

enum status snapshot_take(size_t *ret_bytes, struct err *err)
{
    struct snapshot snapshot = {.memfd = -1, .pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
    snapshot.scratch =
        mmap(NULL, sizeof *snapshot.scratch, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (snapshot.scratch != MAP_FAILED)
        snapshot.memfd = memfd_create("heap", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    enum status status = STATUS_OK;
    if (snapshot.pagemap < 0 || snapshot.memfd < 0 || !find_regions(snapshot.scratch))
        status = err_set(err, STATUS_UNIMPLEMENTED, "snapshot: no view of the mappings: %s", strerror(errno));
    for (size_t i = 0; status == STATUS_OK && i < snapshot.scratch->count; i++) {
        if (!move_region(&snapshot, &snapshot.scratch->regions[i]))
            status = err_set(err, STATUS_IO, "snapshot: region %zu: %s", i, strerror(errno));
    }
    /* Nobody can write to what all sessions map, not even through /proc. */
    if (status == STATUS_OK &&
        fcntl(snapshot.memfd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        status = err_set(err, STATUS_IO, "snapshot: seals: %s", strerror(errno));
    *ret_bytes = (size_t)snapshot.size;
    if (snapshot.memfd >= 0)
        close(snapshot.memfd);
    if (snapshot.pagemap >= 0)
        close(snapshot.pagemap);
    if (snapshot.scratch != MAP_FAILED)
        munmap(snapshot.scratch, sizeof *snapshot.scratch);
    return status;
}
