/* SPDX-License-Identifier: MIT */
/* template_internal.h — between template_entry.c, which has what a plan is made of, template_library.c, which follows what
 * files ask for, and template.c, which walks the list and calls both. */
#ifndef JAIL_TEMPLATE_INTERNAL_H
#define JAIL_TEMPLATE_INTERNAL_H

#include <sys/stat.h>

#include "jail/template.h"

struct template_builder {
    struct template_plan *plan;
    size_t entry_capacity;
    size_t gap_capacity;
    void *digest;  /* EVP_MD_CTX */
    size_t walked; /* files and folders seen below trees */
    /* Names of shared objects that lie in the trees themselves: found there by their own run path. */
    char **inside;
    size_t inside_count;
    size_t inside_capacity;
};

/* Adds an entry unless its path is there already. `entry` has neither path nor source: those are copied. */
STATUS_RESULT template_add(struct template_builder *builder, const struct template_entry *entry,
                           const char *path, const char *source, struct err *error);
STATUS_RESULT template_add_gap(struct template_builder *builder, const struct template_row *row,
                               const char *name, struct err *error);
/* Adds the file at `source` as a copy under `path`, counts its bytes and puts it into the identity.
 * NOT_FOUND: it is not there or no regular file. */
STATUS_RESULT template_add_copy(struct template_builder *builder, const struct template_row *row,
                                const char *path, const char *source, struct err *error);
/* Puts a file or folder into the identity. */
STATUS_RESULT template_digest(struct template_builder *builder, const char *path, const struct stat *st,
                              struct err *error);

/* Adds the library `name` from where the dynamic linker would find it, as a copy; a gap if it is not there.
 */
STATUS_RESULT template_add_library(struct template_builder *builder, const struct template_row *row,
                                   const char *name, struct err *error);
/* Adds what the ELF file behind `fd` asks for. Does nothing for another kind of file, nor for one that is
 * broken: what cannot be read cannot be loaded. */
STATUS_RESULT template_add_needs(struct template_builder *builder, int fd, struct err *error);
/* Remembers that a tree holds a shared object of this name. */
STATUS_RESULT template_note_inside(struct template_builder *builder, const char *name, struct err *error);
/* Follows the libraries added so far to the end, each once. */
STATUS_RESULT template_close_libraries(struct template_builder *builder, struct err *error);

#endif
