/* SPDX-License-Identifier: MIT */
/* untold.c — the list, and the job that strikes one out. */
#include "store/directory/untold.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "os/clock.h"

/* --- entries --- */

void untold_free(struct directory_untold *entry)
{
    if (!entry)
        return;
    buf_fini(&entry->text);
    free(entry);
}

static struct directory_untold *make_entry(struct untold_list *untold)
{
    struct directory_untold *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    list_init(&entry->link);
    entry->list = untold;
    return entry;
}

static void keep(struct untold_list *untold, struct directory_untold *entry)
{
    list_push_back(&untold->entries, &entry->link);
    untold->count++;
}

enum status untold_describe(struct untold_list *untold, const struct directory_change *change,
                            struct directory_untold **ret_entry, struct err *err)
{
    *ret_entry = NULL;
    if (!untold->recorder)
        return STATUS_OK;
    struct directory_untold *entry = make_entry(untold);
    if (!entry)
        return err_no_memory(err);
    enum status status = untold->recorder->describe(untold->recorder, change, &entry->text, err);
    if (status == STATUS_OK && buf_status(&entry->text) != STATUS_OK)
        status = err_no_memory(err);
    if (status == STATUS_OK && entry->text.size > 0 && untold->count >= DIRECTORY_UNTOLD_MAX)
        status =
            err_set(err, STATUS_RESOURCE_EXHAUSTED,
                    "%d changes wait for the audit log (limit directory-untold-max)", DIRECTORY_UNTOLD_MAX);
    if (status != STATUS_OK || entry->text.size == 0) {
        untold_free(entry);
        return status;
    }
    uint8_t random[16];
    entropy_fill(random, sizeof random);
    guid_format(random, entry->id);
    *ret_entry = entry;
    return STATUS_OK;
}

enum status untold_load(struct untold_list *untold, const struct directory_untold_row *row, struct err *err)
{
    struct directory_untold *entry = make_entry(untold);
    if (!entry)
        return err_no_memory(err);
    (void)snprintf(entry->id, sizeof entry->id, "%.*s", BYTES_FMT(row->id));
    buf_append_bytes(&entry->text, row->text);
    if (buf_status(&entry->text) != STATUS_OK) {
        untold_free(entry);
        return err_no_memory(err);
    }
    keep(untold, entry);
    return STATUS_OK;
}

/* --- telling --- */

static void tell(struct untold_list *untold, struct directory_untold *entry)
{
    if (entry->under_way || !untold->recorder || !untold->recorder->tell)
        return;
    entry->under_way = true;
    untold->recorder->tell(untold->recorder, entry, entry->id, buf_peek(&entry->text));
}

void untold_tell(struct untold_list *untold, struct directory_untold *entry)
{
    keep(untold, entry);
    tell(untold, entry);
}

static void tell_all(struct untold_list *untold)
{
    list_each_safe (link, &untold->entries)
        tell(untold, CONTAINER_OF(link, struct directory_untold, link));
}

static void on_again(struct loop_timer *timer)
{
    struct untold_list *untold = CONTAINER_OF(timer, struct untold_list, again);
    timer->loop = NULL;
    tell_all(untold);
}

/* Without memory for a timer it is told at the next one, or at the next start. */
static void tell_later(struct untold_list *untold, struct directory_untold *entry)
{
    entry->under_way = false;
    if (!untold->again.loop)
        (void)!loop_timer_set(untold->loop, &untold->again, loop_now(untold->loop) + DIRECTORY_TELL_AGAIN_NS);
}

/* --- struck out --- */

static void strike_perform(struct store_job *job)
{
    struct directory_untold *entry = CONTAINER_OF(job, struct directory_untold, strike);
    entry->status = directory_file_strike(entry->list->file, entry->id, &entry->err);
}

/* One that cannot be struck out is told again, and whoever is told knows it by its id. */
static void strike_report(struct store_job *job)
{
    struct directory_untold *entry = CONTAINER_OF(job, struct directory_untold, strike);
    struct untold_list *untold = entry->list;
    if (entry->status != STATUS_OK) {
        log_warn("store/directory", "what was told of a change stays in the directory cause=\"%s\"",
                 entry->err.text);
        tell_later(untold, entry);
        return;
    }
    list_remove(&entry->link);
    untold->count--;
    entry->struck = true;
    if (untold->count == 0 && untold->recorder && untold->recorder->on_all_told)
        untold->recorder->on_all_told(untold->recorder);
}

/* One that was not struck out is still in the list. */
static void strike_destroy(struct store_job *job)
{
    struct directory_untold *entry = CONTAINER_OF(job, struct directory_untold, strike);
    if (entry->struck)
        untold_free(entry);
}

void directory_told(struct directory_untold *entry, bool done)
{
    struct untold_list *untold = entry->list;
    if (!done) {
        tell_later(untold, entry);
        return;
    }
    entry->strike =
        (struct store_job){.perform = strike_perform, .report = strike_report, .destroy = strike_destroy};
    list_init(&entry->strike.link);
    entry->err = (struct err){0};
    store_worker_submit(untold->worker, &entry->strike);
}

void untold_tell_left(struct untold_list *untold)
{
    tell_all(untold);
}

/* --- life --- */

void untold_init(struct untold_list *untold, struct loop *loop)
{
    *untold = (struct untold_list){.loop = loop, .again.on_fire = on_again};
    list_init(&untold->entries);
}

void untold_fini(struct untold_list *untold)
{
    struct list *link;
    loop_timer_cancel(&untold->again);
    while ((link = list_pop_front(&untold->entries)))
        untold_free(CONTAINER_OF(link, struct directory_untold, link));
}
