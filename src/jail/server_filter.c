/* SPDX-License-Identifier: MIT */
/* server_filter.c — BPF written out, as in svc/keeper/filter.c: the server needs no library for it. */
#include "jail/server_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED true
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "server_filter: name this machine's AUDIT_ARCH"
#endif

// clang-format off
#define ROW(call, error, reason) {#call, SYS_##call, reason, error, false}
/* Open in a build with a sanitizer, which looks for leaks by it at the end. */
#define LEAK(call, error, reason) {#call, SYS_##call, reason, error, true}
// clang-format on

static const struct server_filter_row rows[] = {
    ROW(execve, EPERM, "starts no program"),
    ROW(execveat, EPERM, "starts no program"),
    LEAK(ptrace, EPERM, "looks into no process"),
    ROW(process_vm_readv, EPERM, "looks into no process"),
    ROW(process_vm_writev, EPERM, "writes into no process"),
    ROW(pidfd_getfd, EPERM, "takes no descriptor of another"),
    ROW(kcmp, EPERM, "looks into no process"),
    ROW(kill, EPERM, "ends nobody: the keeper does"),
    ROW(tkill, EPERM, "ends nobody"),
    ROW(rt_sigqueueinfo, EPERM, "signals nobody"),
    ROW(rt_tgsigqueueinfo, EPERM, "signals nobody"),
    ROW(pidfd_send_signal, EPERM, "signals nobody"),
    ROW(setuid, EPERM, "its ids are settled"),
    ROW(setgid, EPERM, "its ids are settled"),
    ROW(setreuid, EPERM, "its ids are settled"),
    ROW(setregid, EPERM, "its ids are settled"),
    ROW(setresuid, EPERM, "its ids are settled"),
    ROW(setresgid, EPERM, "its ids are settled"),
    ROW(setfsuid, EPERM, "its ids are settled"),
    ROW(setfsgid, EPERM, "its ids are settled"),
    ROW(setgroups, EPERM, "its ids are settled"),
    ROW(capset, EPERM, "its capabilities are none"),
    ROW(unshare, EPERM, "new namespaces are the widest door into the kernel"),
    ROW(setns, EPERM, "enters nobody's namespace"),
    ROW(clone3, ENOSYS, "its flags cannot be seen here; libc falls back to clone"),
    ROW(mount, EPERM, "mounts nothing"),
    ROW(umount2, EPERM, "mounts nothing"),
    ROW(pivot_root, EPERM, "mounts nothing"),
    ROW(chroot, EPERM, "mounts nothing"),
    ROW(move_mount, EPERM, "mounts nothing"),
    ROW(open_tree, EPERM, "mounts nothing"),
    ROW(fsopen, EPERM, "mounts nothing"),
    ROW(fsconfig, EPERM, "mounts nothing"),
    ROW(fsmount, EPERM, "mounts nothing"),
    ROW(fspick, EPERM, "mounts nothing"),
    ROW(mount_setattr, EPERM, "mounts nothing"),
    ROW(swapon, EPERM, "the machine's"),
    ROW(swapoff, EPERM, "the machine's"),
    ROW(bpf, EPERM, "a wide door into the kernel"),
    ROW(perf_event_open, EPERM, "a wide door into the kernel"),
    ROW(io_uring_setup, ENOSYS, "a wide door into the kernel, and past this filter"),
    ROW(io_uring_enter, ENOSYS, "as io_uring_setup"),
    ROW(io_uring_register, ENOSYS, "as io_uring_setup"),
    ROW(userfaultfd, EPERM, "makes faults of the kernel easier to use"),
    ROW(keyctl, EPERM, "the machine's keys"),
    ROW(add_key, EPERM, "the machine's keys"),
    ROW(request_key, EPERM, "the machine's keys"),
    ROW(init_module, EPERM, "the kernel itself"),
    ROW(finit_module, EPERM, "the kernel itself"),
    ROW(delete_module, EPERM, "the kernel itself"),
    ROW(kexec_load, EPERM, "the kernel itself"),
    ROW(reboot, EPERM, "the machine's"),
    ROW(acct, EPERM, "the machine's"),
    ROW(quotactl, EPERM, "the machine's"),
    ROW(syslog, EPERM, "the kernel's log"),
    ROW(settimeofday, EPERM, "the machine's clock"),
    ROW(clock_settime, EPERM, "the machine's clock"),
    ROW(clock_adjtime, EPERM, "the machine's clock"),
    ROW(adjtimex, EPERM, "the machine's clock"),
    ROW(sethostname, EPERM, "the machine's name"),
    ROW(setdomainname, EPERM, "the machine's name"),
    ROW(mknodat, EPERM, "makes no device"),
    ROW(name_to_handle_at, EPERM, "opens files by their path"),
    ROW(open_by_handle_at, EPERM, "opens files by their path"),
    ROW(personality, EPERM, "weakens the layout of memory"),
    ROW(vmsplice, EPERM, "needed by nobody, and often at fault"),
#ifdef SYS_mknod
    ROW(mknod, EPERM, "makes no device"),
#endif
#ifdef SYS_iopl
    ROW(iopl, EPERM, "the machine's ports"),
    ROW(ioperm, EPERM, "the machine's ports"),
#endif
#ifdef SYS_modify_ldt
    ROW(modify_ldt, EPERM, "often at fault"),
#endif
#ifdef SYS_fork
    ROW(fork, EPERM, "starts no process"),
    ROW(vfork, EPERM, "starts no process"),
#endif
};

