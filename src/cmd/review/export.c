/* SPDX-License-Identifier: MIT */
/* export.c — everything of a request into a new folder. The archive comes from a server that may be anybody's: nothing is written outside
 * of the folder, and nothing that is there already is written over. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cli/print.h"
#include "cmd/review/actions.h"
#include "wire/tar/tar.h"

struct unpacking {
    int folder;
    int file; /* -1: none is open */
    struct tar_reader reader;
    size_t count;
    struct err err;
};

static enum status fail(struct err *err, const char *path)
{
    return err_set(err, STATUS_IO, "%s cannot be written: %s", path, strerror(errno));
}

/* The folder in which the last step of the path is, made where it is missing; no link on the way is followed. The caller closes it. */
static int open_parent(int folder, char *path, const char **ret_name)
{
    int at = dup(folder);
    char *step = path;
    for (char *end; at >= 0 && (end = strchr(step, '/')) != NULL; step = end + 1) {
        *end = '\0';
        bool there = mkdirat(at, step, 0700) == 0 || errno == EEXIST;
        int next = there ? openat(at, step, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
        (void)close(at);
        at = next;
    }
    *ret_name = step;
    return at;
}

static enum status on_file(void *context, struct bytes path, uint64_t size, struct err *err)
{
    struct unpacking *unpacking = context;
    char text[TAR_PATH_SIZE_MAX + 1];
    const char *name;
    (void)bytes_split(&path, '/'); /* the archive has one folder, and so have we */
    (void)snprintf(text, sizeof text, "%.*s", BYTES_FMT(path));
    if (path.size == 0)
        return err_set(err, STATUS_INVALID_ARGUMENT, "the archive has a file beside its folder");
    int parent = open_parent(unpacking->folder, text, &name);
    if (parent < 0)
        return fail(err, text);
    unpacking->file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    enum status status = unpacking->file >= 0 ? STATUS_OK : fail(err, name);
    (void)close(parent);
    return status;
}

static enum status on_data(void *context, struct bytes data, struct err *err)
{
    const struct unpacking *unpacking = context;
    while (data.size > 0) {
        ssize_t written = write(unpacking->file, data.data, data.size);
        if (written < 0 && errno != EINTR)
            return fail(err, "a file");
        data = bytes_slice(data, written > 0 ? (size_t)written : 0, SIZE_MAX);
    }
    return STATUS_OK;
}

static enum status on_file_end(void *context, struct err *err)
{
    struct unpacking *unpacking = context;
    int done = close(unpacking->file);
    unpacking->file = -1;
    unpacking->count++;
    return done == 0 ? STATUS_OK : fail(err, "a file");
}

static bool on_answer(void *context, struct bytes data)
{
    struct unpacking *unpacking = context;
    return tar_reader_take(&unpacking->reader, data, &unpacking->err) == STATUS_OK;
}

static int ask(const struct review_call *call, const char *path, struct unpacking *unpacking)
{
    CLEANUP(server_answer_fini) struct server_answer answer = {0};
    const struct server_request request = {
        .method = "GET", .path = path, .patience_ms = 0, .on_data = on_answer, .context = unpacking};
    server_ask(call->values, &request, &answer);
    if (unpacking->err.status != STATUS_OK)
        return server_failed(call->command, EXIT_FAILED, unpacking->err.text, NULL);
    if (answer.http_status < 200 || answer.http_status > 299)
        return server_explain(call->command, call->values, &answer);
    if (answer.cause[0] || tar_reader_end(&unpacking->reader, &unpacking->err) != STATUS_OK)
        return server_failed(call->command, EXIT_FAILED, answer.cause[0] ? answer.cause : unpacking->err.text,
                             NULL);
    return EXIT_GOOD;
}

static int unpack(const struct review_call *call, const char *path, const char *folder, size_t *ret_count)
{
    static const struct tar_sink sink = {on_file, on_data, on_file_end};
    struct unpacking unpacking = {.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .file = -1};
    unpacking.reader = (struct tar_reader){.sink = &sink, .context = &unpacking};
    int code = unpacking.folder >= 0
                   ? ask(call, path, &unpacking)
                   : server_failed(call->command, EXIT_FAILED, "the folder cannot be opened", NULL);
    if (unpacking.file >= 0)
        (void)close(unpacking.file);
    if (unpacking.folder >= 0)
        (void)close(unpacking.folder);
    *ret_count = unpacking.count;
    return code;
}

static int print_done(const struct review_call *call, const char *folder, size_t count)
{
    CLEANUP(buf_fini) struct buf out = {0};
    if (setting_flag(call->values, "json")) {
        CLEANUP(json_release)
        json_t *value = json_pack("{s:s, s:I}", "folder", folder, "files", (json_int_t)count);
        print_json_value(&out, value ? value : json_null());
    } else {
        buf_append_fmt(&out, "%s\n", folder);
    }
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

int review_export(const struct review_call *call)
{
    CLEANUP(buf_fini) struct buf path = {0};
    char id[REVIEW_ID_SIZE], own[REVIEW_ID_SIZE + 16], refusal[400];
    const char *folder = setting_text(call->values, "output");
    size_t count = 0;
    int code = review_find(call, id);
    if (code != EXIT_GOOD)
        return code;
    (void)snprintf(own, sizeof own, "request-%s", id);
    folder = folder ? folder : own;
    if (!review_path(call, id, "/export", &path))
        return EXIT_FAILED;
    if (mkdir(folder, 0700) != 0) {
        (void)snprintf(refusal, sizeof refusal, "%.200s cannot be made: %s", folder, strerror(errno));
        return server_failed(call->command, EXIT_FAILED, refusal,
                             "name a folder that is not there yet: --output FOLDER");
    }
    code = unpack(call, (const char *)path.data, folder, &count);
    if (code != EXIT_GOOD && count == 0)
        (void)rmdir(folder); /* nothing came */
    return code == EXIT_GOOD ? print_done(call, folder, count) : code;
}
