/* SPDX-License-Identifier: MIT */
/* file_changes.c — two sorted lists are merged; what differs is read once more for its hash. A folder that was empty and has not
 * changed is not read again: most runs make no file, and pay for one call of the kernel instead of seven. */
#include "svc/pool/files/file_changes.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/duration.h"
#include "svc/pool/files/limit_values.h"

#define STEP_NAMES 512       /* names read in a step */
#define STEP_SIZE  (1 << 18) /* bytes hashed in a step */
#define READ_SIZE  (1 << 16) /* bytes read at a time */

static void look_fini(struct file_look *look)
{
    file_lister_end(&look->lister);
    arena_fini(&look->arena);
}

void file_changes_init(struct file_changes *changes)
{
    *changes = (struct file_changes){.root_fd = -1, .fd = -1};
}

static void close_file(struct file_changes *changes)
{
    if (changes->fd >= 0)
        close(changes->fd);
    changes->fd = -1;
}

void file_changes_fini(struct file_changes *changes)
{
    look_fini(&changes->before);
    look_fini(&changes->after);
    close_file(changes);
    EVP_MD_CTX_free(changes->digest);
    arena_fini(&changes->arena);
    file_changes_init(changes);
}

/* --- folders that stand still --- */

/* Times of inodes may be those of the last tick of the kernel's clock (10 ms at most): what changes in the same tick looks the same. So a
 * time only counts once it is older than this. */
#define STILL_AGE_NS (100 * NS_PER_MS)

