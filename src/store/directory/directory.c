/* SPDX-License-Identifier: MIT */
/* directory.c — the queue of write sets, of which the first is on its way, and the one job that carries it to the file and
 * back. What is in memory is directory_memory.c's.
 * ORDER: a set is judged, then on disk, then in memory, then told. Whoever reads never sees what a power cut could undo. */
#include "store/directory/directory.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/no_memory.h"
#include "base/text.h"
#include "os/clock.h"
#include "store/directory/directory_file.h"
#include "store/directory/directory_memory.h"
#include "store/directory/record.h"
#include "store/directory/untold.h"
#include "store/sqlite/store_worker.h"

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
    /* what is to be there; of a deletion only its id counts */
    struct directory_held *helds[DIRECTORY_WRITES_MAX];
    struct buf bodies[DIRECTORY_WRITES_MAX];
    /* NULL: nothing is told of it, or the list has it */
    struct directory_untold *untold[DIRECTORY_WRITES_MAX];
    enum status status;
    struct err err;
};

struct directory {
    struct loop *loop;
    struct directory_file *file;
    struct store_worker *worker;
    struct directory_memory memory;
    uint64_t generation;
    struct list watches;
    struct untold_list untold;
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

/* --- reading --- */

const struct directory_tenant *directory_tenant(const struct directory *directory)
{
    return directory_next(directory, DIRECTORY_TENANT, NULL);
}

const void *directory_find(const struct directory *directory, enum directory_kind kind, const char *field,
                           struct bytes value)
{
    const struct directory_held *held = directory_memory_find(&directory->memory, kind, field, value);
    return held ? held->object : NULL;
}

const void *directory_next(const struct directory *directory, enum directory_kind kind, const void *after)
{
    return directory_memory_next(&directory->memory, kind, after);
}

size_t directory_count(const struct directory *directory, enum directory_kind kind)
{
    return directory->memory.counts[kind];
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
        directory_held_free(set->helds[i]);
        buf_fini(&set->bodies[i]);
        untold_free(set->untold[i]);
    }
    free(set);
}

/* A unique value may be had by the object itself, or by one that this set deletes. */
static bool taken(const struct directory_set *set, const struct directory_held *held, struct bytes key)
{
    const struct directory_held *other = directory_memory_holder(&set->directory->memory, key);
    if (!other || bytes_equal(other->keys[0], held->keys[0]))
        return false;
    for (size_t i = 0; i < set->count; i++)
        if (set->verbs[i] == DIRECTORY_DELETE && bytes_equal(set->helds[i]->keys[0], other->keys[0]))
            return false;
    return true;
}

/* Of a ticket: whoever found it open before somebody else had used it, confirmed it or said no must not do so again. */
static bool is_spent(const struct directory_held *held)
{
    const void *object = held->object;
    const struct directory_ticket *ticket = object;
    return held->kind == DIRECTORY_TICKET &&
           (ticket->used || ticket->refused || (ticket->type == DIRECTORY_DEVICE && ticket->principal_id[0]));
}

static enum status check_write(struct directory_set *set, size_t at)
{
    const struct directory_held *held = set->helds[at];
    const struct directory_held *there = directory_memory_same(&set->directory->memory, held);
    const char *kind = record_kind_name(held->kind);
    if (set->verbs[at] == DIRECTORY_REPLACE && there && is_spent(there))
        return err_set(&set->err, STATUS_FAILED_PRECONDITION, "the %s was used already", kind);
    if (set->verbs[at] != DIRECTORY_CREATE && !there)
        return err_set(&set->err, STATUS_NOT_FOUND, "there is no such %s", kind);
    if (set->verbs[at] == DIRECTORY_CREATE && there)
        return err_set(&set->err, STATUS_ALREADY_EXISTS, "there is a %s of that id", kind);
    if (set->verbs[at] == DIRECTORY_CREATE &&
        set->directory->memory.counts[held->kind] >= DIRECTORY_OBJECTS_MAX)
        return err_set(&set->err, STATUS_RESOURCE_EXHAUSTED,
                       "the directory has %d objects of kind %s already", DIRECTORY_OBJECTS_MAX, kind);
    for (size_t i = 0; set->verbs[at] != DIRECTORY_DELETE && i < held->key_count; i++)
        if (taken(set, held, held->keys[i]))
            return err_set(&set->err, STATUS_ALREADY_EXISTS, "there is such a %s already", kind);
    return STATUS_OK;
}

