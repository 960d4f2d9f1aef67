/* SPDX-License-Identifier: MIT */
/* template.c — in two parts: one function a kind of row; the plan. Entries are made by template_entry.c, the stamp by
 * template_stamp.c. */
#include "jail/template.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <glob.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jail/template_internal.h"
#include "runtime/runtime.h"

/* --- trees --- */

static int by_name(const FTSENT **left, const FTSENT **right)
{
    return strcmp((*left)->fts_name, (*right)->fts_name);
}

/* A module in machine code: its libraries come along. */
static enum status look_at_module(struct template_builder *builder, const FTSENT *found, struct err *error)
{
    if (!strstr(found->fts_name, ".so"))
        return STATUS_OK;
    enum status status = template_note_inside(builder, found->fts_name, error);
    int fd = open(found->fts_accpath, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return status;
    if (status == STATUS_OK)
        status = template_add_needs(builder, fd, error);
    close(fd);
    return status;
}

static enum status look_at(struct template_builder *builder, FTS *walk, FTSENT *found, struct err *error)
{
    if (++builder->walked > TEMPLATE_WALKED_MAX)
        return err_set(error, STATUS_TOO_LARGE,
                       "the template's folders hold more than %d files (limit template-walked-max)",
                       TEMPLATE_WALKED_MAX);
    switch (found->fts_info) {
    case FTS_D:
        if (strcmp(found->fts_name, "__pycache__") == 0) {
            fts_set(walk, found, FTS_SKIP);
            return STATUS_OK;
        }
        return template_digest(builder, found->fts_path, found->fts_statp, error);
    case FTS_F: {
        enum status status = template_digest(builder, found->fts_path, found->fts_statp, error);
        if (status != STATUS_OK)
            return status;
        return look_at_module(builder, found, error);
    }
    case FTS_SL:
    case FTS_SLNONE:
        return template_digest(builder, found->fts_path, found->fts_statp, error);
    default: /* a folder again on the way up, a device, or one that a session could not read either */
        return STATUS_OK;
    }
}

static enum status walk_tree(struct template_builder *builder, const char *source, struct err *error)
{
    char *paths[] = {(char *)source, NULL};
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, by_name);
    if (!walk)
        return err_set(error, STATUS_IO, "walk %s: %s", source, strerror(errno));
    enum status status = STATUS_OK;
    /* fts_read gives NULL for the end and for a fault; errno parts the two (fts(3)). */
    errno = 0;
    for (FTSENT *found; status == STATUS_OK && (found = fts_read(walk));)
        status = look_at(builder, walk, found, error);
    if (status == STATUS_OK && errno != 0)
        status = err_set(error, STATUS_IO, "walk %s: %s", source, strerror(errno));
    fts_close(walk);
    return status;
}

/* `path` must be free of links, or the mount would land elsewhere. */
static enum status add_tree(struct template_builder *builder, const struct template_row *row,
                            const char *path, struct err *error)
{
    char real[PATH_MAX];
    struct stat st;
    if (!realpath(path, real) || stat(real, &st) < 0 || !S_ISDIR(st.st_mode))
        return template_add_gap(builder, row, path, error);
    const struct template_entry entry = {.action = TEMPLATE_MOUNT, .row = row};
    enum status status = template_add(builder, &entry, path, real, error);
    if (status != STATUS_OK)
        return status;
    return walk_tree(builder, real, error);
}

static enum status take_tree(struct template_builder *builder, const struct template_row *row,
                             const char *pattern, struct err *error)
{
    glob_t found = {0};
    int result = glob(pattern, GLOB_ONLYDIR, NULL, &found);
    if (result == GLOB_NOSPACE)
        return err_no_memory(error);
    enum status status = STATUS_OK;
    if (result != 0)
        status = template_add_gap(builder, row, pattern, error);
    for (size_t i = 0; status == STATUS_OK && i < found.gl_pathc; i++)
        status = add_tree(builder, row, found.gl_pathv[i], error);
    globfree(&found);
    return status;
}

/* --- files, programs, libraries --- */

static enum status take_file(struct template_builder *builder, const struct template_row *row,
                             const char *path, struct err *error)
{
    enum status status = template_add_copy(builder, row, path, path, error);
    if (status == STATUS_NOT_FOUND)
        return template_add_gap(builder, row, path, error);
    return status;
}

