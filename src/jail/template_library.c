/* SPDX-License-Identifier: MIT */
/* template_library.c — the closure of libraries: a queue that is the plan's own list of entries. Each copy is
 * opened once, what it needs is added behind, until the end is reached. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jail/elf_needs.h"
#include "jail/template_internal.h"

/* Where the dynamic linker looks, in the multiarch layout first (Debian), then the others. A session has one
 * /usr: what an older layout keeps in /lib comes to /usr/lib. */
#if defined(__x86_64__)
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#else
#error "template_library: name this machine's multiarch folder"
#endif
static const struct {
    const char *folder;
    const char *path;
} places[] = {
    {"/usr/lib/" MULTIARCH, "/usr/lib/" MULTIARCH},
    {"/lib/" MULTIARCH, "/usr/lib/" MULTIARCH},
    {"/usr/lib64", "/usr/lib64"},
    {"/lib64", "/usr/lib64"},
    {"/usr/lib", "/usr/lib"},
    {"/lib", "/usr/lib"},
};

static bool is_inside(const struct template_builder *builder, const char *name)
{
    for (size_t i = 0; i < builder->inside_count; i++) {
        if (strcmp(builder->inside[i], name) == 0)
            return true;
    }
    return false;
}

enum status template_note_inside(struct template_builder *builder, const char *name, struct err *error)
{
    if (builder->inside_count == builder->inside_capacity) {
        size_t capacity = MAX(builder->inside_capacity * 2, 256);
        char **grown = realloc(builder->inside, capacity * sizeof *grown);
        if (!grown)
            return err_no_memory(error);
        builder->inside = grown;
        builder->inside_capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy)
        return err_no_memory(error);
    builder->inside[builder->inside_count++] = copy;
    return STATUS_OK;
}

enum status template_add_library(struct template_builder *builder, const struct template_row *row,
                                 const char *name, struct err *error)
{
    char path[256];
    char source[256];
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        snprintf(path, sizeof path, "%s/%s", places[i].path, name);
        snprintf(source, sizeof source, "%s/%s", places[i].folder, name);
        enum status status = template_add_copy(builder, row, path, source, error);
        if (status != STATUS_NOT_FOUND)
            return status;
    }
    return is_inside(builder, name) ? STATUS_OK : template_add_gap(builder, row, name, error);
}

/* The loader stands at a path of its own, which the program names: /lib64/ld-linux-x86-64.so.2. */
static enum status add_interpreter(struct template_builder *builder, const char *source, struct err *error)
{
    char path[ELF_NAME_SIZE + 4];
    snprintf(path, sizeof path, "%s%s", strncmp(source, "/usr/", 5) == 0 ? "" : "/usr", source);
    enum status status = template_add_copy(builder, NULL, path, source, error);
    if (status == STATUS_NOT_FOUND)
        return template_add_gap(builder, NULL, source, error);
    return status;
}

enum status template_add_needs(struct template_builder *builder, int fd, struct err *error)
{
    struct elf_needs needs;
    struct err ignored = {0};
    enum status status = elf_read_needs(fd, &needs, &ignored);
    if (status == STATUS_NOT_FOUND || status == STATUS_MALFORMED)
        return STATUS_OK;
    if (status != STATUS_OK)
        return err_set(error, status, "%s", ignored.text);

    if (needs.interpreter[0] == '/')
        status = add_interpreter(builder, needs.interpreter, error);
    for (unsigned i = 0; status == STATUS_OK && i < needs.count; i++) {
        /* A path instead of a name is used as it is; what lies in no tree is not there. */
        if (!strchr(needs.names[i], '/'))
            status = template_add_library(builder, NULL, needs.names[i], error);
    }
    return status;
}

enum status template_close_libraries(struct template_builder *builder, struct err *error)
{
    enum status status = STATUS_OK;
    /* The count grows while we walk: what is needed is added behind. */
    for (size_t i = 0; status == STATUS_OK && i < builder->plan->entry_count; i++) {
        const struct template_entry *entry = &builder->plan->entries[i];
        if (entry->action != TEMPLATE_COPY)
            continue;
        int fd = open(entry->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
            return err_set(error, STATUS_IO, "open %s: %s", entry->source, strerror(errno));
        status = template_add_needs(builder, fd, error);
        close(fd);
    }
    return status;
}
