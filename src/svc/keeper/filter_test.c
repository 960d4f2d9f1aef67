/* SPDX-License-Identifier: MIT */
/* filter_test.c — the keeper's filter: what a broken-in keeper would reach for is refused, and what it works with
 * is not. */
#include "svc/keeper/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* cmocka.h must come after these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/process.h"

/* Zero arguments make each of these harmless, should it get through. */
static const struct {
    const char *name;
    long number;
} refused[] = {
    {"mount", SYS_mount},
    {"umount2", SYS_umount2},
    {"move_mount", SYS_move_mount},
    {"pivot_root", SYS_pivot_root},
    {"chroot", SYS_chroot},
    {"setns", SYS_setns},
    {"unshare", SYS_unshare},
    {"clone3", SYS_clone3},
    {"execve", SYS_execve},
    {"execveat", SYS_execveat},
    {"ptrace", SYS_ptrace},
    {"process_vm_writev", SYS_process_vm_writev},
    {"pidfd_getfd", SYS_pidfd_getfd},
    {"kill", SYS_kill},
    {"bpf", SYS_bpf},
    {"perf_event_open", SYS_perf_event_open},
    {"init_module", SYS_init_module},
    {"kexec_load", SYS_kexec_load},
    {"reboot", SYS_reboot},
    {"socket", SYS_socket},
    {"connect", SYS_connect},
    {"bind", SYS_bind},
    {"keyctl", SYS_keyctl},
    {"io_uring_setup", SYS_io_uring_setup},
    {"userfaultfd", SYS_userfaultfd},
    {"setresuid", SYS_setresuid},
    {"capset", SYS_capset},
    {"prctl", SYS_prctl},
    {"mknodat", SYS_mknodat},
    {"linkat", SYS_linkat},
    {"symlinkat", SYS_symlinkat},
    {"renameat2", SYS_renameat2},
    {"fchmodat", SYS_fchmodat},
    {"open_by_handle_at", SYS_open_by_handle_at},
    {"memfd_create", SYS_memfd_create},
    {"none", 0x40000000 | 1},
};

static bool refuses_the_rest(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        if (syscall(refused[i].number, 0, 0, 0, 0, 0, 0) != -1 || errno != EPERM) {
            (void)!write(2, refused[i].name, strlen(refused[i].name));
            return false;
        }
    }
    return true;
}

static bool refuses_code(void)
{
    void *plain = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return plain != MAP_FAILED && code == MAP_FAILED && mprotect(plain, 4096, PROT_READ) == 0 &&
           mprotect(plain, 4096, PROT_READ | PROT_EXEC) < 0;
}

static bool allows_its_work(void)
{
    int pair[2], ends[2], fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    void *memory = malloc(1 << 20);
    bool good = fd >= 0 && memory && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 &&
                pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 &&
                write(fd, "0", 1) == 1 && close(fd) == 0;
    free(memory);
    return good;
}

struct question {
    bool watches;
    bool (*ask)(void);
};

static int ask_in_filter(void *context)
{
    const struct question *question = context;
    if (filter_enter(question->watches, NULL) != STATUS_OK)
        return 2;
    return question->ask() ? 0 : 1;
}

/* A child that has entered the filter says yes. */
static void expect_in_filter(bool watches, bool (*ask)(void))
{
    struct question question = {.watches = watches, .ask = ask};
    struct process process;
    process_start_captured(&process, ask_in_filter, &question);
    process_expect(&process, 0);
}

static void test_refuses(void **state)
{
    if (!filter_possible())
        skip();
    expect_in_filter(false, refuses_the_rest);
    expect_in_filter(false, refuses_code);
}

static void test_allows(void **state)
{
    if (!filter_possible())
        skip();
    expect_in_filter(false, allows_its_work);
}

static bool looks_at_others(void)
{
    struct statfs facts;
    return syscall(SYS_kcmp, getpid(), getpid(), KCMP_VM, 0, 0) == 0 && fstatfs(0, &facts) == 0;
}

static bool looks_at_nobody(void)
{
    struct statfs facts;
    return syscall(SYS_kcmp, getpid(), getpid(), KCMP_VM, 0, 0) < 0 && errno == EPERM &&
           fstatfs(0, &facts) < 0;
}

static void test_looks_at_others_only_to_watch(void **state)
{
    if (!filter_possible())
        skip();
    expect_in_filter(true, looks_at_others);
    expect_in_filter(true, refuses_the_rest);
    expect_in_filter(false, looks_at_nobody);
}

/* Without the filter the same questions have another answer, so the ones above prove something. */
static void test_bites(void **state)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int file = memfd_create("plain", MFD_CLOEXEC);
    assert_true(fd >= 0 && file >= 0);
    close(fd);
    close(file);
    void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(code != MAP_FAILED);
    munmap(code, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_allows),
        cmocka_unit_test(test_looks_at_others_only_to_watch),
        cmocka_unit_test(test_bites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