static enum status take_library(struct template_builder *builder, const struct template_row *row,
                                const char *name, struct err *error)
{
    return template_add_library(builder, row, name, error);
}

static const struct {
    const char *folder;
    const char *path;
} program_places[] = {
    {"/usr/bin", "/usr/bin"}, {"/bin", "/usr/bin"}, {"/usr/sbin", "/usr/sbin"}, {"/sbin", "/usr/sbin"}};

#define LINKS_MAX 8 /* python3 -> python3.11 is one */

/* A link to a neighbour stays a link, for programs look at the name they are called by; then the neighbour
 * comes too. A link to elsewhere (/etc/alternatives) becomes the file. */
static enum status add_program(struct template_builder *builder, const struct template_row *row,
                               const char *name, size_t place, struct err *error)
{
    char current[NAME_MAX + 1];
    snprintf(current, sizeof current, "%s", name);
    for (unsigned links = 0; links < LINKS_MAX; links++) {
        char path[PATH_MAX];
        char source[PATH_MAX];
        char target[NAME_MAX + 1];
        snprintf(path, sizeof path, "%s/%s", program_places[place].path, current);
        snprintf(source, sizeof source, "%s/%s", program_places[place].folder, current);
        ssize_t size = readlink(source, target, sizeof target - 1);
        if (size <= 0 || memchr(target, '/', (size_t)size))
            return template_add_copy(builder, row, path, source, error);
        target[size] = '\0';
        const struct template_entry entry = {.action = TEMPLATE_LINK, .row = row};
        enum status status = template_add(builder, &entry, path, target, error);
        if (status != STATUS_OK)
            return status;
        snprintf(current, sizeof current, "%s", target);
    }
    return STATUS_NOT_FOUND;
}

static enum status take_program(struct template_builder *builder, const struct template_row *row,
                                const char *name, struct err *error)
{
    for (size_t i = 0; i < ARRAY_SIZE(program_places); i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", program_places[i].folder, name);
        if (access(path, X_OK) < 0)
            continue;
        enum status status = add_program(builder, row, name, i, error);
        if (status != STATUS_NOT_FOUND)
            return status;
    }
    return template_add_gap(builder, row, name, error);
}

/* Names that people and their scripts use, and the host does not have. */
static enum status add_links(struct template_builder *builder, struct err *error)
{
    const struct template_entry entry = {.action = TEMPLATE_LINK};
    enum status status = STATUS_OK;
    for (int id = 0; id < RUNTIMES; id++) {
        const struct runtime_link *link = runtime_row((enum runtime_id)id)->links;
        for (; status == STATUS_OK && link->path; link++) {
            status = template_add(builder, &entry, link->path, link->target, error);
        }
    }
    return status;
}

/* --- rows --- */

typedef enum status (*take_function)(struct template_builder *, const struct template_row *, const char *,
                                     struct err *);

static const take_function takes[] = {
    [TEMPLATE_TREE] = take_tree,
    [TEMPLATE_FILE] = take_file,
    [TEMPLATE_PROGRAM] = take_program,
    [TEMPLATE_LIBRARY] = take_library,
};

/* Calls `take` for each of the names between the `separator`s. */
static enum status for_names(struct template_builder *builder, const struct template_row *row,
                             const char *names, char separator, take_function take, struct err *error)
{
    struct bytes rest = bytes_of_cstr(names);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && rest.size > 0) {
        struct bytes name = bytes_split(&rest, separator);
        char text[PATH_MAX];
        if (name.size >= sizeof text)
            return err_set(error, STATUS_INVALID_ARGUMENT, "a path of the template is too long");
        snprintf(text, sizeof text, "%.*s", BYTES_FMT(name));
        if (name.size > 0)
            status = take(builder, row, text, error);
    }
    return status;
}

static enum status take_rows(struct template_builder *builder, struct err *error)
{
    const struct template_row *row;
    for (size_t i = 0; (row = template_row(i)) != NULL; i++) {
        size_t gaps = builder->plan->gap_count;
        enum status status = for_names(builder, row, row->names, ' ', takes[row->kind], error);
        if (status != STATUS_OK)
            return err_wrap(error, "%s", row->title);
        if (row->required && builder->plan->gap_count > gaps)
            return err_set(error, STATUS_FAILED_PRECONDITION,
                           "no %s on this machine: sessions need it for %s", builder->plan->gaps[gaps].name,
                           row->title);
    }
    return add_links(builder, error);
}

