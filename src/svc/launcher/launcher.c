/* SPDX-License-Identifier: MIT */
/* launcher.c — the kind of child that is this program as `sallyport app`. */
#include "svc/launcher/launcher.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/confine.h"
#include "svc/launcher/launcher_loop.h"
#include "svc/launcher/limit_values.h"
#include "wire/launch_environment.h"

#define LAUNCHER_NAME "sallyport-apps"
#define AUTHORITY_FD  3 /* where an app finds the certificates that it trusts */
#define ARGUMENTS     8
#define FIXED         2 /* variables that every app has */

/* What is handed to a child, made before the fork. */
struct program {
    int file; /* this program's own */
    char port[8];
    const char *arguments[ARGUMENTS];
    const char *variables[FIXED + LAUNCH_VARIABLES_MAX + 1];
    int output, authority; /* authority -1: none */
};

/* ORDER: `program` is read before descriptors move; an app never outlives the launcher, however that ends. */
__attribute__((noreturn)) static void run_app(void *context)
{
    const struct program *program = context;
    bool has_authority = program->authority >= 0;
    int first_free = has_authority ? AUTHORITY_FD + 1 : AUTHORITY_FD;

    /* First out of the way, then each to its place; what is above them does not live to see the program. */
    int output = fcntl(program->output, F_DUPFD_CLOEXEC, 16);
    int authority = has_authority ? fcntl(program->authority, F_DUPFD_CLOEXEC, 16) : -1;
    int file = fcntl(program->file, F_DUPFD_CLOEXEC, 16);
    bool good = output >= 0 && file >= 0;
    good = good && dup2(output, 1) >= 0 && dup2(output, 2) >= 0;
    if (has_authority)
        good = good && authority >= 0 && dup2(authority, AUTHORITY_FD) >= 0;
    good = good && close_range((unsigned)first_free, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
    good = good && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
    launcher_hear_signals();
    if (good)
        (void)syscall(SYS_execveat, file, "", program->arguments, program->variables, AT_EMPTY_PATH);
    static const char words[] = "sallyport: the app's program could not be started\n";
    (void)!write(2, words, sizeof words - 1);
    _exit(127);
}

static enum status prepare(void *context, const struct keeper_message *message, const struct packet *packet,
                           struct err *err)
{
    struct program *program = context;
    static const char *const always[] = {"LANG=C.UTF-8", "PATH=/usr/bin:/bin"};
    program->output = packet->fds[0];
    program->authority = packet->fd_count > 1 ? packet->fds[1] : -1;
    if (message->code == 0 || message->code > UINT16_MAX)
        return err_set(err, STATUS_MALFORMED, "no port");
    snprintf(program->port, sizeof program->port, "%u", (unsigned)message->code);
    const char *const words[] = {"sallyport", "app", "--port", program->port};
    size_t count = 0;
    for (; count < ARRAY_SIZE(words); count++)
        program->arguments[count] = words[count];
    if (program->authority >= 0) {
        program->arguments[count++] = "--ca-file";
        program->arguments[count++] = "/proc/self/fd/3";
    }
    program->arguments[count] = NULL;
    for (size_t i = 0; i < FIXED; i++)
        program->variables[i] = always[i];
    return launch_environment_read(message->text, program->variables + FIXED, err);
}

int launcher_main(int fd, uid_t uid)
{
    struct program program = {.file = open("/proc/self/exe", O_PATH | O_CLOEXEC)};
    const struct launcher_kind kind = {
        .prepare = prepare, .run = run_app, .patience_ms = LAUNCHER_PATIENCE_MS, .context = &program};
    launcher_settle(fd, LAUNCHER_NAME);
    if (program.file < 0 || confine_enter_launcher(uid, NULL) != STATUS_OK)
        return 1;
    return launcher_serve(fd, &kind);
}
