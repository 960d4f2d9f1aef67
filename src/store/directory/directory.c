/* SPDX-License-Identifier: MIT */
/* directory.c — three things: what is in memory (lists by kind, one index of all unique values), the queue of write sets,
 * of which the first is on its way, and the one job that carries it to the file and back. */
#include "store/directory/directory.h"

#include <limits.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/text.h"
#include "os/clock.h"
#include "store/directory/directory_file.h"
#include "store/directory/record.h"
#include "store/sqlite/store_worker.h"

/* An object in memory; its struct stands behind. */
struct held {
    struct list link; /* of its kind */
    enum directory_kind kind;
    struct arena arena; /* its texts and keys */
    struct bytes keys[RECORD_KEYS_MAX];
    size_t key_count;
    alignas(max_align_t) unsigned char object[];
};

/* A set in the queue, and while it is carried to the file. */
struct directory_set {
    struct store_job job; /* first: the worker frees nothing by itself */
    struct directory *directory;
    struct list link;
    struct directory_waiter *waiter;
    struct directory_author author;
    bool by_server; /* there is no author */
    size_t count;
    enum directory_verb verbs[DIRECTORY_WRITES_MAX];
    struct held *helds[DIRECTORY_WRITES_MAX]; /* what is to be there; of a deletion only its id counts */
    struct buf bodies[DIRECTORY_WRITES_MAX];
    enum status status;
    struct err err;
};

struct directory {
    struct loop *loop;
    struct directory_file *file;
    struct store_worker *worker;
    struct map index; /* key of a unique value → held */
    struct list kinds[DIRECTORY_KINDS];
    size_t counts[DIRECTORY_KINDS];
    uint64_t generation;
    struct list watches;
    void (*on_change)(void *context, const struct directory_change *change); /* NULL: nobody writes it down */
    void *record_context;
    struct list queue; /* of write sets; the first may be on its way */
    bool writing;
    struct loop_task next_task;
};

void directory_guid(char ret_id[GUID_TEXT_SIZE + 1])
{
    uint8_t random[16];
    entropy_fill(random, sizeof random);
    guid_format(random, ret_id);
}

/* --- in memory --- */

static void held_free(struct held *held)
{
    if (!held)
        return;
    arena_fini(&held->arena);
    free(held);
}

static enum status held_read(enum directory_kind kind, struct bytes body, struct held **ret_held,
                             struct err *err)
{
    struct held *held = calloc(1, sizeof *held + record_size(kind));
    if (!held)
        return err_no_memory(err);
    held->kind = kind;
    list_init(&held->link);
    enum status status = record_read(kind, body, &held->arena, held->object, err);
    if (status == STATUS_OK &&
        (status = record_keys(kind, held->object, &held->arena, held->keys, &held->key_count)) != STATUS_OK)
        (void)err_set(err, status, "out of memory");
    if (status != STATUS_OK) {
        held_free(held);
        return status;
    }
    *ret_held = held;
    return STATUS_OK;
}

/* Its id is the first of its keys. */
static struct held *held_of_same_id(const struct directory *directory, const struct held *held)
{
    return map_get(&directory->index, held->keys[0]);
}

static void leave_memory(struct directory *directory, struct held *held)
{
    for (size_t i = 0; i < held->key_count; i++)
        (void)map_take(&directory->index, held->keys[i]);
    list_remove(&held->link);
    directory->counts[held->kind]--;
}

static enum status enter_memory(struct directory *directory, struct held *held)
{
    for (size_t i = 0; i < held->key_count; i++) {
        if (map_put(&directory->index, held->keys[i], held) != STATUS_OK) {
            while (i-- > 0)
                (void)map_take(&directory->index, held->keys[i]);
            return STATUS_NO_MEMORY;
        }
    }
    list_push_back(&directory->kinds[held->kind], &held->link);
    directory->counts[held->kind]++;
    return STATUS_OK;
}

/* The new one stands where the old one stood, so that lists keep their order. */
static enum status replace_in_memory(struct directory *directory, struct held *held)
{
    struct held *old = held_of_same_id(directory, held);
    struct list *before = old->link.prev;
    leave_memory(directory, old);
    enum status status = enter_memory(directory, held);
    list_remove(&held->link);
    list_push_front(before, &held->link);
    held_free(old);
    return status;
}

static enum status load_row(void *context, const struct directory_row *row, struct err *err)
{
    struct directory *directory = context;
    if (row->kind <= 0 || row->kind >= DIRECTORY_KINDS)
        return err_set(err, STATUS_DATA_LOSS, "there is a record of the unknown kind %d", row->kind);
    struct held *held = NULL;
    enum status status = held_read((enum directory_kind)row->kind, row->body, &held, err);
    if (status != STATUS_OK)
        return status;
    status = enter_memory(directory, held);
    if (status != STATUS_OK) {
        held_free(held);
        return err_set(err, status, "out of memory");
    }
    return STATUS_OK;
}