/* --- session paths --- */

/* What a session has of its own; nothing of the host may stand there, nor above it. */
static const char *const own_places[] = {"/bin", "/dev",  "/etc", "/lib", "/lib64", "/mnt",     "/proc",
                                         "/run", "/sbin", "/sys", "/tmp", "/usr",   "/usr/bin", "/usr/lib"};

static bool is_below(const char *path, const char *folder)
{
    size_t size = strlen(folder);
    return strncmp(path, folder, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

/* Folders of /usr may be added, the session's own places and their contents outside /usr may not. */
static bool is_reserved(const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(own_places); i++) {
        bool inside_usr = is_below(own_places[i], "/usr");
        if (is_below(own_places[i], path) || (!inside_usr && is_below(path, own_places[i])))
            return true;
    }
    return false;
}

static enum status take_session_path(struct template_builder *builder, const struct template_row *row,
                                     const char *path, struct err *error)
{
    char real[PATH_MAX];
    /* The second condition is about the names that mount options cannot hold. */
    if (path[0] != '/' || strpbrk(path, ":\\\" \t\n") || strlen(path) < 2)
        return err_set(error, STATUS_INVALID_ARGUMENT,
                       "session path %s: an absolute path without blanks, ':', '\\' or '\"' is needed", path);
    if (!realpath(path, real))
        return err_set(error, STATUS_INVALID_ARGUMENT, "session path %s: %s", path, strerror(errno));
    if (strcmp(real, path) != 0)
        return err_set(error, STATUS_INVALID_ARGUMENT, "session path %s: name the real path, %s", path, real);
    if (is_reserved(real))
        return err_set(error, STATUS_INVALID_ARGUMENT, "session path %s: sessions have one of their own",
                       path);
    struct stat st;
    if (stat(real, &st) == 0 && S_ISREG(st.st_mode))
        return template_add_copy(builder, row, real, real, error);
    return add_tree(builder, row, real, error);
}

/* --- the plan --- */

static void release(struct template_builder *builder)
{
    EVP_MD_CTX_free(builder->digest);
    for (size_t i = 0; i < builder->inside_count; i++)
        free(builder->inside[i]);
    free(builder->inside);
}

static enum status finish_identity(struct template_builder *builder, struct err *error)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_DigestFinal_ex(builder->digest, digest, &size) != 1 || size != (TEMPLATE_IDENTITY_SIZE - 1) / 2)
        return err_no_memory(error);
    for (unsigned i = 0; i < size; i++)
        snprintf(&builder->plan->identity[2 * (size_t)i], 3, "%02x", digest[i]);
    return STATUS_OK;
}

enum status template_plan_create(const char *session_paths, int zygote_fd, struct template_plan **ret_plan,
                                 struct err *error)
{
    CLEANUP(release) struct template_builder builder = {.plan = calloc(1, sizeof *builder.plan)};
    builder.digest = EVP_MD_CTX_new();
    if (!builder.plan || !builder.digest || EVP_DigestInit_ex(builder.digest, EVP_sha256(), NULL) != 1) {
        template_plan_destroy(builder.plan);
        return err_no_memory(error);
    }
    /* ORDER: what is listed, then what an operator adds, then the libraries that any of it needs; the identity is over all. */
    enum status status = take_rows(&builder, error);
    if (status == STATUS_OK)
        status = for_names(&builder, NULL, session_paths, ',', take_session_path, error);
    if (status == STATUS_OK && zygote_fd >= 0)
        status = template_add_needs(&builder, zygote_fd, error);
    if (status == STATUS_OK)
        status = template_close_libraries(&builder, error);
    if (status == STATUS_OK)
        status = finish_identity(&builder, error);
    if (status != STATUS_OK) {
        template_plan_destroy(builder.plan);
        return err_wrap(error, "template");
    }
    *ret_plan = builder.plan;
    return STATUS_OK;
}

void template_plan_destroy(struct template_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->entry_count; i++) {
        free(plan->entries[i].path);
        free(plan->entries[i].source);
    }
    for (size_t i = 0; i < plan->gap_count; i++)
        free(plan->gaps[i].name);
    free(plan->entries);
    free(plan->gaps);
    free(plan);
}
