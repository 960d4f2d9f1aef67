/* SPDX-License-Identifier: MIT */
/* engine.c — a container's supervisor, and the process that starts those. */
#include "svc/launcher/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "svc/launcher/engine_network.h"
#include "svc/launcher/engine_program.h"
#include "svc/launcher/launcher_loop.h"
#include "svc/launcher/limit_values.h"

#define PROCESS_NAME  "sallyport-conts"
#define FAILED_START  126
#define STOP_SECONDS  "8" /* from SIGTERM to SIGKILL, as for other apps */
#define STOP_MS       12000
#define KILL_MS       5000
#define REMOVE_MS     10000
#define LIST_SIZE     ((size_t)16 << 10)
#define SUPERVISOR_MS (STOP_MS + 2 * KILL_MS + 2 * REMOVE_MS) /* a supervisor is patient itself */

/* What is handed to a supervisor, made before the fork. */
struct container {
    const struct engine_settings *settings;
    struct container_launch launch;
    struct buf block; /* to which it points */
    char name[ENGINE_NAME_SIZE];
    uint16_t port;
    int output;
};

/* --- a supervisor --- */

/* The variables, a line each; they are in no command line and in no file of a disk. -1: no memory. */
static int write_variables(const struct container_launch *launch)
{
    int file = memfd_create("variables", MFD_CLOEXEC);
    bool good = file >= 0;
    for (size_t i = 0; good && i < launch->variable_count; i++)
        good = dprintf(file, "%s\n", launch->variables[i]) > 0;
    if (good && lseek(file, 0, SEEK_SET) == 0)
        return file;
    if (file >= 0)
        close(file);
    return -1;
}

static pid_t start_network(const struct container *container)
{
    pid_t parent = getpid();
    pid_t child = fork();
    if (child != 0)
        return child;
    (void)!dup2(container->output, STDERR_FILENO);
    (void)!prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        _exit(1);
    engine_network_run(container->settings, container->name, &container->launch, container->port);
}

/* Waits until the command has ended, or until somebody asks for the end. True: it has ended. */
static bool await(pid_t command, int asked)
{
    int ended = (int)syscall(SYS_pidfd_open, command, 0);
    struct pollfd polled[2] = {{.fd = ended, .events = POLLIN}, {.fd = asked, .events = POLLIN}};
    while (ended >= 0 && poll(polled, 2, -1) < 0 && errno == EINTR)
        continue;
    if (ended >= 0)
        close(ended);
    return ended < 0 || polled[0].revents;
}

/* Asked kindly, then not. A container that is not there yet has nothing to be asked: its command is ended, then. */
static void end_container(const struct container *container, pid_t command)
{
    struct engine_command words;
    engine_command_stop(container->settings, container->name, STOP_SECONDS, &words);
    if (engine_program_do(&words, STOP_MS) == 0)
        return;
    engine_command_kill(container->settings, container->name, &words);
    if (engine_program_do(&words, KILL_MS) != 0)
        (void)kill(command, SIGTERM);
}

static void remove_container(const struct engine_settings *settings, const char *name)
{
    struct engine_command words;
    engine_command_remove(settings, name, &words);
    (void)engine_program_do(&words, REMOVE_MS);
}

/* ORDER: a signal that came before it can be heard is not lost: it is blocked from the fork on. */
__attribute__((noreturn)) static void supervise(void *context)
{
    const struct container *container = context;
    struct engine_command words;
    sigset_t heard;
    sigemptyset(&heard);
    sigaddset(&heard, SIGTERM);
    launcher_hear_signals();
    int output = fcntl(container->output, F_DUPFD_CLOEXEC, 16);
    if (output < 0 || dup2(output, 3) < 0 || close_range(4, ~0u, 0) < 0)
        _exit(FAILED_START);
    ((struct container *)context)->output = 3;
    int asked = signalfd(-1, &heard, SFD_CLOEXEC);
    int variables = write_variables(&container->launch);
    if (asked < 0 || variables < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
        _exit(FAILED_START);

    engine_command_run(container->settings, container->name, &container->launch, &words);
    const struct engine_output outputs = {
        .out = container->output, .error = container->output, .variables = variables};
    pid_t command = engine_program_start(&words, &outputs);
    close(variables);
    if (command < 0)
        _exit(FAILED_START);
    pid_t network = start_network(container);
    if (!await(command, asked))
        end_container(container, command);
    int status = engine_program_wait(command, KILL_MS);
    if (network > 0)
        (void)engine_program_wait(network, 0);
    remove_container(container->settings, container->name);
    _exit(status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : FAILED_START);
}

/* --- the process --- */

static enum status prepare(void *context, const struct keeper_message *message, const struct packet *packet,
                           struct err *err)
{
    struct container *container = context;
    if (message->code == 0 || message->code > UINT16_MAX)
        return err_set(err, STATUS_MALFORMED, "no port");
    if (container->block.data)
        explicit_bzero(container->block.data, container->block.size);
    buf_clear(&container->block);
    buf_append_bytes(&container->block, message->text);
    if (buf_status(&container->block) != STATUS_OK)
        return err_no_memory(err);
    container->port = (uint16_t)message->code;
    container->output = packet->fds[0];
    snprintf(container->name, sizeof container->name, "sallyport-%.32s-%u-%llu", container->settings->owner,
             (unsigned)message->slot, (unsigned long long)message->generation);
    return container_launch_read(buf_peek(&container->block), &container->launch, err);
}

/* Of a server that was killed together with this process. */
static void remove_left(const struct engine_settings *settings)
{
    struct engine_command words;
    static char text[LIST_SIZE];
    engine_command_list(settings, &words);
    struct bytes left = engine_program_ask(&words, text, sizeof text - 1);
    while (left.size > 0) {
        struct bytes line = bytes_trim(bytes_split(&left, '\n'));
        char id[ENGINE_NAME_SIZE];
        bool plain = line.size > 0 && line.size < sizeof id && line.data[0] != '-';
        if (!plain)
            continue;
        snprintf(id, sizeof id, "%.*s", BYTES_FMT(line));
        engine_command_kill(settings, id, &words);
        (void)engine_program_do(&words, KILL_MS);
        remove_container(settings, id);
    }
}

int engine_main(int fd, char *text)
{
    struct engine_settings settings;
    struct container container = {.settings = &settings};
    const struct launcher_kind kind = {
        .prepare = prepare, .run = supervise, .patience_ms = SUPERVISOR_MS, .context = &container};
    sigset_t heard;
    if (!engine_settings_read(text, &settings))
        return 1;
    launcher_settle(fd, PROCESS_NAME);
    umask(022); /* the server's own would be that of the engine's folders */
    remove_left(&settings);
    sigemptyset(&heard);
    sigaddset(&heard, SIGTERM);
    sigprocmask(SIG_BLOCK, &heard, NULL); /* supervisors inherit it */
    int status = launcher_serve(fd, &kind);
    if (container.block.data)
        explicit_bzero(container.block.data, container.block.size);
    buf_fini(&container.block);
    return status;
}
