/* SPDX-License-Identifier: MIT */
/* weaker.c — two halves: names that --require insists on, and the command line that a person may paste, said once. */
#include "cmd/weaker.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "jail/file.h"
#include "jail/probe.h"
#include "jail/usage.h"

#include <fcntl.h>

#define COMMAND_SIZE 4096
#define PLAIN_MARKS  "-_./=:,+@%"

static char command[COMMAND_SIZE]; /* of this process, as a shell takes it; "" if it is too long */

static bool sampled; /* the keeper can look at what sessions hold */

static bool has_name(const char *list, struct bytes wanted)
{
    struct bytes rest = bytes_of_cstr(text_or(list, ""));
    while (rest.size > 0) {
        if (bytes_equal(bytes_trim(bytes_split(&rest, ',')), wanted))
            return true;
    }
    return false;
}

enum status weaker_check_names(const char *require, struct err *error)
{
    struct bytes rest = bytes_of_cstr(text_or(require, ""));
    while (rest.size > 0) {
        struct bytes name = bytes_trim(bytes_split(&rest, ','));
        if (!probe_layer_known(name))
            return err_set(error, STATUS_INVALID_ARGUMENT,
                           "require: there is no layer \"%.*s\"; sallyport doctor names them",
                           (int)MIN(name.size, (size_t)60), (const char *)name.data);
    }
    return STATUS_OK;
}

enum status weaker_check_required(const char *require, const char *degraded, struct err *error)
{
    struct bytes rest = bytes_of_cstr(text_or(require, ""));
    while (rest.size > 0) {
        struct bytes name = bytes_trim(bytes_split(&rest, ','));
        if (has_name(degraded, name))
            return err_set(error, STATUS_FAILED_PRECONDITION,
                           "require: this machine does not give %.*s as the server was started; "
                           "sallyport doctor says what mends it",
                           BYTES_FMT(name));
    }
    return STATUS_OK;
}

static bool is_plain(const char *word)
{
    for (; *word; word++) {
        bool letter = (*word >= 'a' && *word <= 'z') || (*word >= 'A' && *word <= 'Z');
        bool digit = *word >= '0' && *word <= '9';
        if (!letter && !digit && !strchr(PLAIN_MARKS, *word))
            return false;
    }
    return true;
}

static void append_word(struct buf *out, const char *word)
{
    if (out->size > 0)
        buf_append_byte(out, ' ');
    if (*word && is_plain(word)) {
        buf_append_cstr(out, word);
        return;
    }
    buf_append_byte(out, '\'');
    for (; *word; word++) {
        if (*word == '\'')
            buf_append_cstr(out, "'\\''");
        else
            buf_append_byte(out, (uint8_t)*word);
    }
    buf_append_byte(out, '\'');
}

void weaker_note_command(void)
{
    char words[COMMAND_SIZE], program[PATH_MAX];
    sampled = usage_possible();
    int size = file_read(AT_FDCWD, "/proc/self/cmdline", words, sizeof words);
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size <= 0 || size >= COMMAND_SIZE - 1 || length <= 0)
        return;
    program[length] = '\0';

    CLEANUP(buf_fini) struct buf out = {0};
    append_word(&out, program);
    for (size_t at = strlen(words) + 1; at < (size_t)size; at += strlen(&words[at]) + 1)
        append_word(&out, &words[at]);
    if (buf_status(&out) == STATUS_OK && out.size < sizeof command)
        snprintf(command, sizeof command, "%.*s", BYTES_FMT(buf_peek(&out)));
}

void weaker_say(const char *degraded, int64_t memory_bytes, int64_t tasks)
{
    if (!has_name(degraded, BYTES_LITERAL("cgroup-memory")))
        return;
    const char *way = geteuid() == 0 ? "" : "systemd-run --user --scope -p Delegate=yes ";
    long long memory_mib = (long long)(memory_bytes >> 20);
    if (sampled)
        log_warn(
            "cmd",
            "limits are weaker than configured: what a session holds is sampled five times a second, so it "
            "may pass %lld MiB for a moment before it ends, and may have %lld processes; run: %s%s",
            memory_mib, (long long)tasks, way, command);
    else
        log_warn(
            "cmd",
            "limits are weaker than configured: the memory limit holds for each process only, so a session "
            "may hold up to %lld processes x %lld MiB; run: %s%s",
            (long long)tasks, memory_mib, way, command);
}
