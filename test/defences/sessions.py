# SPDX-License-Identifier: MIT
"""What a session is held by, what comes out of it, and our own processes among each other. The layers of the sandbox stand behind
each other on purpose: a row that takes one out is red where a test looks at that layer itself."""
from defence import defence

SECCOMP = "src/jail/seccomp.c"
SESSION = "src/jail/session.c"
RLIMIT = "src/jail/rlimit.c"
ROOT = "src/jail/root.c"
FRAME = "src/wire/frame.c"
MESSAGE = "src/wire/keeper_message.c"
CONFINE = "src/jail/confine.c"
FILES = "src/svc/pool/files/session_files.c"
PYTHON = "src/runtime/python/python.c"

KERNEL = "session → kernel"
HOST = "session → files of the host"
RESOURCES = "session → resources"
TOLD = "session → what is told of it"
SERVER = "server process → host"
KEEPER = "pool → keeper"

ROWS = [
    defence("calls-list", KERNEL, "hostile-inside", "a_sweep", (SECCOMP, "    r = seccomp_load(list);\n", "    r = 0;\n")),
    defence("calls-arguments", KERNEL, "hostile-inside", "a_arguments",
            (SECCOMP, "        r = seccomp_load(arguments);\n", "        r = 0;\n")),
    defence("calls-lock", KERNEL, "hostile-inside", "a_filters",
            (SECCOMP, "    int r = add_stage(f, SECCOMP_LOCKED, false);\n", "    int r = 0;\n")),
    defence("calls-capabilities", KERNEL, "hostile-inside", "a_privileges",
            (SESSION, "    enum status status = capability_drop(err);\n", "    enum status status = STATUS_OK;\n")),

    defence("host-descriptors", HOST, "hostile-inside", "b_descriptors",
            (SESSION, "    if (syscall(SYS_close_range, 3, highest_between, 0) < 0)\n", "    if (highest_between < 0)\n")),
    defence("host-landlock", HOST, "hostile-inside", "b_landlock_paths",
            (SESSION, "    if (!(session->features & JAIL_LANDLOCK)) {\n", "    if (true) {\n")),
    defence("host-read-only", HOST, "hostile-inside", "b_write_outside",
            (ROOT, '    if (set_attributes("/", 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID) < 0)\n', "    if (false)\n"),
            (SESSION, "    if (!(session->features & JAIL_LANDLOCK)) {\n", "    if (true) {\n"),
            (ROOT, '{"opt", 0755}', '{"opt", 0777}'),
            note="the mount is read-only, Landlock says it again, and the folders are of another user; all are out"),
    defence("host-proc", HOST, "hostile-inside", "c_proc_sys",
            ("src/jail/root_enter.c", '"hidepid=invisible,subset=pid"', '"hidepid=invisible"')),

    defence("resources-files", RESOURCES, "hostile-inside", "f_descriptors",
            (RLIMIT, '        {"nofile", RLIMIT_NOFILE, limits->open_files},\n', "")),
    defence("resources-limits", RESOURCES, "hostile-inside", "f_limits",
            (RLIMIT, '        {"fsize", RLIMIT_FSIZE, limits->file_bytes},\n', "")),

    defence("machine-calls", "session → resources of the whole machine", "hostile-inside", "a_machine",
            ("src/jail/seccomp_table.h", "    NOTHING(sync), ", "    ALLOW(io_setup), NOTHING(sync), ")),
    defence("network-socket", "session → network", "hostile-inside", "d_network",
            ("src/jail/seccomp_table.h", "    DENY(socket, EAFNOSUPPORT),\n", "    ALLOW(socket),\n"),
            note="behind it the namespace of the network is empty: nothing is reached, but a socket is there"),
    defence("others-processes", "session → other sessions", "session-hygiene", "closed to ptrace and dumps",
            (SESSION, "if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)",
             "if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)")),
    defence("birth-libc", "session → session, by birth", "session-hygiene", "random(3)",
            (PYTHON, "    reseed_libc();\n", "    (void)reseed_libc;\n")),
    defence("killed-parent", "a killed keeper or zygote → service", "session-hygiene", "dies with its parent",
            (SESSION, "if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)",
             "if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)"),
            ("src/jail/zygote/spawn.c", "    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);\n", ""),
            note="it is set in the fork, and again behind the change of user; both are out"),
    defence("layers-closed", "layer → layer", "fail_closed", "fails",
            (SESSION, "        if (steps[i].run(session, err) != STATUS_OK)\n", "        if (steps[i].run(session, err) != STATUS_OK && i > 8)\n")),

    defence("frame-reserved", "session → pool", "frame", "bad_heads_are_refused_at_once",
            (FRAME, "if (!type_known(type) || reserved_used || payload_size", "(void)reserved_used;\n    if (!type_known(type) || payload_size")),
    defence("frame-type", "session → pool", "frame", "bad_heads_are_refused_at_once",
            (FRAME, "if (!type_known(type) || reserved_used || payload_size", "if (reserved_used || payload_size")),
    defence("frame-size", "session → pool", "frame", "bad_heads_are_refused_at_once",
            (FRAME, " || payload_size > FRAME_PAYLOAD_SIZE_MAX)", ")")),
    defence("told-own-word", TOLD, "pool_own", "Effects.test_rp54_code_can_forge_its_own_word_and_nothing_else",
            ("src/svc/pool/session/result_check.c", "        if (count < RESULT_HOSTS_ROOM && append_host(out, count == 0, item))",
             "        (void)append_host;\n        append_comma(out, count > 0);\n        buf_append_bytes(out, item.json);\n        if (count < RESULT_HOSTS_ROOM)")),
    defence("told-not-given", TOLD, "pool_own", "Effects.test_rp54_code_can_forge_its_own_word_and_nothing_else",
            ("src/svc/pool/http/execute_report.c", '{"ownWord", execution->outcome.hosts.size > 0}', '{"ownWord", true}')),
    defence("memory-budget", "session → memory of the server", "memory_budget", "what_does_not_fit_changes_nothing",
            ("src/svc/pool/session/memory_budget.c", "    make_room(budget, size);\n    if (!fits(budget, size))\n        return false;\n",
             "    make_room(budget, size);\n")),
    defence("files-beneath", "file API → session files", "pool_files", "Files.test_sp66_hostile_names",
            (FILES, "(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)", "RESOLVE_NO_MAGICLINKS"),
            (FILES, "O_NOFOLLOW | O_CLOEXEC : OPEN_SAFELY", "O_CLOEXEC : (OPEN_SAFELY & ~O_NOFOLLOW)"),
            note="not seen red yet; a link is refused by openat2 on the way and by O_NOFOLLOW at its end; both are out"),

    defence("keeper-sender", KEEPER, "keeper_message", "the_table_decides_who_when_and_how_often",
            (MESSAGE, "if (rule->sender != gate->sender || rule->receiver != gate->receiver)", "if (rule->receiver != gate->receiver)")),
    defence("keeper-phase", KEEPER, "keeper_message", "the_table_decides_who_when_and_how_often",
            (MESSAGE, "if (!(rule->phases & phase))", "if (!phase)")),
    defence("keeper-once", KEEPER, "keeper_message", "the_table_decides_who_when_and_how_often",
            (MESSAGE, "if (rule->once && gate->seen & 1u << type)", "if (false)")),
    defence("keeper-descriptors", KEEPER, "keeper_message", "the_table_decides_who_when_and_how_often",
            (MESSAGE, "if (fds < rule->fds_min || fds > rule->fds_max)", "if (fds < rule->fds_min)")),
    defence("keeper-length", KEEPER, "keeper_message", "a_cut_or_longer_packet_is_refused", (MESSAGE, "    if (rest.size > 0)\n", "    if (false)\n")),
    defence("keeper-filter", "keeper → host", "keeper_filter", "test_refuses",
            ("src/svc/keeper/filter.c", "    ADD(ANSWER(REFUSE));\n#undef ADD", "    ADD(ANSWER(SECCOMP_RET_ALLOW));\n#undef ADD")),
    defence("keeper-code", "keeper → host", "keeper_filter", "test_refuses",
            ("src/svc/keeper/filter.c", "BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0)", "BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 0)")),

    defence("server-filter", SERVER, "confine", "test_what_the_server_cannot_do_any_more",
            (CONFINE, "        status = server_filter_enter(err);\n", "        status = STATUS_OK;\n")),
    defence("server-landlock", SERVER, "confine", "test_what_the_server_cannot_do_any_more",
            (CONFINE, "    if (status == STATUS_OK && report.landlock_abi > 0)\n        status = enter_landlock(options, err);\n",
             "    (void)enter_landlock;\n")),
    defence("server-user", SERVER, "confine", "test_what_the_server_cannot_do_any_more",
            (CONFINE, "enum status status = options->uid ? capability_switch_user(options->uid, options->uid, err) : STATUS_OK;",
             "enum status status = STATUS_OK;")),
    defence("server-crash", "secrets → logs, files, processes", "sign_in", "Case.test_a_server_that_crashes_leaves_no_memory_behind",
            (CONFINE, "    /* The server's memory holds its users' data; a process of the same uid shall not read it. */\n"
             "    if (status == STATUS_OK && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)", "    if (status == STATUS_OK && false)"),
            note="not seen red yet"),
]