static int64_t ns_of(struct timespec time)
{
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

/* The folder as it is now, or what can never be the same as another. */
static struct file_stillness now_of(int root_fd)
{
    struct stat facts;
    struct timespec now;
    if (fstat(root_fd, &facts) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0)
        return (struct file_stillness){0};
    int64_t changed_ns = ns_of(facts.st_ctim);
    bool is_settled = ns_of(now) - changed_ns > STILL_AGE_NS;
    return (struct file_stillness){
        .device = facts.st_dev, .inode = is_settled ? facts.st_ino : 0, .changed_unix_ns = changed_ns};
}

static bool is_still(const struct file_stillness *before, const struct file_stillness *now)
{
    return before->is_empty && before->inode != 0 && before->inode == now->inode &&
           before->device == now->device && before->changed_unix_ns == now->changed_unix_ns;
}

/* A look is done, which began when the folder was as `still` says. */
static void note_stillness(struct file_changes *changes, const struct file_look *look)
{
    changes->still.is_empty = look->lister.count == 0 && look->lister.unreachable == 0;
}

struct file_stillness file_changes_still(const struct file_changes *changes)
{
    return changes->still;
}

/* --- looking --- */

static enum status look(struct file_look *look, int root_fd, struct err *err)
{
    arena_init(&look->arena, 0);
    return file_lister_begin(&look->lister, &look->arena, root_fd, "", true, err);
}

static enum status look_on(struct file_look *look, bool *ret_done, struct err *err)
{
    enum status status = file_lister_step(&look->lister, STEP_NAMES, ret_done, err);
    bool too_many = look->lister.cut || look->lister.count > FILE_CHANGES_LOOK_MAX;
    if (status == STATUS_OK && too_many)
        return err_set(err, STATUS_TOO_LARGE, "the session has more than %d files", FILE_CHANGES_LOOK_MAX);
    return status;
}

/* True if the folder is empty as it was; else it is to be read. */
static bool skips(struct file_changes *changes, int root_fd, const struct file_stillness *known)
{
    struct file_stillness now = now_of(root_fd);
    changes->skipped = known && is_still(known, &now);
    now.is_empty = changes->skipped;
    changes->still = now;
    return changes->skipped;
}

enum status file_changes_begin(struct file_changes *changes, int root_fd, const struct file_stillness *known,
                               struct err *err)
{
    return skips(changes, root_fd, known) ? STATUS_OK : look(&changes->before, root_fd, err);
}

enum status file_changes_begin_step(struct file_changes *changes, bool *ret_done, struct err *err)
{
    *ret_done = changes->skipped;
    if (changes->skipped)
        return STATUS_OK;
    enum status status = look_on(&changes->before, ret_done, err);
    if (status == STATUS_OK && *ret_done)
        note_stillness(changes, &changes->before);
    return status;
}

enum status file_changes_end(struct file_changes *changes, int root_fd, struct err *err)
{
    const struct file_stillness before = changes->still;
    changes->root_fd = root_fd;
    return skips(changes, root_fd, &before) ? STATUS_OK : look(&changes->after, root_fd, err);
}

/* --- comparing --- */

/* Most runs change nothing, and pay for no list. */
static bool prepare_list(struct file_changes *changes)
{
    arena_init(&changes->arena, 0);
    changes->changes = arena_alloc_array(&changes->arena, FILE_CHANGES_MAX, sizeof *changes->changes);
    changes->digest = EVP_MD_CTX_new();
    return changes->changes && changes->digest;
}

static enum status add_change(struct file_changes *changes, const struct file_entry *entry,
                              enum file_change_kind kind)
{
    changes->total++;
    if (changes->count == FILE_CHANGES_MAX)
        return STATUS_OK;
    if (!changes->changes && !prepare_list(changes))
        return STATUS_NO_MEMORY;
    const char *path =
        arena_fmt(&changes->arena, "%s%s%s", entry->directory, entry->directory[0] ? "/" : "", entry->name);
    if (!path)
        return STATUS_NO_MEMORY;
    changes->changes[changes->count++] =
        (struct file_change){.path = path, .kind = kind, .size = kind == FILE_REMOVED ? 0 : entry->info.size};
    return STATUS_OK;
}

static bool is_same(const struct file_info *before, const struct file_info *after)
{
    return before->size == after->size && before->inode == after->inode &&
           before->modified_unix_ns == after->modified_unix_ns &&
           before->changed_unix_ns == after->changed_unix_ns;
}

/* The next file of a sorted list, or NULL: folders are not compared. */
static const struct file_entry *next_file(const struct file_lister *lister, size_t *at)
{
    while (*at < lister->count && lister->entries[*at].info.directory)
        ++*at;
    return *at < lister->count ? &lister->entries[*at] : NULL;
}

/* As file_entry_compare: the end of a list is behind every file. */
static int order_of(const struct file_entry *before, const struct file_entry *after)
{
    if (!before)
        return 1;
    if (!after)
        return -1;
    return file_entry_compare(before, after);
}

static enum status merge(struct file_changes *changes)
{
    size_t at_before = 0, at_after = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {
        const struct file_entry *before = next_file(&changes->before.lister, &at_before);
        const struct file_entry *after = next_file(&changes->after.lister, &at_after);
        if (!before && !after)
            break;
        int order = order_of(before, after);
        if (order < 0)
            status = add_change(changes, before, FILE_REMOVED);
        else if (order > 0)
            status = add_change(changes, after, FILE_MADE);
        else if (!is_same(&before->info, &after->info))
            status = add_change(changes, after, FILE_CHANGED);
        at_before += order <= 0;
        at_after += order >= 0;
    }
    return status;
}

static enum status compare(struct file_changes *changes, struct err *err)
{
    changes->unseen = changes->after.lister.unreachable;
    if (merge(changes) != STATUS_OK)
        return err_no_memory(err);
    changes->compared = true;
    look_fini(&changes->before);
    look_fini(&changes->after);
    return STATUS_OK;
}

/* --- hashing --- */

/* A file that has gone meanwhile has no hash; nor has what is beyond the limit of a run. */
static void open_file(struct file_changes *changes, struct file_change *change)
{
    struct file_info info;
    bool wanted =
        change->kind != FILE_REMOVED && changes->hashed_size + change->size <= FILE_CHANGES_HASH_SIZE_MAX;
    if (!wanted ||
        session_file_open(changes->root_fd, change->path, &changes->fd, &info, NULL) != STATUS_OK ||
        EVP_DigestInit_ex(changes->digest, EVP_sha256(), NULL) != 1) {
        close_file(changes);
        changes->hashing++;
        return;
    }
    change->size = 0; /* what is hashed is what is told */
}

static void finish_file(struct file_changes *changes, struct file_change *change, bool whole)
{
    change->hashed = whole && EVP_DigestFinal_ex(changes->digest, change->sha256, NULL) == 1;
    close_file(changes);
    changes->hashing++;
}

/* Reads on in the file that is open. */
static void hash_on(struct file_changes *changes, struct file_change *change)
{
    uint8_t chunk[READ_SIZE];
    ssize_t got = read(changes->fd, chunk, sizeof chunk);
    bool good = got >= 0 && EVP_DigestUpdate(changes->digest, chunk, (size_t)MAX(got, (ssize_t)0)) == 1 &&
                changes->hashed_size <= FILE_CHANGES_HASH_SIZE_MAX;
    if (good && got > 0) {
        change->size += (uint64_t)got;
        changes->hashed_size += (uint64_t)got;
        return;
    }
    finish_file(changes, change, good);
}

enum status file_changes_end_step(struct file_changes *changes, bool *ret_done, struct err *err)
{
    *ret_done = changes->skipped;
    if (changes->skipped)
        return STATUS_OK;
    if (!changes->compared) {
        bool looked = false;
        enum status status = look_on(&changes->after, &looked, err);
        if (status != STATUS_OK || !looked)
            return status;
        note_stillness(changes, &changes->after);
        status = compare(changes, err);
        if (status != STATUS_OK)
            return status;
    }
    uint64_t begin = changes->hashed_size;
    while (changes->hashing < changes->count && changes->hashed_size - begin < STEP_SIZE) {
        struct file_change *change = &changes->changes[changes->hashing];
        if (changes->fd < 0)
            open_file(changes, change);
        else
            hash_on(changes, change);
    }
    *ret_done = changes->hashing == changes->count;
    return STATUS_OK;
}
