/* SPDX-License-Identifier: MIT */
/* confine_test.c — a process that confined itself as the server does tries what a debugger made the server do. If
 * this fails, a fault in a parser of the server is a fault of the whole machine. */
#include "jail/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/process.h"

#include "jail/capability.h"
#include "jail/landlock.h"
#include "jail/server_filter.h"

struct scene {
    char folder[64]; /* "data" in it is the server's, the rest root's */
    char data[80];
    char secret[80];
    char socket[80];
    int abstract; /* a listener of somebody else */
    struct sockaddr_un abstract_name;
    socklen_t abstract_size;
};

static int fails_with(long result)
{
    return result < 0 ? errno : 0;
}

static int open_for(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return error;
}

static int connect_to(const void *name, socklen_t size)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = fails_with(connect(fd, name, size));
    close(fd);
    return error;
}

#define EXPECT(what, got, want)                                                                              \
    do {                                                                                                     \
        int found = (got);                                                                                   \
        if (found != (want)) {                                                                               \
            fprintf(stderr, "%s: %s, not %s\n", what, strerror(found), strerror(want));                      \
            failures++;                                                                                      \
        }                                                                                                    \
    } while (0)

/* Returns how many attempts went otherwise than they must. */
static int attempt_all(const struct scene *scene, const struct confine_report *report)
{
    int failures = 0;
    bool landlock = report->landlock_abi > 0;
    char inside[128];
    struct sockaddr_un root_only = {.sun_family = AF_UNIX};
    snprintf(root_only.sun_path, sizeof root_only.sun_path, "%s", scene->socket);
    snprintf(inside, sizeof inside, "%s/new", scene->data);

    EXPECT("/etc/shadow", open_for("/etc/shadow", O_RDONLY), EACCES);
    EXPECT("a root-only file", open_for(scene->secret, O_RDONLY), EACCES);
    EXPECT("a root-only socket", connect_to(&root_only, sizeof root_only), EACCES);
    EXPECT("signal to init", fails_with(kill(1, 0)), EPERM);
    EXPECT("signal to the parent", fails_with(syscall(SYS_tgkill, getppid(), getppid(), 0)), EPERM);
    EXPECT("a program", fails_with(execl("/bin/true", "true", (char *)NULL)), EPERM);
    EXPECT("namespaces", fails_with(unshare(CLONE_NEWUSER)), EPERM);
    EXPECT("namespaces by clone", fails_with(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)), EPERM);
    EXPECT("a mount", fails_with(mount("none", scene->data, "tmpfs", 0, NULL)), EPERM);
    EXPECT("the way back", fails_with(setresuid(0, 0, 0)), EPERM);
    EXPECT("memory of another", fails_with(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0)),
           EPERM);
    EXPECT("keys", fails_with(syscall(SYS_keyctl, 0, 0, 0, 0, 0)), EPERM);
    EXPECT("bpf", fails_with(syscall(SYS_bpf, 0, NULL, 0)), EPERM);
    EXPECT("io_uring", fails_with(syscall(SYS_io_uring_setup, 1, NULL)), ENOSYS);
    EXPECT("a crypto socket", fails_with(socket(AF_ALG, SOCK_SEQPACKET, 0)), EAFNOSUPPORT);
    EXPECT("a packet socket", fails_with(socket(AF_PACKET, SOCK_RAW, 0)), EAFNOSUPPORT);
    EXPECT("a file anywhere", landlock ? open_for("/tmp/confine-test", O_RDWR | O_CREAT) : EACCES, EACCES);
    EXPECT("a file that all may read", landlock ? open_for("/etc/passwd", O_RDONLY) : EACCES, EACCES);
    if (report->landlock_abi >= 6)
        EXPECT("an abstract socket", connect_to(&scene->abstract_name, scene->abstract_size), EPERM);

    EXPECT("its data folder", open_for(inside, O_RDWR | O_CREAT), 0);
    EXPECT("name resolution", open_for("/etc/hosts", O_RDONLY), 0);
    EXPECT("itself", open_for("/proc/self/status", O_RDONLY), 0);
    EXPECT("TCP", fails_with(socket(AF_INET, SOCK_STREAM, 0)), 0);
    return failures;
}

