/* SPDX-License-Identifier: MIT */
/* seccomp_table.h — the policy of sandbox.md 2.3, one row a call; included by seccomp.c only.
 * A call that is in no row answers ENOSYS, so a future call stays closed and libraries fall back. The allow
 * list is Docker's default profile without the groups that the rows with an errno name. */
/* clang-format off */
#define ALLOW(name)                               {#name, 0, SECCOMP_ALLOWED, 0, -1, SECCOMP_MASKED, 0, 0, -1, 0, 0}
#define DENY(name, error)                         {#name, 0, SECCOMP_DENIED, error, -1, SECCOMP_MASKED, 0, 0, -1, 0, 0}
#define DENY_NEW(name, number, error)             {#name, number, SECCOMP_DENIED, error, -1, SECCOMP_MASKED, 0, 0, -1, 0, 0}
#define DENY_IF(name, error, arg, mask, value)    {#name, 0, SECCOMP_ARGUMENT, error, arg, SECCOMP_MASKED, mask, value, -1, 0, 0}
#define DENY_UNLESS(name, error, arg, value)      {#name, 0, SECCOMP_ARGUMENT, error, arg, SECCOMP_OTHER, 0, value, -1, 0, 0}
#define DENY_MIXED(name, error, arg)              {#name, 0, SECCOMP_ARGUMENT, error, arg, SECCOMP_MIXED, 0, 0, -1, 0, 0}
#define LOCK(name, error)                         {#name, 0, SECCOMP_LOCKED, error, -1, SECCOMP_MASKED, 0, 0, -1, 0, 0}
#define STRICT(name, error)                       {#name, 0, SECCOMP_STRICT, error, -1, SECCOMP_MASKED, 0, 0, -1, 0, 0}
#define STRICT_IF(name, error, arg, mask, value)  {#name, 0, SECCOMP_STRICT, error, arg, SECCOMP_MASKED, mask, value, -1, 0, 0}
#define DENY_BOTH(name, error, arg, mask, value, other, other_mask, other_value) \
    {#name, 0, SECCOMP_ARGUMENT, error, arg, SECCOMP_MASKED, mask, value, other, other_mask, other_value}
#define NOTHING(name)                             DENY(name, SECCOMP_SUCCESS)
#define NOTHING_IF(name, arg, mask, value)        DENY_IF(name, SECCOMP_SUCCESS, arg, mask, value)
#define INT32                                     0xffffffffull

static const struct seccomp_row rows[] = {
    /* Files by descriptor and path. */
    ALLOW(access), ALLOW(chdir), ALLOW(chmod), ALLOW(chown), ALLOW(close), ALLOW(close_range),
    ALLOW(copy_file_range), ALLOW(creat), ALLOW(dup), ALLOW(dup2), ALLOW(dup3), ALLOW(faccessat),
    ALLOW(faccessat2), ALLOW(fadvise64), ALLOW(fallocate), ALLOW(fchdir), ALLOW(fchmod), ALLOW(fchmodat),
    ALLOW(fchown), ALLOW(fchownat), ALLOW(fcntl), ALLOW(fgetxattr), ALLOW(flistxattr),
    ALLOW(flock), ALLOW(fremovexattr), ALLOW(fsetxattr), ALLOW(fstat), ALLOW(fstatfs),
    ALLOW(ftruncate), ALLOW(futimesat), ALLOW(getcwd), ALLOW(getdents), ALLOW(getdents64), ALLOW(getxattr),
    ALLOW(ioctl), ALLOW(lchown), ALLOW(lgetxattr), ALLOW(link), ALLOW(linkat), ALLOW(listxattr),
    ALLOW(llistxattr), ALLOW(lremovexattr), ALLOW(lseek), ALLOW(lsetxattr), ALLOW(lstat), ALLOW(mkdir),
    ALLOW(mkdirat), ALLOW(mknod), ALLOW(mknodat), ALLOW(newfstatat), ALLOW(open), ALLOW(openat),
    ALLOW(pread64), ALLOW(preadv), ALLOW(preadv2), ALLOW(pwrite64), ALLOW(pwritev),
    ALLOW(pwritev2), ALLOW(read), ALLOW(readahead), ALLOW(readlink), ALLOW(readlinkat), ALLOW(readv),
    ALLOW(removexattr), ALLOW(rename), ALLOW(renameat), ALLOW(renameat2), ALLOW(rmdir), ALLOW(sendfile),
    ALLOW(setxattr), ALLOW(splice), ALLOW(stat), ALLOW(statfs), ALLOW(statx), ALLOW(symlink),
    ALLOW(symlinkat), ALLOW(tee), ALLOW(truncate),
    ALLOW(umask), ALLOW(unlink), ALLOW(unlinkat), ALLOW(utime), ALLOW(utimensat), ALLOW(utimes), ALLOW(write),
    ALLOW(writev),
    /* Memory. */
    ALLOW(brk), ALLOW(madvise), ALLOW(memfd_create), ALLOW(mincore), ALLOW(mlock), ALLOW(mlock2),
    ALLOW(mlockall), ALLOW(mmap), ALLOW(mprotect), ALLOW(mremap), ALLOW(msync), ALLOW(munlock),
    ALLOW(munlockall), ALLOW(munmap), ALLOW(pkey_alloc), ALLOW(pkey_free), ALLOW(pkey_mprotect),

    /* Processes and threads. */
    ALLOW(arch_prctl), ALLOW(capget), ALLOW(capset), ALLOW(clone), ALLOW(execve), ALLOW(execveat),
    ALLOW(exit), ALLOW(exit_group), ALLOW(fork), ALLOW(futex), ALLOW(futex_waitv), ALLOW(get_robust_list),
    ALLOW(get_thread_area), ALLOW(getcpu), ALLOW(getegid), ALLOW(geteuid), ALLOW(getgid), ALLOW(getgroups),
    ALLOW(getpgid), ALLOW(getpgrp), ALLOW(getpid), ALLOW(getppid), ALLOW(getpriority), ALLOW(getresgid),
    ALLOW(getresuid), ALLOW(getrlimit), ALLOW(getrusage), ALLOW(getsid), ALLOW(gettid), ALLOW(getuid),
    ALLOW(ioprio_get), ALLOW(landlock_add_rule), ALLOW(landlock_create_ruleset),
    ALLOW(landlock_restrict_self), ALLOW(membarrier), ALLOW(pidfd_open), ALLOW(pidfd_send_signal),
    ALLOW(prctl), ALLOW(prlimit64), ALLOW(restart_syscall), ALLOW(rseq), ALLOW(sched_get_priority_max),
    ALLOW(sched_get_priority_min), ALLOW(sched_getaffinity), ALLOW(sched_getattr), ALLOW(sched_getparam),
    ALLOW(sched_getscheduler), ALLOW(sched_rr_get_interval), ALLOW(sched_setaffinity),
    ALLOW(sched_setparam), ALLOW(sched_setscheduler), ALLOW(sched_yield), ALLOW(set_robust_list),
    ALLOW(set_tid_address), ALLOW(setfsgid), ALLOW(setfsuid), ALLOW(setgid), ALLOW(setgroups),
    ALLOW(setpgid), ALLOW(setpriority), ALLOW(setregid), ALLOW(setresgid), ALLOW(setresuid),
    ALLOW(setreuid), ALLOW(setrlimit), ALLOW(setsid), ALLOW(setuid), ALLOW(sysinfo), ALLOW(times),
    ALLOW(uname), ALLOW(vfork), ALLOW(wait4), ALLOW(waitid),
    /* Signals, timers, waiting. */
    ALLOW(alarm), ALLOW(clock_getres), ALLOW(clock_gettime), ALLOW(clock_nanosleep), ALLOW(epoll_create),
    ALLOW(epoll_create1), ALLOW(epoll_ctl), ALLOW(epoll_pwait), ALLOW(epoll_pwait2), ALLOW(epoll_wait),
    ALLOW(eventfd), ALLOW(eventfd2), ALLOW(getitimer), ALLOW(getrandom), ALLOW(gettimeofday),
    ALLOW(inotify_init), ALLOW(inotify_init1), ALLOW(inotify_rm_watch),
   
    ALLOW(kill), ALLOW(nanosleep), ALLOW(pause), ALLOW(pipe), ALLOW(pipe2), ALLOW(poll),
    ALLOW(ppoll), ALLOW(pselect6), ALLOW(rt_sigaction), ALLOW(rt_sigpending), ALLOW(rt_sigprocmask),
    ALLOW(rt_sigqueueinfo), ALLOW(rt_sigreturn), ALLOW(rt_sigsuspend), ALLOW(rt_sigtimedwait),
    ALLOW(rt_tgsigqueueinfo), ALLOW(select), ALLOW(setitimer), ALLOW(sigaltstack), ALLOW(signalfd),
    ALLOW(signalfd4), ALLOW(tgkill), ALLOW(time), ALLOW(timer_create), ALLOW(timer_delete),
    ALLOW(timer_getoverrun), ALLOW(timer_gettime), ALLOW(timer_settime), ALLOW(timerfd_create),
    ALLOW(timerfd_gettime), ALLOW(timerfd_settime), ALLOW(tkill),
    /* What socketpair(AF_UNIX) needs; asyncio and multiprocessing run on it. */
    ALLOW(accept), ALLOW(accept4), ALLOW(bind), ALLOW(connect), ALLOW(getpeername), ALLOW(getsockname),
    ALLOW(getsockopt), ALLOW(listen), ALLOW(recvfrom), ALLOW(recvmmsg), ALLOW(recvmsg), ALLOW(sendmmsg),
    ALLOW(sendmsg), ALLOW(sendto), ALLOW(setsockopt), ALLOW(shutdown), ALLOW(socketpair),

    /* Sockets: no family at all, whatever network namespace it is; AF_VSOCK would reach the hypervisor, and
     * netlink crosses a shared network namespace (sandbox-prototype.md 9). Python users get the message they
     * expect. */
    DENY(socket, EAFNOSUPPORT),
    DENY_IF(socket, ENETUNREACH, 0, INT32, AF_INET),
    DENY_IF(socket, ENETUNREACH, 0, INT32, AF_INET6),
    DENY_UNLESS(socketpair, EAFNOSUPPORT, 0, AF_UNIX),
    /* Programs for the kernel on a socket, on the control socket too, and the urgent byte of unix sockets
     * (CVE-2025-38236). */
    DENY_IF(setsockopt, EPERM, 2, INT32, SO_ATTACH_FILTER), DENY_IF(setsockopt, EPERM, 2, INT32, SO_LOCK_FILTER),
    DENY_IF(setsockopt, EPERM, 2, INT32, 50 /* SO_ATTACH_BPF */),
    DENY_IF(setsockopt, EPERM, 2, INT32, 51 /* SO_ATTACH_REUSEPORT_CBPF */),
    DENY_IF(setsockopt, EPERM, 2, INT32, 52 /* SO_ATTACH_REUSEPORT_EBPF */),
    DENY_IF(sendto, EOPNOTSUPP, 3, MSG_OOB, MSG_OOB), DENY_IF(sendmsg, EOPNOTSUPP, 2, MSG_OOB, MSG_OOB),
    DENY_IF(sendmmsg, EOPNOTSUPP, 3, MSG_OOB, MSG_OOB), DENY_IF(recvfrom, EOPNOTSUPP, 3, MSG_OOB, MSG_OOB),
    DENY_IF(recvmsg, EOPNOTSUPP, 2, MSG_OOB, MSG_OOB), DENY_IF(recvmmsg, EOPNOTSUPP, 3, MSG_OOB, MSG_OOB),
    /* Namespaces. The flags of clone3 lie in memory where no filter sees them: libc falls back to clone. */
    LOCK(clone3, ENOSYS),
    LOCK(unshare, EPERM),
    DENY(setns, EPERM),
    DENY_IF(clone, EPERM, 0, CLONE_NEWNS, CLONE_NEWNS),
    DENY_IF(clone, EPERM, 0, CLONE_NEWCGROUP, CLONE_NEWCGROUP),
    DENY_IF(clone, EPERM, 0, CLONE_NEWUTS, CLONE_NEWUTS),
    DENY_IF(clone, EPERM, 0, CLONE_NEWIPC, CLONE_NEWIPC),
    DENY_IF(clone, EPERM, 0, CLONE_NEWUSER, CLONE_NEWUSER),
    DENY_IF(clone, EPERM, 0, CLONE_NEWPID, CLONE_NEWPID),
    DENY_IF(clone, EPERM, 0, CLONE_NEWNET, CLONE_NEWNET),
    /* Mounts (CVE-2022-0185 class). */
    LOCK(mount, EPERM),
    DENY(umount2, EPERM), DENY(pivot_root, EPERM), DENY(chroot, EPERM), DENY(fsopen, EPERM),
    DENY(fsconfig, EPERM), DENY(fsmount, EPERM), DENY(fspick, EPERM), LOCK(move_mount, EPERM),
    DENY(open_tree, EPERM), DENY(mount_setattr, EPERM), DENY(quotactl, EPERM), DENY(quotactl_fd, EPERM),
    DENY(swapon, EPERM), DENY(swapoff, EPERM), DENY_NEW(statmount, 457, EPERM), DENY_NEW(listmount, 458, EPERM),
    DENY_NEW(open_tree_attr, 467, EPERM),
    /* Keys: not namespaced per session, a persistent covert channel, CVE-2016-0728. */
    DENY(keyctl, EPERM), DENY(add_key, EPERM), DENY(request_key, EPERM),
    /* Programs for the kernel, tracing, side channels. */
    DENY(bpf, EPERM), DENY(perf_event_open, EPERM), DENY(fanotify_init, EPERM), DENY(fanotify_mark, EPERM),
    DENY(lookup_dcookie, EPERM),
    /* Watches on the files that all sessions share tell one what another opens: which modules it imports, and
     * whatever it wants to signal. A filter cannot see the inode. The answer is that of a used-up limit, upon
     * which libraries turn to polling. */
    DENY(inotify_add_watch, ENOSPC),
    DENY_IF(fcntl, EPERM, 1, INT32, F_NOTIFY),
    DENY_IF(fcntl, EPERM, 1, INT32, F_SETLEASE),
    /* Disks of the machine. A session's own files lie in memory: a sync means nothing there, and on a file of
     * the list it would flush the machine's disk, for which everybody waits. Reads past the page cache, and
     * what empties that cache, would make the disk work for nothing. What answers 0 does nothing. */
    NOTHING(sync), NOTHING(syncfs), NOTHING(fsync), NOTHING(fdatasync), NOTHING(sync_file_range),
    NOTHING_IF(msync, 2, MS_SYNC, MS_SYNC),
    NOTHING_IF(fadvise64, 3, INT32, POSIX_FADV_DONTNEED),
    DENY_IF(open, EINVAL, 1, O_DIRECT, O_DIRECT), DENY_IF(openat, EINVAL, 2, O_DIRECT, O_DIRECT),
    DENY_BOTH(fcntl, EINVAL, 1, INT32, F_SETFL, 2, O_DIRECT, O_DIRECT),
    DENY_UNLESS(preadv2, EOPNOTSUPP, 5, 0), DENY_UNLESS(pwritev2, EOPNOTSUPP, 5, 0),
    DENY_IF(ioctl, EOPNOTSUPP, 1, INT32, 0xc020660b /* FS_IOC_FIEMAP: where on the disk a file lies */),
    /* Memory of the machine: huge pages come out of a pool that no group is charged for; merging pages, taking
     * them out of use, and changing what others have in the cache are nobody's business here. */
    DENY_IF(mmap, ENOMEM, 3, MAP_HUGETLB, MAP_HUGETLB), DENY_IF(memfd_create, EINVAL, 1, MFD_HUGETLB, MFD_HUGETLB),
    DENY_IF(madvise, EINVAL, 2, INT32, MADV_MERGEABLE), DENY_IF(madvise, EINVAL, 2, INT32, 20 /* MADV_COLD */),
    DENY_IF(madvise, EINVAL, 2, INT32, 21 /* MADV_PAGEOUT */), DENY_IF(madvise, EINVAL, 2, INT32, 25 /* MADV_COLLAPSE */),
    DENY_IF(madvise, EPERM, 2, INT32, MADV_HWPOISON), DENY_IF(madvise, EPERM, 2, INT32, 101 /* MADV_SOFT_OFFLINE */),
    /* Barriers on every processor of the machine. The private ones stay. */
    DENY_IF(membarrier, EINVAL, 0, INT32, 1 /* GLOBAL */), DENY_IF(membarrier, EINVAL, 0, INT32, 2 /* GLOBAL_EXPEDITED */),
    /* Other processes. */
    DENY(ptrace, EPERM), DENY(process_vm_readv, EPERM), DENY(process_vm_writev, EPERM),
    DENY(pidfd_getfd, EPERM), DENY(kcmp, EPERM), DENY(process_mrelease, EPERM),
    /* File handles (Shocker). */
    DENY(open_by_handle_at, EPERM), DENY(name_to_handle_at, EPERM),
    /* Modules, boot, time, host control. */
    DENY(init_module, EPERM), DENY(finit_module, EPERM), DENY(delete_module, EPERM),
    DENY(create_module, EPERM), DENY(query_module, EPERM), DENY(get_kernel_syms, EPERM),
    DENY(kexec_load, EPERM), DENY(kexec_file_load, EPERM), DENY(reboot, EPERM), DENY(settimeofday, EPERM),
    DENY(clock_settime, EPERM), DENY(clock_adjtime, EPERM), DENY(adjtimex, EPERM), DENY(acct, EPERM),
    DENY(syslog, EPERM), DENY(iopl, EPERM), DENY(ioperm, EPERM), DENY(vhangup, EPERM),
    LOCK(sethostname, EPERM), DENY(setdomainname, EPERM), DENY(nfsservctl, EPERM), DENY(uselib, EPERM),
    DENY(_sysctl, EPERM), DENY(sysfs, EPERM), DENY(ustat, EPERM),
    /* Odd x86. 0xffffffff asks for the personality without setting it, 0 is Linux. Of arch_prctl stay the thread's
     * registers and the right to use large ones. */
    DENY(modify_ldt, EPERM), DENY(set_thread_area, EPERM), DENY(vm86, EPERM), DENY(vm86old, EPERM),
    ALLOW(personality),
    DENY_MIXED(personality, EPERM, 0),
    DENY_IF(arch_prctl, EPERM, 0, INT32, 0x1012 /* ARCH_SET_CPUID */),
    DENY_IF(arch_prctl, EPERM, 0, INT32, 0x1025 /* ARCH_REQ_XCOMP_GUEST_PERM */),
    DENY_IF(arch_prctl, EPERM, 0, 0xf000, 0x2000 /* ARCH_MAP_VDSO_… */),
    DENY_IF(arch_prctl, EPERM, 0, 0xf000, 0x4000 /* tagged addresses */),
    DENY_IF(arch_prctl, EPERM, 0, 0xf000, 0x5000 /* shadow stacks */),
    /* NUMA: rarely needed, rich in bugs. */
    DENY(mbind, EPERM), DENY(set_mempolicy, EPERM), DENY_NEW(set_mempolicy_home_node, 450, EPERM),
    DENY(migrate_pages, EPERM), DENY(move_pages, EPERM),
    /* Terminals: input injection CVE-2017-5226, line disciplines CVE-2023-6546. */
    DENY_IF(ioctl, EPERM, 1, INT32, TIOCSTI),
    DENY_IF(ioctl, EPERM, 1, INT32, TIOCLINUX),
    DENY_IF(ioctl, EPERM, 1, INT32, TIOCSETD),
    /* Filters of the session's own: dear to install, and a listener can confuse its children. */
    LOCK(seccomp, EPERM),
    DENY_IF(prctl, EPERM, 0, INT32, PR_SET_SECCOMP),
    DENY_IF(prctl, EPERM, 0, INT32, PR_SET_MM),
    DENY_IF(prctl, EPERM, 0, INT32, PR_SET_PTRACER),
    DENY_IF(prctl, EPERM, 0, INT32, PR_SET_SYSCALL_USER_DISPATCH),
    DENY_IF(prctl, EPERM, 0, INT32, PR_SET_TAGGED_ADDR_CTRL),
    DENY_IF(prctl, EPERM, 0, INT32, PR_SCHED_CORE),
    DENY_IF(prctl, EPERM, 0, INT32, 67 /* PR_SET_MEMORY_MERGE: a KSM side channel */),
    /* Scheduling: real time starves the others. The flag RESET_ON_FORK may be or-ed to the policy. */
    DENY(sched_setattr, EPERM),
    DENY_IF(sched_setscheduler, EPERM, 1, 0xf, SCHED_FIFO),
    DENY_IF(sched_setscheduler, EPERM, 1, 0xf, SCHED_RR),
    DENY_IF(sched_setscheduler, EPERM, 1, 0xf, 6 /* SCHED_DEADLINE */),
    DENY_IF(sched_setscheduler, EPERM, 1, 0xf, 7 /* SCHED_EXT: whatever the host has loaded */),
    /* Any class but idle is at least the host's own. */
    DENY(ioprio_set, EPERM),
    /* Pipes and file oddities. */
    DENY(vmsplice, EPERM),
    DENY_IF(mknod, EPERM, 1, S_IFMT, S_IFCHR), DENY_IF(mknod, EPERM, 1, S_IFMT, S_IFBLK),
    DENY_IF(mknodat, EPERM, 2, S_IFMT, S_IFCHR), DENY_IF(mknodat, EPERM, 2, S_IFMT, S_IFBLK),
    DENY_IF(chmod, EPERM, 1, S_ISUID, S_ISUID), DENY_IF(chmod, EPERM, 1, S_ISGID, S_ISGID),
    DENY_IF(fchmod, EPERM, 1, S_ISUID, S_ISUID), DENY_IF(fchmod, EPERM, 1, S_ISGID, S_ISGID),
    DENY_IF(fchmodat, EPERM, 2, S_ISUID, S_ISUID), DENY_IF(fchmodat, EPERM, 2, S_ISGID, S_ISGID),
    /* The mode counts only where a file is made: else the register holds anything. */
    DENY_IF(creat, EPERM, 1, S_ISUID, S_ISUID), DENY_IF(creat, EPERM, 1, S_ISGID, S_ISGID),
    DENY_IF(mknod, EPERM, 1, S_ISUID, S_ISUID), DENY_IF(mknod, EPERM, 1, S_ISGID, S_ISGID),
    DENY_IF(mknodat, EPERM, 2, S_ISUID, S_ISUID), DENY_IF(mknodat, EPERM, 2, S_ISGID, S_ISGID),
    DENY_BOTH(open, EPERM, 2, S_ISUID, S_ISUID, 1, O_CREAT, O_CREAT),
    DENY_BOTH(open, EPERM, 2, S_ISGID, S_ISGID, 1, O_CREAT, O_CREAT),
    DENY_BOTH(open, EPERM, 2, S_ISUID, S_ISUID, 1, O_TMPFILE, O_TMPFILE),
    DENY_BOTH(open, EPERM, 2, S_ISGID, S_ISGID, 1, O_TMPFILE, O_TMPFILE),
    DENY_BOTH(openat, EPERM, 3, S_ISUID, S_ISUID, 2, O_CREAT, O_CREAT),
    DENY_BOTH(openat, EPERM, 3, S_ISGID, S_ISGID, 2, O_CREAT, O_CREAT),
    DENY_BOTH(openat, EPERM, 3, S_ISUID, S_ISUID, 2, O_TMPFILE, O_TMPFILE),
    DENY_BOTH(openat, EPERM, 3, S_ISGID, S_ISGID, 2, O_TMPFILE, O_TMPFILE),
    /* System V objects and message queues are heap-spray primitives and answer ENOSYS: no row. So do
     * io_uring, userfaultfd, memfd_secret, process_madvise, get_mempolicy and whatever is newer; native AIO, of
     * which there is one number for the whole machine (fs.aio-max-nr); openat2, whose flags and mode lie in
     * memory where no filter sees them; and remap_file_pages, which nobody needs. */

    /* Locks on the template's inodes, which all sessions share are a covert channel; a filter cannot see the inode,
     * so it is all or nothing. */
    STRICT(flock, ENOLCK),
    STRICT_IF(fcntl, ENOLCK, 1, INT32, F_SETLK), STRICT_IF(fcntl, ENOLCK, 1, INT32, F_SETLKW),
    STRICT_IF(fcntl, ENOLCK, 1, INT32, F_OFD_SETLK), STRICT_IF(fcntl, ENOLCK, 1, INT32, F_OFD_SETLKW),
};
