/* SPDX-License-Identifier: MIT */
/* fault_vfs.c — see fault_vfs.h. */
#include "fault_vfs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/prng.h"

#define SECTOR 512 /* bytes a disk writes whole */

struct pending {
    struct list link;
    bool truncate;
    int64_t offset; /* or the new size */
    uint8_t *data;  /* owned */
    size_t size;
};

/* One file by name; it outlives the handles. */
struct image {
    struct list link;
    char path[256];
    struct buf durable;
    struct list pending;
};

struct fault_file {
    sqlite3_file base;
    sqlite3_io_methods methods;
    struct image *image; /* NULL: not a database or log */
    sqlite3_file *real;  /* behind this struct */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static struct list images = {&images, &images};
static struct prng prng;
static int write_fault;
static bool sync_fault, read_fault;
static uint64_t operations, syncs, cut_at;
static bool cut;
static sqlite3_vfs *real_vfs;
static sqlite3_vfs fault_vfs;

/* --- the disk that will be found --- */

static void image_apply(struct buf *file, int64_t offset, struct bytes data)
{
    while (file->size < (size_t)offset + data.size)
        buf_append_byte(file, 0);
    memcpy(file->data + offset, data.data, data.size);
}

static void pending_free(struct pending *p)
{
    list_remove(&p->link);
    free(p->data);
    free(p);
}

static void image_add(struct image *i, bool truncate, int64_t offset, const void *data, size_t size)
{
    struct pending *p = calloc(1, sizeof *p);
    ASSERT(p);
    *p = (struct pending){.truncate = truncate, .offset = offset};
    list_init(&p->link);
    if (size) {
        p->data = malloc(size);
        ASSERT(p->data);
        memcpy(p->data, data, size);
        p->size = size;
    }
    list_push_back(&i->pending, &p->link);
}

static void image_sync(struct image *i)
{
    list_each_safe (it, &i->pending) {
        struct pending *p = CONTAINER_OF(it, struct pending, link);
        if (p->truncate)
            i->durable.size = MIN(i->durable.size, (size_t)p->offset);
        else
            image_apply(&i->durable, p->offset, bytes_of(p->data, p->size));
        pending_free(p);
    }
}

static void image_load(struct image *i)
{
    FILE *f = fopen(i->path, "rb");
    uint8_t block[4096];
    size_t size;
    while (f && (size = fread(block, 1, sizeof block, f)) > 0)
        buf_append(&i->durable, block, size);
    if (f)
        fclose(f);
}

static struct image *image_of(const char *path, bool create)
{
    list_each (it, &images) {
        struct image *i = CONTAINER_OF(it, struct image, link);
        if (strcmp(i->path, path) == 0)
            return i;
    }
    if (!create)
        return NULL;
    struct image *i = calloc(1, sizeof *i);
    ASSERT(i);
    snprintf(i->path, sizeof i->path, "%s", path);
    list_init(&i->pending);
    list_push_back(&images, &i->link);
    image_load(i);
    return i;
}

static void image_free(struct image *i)
{
    list_each_safe (it, &i->pending)
        pending_free(CONTAINER_OF(it, struct pending, link));
    list_remove(&i->link);
    buf_fini(&i->durable);
    free(i);
}

/* Of each unsynced write, each sector reached the disk or did not, in no order. */
static void image_write(struct image *i, const char *to)
{
    struct buf file = {0};
    buf_append_bytes(&file, buf_peek(&i->durable));
    uint64_t mood = prng_next(&prng) % 3; /* nothing, all, or a mixture survives */
    list_each (it, &i->pending) {
        struct pending *p = CONTAINER_OF(it, struct pending, link);
        if (p->truncate) {
            if (mood == 1 || (mood == 2 && prng_next(&prng) % 2))
                file.size = MIN(file.size, (size_t)p->offset);
            continue;
        }
        for (size_t at = 0; at < p->size; at += SECTOR)
            if (mood == 1 || (mood == 2 && prng_next(&prng) % 2))
                image_apply(&file, p->offset + (int64_t)at,
                            bytes_slice(bytes_of(p->data, p->size), at, SECTOR));
    }
    FILE *f = fopen(to, "wb");
    ASSERT(f && fwrite(file.data, 1, file.size, f) == file.size);
    fclose(f);
    buf_fini(&file);
}

void fault_vfs_recover(const char *from, const char *to)
{
    static const char *const ends[] = {"", "-wal"};
    pthread_mutex_lock(&mutex);
    for (size_t n = 0; n < ARRAY_SIZE(ends); n++) {
        char source[256], target[256];
        snprintf(source, sizeof source, "%s%s", from, ends[n]);
        snprintf(target, sizeof target, "%s%s", to, ends[n]);
        struct image *i = image_of(source, false);
        if (i)
            image_write(i, target);
    }
    pthread_mutex_unlock(&mutex);
}

/* --- one file --- */

/* Counts an operation; the code it must fail with, or SQLITE_OK. */
static int operation(bool sync)
{
    operations++;
    if (sync)
        syncs++;
    if (cut_at && operations >= cut_at)
        cut = true;
    if (cut) /* not the code of a failed sync: that would stop the process, and a cut cannot */
        return SQLITE_IOERR_WRITE;
    if (sync)
        return sync_fault ? SQLITE_IOERR_FSYNC : SQLITE_OK;
    return write_fault == FAULT_FULL ? SQLITE_FULL : write_fault == FAULT_IO ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

static struct fault_file *file_of(sqlite3_file *f)
{
    return (struct fault_file *)f;
}

#define REAL(f) file_of(f)->real

static int file_close(sqlite3_file *f)
{
    return REAL(f)->pMethods->xClose(REAL(f));
}

static int file_read(sqlite3_file *f, void *data, int size, sqlite3_int64 offset)
{
    pthread_mutex_lock(&mutex);
    bool fail = read_fault;
    pthread_mutex_unlock(&mutex);
    return fail ? SQLITE_IOERR_READ : REAL(f)->pMethods->xRead(REAL(f), data, size, offset);
}

static int file_write(sqlite3_file *f, const void *data, int size, sqlite3_int64 offset)
{
    struct image *i = file_of(f)->image;
    pthread_mutex_lock(&mutex);
    int code = operation(false);
    if (code == SQLITE_OK && i)
        image_add(i, false, offset, data, (size_t)size);
    pthread_mutex_unlock(&mutex);
    return code != SQLITE_OK ? code : REAL(f)->pMethods->xWrite(REAL(f), data, size, offset);
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    struct image *i = file_of(f)->image;
    pthread_mutex_lock(&mutex);
    int code = operation(false);
    if (code == SQLITE_OK && i)
        image_add(i, true, size, NULL, 0);
    pthread_mutex_unlock(&mutex);
    return code != SQLITE_OK ? code : REAL(f)->pMethods->xTruncate(REAL(f), size);
}

static int file_sync(sqlite3_file *f, int flags)
{
    struct image *i = file_of(f)->image;
    pthread_mutex_lock(&mutex);
    int code = operation(true);
    if (code == SQLITE_OK && i)
        image_sync(i);
    pthread_mutex_unlock(&mutex);
    /* The real disk need not be waited for: the image is the disk here. */
    return code;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return REAL(f)->pMethods->xFileSize(REAL(f), size);
}

static int file_lock(sqlite3_file *f, int lock)
{
    return REAL(f)->pMethods->xLock(REAL(f), lock);
}

static int file_unlock(sqlite3_file *f, int lock)
{
    return REAL(f)->pMethods->xUnlock(REAL(f), lock);
}

static int file_reserved(sqlite3_file *f, int *result)
{
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), result);
}