static void make_scene(struct scene *scene)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(scene->folder, sizeof scene->folder, "/tmp/confine-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    assert_int_equal(chmod(scene->folder, 0755), 0);
    snprintf(scene->data, sizeof scene->data, "%s/data", scene->folder);
    snprintf(scene->secret, sizeof scene->secret, "%s/secret", scene->folder);
    snprintf(scene->socket, sizeof scene->socket, "%s/socket", scene->folder);
    assert_int_equal(mkdir(scene->data, 0700), 0);
    assert_int_equal(chown(scene->data, CONFINE_USER_DEFAULT, 0), 0);
    assert_int_equal(open_for(scene->secret, O_WRONLY | O_CREAT), 0);
    snprintf(name.sun_path, sizeof name.sun_path, "%s", scene->socket);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(chmod(scene->socket, 0600), 0);
    assert_int_equal(listen(listener, 1), 0);

    scene->abstract = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    scene->abstract_name = (struct sockaddr_un){.sun_family = AF_UNIX};
    scene->abstract_size = sizeof scene->abstract_name;
    assert_int_equal(bind(scene->abstract, (struct sockaddr *)&scene->abstract_name, sizeof(sa_family_t)), 0);
    assert_int_equal(
        getsockname(scene->abstract, (struct sockaddr *)&scene->abstract_name, &scene->abstract_size), 0);
    assert_int_equal(listen(scene->abstract, 1), 0);
}

static void remove_scene(const struct scene *scene)
{
    char inside[128];
    snprintf(inside, sizeof inside, "%s/new", scene->data);
    (void)!unlink(inside);
    (void)!unlink(scene->secret);
    (void)!unlink(scene->socket);
    (void)!rmdir(scene->data);
    (void)!rmdir(scene->folder);
}

static int attempt_as_server(void *context)
{
    const struct scene *scene = context;
    const struct confine_options options = {.uid = CONFINE_USER_DEFAULT, .data_dir = scene->data};
    struct confine_report report = {0};
    struct err error = {0};
    if (confine_enter(&options, &report, &error) != STATUS_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 99;
    }
    return attempt_all(scene, &report) + (report.uid != CONFINE_USER_DEFAULT) + (report.filter ? 0 : 1);
}

static void test_what_the_server_cannot_do_any_more(void **state)
{
    struct scene scene;
    if (!capability_privileged())
        skip();
    make_scene(&scene);
    struct process process;
    process_start_captured(&process, attempt_as_server, &scene);
    int status = process_wait(&process);
    remove_scene(&scene);
    if (status != 0)
        fail_msg("%s", process.text);
}

static int attempt_as_this_user(void *context)
{
    struct confine_report report = {0};
    if (confine_enter(&(struct confine_options){0}, &report, NULL) != STATUS_OK)
        return 99;
    int failures = 0;
    EXPECT("a program", fails_with(execl("/bin/true", "true", (char *)NULL)), EPERM);
    EXPECT("namespaces", fails_with(unshare(CLONE_NEWUSER)), EPERM);
    return failures;
}

/* Without root the ids stay, and all else holds as well. */
static void test_without_another_user(void **state)
{
    struct process process;
    process_start_captured(&process, attempt_as_this_user, NULL);
    process_expect(&process, 0);
}

static void test_each_row_has_a_reason(void **state)
{
    size_t count;
    const struct server_filter_row *rows = server_filter_rows(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(strlen(rows[i].reason) > 5 && rows[i].error > 0);
        for (size_t n = 0; n < i; n++)
            assert_int_not_equal(rows[n].number, rows[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_server_cannot_do_any_more),
        cmocka_unit_test(test_without_another_user),
        cmocka_unit_test(test_each_row_has_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
