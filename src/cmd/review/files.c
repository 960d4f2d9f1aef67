/* SPDX-License-Identifier: MIT */
/* files.c — files: a list of what went into a request and what its run made, and one of them to this machine. Their names are a stranger's:
 * one that does not show what it is names no file here. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/hidden.h"
#include "base/text.h"
#include "cmd/review/actions.h"
#include "cmd/review/review.h"
#include "cmd/review/view.h"
#include "cmd/review/view_files.h"
#include "wire/json/json.h"

#define FILE_PATIENCE_MS 600000

/* --- the list --- */

/* `*ret_held`: they are not released to whoever asks. */
static int get_made(const struct review_call *call, const char *id, json_t **ret_made, bool *ret_held)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(server_answer_fini) struct server_answer answer = {0};
    struct err err = {0};
    if (!review_path(call, id, "/files", &path))
        return EXIT_FAILED;
    const struct server_request request = {
        .method = "GET", .path = (const char *)path.data, .patience_ms = SERVER_PATIENCE_MS};
    server_ask(call->values, &request, &answer);
    bool good = answer.http_status == 200;
    if (!good && answer.http_status != 403)
        return server_explain(call->command, call->values, &answer);
    if (json_parse(buf_peek(&answer.body), NULL, ret_made, &err) != STATUS_OK)
        return server_failed(call->command, EXIT_FAILED, "the server's answer is no JSON", NULL);
    const char *type = json_member_text(*ret_made, "type");
    *ret_held = !good && type && strcmp(type, "urn:sallyport:problem:not-released") == 0;
    return good || *ret_held ? EXIT_GOOD : server_explain(call->command, call->values, &answer);
}

static int get_inputs(const struct review_call *call, const char *id, json_t **ret_inputs)
{
    CLEANUP(buf_fini) struct buf path = {0};
    const struct option_value *revision = option_get(call->values, "revision");
    char rest[64] = "/inputs";
    if (revision->given)
        (void)snprintf(rest, sizeof rest, "/inputs?revision=%lld", (long long)revision->number);
    if (!review_path(call, id, rest, &path))
        return EXIT_FAILED;
    return review_get(call, (const char *)path.data, SERVER_PATIENCE_MS, ret_inputs);
}

static int print_json_list(const json_t *inputs, const json_t *made, bool held)
{
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(json_release) json_t *all = json_copy((json_t *)inputs);
    if (!all || (!held && json_object_update(all, (json_t *)made) != 0))
        return EXIT_FAILED;
    print_json_value(&out, all);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

static int print_list(const json_t *inputs, const json_t *made, bool held)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct print_table table = {0};
    view_files_head(&table);
    view_files_rows(&table, "input", json_object_get(inputs, "inputs"));
    view_files_rows(&table, NULL, json_object_get(made, "files"));
    view_files_rows(&table, "not kept", json_object_get(made, "filesNotKept"));
    print_table_write(&table, &out);
    print_table_fini(&table);
    bool printed = print_out(&out);
    json_int_t more = json_integer_value(json_object_get(made, "filesLeftOut"));
    if (held)
        fputs("what the run made is held until somebody has approved it\n", stderr);
    else if (!json_is_string(json_object_get(made, "filesFrom")))
        fputs("what the run made is not reported\n", stderr);
    if (more > 0)
        fprintf(stderr, "the run made %" JSON_INTEGER_FORMAT " more, which are not named\n", more);
    return printed ? EXIT_GOOD : EXIT_FAILED;
}

static int list(const struct review_call *call, const char *id)
{
    CLEANUP(json_release) json_t *inputs = NULL;
    CLEANUP(json_release) json_t *made = NULL;
    bool held = false;
    int code = get_inputs(call, id, &inputs);
    if (code == EXIT_GOOD)
        code = get_made(call, id, &made, &held);
    if (code != EXIT_GOOD)
        return code;
    if (setting_flag(call->values, "json"))
        return print_json_list(inputs, made, held);
    return print_list(inputs, made, held);
}

/* --- one file --- */

