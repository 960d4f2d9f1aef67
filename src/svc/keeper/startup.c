/* SPDX-License-Identifier: MIT */
#include "svc/keeper/startup.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "jail/file.h"
#include "jail/namespace.h"
#include "svc/keeper/state.h"

#define SESSIONS_DEFAULT 100
#define SESSIONS_MAX     16384
#define WARM_MAX_MS      60000

static struct session_limits with_defaults(struct session_limits l)
{
#define DEFAULT(member, value) l.member = l.member ? l.member : (value)
    DEFAULT(memory_bytes, (uint64_t)512 << 20);
    DEFAULT(tasks, 64);
    DEFAULT(cpu_percent, 100);
    DEFAULT(data_bytes, (uint64_t)256 << 20);
    DEFAULT(tmp_bytes, (uint64_t)64 << 20);
    DEFAULT(files, 16384);
    DEFAULT(open_files, 256);
    DEFAULT(file_bytes, l.data_bytes);
    DEFAULT(read_bytes, (uint64_t)64 << 20);
#undef DEFAULT
    l.open_files = MIN(MAX(l.open_files, 32), 4096);
    return l;
}

static enum status read_open(struct keeper *k, struct err *e)
{
    static struct packet packet;
    struct keeper_message m;
    enum status s = packet_receive(k->client, &packet, e);
    if (s == STATUS_OK)
        s = keeper_message_parse(&k->client_gate, k->phase, bytes_of(packet.data, packet.size),
                                 packet.fd_count, &m, e);
    if (s != STATUS_OK)
        return s;
    k->limits = with_defaults(m.limits);
    k->other_ids = m.flags & KEEPER_FLAG_OTHER_IDS;
    k->slot_count = m.sessions_max ? MIN(m.sessions_max, SESSIONS_MAX) : SESSIONS_DEFAULT;
    k->slots = calloc(k->slot_count, sizeof *k->slots);
    struct bytes paths = m.text;
    struct bytes program = bytes_split(&paths, '\n');
    if (program.size > 0)
        k->zygote_path = strndup((const char *)program.data, program.size);
    if (paths.size > 0)
        k->session_paths = strndup((const char *)paths.data, paths.size);
    if (!k->slots || (program.size > 0 && !k->zygote_path) || (paths.size > 0 && !k->session_paths))
        return err_set(e, STATUS_NO_MEMORY, "no memory");
    for (uint32_t i = 0; i < k->slot_count; i++)
        slot_init(&k->slots[i]);
    k->phase = KEEPER_PHASE_OPEN;
    return STATUS_OK;
}

static enum status prepare_machine(struct keeper *k, struct err *e)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max; /* up to 8 descriptors a slot */
        (void)!setrlimit(RLIMIT_NOFILE, &files);
    }
    probe_machine(&k->facts);
    if (!k->facts.net || !k->facts.seccomp)
        return err_set(e, STATUS_FAILED_PRECONDITION, "this machine gives no %s; see sallyport doctor",
                       k->facts.net ? "seccomp" : "namespaces");
    if (k->facts.privileged) {
        k->first_id = zygote_first_id(k->slot_count + 1, k->other_ids);
        k->facts.uid = k->first_id != 0;
        if (!k->first_id)
            return err_set(e, STATUS_FAILED_PRECONDITION,
                           "root, but without a range of host ids to give away");
    }
    enum status s = cgroup_open(&k->groups, k->slot_count, k->first_id ? k->first_id : geteuid(), e);
    if (s != STATUS_OK)
        return s;
    k->facts.cgroup_layout = cgroup_layout_name(k->groups.layout);
    k->facts.memory = k->groups.enforced[CGROUP_MEMORY];
    k->facts.pids = k->groups.enforced[CGROUP_PIDS];
    k->facts.cpu = k->groups.enforced[CGROUP_CPU];
    k->facts.cgroup_kill = k->groups.unified_base >= 0;
    snprintf(k->facts.cgroup_missing, sizeof k->facts.cgroup_missing, "%s", k->groups.missing);
    return STATUS_OK;
}

