/* SPDX-License-Identifier: MIT */
/* diff.c — what changed in the code and the step between two revisions, by the program diff, which everybody reads. Both texts are given to it
 * by descriptors, so that nothing stays on a disk. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cli/print.h"
#include "cmd/review/actions.h"
#include "cmd/review/view.h"
#include "cmd/review/view_files.h"

#define DIFF_DIFFERS 1 /* its exit code for texts that are not the same */
#define DIFF_FAILED  2

/* What is compared of a revision: the end of its path, and what it is called. */
struct diff_part {
    const char *path, *label;
};

static const struct diff_part part_code = {"code", "revision"}, part_step = {"step", "step of revision"};

/* That of a revision in a file without a name; `absent`: an empty one. -1: it was said why not, and `*ret_code` is the exit code. */
static int fetch_part(const struct review_call *call, const char *id, const struct diff_part *part,
                      int64_t number, bool absent, int *ret_code)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(server_answer_fini) struct server_answer answer = {0};
    char rest[64];
    *ret_code = EXIT_FAILED;
    (void)snprintf(rest, sizeof rest, "/revisions/%lld/%s", (long long)number, part->path);
    if (!review_path(call, id, rest, &path))
        return -1;
    const struct server_request request = {
        .method = "GET", .path = (const char *)path.data, .patience_ms = SERVER_PATIENCE_MS};
    if (!absent)
        server_ask(call->values, &request, &answer);
    if (!absent && answer.http_status != 200) {
        *ret_code = server_explain(call->command, call->values, &answer);
        return -1;
    }

    int fd = memfd_create("revision", 0);
    if (fd >= 0 && write(fd, answer.body.data, answer.body.size) == (ssize_t)answer.body.size &&
        lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    (void)server_failed(call->command, EXIT_FAILED, "no room for the code", NULL);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The code is a stranger's: on a terminal it is made harmless after the comparison, so that no difference is lost by that. */
static bool print_cleaned(int fd)
{
    CLEANUP(buf_fini) struct buf text = {0}, clean = {0};
    uint8_t piece[4096];
    ssize_t size = lseek(fd, 0, SEEK_SET);
    while (size >= 0 && (size = read(fd, piece, sizeof piece)) > 0)
        buf_append(&text, piece, (size_t)size);
    print_bytes(&clean, buf_peek(&text));
    return size == 0 && buf_status(&text) == STATUS_OK && print_out(&clean);
}

/* diff with those arguments, its output into `out_fd`, or, if that is -1, where ours goes; its exit code, or -1. */
static int spawn_diff(char *const *arguments, int out_fd)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = 0;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    bool good = out_fd < 0 || posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO) == 0;
    good = good && posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ) == 0;
    (void)posix_spawn_file_actions_destroy(&actions);
    if (!good)
        return -1;
    bool ended = waitpid(pid, &status, 0) == pid && WIFEXITED(status);
    return ended ? WEXITSTATUS(status) : DIFF_FAILED;
}

static int run_diff(const struct review_call *call, const struct diff_part *part, int old_fd, int new_fd,
                    int64_t from, int64_t to)
{
    char old_path[32], new_path[32], old_label[60], new_label[60];
    (void)snprintf(old_path, sizeof old_path, "/dev/fd/%d", old_fd);
    (void)snprintf(new_path, sizeof new_path, "/dev/fd/%d", new_fd);
    (void)snprintf(old_label, sizeof old_label, "--label=%s %lld", part->label, (long long)from);
    (void)snprintf(new_label, sizeof new_label, "--label=%s %lld", part->label, (long long)to);
    char *const arguments[] = {(char *)"diff", (char *)"-u", old_label, new_label, old_path, new_path, NULL};
    bool terminal = isatty(STDOUT_FILENO);
    int out_fd = terminal ? memfd_create("difference", MFD_CLOEXEC) : -1;
    int ended = terminal && out_fd < 0 ? DIFF_FAILED : spawn_diff(arguments, out_fd);
    bool printed = out_fd < 0 || print_cleaned(out_fd);
    if (out_fd >= 0)
        close(out_fd);
    if (ended < 0)
        return server_failed(call->command, EXIT_FAILED, "the program diff cannot be started",
                             "install it: apt install diffutils");
    if (ended >= DIFF_FAILED || !printed)
        return EXIT_FAILED;
    if (ended != DIFF_DIFFERS)
        fputs("the two revisions have the same code\n", stderr);
    return EXIT_GOOD;
}

