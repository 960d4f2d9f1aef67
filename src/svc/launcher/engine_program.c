/* SPDX-License-Identifier: MIT */
/* engine_program.c — fork and exec with descriptors in their places. The variables of the engine's own program are its user's
 * home and a path; what containers are given comes in a file. */
#include "svc/launcher/engine_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "svc/launcher/launcher_loop.h"

#define FAILED_EXEC     127
#define ASK_PATIENCE_MS 15000
#define PATH            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct variables {
    char home[300];
    char run[64];
    char *all[5];
};

/* As a sign-in would set them: the engine of somebody who is not root keeps its things below both. */
static void make_variables(struct variables *variables)
{
    const struct passwd *user = getpwuid(geteuid());
    struct stat about;
    size_t count = 0;
    variables->all[count++] = (char *)PATH;
    variables->all[count++] = (char *)"LANG=C.UTF-8";
    if (user && snprintf(variables->home, sizeof variables->home, "HOME=%s", user->pw_dir) <
                    (int)sizeof variables->home)
        variables->all[count++] = variables->home;
    snprintf(variables->run, sizeof variables->run, "XDG_RUNTIME_DIR=/run/user/%u", (unsigned)geteuid());
    if (stat(strchr(variables->run, '/'), &about) == 0)
        variables->all[count++] = variables->run;
    variables->all[count] = NULL;
}

/* In its place, or nowhere. */
static bool place(int from, int to)
{
    int fd = from >= 0 ? from : open("/dev/null", O_RDWR | O_CLOEXEC);
    return fd >= 0 && dup2(fd, to) == to;
}

__attribute__((noreturn)) static void become(const struct engine_command *command,
                                             const struct engine_output *output, pid_t parent)
{
    struct variables variables = {.all = {NULL}};
    sigset_t none;
    sigemptyset(&none);
    make_variables(&variables);
    /* ORDER: copies above all places, or one would be closed for another. */
    int out = output->out >= 0 ? fcntl(output->out, F_DUPFD_CLOEXEC, 16) : -1;
    int error = output->error >= 0 ? fcntl(output->error, F_DUPFD_CLOEXEC, 16) : -1;
    int file = output->variables >= 0 ? fcntl(output->variables, F_DUPFD_CLOEXEC, 16) : -1;
    bool good = place(-1, STDIN_FILENO) && place(out, STDOUT_FILENO) && place(error, STDERR_FILENO) &&
                place(file, ENGINE_VARIABLES_FD);
    good = good && close_range(ENGINE_VARIABLES_FD + 1, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
    good = good && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent;
    launcher_hear_signals();
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (good)
        execve(command->words[0], (char *const *)command->words, variables.all);
    static const char words[] = "sallyport: the container engine could not be started\n";
    (void)!write(STDERR_FILENO, words, sizeof words - 1);
    _exit(FAILED_EXEC);
}

pid_t engine_program_start(const struct engine_command *command, const struct engine_output *output)
{
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        become(command, output, parent);
    return child;
}

static int pidfd_of(pid_t child)
{
    return (int)syscall(SYS_pidfd_open, child, 0);
}

int engine_program_wait(pid_t child, int patience_ms)
{
    int status = -1;
    int fd = pidfd_of(child);
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    bool ended = fd >= 0 && poll(&polled, 1, patience_ms) == 1;
    if (fd >= 0)
        close(fd);
    if (!ended)
        (void)kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return ended ? status : -1;
}

int engine_program_do(const struct engine_command *command, int patience_ms)
{
    const struct engine_output nowhere = {-1, -1, -1};
    pid_t child = engine_program_start(command, &nowhere);
    return child > 0 ? engine_program_wait(child, patience_ms) : -1;
}

/* Until the end of the stream, the end of the text, or of the time. */
static size_t gather(int fd, char *text, size_t size)
{
    size_t got = 0;
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    while (got < size && poll(&polled, 1, ASK_PATIENCE_MS) == 1) {
        ssize_t more = read(fd, text + got, size - got);
        if (more <= 0)
            break;
        got += (size_t)more;
    }
    return got;
}

struct bytes engine_program_ask(const struct engine_command *command, char *text, size_t size)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return (struct bytes){0};
    const struct engine_output output = {.out = ends[1], .error = -1, .variables = -1};
    pid_t child = engine_program_start(command, &output);
    close(ends[1]);
    size_t got = child > 0 ? gather(ends[0], text, size) : 0;
    close(ends[0]);
    int status = child > 0 ? engine_program_wait(child, ASK_PATIENCE_MS) : -1;
    return bytes_of(text, status == 0 ? got : 0);
}
