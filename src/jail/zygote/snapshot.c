/* SPDX-License-Identifier: MIT */
/* Between copying a page and mapping it back nothing may write to it. So this code calls no allocator and
 * keeps its state on the stack and in one mapping of its own, which is left out. */
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
static void take_line(struct scratch *s, const char *line, const char *end)
{
    char *at;
    uintptr_t start = strtoul(line, &at, 16);
    uintptr_t stop = strtoul(at + 1, &at, 16);
    const char *perms = at + 1;
    const char *name = memchr(perms, '[', (size_t)(end - perms));
    bool special = name && strncmp(name, "[heap]", 6) != 0;
    if (perms[0] != 'r' || perms[3] != 'p' || special || s->count == REGIONS_MAX ||
        (start <= (uintptr_t)s && (uintptr_t)s < stop))
        return;
    int protection = PROT_READ | (perms[1] == 'w' ? PROT_WRITE : 0) | (perms[2] == 'x' ? PROT_EXEC : 0);
    s->regions[s->count++] = (struct region){start, stop, protection};
}

static bool find_regions(struct scratch *s)
{
    if (!read_all("/proc/self/maps", s->maps, sizeof s->maps))
        return false;
    for (const char *line = s->maps; *line;) {
        const char *end = strchr(line, '\n');
        if (!end)
            break;
        take_line(s, line, end);
        line = end + 1;
    }
    return true;
}

/* Copies [start, end) to the end of the memfd and maps it back in place. */
static bool move_run(struct snapshot *t, uintptr_t start, uintptr_t end, int protection)
{
    for (uintptr_t at = start; at < end;) {
        ssize_t n = pwrite(t->memfd, (const void *)at, end - at, t->size + (off_t)(at - start));
        if (n <= 0)
            return false;
        at += (uintptr_t)n;
    }
    void *there = mmap((void *)start, end - start, protection, MAP_PRIVATE | MAP_FIXED, t->memfd, t->size);
    t->size += (off_t)(end - start);
    return there != MAP_FAILED;
}

static bool anonymous(uint64_t page)
{
    return page & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED) && !(page & PAGEMAP_FILE);
}

static bool move_region(struct snapshot *t, const struct region *r)
{
    uintptr_t run = 0, run_end = 0; /* 0: none is open */
    bool good = true;
    for (uintptr_t at = r->start; good && at < r->end; at += PAGES_AT_ONCE * PAGE) {
        size_t wanted = MIN((r->end - at) / PAGE, (size_t)PAGES_AT_ONCE);
        ssize_t n = pread(t->pagemap, t->scratch->pages, wanted * sizeof(uint64_t),
                          (off_t)(at / PAGE * sizeof(uint64_t)));
        if (n != (ssize_t)(wanted * sizeof(uint64_t)))
            return false;
        for (size_t i = 0; good && i < wanted; i++) {
            if (!anonymous(t->scratch->pages[i]))
                continue;
            uintptr_t page = at + i * PAGE;
            if (run && page - run_end > GAP_MAX * PAGE) {
                good = move_run(t, run, run_end, r->protection);
                run = 0;
            }
            run = run ? run : page;
            run_end = page + PAGE;
        }
    }
    return good && (!run || move_run(t, run, run_end, r->protection));
}

enum status snapshot_take(size_t *ret_bytes, struct err *e)
{
    struct snapshot t = {.memfd = -1, .pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
    t.scratch = mmap(NULL, sizeof *t.scratch, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (t.scratch != MAP_FAILED)
        t.memfd = memfd_create("heap", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    enum status s = STATUS_OK;
    if (t.pagemap < 0 || t.memfd < 0 || !find_regions(t.scratch))
        s = err_set(e, STATUS_UNIMPLEMENTED, "snapshot: no view of the mappings: %s", strerror(errno));
    for (size_t i = 0; s == STATUS_OK && i < t.scratch->count; i++) {
        if (!move_region(&t, &t.scratch->regions[i]))
            s = err_set(e, STATUS_IO, "snapshot: region %zu: %s", i, strerror(errno));
    }
    /* Nobody can write to what all sessions map, not even through /proc. */
    if (s == STATUS_OK &&
        fcntl(t.memfd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        s = err_set(e, STATUS_IO, "snapshot: seals: %s", strerror(errno));
    *ret_bytes = (size_t)t.size;
    if (t.memfd >= 0)
        close(t.memfd);
    if (t.pagemap >= 0)
        close(t.pagemap);
    if (t.scratch != MAP_FAILED)
        munmap(t.scratch, sizeof *t.scratch);
    return s;
}