/* --- reading --- */

const struct directory_tenant *directory_tenant(const struct directory *directory)
{
    return directory_next(directory, DIRECTORY_TENANT, NULL);
}

const void *directory_find(const struct directory *directory, enum directory_kind kind, const char *field,
                           struct bytes value)
{
    if (value.size == 0 || value.size > DIRECTORY_TEXT_MAX)
        return NULL;
    CLEANUP(arena_fini) struct arena arena = {0};
    arena_init(&arena, 0);
    struct bytes key = record_key(kind, field, value, &arena);
    const struct held *held = key.data ? map_get(&directory->index, key) : NULL;
    return held ? held->object : NULL;
}

const void *directory_next(const struct directory *directory, enum directory_kind kind, const void *after)
{
    const struct list *head = &directory->kinds[kind];
    const struct list *link = head->next;
    if (after)
        link = CONTAINER_OF(after, const struct held, object)->link.next;
    return link == head ? NULL : CONTAINER_OF(link, const struct held, link)->object;
}

size_t directory_count(const struct directory *directory, enum directory_kind kind)
{
    return directory->counts[kind];
}

uint64_t directory_generation(const struct directory *directory)
{
    return directory->generation;
}

void directory_watch_add(struct directory *directory, struct directory_watch *watch)
{
    list_push_back(&directory->watches, &watch->link);
}

void directory_watch_remove(struct directory_watch *watch)
{
    list_remove(&watch->link);
}

/* --- a write set: its turn --- */

static void set_free(struct directory_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        held_free(set->helds[i]);
        buf_fini(&set->bodies[i]);
    }
    free(set);
}

/* A unique value may be had by the object itself, or by one that this set deletes. */
static bool taken(const struct directory_set *set, const struct held *held, struct bytes key)
{
    const struct held *other = map_get(&set->directory->index, key);
    if (!other || bytes_equal(other->keys[0], held->keys[0]))
        return false;
    for (size_t i = 0; i < set->count; i++)
        if (set->verbs[i] == DIRECTORY_DELETE && bytes_equal(set->helds[i]->keys[0], other->keys[0]))
            return false;
    return true;
}

static enum status check_write(struct directory_set *set, size_t at)
{
    const struct held *held = set->helds[at];
    const char *kind = record_kind_name(held->kind);
    bool there = held_of_same_id(set->directory, held) != NULL;
    if (set->verbs[at] != DIRECTORY_CREATE && !there)
        return err_set(&set->err, STATUS_NOT_FOUND, "there is no such %s", kind);
    if (set->verbs[at] == DIRECTORY_CREATE && there)
        return err_set(&set->err, STATUS_ALREADY_EXISTS, "there is a %s of that id", kind);
    if (set->verbs[at] == DIRECTORY_CREATE && set->directory->counts[held->kind] >= DIRECTORY_OBJECTS_MAX)
        return err_set(&set->err, STATUS_RESOURCE_EXHAUSTED,
                       "the directory has %d objects of kind %s already", DIRECTORY_OBJECTS_MAX, kind);
    for (size_t i = 0; set->verbs[at] != DIRECTORY_DELETE && i < held->key_count; i++)
        if (taken(set, held, held->keys[i]))
            return err_set(&set->err, STATUS_ALREADY_EXISTS, "there is such a %s already", kind);
    return STATUS_OK;
}

static void set_perform(struct store_job *job)
{
    struct directory_set *set = (struct directory_set *)job;
    struct directory_row rows[DIRECTORY_WRITES_MAX];
    for (size_t i = 0; i < set->count; i++) {
        const struct held *held = set->helds[i];
        bool gone = set->verbs[i] == DIRECTORY_DELETE;
        rows[i] = (struct directory_row){
            .kind = held->kind,
            .id = bytes_slice(held->keys[0], 2, SIZE_MAX), /* behind kind and field: without case */
            .body = gone ? (struct bytes){0} : buf_peek(&set->bodies[i])};
    }
    set->status = directory_file_write(set->directory->file, rows, set->count, &set->err);
}