/* The zygote's next message, within the time a warm-up may take. */
static enum status await_zygote(struct keeper *k, struct keeper_message *ret, struct err *e)
{
    static struct packet packet;
    packet.fd_count = 0;
    struct pollfd watched[] = {{.fd = k->zygote.socket, .events = POLLIN},
                               {.fd = k->client, .events = POLLRDHUP}};
    int n = poll(watched, ARRAY_SIZE(watched), WARM_MAX_MS);
    if (n <= 0 || watched[1].revents)
        return err_set(e, STATUS_DEADLINE_EXCEEDED,
                       n <= 0 ? "the zygote takes too long" : "the pool is gone");
    enum status s = packet_receive(k->zygote.socket, &packet, e);
    if (s == STATUS_OK)
        s = keeper_message_parse(&k->zygote_gate, k->phase, bytes_of(packet.data, packet.size),
                                 packet.fd_count, ret, e);
    if (s == STATUS_OK && ret->type == KEEPER_MESSAGE_BROKEN)
        s = err_set(e, STATUS_INTERNAL, "zygote: %.*s", BYTES_FMT(ret->text));
    packet_close(&packet);
    return s == STATUS_OK ? s : err_wrap(e, "the zygote did not come up");
}

static enum status configure_zygote(struct keeper *k, const struct keeper_message *answer, struct err *e)
{
    unsigned built = answer->flags;
    snprintf(k->template_identity, sizeof k->template_identity, "%.*s", BYTES_FMT(answer->text));
    k->features = built | JAIL_NET;
    k->features |= k->facts.user_namespaces ? JAIL_USER : 0;
    k->features |= k->facts.uid ? JAIL_UID : 0;
    k->features |= k->facts.landlock_abi > 0 ? JAIL_LANDLOCK : 0;
    k->facts.proc = built & JAIL_PROC;
    k->facts.overlay = built & JAIL_OVERLAY;
    /* Without a /proc nobody can write the maps of a session's user namespace. */
    if (!k->facts.proc)
        k->features &= ~(unsigned)JAIL_USER;
    const struct keeper_message m = {
        .type = KEEPER_MESSAGE_CONFIG, .flags = k->features, .limits = k->limits};
    return packet_send(k->zygote.socket, &m, NULL, 0, e);
}

static enum status map_zygote(struct keeper *k, struct err *e)
{
    enum status s = namespace_map_range(k->zygote.pid, k->first_id, k->slot_count + 1, e);
    const struct keeper_message m = {.type = KEEPER_MESSAGE_MAPPED};
    return s == STATUS_OK ? packet_send(k->zygote.socket, &m, NULL, 0, e) : s;
}

static enum status bring_up_zygote(struct keeper *k, struct err *e)
{
    int group = cgroup_zygote_directory(&k->groups);
    const struct zygote_options options = {
        .path = k->zygote_path,
        .session_paths = k->session_paths,
        .data_root = k->data_root,
        .privileged = k->facts.privileged,
        .user_namespace = k->facts.user_namespaces,
        .cgroup_fd = group,
    };
    enum status s = zygote_start(&options, &k->zygote, e);
    file_close(&group);
    struct keeper_message m = {0};
    while (s == STATUS_OK && m.type != KEEPER_MESSAGE_WARM) {
        s = await_zygote(k, &m, e);
        if (s == STATUS_OK && m.type == KEEPER_MESSAGE_MAP)
            s = map_zygote(k, e);
        else if (s == STATUS_OK && m.type == KEEPER_MESSAGE_BUILT)
            s = configure_zygote(k, &m, e);
    }
    return s;
}

enum status startup_run(struct keeper *k, struct err *e)
{
    enum status s = read_open(k, e);
    if (s == STATUS_OK)
        s = prepare_machine(k, e);
    if (s == STATUS_OK)
        s = bring_up_zygote(k, e);
    return s;
}
