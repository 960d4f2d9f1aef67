/* SPDX-License-Identifier: MIT */
/* probe.c — one table of layers, by fact; texts, JSON and the list of what is degraded are read from it. */
#include "jail/probe.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/seccomp.h>

#include "jail/capability.h"
#include "jail/cgroup.h"
#include "jail/file.h"
#include "jail/landlock.h"
#include "jail/namespace.h"
#include "jail/usage.h"

/* True if a child can be made with `flags`. */
static bool try_namespaces(unsigned long long flags)
{
    pid_t pid = namespace_clone(flags, -1, NULL);
    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

/* What the kernel has loaded; the keeper finds out whether it is given to us. */
static bool knows_overlay(void)
{
    char text[4096];
    return file_read(AT_FDCWD, "/proc/filesystems", text, sizeof text) > 0 && strstr(text, "\toverlay\n");
}

void probe_machine(struct probe_facts *ret_facts)
{
    unsigned long long all = NAMESPACES_SESSION | CLONE_NEWNET;
    bool privileged = capability_privileged();
    *ret_facts = (struct probe_facts){
        .privileged = privileged,
        .user_namespaces = try_namespaces(CLONE_NEWUSER),
        .proc = true,
        .net = try_namespaces(privileged ? all : all | CLONE_NEWUSER),
        .uid = privileged,
        .seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0,
        .landlock_abi = landlock_abi(),
        .overlay = knows_overlay(),
        .cgroup_layout = cgroup_layout_name(CGROUP_NONE),
    };
}

/* A real tree with one slot is opened and closed again: that a controller is there does not say that it may be
 * used here. */
void probe_cgroups(struct probe_facts *facts)
{
    struct cgroup_tree tree;
    if (cgroup_open(&tree, 1, geteuid(), NULL) != STATUS_OK)
        return;
    facts->cgroup_layout = cgroup_layout_name(tree.layout);
    facts->memory = tree.enforced[CGROUP_MEMORY];
    facts->pids = tree.enforced[CGROUP_PIDS];
    facts->cpu = tree.enforced[CGROUP_CPU];
    facts->sampled = !facts->memory && usage_possible();
    facts->cgroup_kill = tree.unified_base >= 0;
    snprintf(facts->cgroup_missing, sizeof facts->cgroup_missing, "%s", tree.missing);
    cgroup_close(&tree);
}

const char *probe_state_name(enum probe_state state)
{
    static const char *const names[] = {"on", "degraded", "off"};
    return names[state];
}

#define MEND_CGROUP "systemd-run --user --scope -p Delegate=yes sallyport dev"
#define MEND_ROOT   "sudo sallyport dev"
#define MEND_USER                                                                                            \
    "sudo sysctl -w user.max_user_namespaces=10000; "                                                        \
    "sudo sysctl -e -w kernel.apparmor_restrict_unprivileged_userns=0"

#define SAMPLED                                                                                              \
    "no memory group for us: what a session holds is sampled five times a second, and over the limit it "    \
    "ends; "                                                                                                 \
    "buffers of pipes and sockets are not seen"

bool probe_layers(const struct probe_facts *facts, struct probe_layer layer[PROBE_LAYERS])
{
    const struct {
        const char *name;
        bool good;
        enum probe_state otherwise;
        const char *detail, *detail_otherwise, *mend;
    } rows[PROBE_LAYERS] = {
        {"namespaces", facts->net, PROBE_OFF,
         "mount, pid, ipc, uts, net and cgroup namespace for each session",
         "namespaces cannot be made: no session can start", MEND_USER},
        {"user-namespace", facts->user_namespaces, facts->privileged ? PROBE_DEGRADED : PROBE_OFF,
         "the zygote and each session in a user namespace of their own",
         facts->privileged ? "none can be made: sessions are told apart by uid only" : "none can be made",
         MEND_USER},
        {"uid", facts->uid, PROBE_DEGRADED, "a host uid of its own for each session",
         "rootless: all sessions share the server's host uid; the pid namespace keeps them apart", MEND_ROOT},
        {"proc", facts->proc, PROBE_DEGRADED, "/proc shows the session's own processes only",
         "the kernel refuses a /proc (masked by an outer container?): sessions have none",
         "run outside the container, or with its /proc unmasked"},
        {"seccomp", facts->seccomp, PROBE_OFF, "allow list; sockets, namespaces, mounts, keys refused",
         "the kernel has no seccomp: no session can start", "use a kernel with CONFIG_SECCOMP_FILTER"},
        {"landlock", facts->landlock_abi > 0, PROBE_DEGRADED, NULL,
         "off in this kernel: the file system rests on mounts alone",
         "add landlock to the kernel's lsm= boot parameter"},
        {"overlay", facts->overlay, PROBE_DEGRADED,
         "locks and watches on files of the list end at the template",
         "no overlay for us: a session's locks on files of the list reach those of the host",
         "modprobe overlay; without root Linux 5.11 or newer is needed"},
        {"cgroup-memory", facts->memory, PROBE_DEGRADED, NULL, facts->sampled ? SAMPLED : NULL, MEND_CGROUP},
        {"cgroup-pids", facts->pids, PROBE_DEGRADED, NULL, NULL, MEND_CGROUP},
        {"cgroup-cpu", facts->cpu, PROBE_DEGRADED, NULL, NULL, MEND_CGROUP},
    };
    bool all = true;
    for (size_t i = 0; i < PROBE_LAYERS; i++) {
        bool good = rows[i].good;
        all &= good;
        layer[i] = (struct probe_layer){.name = rows[i].name,
                                        .state = good ? PROBE_ON : rows[i].otherwise,
                                        .mend = good ? "" : rows[i].mend};
        const char *text = good ? rows[i].detail : rows[i].detail_otherwise;
        if (text)
            snprintf(layer[i].detail, sizeof layer[i].detail, "%s", text);
        else if (good && strcmp(rows[i].name, "landlock") == 0)
            snprintf(layer[i].detail, sizeof layer[i].detail, "ABI %d%s", facts->landlock_abi,
                     facts->landlock_abi < 6 ? "; signals and abstract sockets are not scoped before ABI 6"
                                             : "");
        else if (good)
            snprintf(layer[i].detail, sizeof layer[i].detail, "cgroup %s%s", facts->cgroup_layout,
                     facts->cgroup_kill ? ", killed by v2" : ", killed by pid namespace");
        else
            snprintf(layer[i].detail, sizeof layer[i].detail,
                     "not enforced (only per-process limits hold)%s%s", facts->cgroup_missing[0] ? ": " : "",
                     facts->cgroup_missing);
    }
    return all;
}

/* Texts are ours, but an errno's words may hold a quote some day. */
static void append_string(struct buf *out, const char *text)
{
    buf_append_byte(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buf_append_byte(out, '\\');
        buf_append_byte(out, (uint8_t)*text < 0x20 ? ' ' : (uint8_t)*text);
    }
    buf_append_byte(out, '"');
}

/* From the table itself, by facts that nobody has: a layer that is added is known at once. */
bool probe_layer_known(struct bytes name)
{
    const struct probe_facts none = {0};
    struct probe_layer layers[PROBE_LAYERS];
    (void)probe_layers(&none, layers);
    for (size_t i = 0; i < PROBE_LAYERS; i++) {
        if (bytes_equal_cstr(name, layers[i].name))
            return true;
    }
    return false;
}

void probe_degraded(const struct probe_facts *facts, struct buf *out)
{
    struct probe_layer layers[PROBE_LAYERS];
    (void)probe_layers(facts, layers);
    bool first = true;
    for (size_t i = 0; i < PROBE_LAYERS; i++) {
        if (layers[i].state == PROBE_ON)
            continue;
        buf_append_fmt(out, "%s%s", first ? "" : ",", layers[i].name);
        first = false;
    }
}

void probe_json(const struct probe_facts *facts, struct buf *out)
{
    struct probe_layer layers[PROBE_LAYERS];
    (void)probe_layers(facts, layers);
    buf_append_fmt(out, "{\"tier\":\"process\",\"mode\":\"%s\",\"layers\":[",
                   facts->privileged ? "root" : "rootless");
    for (size_t i = 0; i < PROBE_LAYERS; i++) {
        buf_append_fmt(out, "%s{\"name\":\"%s\",\"state\":\"%s\",\"detail\":", i ? "," : "", layers[i].name,
                       probe_state_name(layers[i].state));
        append_string(out, layers[i].detail);
        buf_append_cstr(out, ",\"mend\":");
        append_string(out, layers[i].mend);
        buf_append_cstr(out, "}");
    }
    buf_append_cstr(out, "],\"degraded\":[");
    bool first = true;
    for (size_t i = 0; i < PROBE_LAYERS; i++) {
        if (layers[i].state == PROBE_ON)
            continue;
        buf_append_fmt(out, "%s\"%s\"", first ? "" : ",", layers[i].name);
        first = false;
    }
    buf_append_cstr(out, "]}");
}