/* Where it goes on this machine. */
struct taken {
    const char *path; /* NULL: standard output */
    int fd;           /* -1: not opened yet */
    bool replaces;    /* what has the name already */
    int fault;        /* errno of what went wrong here */
};

static bool open_taken(struct taken *taken)
{
    if (taken->fd >= 0)
        return true;
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (taken->replaces ? O_TRUNC : O_EXCL);
    taken->fd = taken->path ? open(taken->path, flags, 0666) : STDOUT_FILENO;
    if (taken->fd < 0)
        taken->fault = errno;
    return taken->fd >= 0;
}

static bool on_data(void *context, struct bytes data)
{
    struct taken *taken = context;
    if (!open_taken(taken))
        return false;
    while (data.size > 0) {
        ssize_t written = write(taken->fd, data.data, data.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            taken->fault = errno;
            return false;
        }
        data = bytes_slice(data, (size_t)written, SIZE_MAX);
    }
    return true;
}

static bool write_path(const struct review_call *call, const char *id, const char *name, struct buf *path)
{
    const struct option_value *revision = option_get(call->values, "revision");
    bool input = setting_flag(call->values, "input") || revision->given;
    CLEANUP(buf_fini) struct buf rest = {0};
    buf_append_cstr(&rest, input ? "/inputs/" : "/files/");
    percent_encode(&rest, bytes_of_cstr(name), "/");
    if (revision->given)
        buf_append_fmt(&rest, "?revision=%lld", (long long)revision->number);
    buf_append_byte(&rest, '\0');
    if (buf_status(&rest) == STATUS_OK)
        return review_path(call, id, (const char *)rest.data, path);
    (void)review_no_memory(call);
    return false;
}

/* What is there by half goes. */
static int end_taken(const struct review_call *call, struct taken *taken, const struct server_answer *answer)
{
    char refusal[400];
    /* an empty file has no data */
    bool good = answer->http_status == 200 && !taken->fault && open_taken(taken);
    if (taken->path && taken->fd >= 0) {
        good = close(taken->fd) == 0 && good;
        if (!good)
            (void)unlink(taken->path);
    }
    if (good)
        return EXIT_GOOD;
    if (taken->fault) {
        (void)snprintf(refusal, sizeof refusal, "%.300s cannot be written: %s",
                       text_or(taken->path, "standard output"), strerror(taken->fault));
        return server_failed(call->command, EXIT_FAILED, refusal,
                             taken->fault == EEXIST ? "name another with -o FILE" : NULL);
    }
    return server_explain(call->command, call->values, answer);
}

static int get(const struct review_call *call, const char *id, const char *name)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(server_answer_fini) struct server_answer answer = {0};
    const char *out = setting_text(call->values, "out"), *slash = strrchr(name, '/');
    struct taken taken = {.path = text_or(out, slash ? slash + 1 : name), .fd = -1, .replaces = out != NULL};
    if (!out && (hidden_in(bytes_of_cstr(taken.path)) || !*taken.path || strcmp(taken.path, "..") == 0 ||
                 strcmp(taken.path, ".") == 0))
        return server_failed(call->command, EXIT_USAGE, "the name of the file is none to write to",
                             "name one with -o FILE");
    if (out && strcmp(out, "-") == 0)
        taken.path = NULL;
    if (!write_path(call, id, name, &path))
        return EXIT_FAILED;

    const struct server_request request = {.method = "GET",
                                           .path = (const char *)path.data,
                                           .patience_ms = FILE_PATIENCE_MS,
                                           .on_data = on_data,
                                           .context = &taken};
    server_ask(call->values, &request, &answer);
    return end_taken(call, &taken, &answer);
}

int review_files(const struct review_call *call)
{
    char id[REVIEW_ID_SIZE];
    const char *name = setting_text(call->values, "get");
    if (!name && setting_text(call->values, "out"))
        return server_failed(call->command, EXIT_USAGE, "-o needs --get PATH", NULL);
    int code = review_find(call, id);
    if (code != EXIT_GOOD)
        return code;
    if (name)
        return get(call, id, name);
    return list(call, id);
}