static void tell_changes(const struct directory_set *set)
{
    const struct directory *directory = set->directory;
    for (size_t i = 0; directory->on_change && i < set->count; i++) {
        const struct held *held = set->helds[i];
        const struct held *former = held_of_same_id(directory, held);
        struct directory_change change = {.verb = set->verbs[i], .kind = held->kind};
        if (!set->by_server)
            change.author = &set->author;
        if (former)
            change.former = former->object;
        if (set->verbs[i] != DIRECTORY_DELETE)
            change.object = held->object;
        directory->on_change(directory->record_context, &change);
    }
}

/* It is on disk; so it must get into memory, or the process cannot go on. */
static void apply(struct directory_set *set)
{
    struct directory *directory = set->directory;
    tell_changes(set);                        /* first: it is told what was before, too */
    for (size_t i = 0; i < set->count; i++) { /* first what makes room for names */
        if (set->verbs[i] != DIRECTORY_DELETE)
            continue;
        struct held *old = held_of_same_id(directory, set->helds[i]);
        leave_memory(directory, old);
        held_free(old);
    }
    for (size_t i = 0; i < set->count; i++) {
        if (set->verbs[i] == DIRECTORY_DELETE)
            continue;
        enum status status = set->verbs[i] == DIRECTORY_CREATE ? enter_memory(directory, set->helds[i])
                                                               : replace_in_memory(directory, set->helds[i]);
        ASSERT(status == STATUS_OK);
        set->helds[i] = NULL;
    }

    /* Last: whoever watches reads the directory anew. */
    directory->generation++;
    list_each_safe (link, &directory->watches) {
        struct directory_watch *watch = CONTAINER_OF(link, struct directory_watch, link);
        watch->on_change(watch);
    }
}

static void finish(struct directory_set *set)
{
    struct directory *directory = set->directory;
    list_remove(&set->link);
    directory->writing = false;
    if (set->waiter)
        set->waiter->on_done(set->waiter, set->status, &set->err);
    /* In a turn of its own: the waiter may have written again from within. */
    if (!list_empty(&directory->queue))
        loop_defer(directory->loop, &directory->next_task);
}

static void set_report(struct store_job *job)
{
    struct directory_set *set = (struct directory_set *)job;
    if (set->status == STATUS_OK)
        apply(set);
    finish(set);
}

static void set_destroy(struct store_job *job)
{
    set_free((struct directory_set *)job);
}

static void begin_next(struct directory *directory)
{
    if (directory->writing || list_empty(&directory->queue))
        return;
    struct directory_set *set = CONTAINER_OF(directory->queue.next, struct directory_set, link);
    /* INVARIANT: one set at a time, and it is judged by what the ones before it have left. A name that is free now is free
     * when the row is written. */
    directory->writing = true;
    for (size_t i = 0; set->status == STATUS_OK && i < set->count; i++)
        set->status = check_write(set, i);
    if (set->status == STATUS_OK) {
        store_worker_submit(directory->worker, &set->job);
        return;
    }
    finish(set);
    set_free(set);
}

static void on_next(struct loop_task *task)
{
    begin_next(CONTAINER_OF(task, struct directory, next_task));
}

/* --- a write set: given --- */

static enum status take_write(struct directory_set *set, const struct directory_write *write)
{
    size_t at = set->count++;
    set->verbs[at] = write->verb;
    set->bodies[at] = (struct buf){0};
    enum status status = record_write(write->kind, write->object, &set->bodies[at], &set->err);
    if (status != STATUS_OK)
        return status;
    return held_read(write->kind, buf_peek(&set->bodies[at]), &set->helds[at], &set->err);
}

static void tell_no_memory(struct loop_task *task)
{
    struct directory_waiter *waiter = CONTAINER_OF(task, struct directory_waiter, no_memory);
    const struct err err = {.status = STATUS_NO_MEMORY, .text = "out of memory"};
    waiter->on_done(waiter, STATUS_NO_MEMORY, &err);
}

struct directory_author directory_author(const char *id, const char *name)
{
    struct directory_author author;
    struct bytes ids = bytes_utf8_prefix(bytes_of_cstr(text_or(id, "")), sizeof author.id - 1);
    struct bytes names = bytes_utf8_prefix(bytes_of_cstr(text_or(name, "")), sizeof author.name - 1);
    (void)snprintf(author.id, sizeof author.id, "%.*s", BYTES_FMT(ids));
    (void)snprintf(author.name, sizeof author.name, "%.*s", BYTES_FMT(names));
    return author;
}

void directory_record(struct directory *directory,
                      void (*on_change)(void *context, const struct directory_change *change), void *context)
{
    directory->on_change = on_change;
    directory->record_context = context;
}

void directory_write(struct directory *directory, const struct directory_write *writes, size_t count,
                     struct directory_waiter *waiter)
{
    directory_write_by(directory, NULL, writes, count, waiter);
}