/* Of clone: new namespaces. */
#define CLONE_NAMESPACES                                                                                     \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |            \
     CLONE_NEWNET)

/* Of socket: what the server speaks. netlink is how libc asks for this machine's addresses. */
static const unsigned families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

#define LOAD(field)               BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, field))
#define SKIP_IF_NOT(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (count))
#define ANSWER(action)            BPF_STMT(BPF_RET | BPF_K, (action))
#define REFUSE(error)             ANSWER(SECCOMP_RET_ERRNO | (unsigned)(error))

#define X32_FIRST 0x40000000u /* numbers of the x32 convention, which would pass the list by */
#define CODE_MAX  (8 + 2 * ARRAY_SIZE(rows) + 5 + 4 + ARRAY_SIZE(families) + 1)

const struct server_filter_row *server_filter_rows(size_t *ret_count)
{
    *ret_count = ARRAY_SIZE(rows);
    return rows;
}

/* ORDER: the convention of calls comes first, for without it a number is no call's. A jump counts instructions from the
 * next one on: (1, 0) goes past one when the condition holds. */
static unsigned short build(struct sock_filter code[CODE_MAX])
{
    unsigned short n = 0;
#define ADD(...) code[n++] = (struct sock_filter)__VA_ARGS__
    ADD(LOAD(arch));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
    ADD(ANSWER(SECCOMP_RET_KILL_PROCESS));
    ADD(LOAD(nr));
    ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_FIRST, 0, 1));
    ADD(ANSWER(SECCOMP_RET_KILL_PROCESS));
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].sanitizer && SANITIZED)
            continue;
        ADD(SKIP_IF_NOT(rows[i].number, 1));
        ADD(REFUSE(rows[i].error));
    }

    ADD(SKIP_IF_NOT(SYS_clone, 4));
    ADD(LOAD(args[0]));
    ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NAMESPACES, 0, 1));
    ADD(REFUSE(EPERM));
    ADD(ANSWER(SECCOMP_RET_ALLOW));

    ADD(SKIP_IF_NOT(SYS_socket, 2 + (unsigned char)ARRAY_SIZE(families)));
    ADD(LOAD(args[0]));
    for (size_t i = 0; i < ARRAY_SIZE(families); i++)
        /* Past the families that are left, and past the refusal behind them. */
        ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, families[i], (unsigned char)(ARRAY_SIZE(families) - i), 0));
    ADD(REFUSE(EAFNOSUPPORT));
    ADD(ANSWER(SECCOMP_RET_ALLOW));
#undef ADD
    return n;
}

enum status server_filter_enter(struct err *error)
{
    struct sock_filter code[CODE_MAX];
    const struct sock_fprog program = {.len = build(code), .filter = code};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
        return err_set(error, STATUS_IO, "the server's filter: %s", strerror(errno));
    return STATUS_OK;
}