/* The present revision's number; 0: the server names none. */
static int64_t present_revision(const struct review_call *call, const char *id, int *ret_code)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *request = NULL;
    *ret_code = EXIT_FAILED;
    if (!review_path(call, id, "", &path))
        return 0;
    *ret_code = review_get(call, (const char *)path.data, SERVER_PATIENCE_MS, &request);
    return json_integer_value(json_object_get(request, "revision"));
}

/* The part of both, compared. `before`, `after`: it is there. */
static int compare(const struct review_call *call, const char *id, const struct diff_part *part, int64_t from,
                   bool before, int64_t to, bool after)
{
    int code = EXIT_GOOD;
    int old_fd = fetch_part(call, id, part, from, !before, &code);
    int new_fd = old_fd >= 0 ? fetch_part(call, id, part, to, !after, &code) : -1;
    if (new_fd >= 0)
        code = run_diff(call, part, old_fd, new_fd, from, to);
    if (old_fd >= 0)
        close(old_fd);
    if (new_fd >= 0)
        close(new_fd);
    return code;
}

/* What the server says of it: hashes, and which input files are others. */
static int fetch_difference(const struct review_call *call, const char *id, int64_t from, int64_t to,
                            json_t **ret_difference)
{
    CLEANUP(buf_fini) struct buf path = {0};
    char rest[80];
    (void)snprintf(rest, sizeof rest, "/diff?from=%lld&to=%lld", (long long)from, (long long)to);
    if (!review_path(call, id, rest, &path))
        return EXIT_FAILED;
    return review_get(call, (const char *)path.data, SERVER_PATIENCE_MS, ret_difference);
}

static int print_json(const struct review_call *call, const char *id, int64_t from, int64_t to)
{
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(json_release) json_t *difference = NULL;
    int code = fetch_difference(call, id, from, to, &difference);
    if (code != EXIT_GOOD)
        return code;
    print_json_value(&out, difference);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

/* Behind the code: another step, and input files that are others, by their hashes. */
static int print_rest(const struct review_call *call, const char *id, int64_t from, int64_t to)
{
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(json_release) json_t *difference = NULL;
    int code = fetch_difference(call, id, from, to, &difference);
    const json_t *step = json_object_get(difference, "step"); /* older servers tell of none */
    if (code == EXIT_GOOD && json_is_false(json_object_get(step, "same")))
        code = compare(call, id, &part_step, from, json_object_get(step, "from"), to,
                       json_object_get(step, "to"));
    if (code != EXIT_GOOD)
        return code;
    view_inputs_difference(json_object_get(difference, "inputs"), &out);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

int review_diff(const struct review_call *call)
{
    char id[REVIEW_ID_SIZE];
    int code = review_find(call, id);
    if (code != EXIT_GOOD)
        return code;

    const struct option_value *to_typed = option_get(call->values, "to");
    const struct option_value *from_typed = option_get(call->values, "from");
    int64_t to = to_typed->given ? to_typed->number : present_revision(call, id, &code);
    int64_t from = from_typed->given ? from_typed->number : to - 1;
    if (code != EXIT_GOOD)
        return code;
    if (from < 1)
        return server_failed(call->command, EXIT_FAILED, "the request has one revision: there is no other",
                             NULL);

    if (setting_flag(call->values, "json"))
        return print_json(call, id, from, to);
    code = compare(call, id, &part_code, from, true, to, true);
    return code == EXIT_GOOD ? print_rest(call, id, from, to) : code;
}
