/* SPDX-License-Identifier: MIT */
/* template_entry.c — what a plan is made of: entries, each path once; what this machine lacks; the digest over both. */
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "jail/template_internal.h"

static bool is_planned(const struct template_plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->entry_count; i++) {
        if (strcmp(plan->entries[i].path, path) == 0)
            return true;
    }
    return false;
}

enum status template_add(struct template_builder *builder, const struct template_entry *entry,
                         const char *path, const char *source, struct err *error)
{
    struct template_plan *plan = builder->plan;
    if (is_planned(plan, path))
        return STATUS_OK;
    if (plan->entry_count == TEMPLATE_ENTRIES_MAX)
        return err_set(error, STATUS_TOO_LARGE,
                       "the template has more than %d entries (limit template-entries-max)",
                       TEMPLATE_ENTRIES_MAX);
    if (plan->entry_count == builder->entry_capacity) {
        size_t capacity = MAX(builder->entry_capacity * 2, 256);
        struct template_entry *grown = realloc(plan->entries, capacity * sizeof *grown);
        if (!grown)
            return err_no_memory(error);
        plan->entries = grown;
        builder->entry_capacity = capacity;
    }
    struct template_entry copy = *entry;
    copy.path = strdup(path);
    copy.source = strdup(source);
    if (!copy.path || !copy.source) {
        free(copy.path);
        free(copy.source);
        return err_no_memory(error);
    }
    plan->entries[plan->entry_count++] = copy;
    plan->copy_bytes += copy.size;
    if (plan->copy_bytes > TEMPLATE_COPY_MAX)
        return err_set(error, STATUS_TOO_LARGE, "the template's copies are over %d bytes", TEMPLATE_COPY_MAX);
    return STATUS_OK;
}

enum status template_add_gap(struct template_builder *builder, const struct template_row *row,
                             const char *name, struct err *error)
{
    struct template_plan *plan = builder->plan;
    for (size_t i = 0; i < plan->gap_count; i++) {
        if (strcmp(plan->gaps[i].name, name) == 0)
            return STATUS_OK;
    }
    if (plan->gap_count == builder->gap_capacity) {
        size_t capacity = MAX(builder->gap_capacity * 2, 32);
        struct template_gap *grown = realloc(plan->gaps, capacity * sizeof *grown);
        if (!grown)
            return err_no_memory(error);
        plan->gaps = grown;
        builder->gap_capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy)
        return err_no_memory(error);
    plan->gaps[plan->gap_count++] = (struct template_gap){row, copy};
    return STATUS_OK;
}

/* Folders count with their names only: their sizes and times differ between file systems and grow with
 * `__pycache__`. A file that comes or goes changes the digest by itself. */
enum status template_digest(struct template_builder *builder, const char *path, const struct stat *st,
                            struct err *error)
{
    char text[PATH_MAX + 96];
    bool folder = S_ISDIR(st->st_mode);
    int size = snprintf(text, sizeof text, "%s %o %lld %lld\n", path, st->st_mode & (S_IFMT | 07777),
                        folder ? 0 : (long long)st->st_size, folder ? 0 : (long long)st->st_mtim.tv_sec);
    if (size < 0 || (size_t)size >= sizeof text)
        return err_set(error, STATUS_TOO_LARGE, "a path of the template is too long");
    if (EVP_DigestUpdate(builder->digest, text, (size_t)size) != 1)
        return err_no_memory(error);
    return STATUS_OK;
}

enum status template_add_copy(struct template_builder *builder, const struct template_row *row,
                              const char *path, const char *source, struct err *error)
{
    struct stat st;
    if (stat(source, &st) < 0 || !S_ISREG(st.st_mode))
        return STATUS_NOT_FOUND;
    if (is_planned(builder->plan, path))
        return STATUS_OK;
    const struct template_entry entry = {
        .action = TEMPLATE_COPY,
        .row = row,
        .size = (uint64_t)st.st_size,
        .executable = st.st_mode & S_IXOTH,
    };
    enum status status = template_add(builder, &entry, path, source, error);
    if (status != STATUS_OK)
        return status;
    return template_digest(builder, path, &st, error);
}