static int file_control(sqlite3_file *f, int op, void *argument)
{
    return REAL(f)->pMethods->xFileControl(REAL(f), op, argument);
}

static int file_sector(sqlite3_file *f)
{
    return SECTOR;
}

/* Nothing is promised beyond a sector, so that SQLite takes no short cut. */
static int file_characteristics(sqlite3_file *f)
{
    return 0;
}

static int file_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **map)
{
    return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, map);
}

static int file_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return REAL(f)->pMethods->xShmLock(REAL(f), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *f)
{
    REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static int file_shm_unmap(sqlite3_file *f, int delete)
{
    return REAL(f)->pMethods->xShmUnmap(REAL(f), delete);
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
    struct fault_file *file = file_of(f);
    *file = (struct fault_file){.real = (sqlite3_file *)(file + 1)};
    int code = real_vfs->xOpen(real_vfs, name, file->real, flags, ret_flags);
    if (code != SQLITE_OK)
        return code;
    if (name && flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) {
        pthread_mutex_lock(&mutex);
        file->image = image_of(name, true);
        pthread_mutex_unlock(&mutex);
    }
    f->pMethods = &file_methods;
    return SQLITE_OK;
}

const char *fault_vfs_register(void)
{
    if (!real_vfs) {
        real_vfs = sqlite3_vfs_find(NULL);
        fault_vfs = *real_vfs;
        fault_vfs.zName = "sallyport-fault";
        fault_vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
        fault_vfs.xOpen = vfs_open;
        fault_vfs.pNext = NULL;
        ASSERT(sqlite3_vfs_register(&fault_vfs, 0) == SQLITE_OK);
    }
    return fault_vfs.zName;
}

/* --- control --- */

void fault_vfs_reset(uint64_t seed)
{
    pthread_mutex_lock(&mutex);
    list_each_safe (it, &images)
        image_free(CONTAINER_OF(it, struct image, link));
    prng_seed(&prng, (uint64_t[4]){seed, seed + 1, 3, 4});
    write_fault = FAULT_NONE;
    sync_fault = read_fault = cut = false;
    operations = syncs = cut_at = 0;
    pthread_mutex_unlock(&mutex);
}

void fault_vfs_fail_writes(int fault)
{
    pthread_mutex_lock(&mutex);
    write_fault = fault;
    pthread_mutex_unlock(&mutex);
}

void fault_vfs_fail_reads(bool fail)
{
    pthread_mutex_lock(&mutex);
    read_fault = fail;
    pthread_mutex_unlock(&mutex);
}

void fault_vfs_fail_syncs(bool fail)
{
    pthread_mutex_lock(&mutex);
    sync_fault = fail;
    pthread_mutex_unlock(&mutex);
}

void fault_vfs_cut_at(uint64_t n)
{
    pthread_mutex_lock(&mutex);
    cut_at = n ? operations + n : 0;
    pthread_mutex_unlock(&mutex);
}

uint64_t fault_vfs_operations(void)
{
    pthread_mutex_lock(&mutex);
    uint64_t n = operations;
    pthread_mutex_unlock(&mutex);
    return n;
}

uint64_t fault_vfs_syncs(void)
{
    pthread_mutex_lock(&mutex);
    uint64_t n = syncs;
    pthread_mutex_unlock(&mutex);
    return n;
}