void directory_write_by(struct directory *directory, const struct directory_author *author,
                        const struct directory_write *writes, size_t count, struct directory_waiter *waiter)
{
    ASSERT(count <= DIRECTORY_WRITES_MAX);
    struct directory_set *set = calloc(1, sizeof *set);
    if (!set) {
        if (waiter) {
            waiter->no_memory = (struct loop_task){.on_run = tell_no_memory};
            loop_defer(directory->loop, &waiter->no_memory);
        }
        return;
    }
    set->job = (struct store_job){.perform = set_perform, .report = set_report, .destroy = set_destroy};
    list_init(&set->job.link);
    set->directory = directory;
    set->waiter = waiter;
    set->by_server = author == NULL;
    if (author)
        set->author = *author;
    for (size_t i = 0; set->status == STATUS_OK && i < count; i++)
        set->status = take_write(set, &writes[i]);
    list_push_back(&directory->queue, &set->link);
    loop_defer(directory->loop, &directory->next_task);
}

/* --- open and close --- */

static enum status make_tenant(struct directory *directory, int64_t now_ns, struct err *err)
{
    char id[GUID_TEXT_SIZE + 1], subscription_id[GUID_TEXT_SIZE + 1];
    directory_guid(id);
    directory_guid(subscription_id);
    const struct directory_tenant tenant = {
        .id = id, .subscription_id = subscription_id, .created_ns = now_ns};
    CLEANUP(buf_fini) struct buf body = {0};
    enum status status = record_write(DIRECTORY_TENANT, &tenant, &body, err);
    const struct directory_row row = {
        .kind = DIRECTORY_TENANT, .id = bytes_of_cstr(id), .body = buf_peek(&body)};
    if (status == STATUS_OK)
        status = directory_file_write(directory->file, &row, 1, err);
    if (status == STATUS_OK)
        status = load_row(directory, &row, err);
    return status;
}

static enum status load(struct directory *directory, const struct directory_options *options, bool *ret_made,
                        struct err *err)
{
    static const struct store_worker_options writer = {.name = "directory"};
    char path[PATH_MAX], shown[PATH_MAX];
    bool fits = (size_t)snprintf(path, sizeof path, "%s/directory.db", options->folder) < sizeof path;
    snprintf(shown, sizeof shown, "%.3900s/directory.db", options->shown ? options->shown : options->folder);
    if (!fits)
        return err_set(err, STATUS_INVALID_ARGUMENT, "the path of the directory is too long");
    enum status status = directory_file_open(path, shown, &directory->file, err);
    if (status == STATUS_OK &&
        (status = directory_file_read(directory->file, load_row, directory, err)) != STATUS_OK)
        status = err_wrap(err, "%s", shown);
    if (status != STATUS_OK)
        return status;
    bool made = directory_tenant(directory) == NULL;
    if (made)
        status = make_tenant(directory, options->now_ns, err);
    if (status == STATUS_OK)
        status = store_worker_start(directory->loop, &writer, &directory->worker, err);
    if (status == STATUS_OK && ret_made)
        *ret_made = made;
    return status;
}

enum status directory_open(struct loop *loop, const struct directory_options *options,
                           struct directory **ret_directory, bool *ret_made, struct err *err)
{
    struct directory *directory = calloc(1, sizeof *directory);
    if (!directory)
        return err_no_memory(err);
    uint64_t seed[2];
    entropy_fill(seed, sizeof seed);
    directory->loop = loop;
    map_init(&directory->index, seed[0], seed[1]);
    for (size_t kind = 0; kind < DIRECTORY_KINDS; kind++)
        list_init(&directory->kinds[kind]);
    list_init(&directory->watches);
    list_init(&directory->queue);
    directory->next_task.on_run = on_next;
    enum status status = load(directory, options, ret_made, err);
    if (status != STATUS_OK) {
        directory_close(directory);
        return status;
    }
    *ret_directory = directory;
    return STATUS_OK;
}

void directory_settle(struct directory *directory)
{
    while (!list_empty(&directory->queue)) {
        begin_next(directory);
        store_worker_wait(directory->worker);
    }
}

void directory_close(struct directory *directory)
{
    if (!directory)
        return;
    directory_settle(directory);
    loop_defer_cancel(&directory->next_task);
    store_worker_stop(directory->worker);
    directory_file_close(directory->file);
    for (size_t kind = 0; kind < DIRECTORY_KINDS; kind++) {
        struct list *link;
        while ((link = list_pop_front(&directory->kinds[kind])))
            held_free(CONTAINER_OF(link, struct held, link));
    }
    map_fini(&directory->index);
    free(directory);
}