/* What will be told of it, if it counts. */
static enum status describe(struct directory_set *set, size_t at)
{
    const struct directory_held *held = set->helds[at];
    const struct directory_held *former = directory_memory_same(&set->directory->memory, held);
    struct directory_change change = {.verb = set->verbs[at], .kind = held->kind};
    if (!set->by_server)
        change.author = &set->author;
    if (former)
        change.former = former->object;
    if (set->verbs[at] != DIRECTORY_DELETE)
        change.object = held->object;
    return untold_describe(&set->directory->untold, &change, &set->untold[at], &set->err);
}

static void set_perform(struct store_job *job)
{
    struct directory_set *set = (struct directory_set *)job;
    struct directory_row rows[DIRECTORY_WRITES_MAX];
    struct directory_untold_row untold[DIRECTORY_WRITES_MAX];
    size_t untold_count = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct directory_held *held = set->helds[i];
        bool gone = set->verbs[i] == DIRECTORY_DELETE;
        rows[i] = (struct directory_row){
            .kind = held->kind,
            .id = bytes_slice(held->keys[0], 2, SIZE_MAX), /* behind kind and field: without case */
            .body = gone ? (struct bytes){0} : buf_peek(&set->bodies[i])};
        if (set->untold[i])
            untold[untold_count++] = (struct directory_untold_row){.id = bytes_of_cstr(set->untold[i]->id),
                                                                   .text = buf_peek(&set->untold[i]->text)};
    }
    set->status =
        directory_file_write(set->directory->file, rows, set->count, untold, untold_count, &set->err);
}

static void tell_changes(struct directory_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->untold[i])
            untold_tell(&set->directory->untold, set->untold[i]);
        set->untold[i] = NULL;
    }
}

/* It is on disk; so it must get into memory, or the process cannot go on. */
static void apply(struct directory_set *set)
{
    struct directory *directory = set->directory;
    tell_changes(set);
    for (size_t i = 0; i < set->count; i++) { /* first what makes room for names */
        if (set->verbs[i] != DIRECTORY_DELETE)
            continue;
        struct directory_held *old = directory_memory_same(&directory->memory, set->helds[i]);
        directory_memory_leave(&directory->memory, old);
        directory_held_free(old);
    }
    for (size_t i = 0; i < set->count; i++) {
        if (set->verbs[i] == DIRECTORY_DELETE)
            continue;
        enum status status = set->verbs[i] == DIRECTORY_CREATE
                                 ? directory_memory_enter(&directory->memory, set->helds[i])
                                 : directory_memory_replace(&directory->memory, set->helds[i]);
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
    for (size_t i = 0; set->status == STATUS_OK && i < set->count; i++)
        set->status = describe(set, i);
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
    return directory_held_read(write->kind, buf_peek(&set->bodies[at]), &set->helds[at], &set->err);
}

static void tell_no_memory(struct loop_task *task)
{
    struct directory_waiter *waiter = CONTAINER_OF(task, struct directory_waiter, no_memory);
    const struct err err = {.status = STATUS_NO_MEMORY, .text = ERR_NO_MEMORY};
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

void directory_record(struct directory *directory, struct directory_recorder *recorder)
{
    directory->untold.recorder = recorder;
    untold_tell_left(&directory->untold);
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
        status = directory_file_write(directory->file, &row, 1, NULL, 0, err);
    if (status == STATUS_OK)
        status = directory_memory_load(&directory->memory, &row, err);
    return status;
}

static enum status load_untold(void *context, const struct directory_untold_row *row, struct err *err)
{
    struct directory *directory = context;
    return untold_load(&directory->untold, row, err);
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
    if (status == STATUS_OK && (status = directory_file_read(directory->file, directory_memory_load,
                                                             &directory->memory, err)) != STATUS_OK)
        status = err_wrap(err, "%s", shown);
    if (status == STATUS_OK)
        status = directory_file_read_untold(directory->file, load_untold, directory, err);
    if (status != STATUS_OK)
        return status;
    bool made = directory_tenant(directory) == NULL;
    if (made)
        status = make_tenant(directory, options->now_ns, err);
    if (status == STATUS_OK)
        status = store_worker_start(directory->loop, &writer, &directory->worker, err);
    directory->untold.file = directory->file;
    directory->untold.worker = directory->worker;
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
    directory->loop = loop;
    directory_memory_init(&directory->memory);
    untold_init(&directory->untold, loop);
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
    if (directory->worker)
        store_worker_wait(directory->worker); /* for what was told and is to be forgotten */
    store_worker_stop(directory->worker);
    untold_fini(&directory->untold);
    directory_file_close(directory->file);
    directory_memory_fini(&directory->memory);
    free(directory);
}
