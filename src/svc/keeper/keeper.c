/* SPDX-License-Identifier: MIT */
/* Life of a slot:
 *
 *   FREE ─SPAWN─► FORKING ─FORKED─► ENTERING ─ENTERED─► RUNNING
 *    ▲               │ UNFORKED         │ STUCK            │
 *    │               ▼                  ▼                  ▼  EXITED from the zygote: all of the pid
 *    └───────── groups empty ◄───────────────────────── DRAINING    namespace is dead and reaped
 *
 * The generation goes up each time a slot becomes free, so that an old reference names nothing. Signals go by
 * pidfd. Everything below runs on one thread and blocks only in sends that have a time limit. */
#include "svc/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail/capability.h"
#include "jail/cgroup.h"
#include "jail/keeper_client.h"
#include "jail/namespace.h"
#include "jail/packet.h"
#include "jail/probe.h"
#include "jail/root.h"
#include "jail/session.h"
#include "os/clock.h"
#include "svc/keeper/zygote.h"

#define SESSIONS_DEFAULT 100
#define SESSIONS_MAX     16384
#define ENTER_MAX_NS     (30 * NS_PER_S)
#define WARM_MAX_MS      60000
#define SEND_MAX_S       5
#define DRAIN_POLL_MS    1
#define DRAIN_MAX_NS     (2 * NS_PER_S)
#define CHILD_FDS        4 /* setup, control, stdout, stderr */

enum slot_state { SLOT_FREE, SLOT_FORKING, SLOT_ENTERING, SLOT_RUNNING, SLOT_DRAINING };

struct slot {
    enum slot_state state;
    uint64_t generation;
    uint64_t request;
    int64_t deadline_ns; /* ENTERING: to be built; DRAINING: to be empty */
    struct keeper_message_gate gate;
    int pidfd, setup;
    int pool_fds[3]; /* control, stdout, stderr: the pool's ends until they are sent */
    bool announced;  /* SPAWNED was sent, so ENDED is owed */
    bool killed;     /* by the pool's wish, while it was alive */
    uint32_t status;
    char text[256];
};

struct keeper {
    int client;
    int epoll;
    enum keeper_phase phase;
    struct keeper_message_gate client_gate, zygote_gate;
    struct session_limits limits;
    uint32_t slot_count;
    struct slot *slots;
    uint32_t unsettled; /* slots in FORKING, ENTERING or DRAINING */
    struct zygote_process zygote;
    struct cgroup_tree groups;
    struct probe_facts facts;
    unsigned features;
    unsigned first_id;
    char *zygote_path;
    bool over;
};

/* Tags of the epoll set; slots' setup sockets come after. */
enum { TAG_CLIENT, TAG_ZYGOTE, TAG_SLOT };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- speaking -------------------------------------------------------------------------------------- */

/* A peer that does not take its messages within SEND_MAX_S is as good as gone. */
static void tell(struct keeper *k, int socket, const struct keeper_message *m, const int *fds, unsigned count)
{
    if (packet_send(socket, m, fds, count, NULL) != STATUS_OK)
        k->over = true;
}

static void refuse(struct keeper *k, uint64_t request, const char *text)
{
    const struct keeper_message m = {
        .type = KEEPER_MESSAGE_REFUSED, .request = request, .text = bytes_of_cstr(text)};
    tell(k, k->client, &m, NULL, 0);
}

static void give_up(struct keeper *k, const char *text)
{
    const struct keeper_message m = {.type = KEEPER_MESSAGE_FATAL, .text = bytes_of_cstr(text)};
    (void)!packet_send(k->client, &m, NULL, 0, NULL);
    k->over = true;
}

/* --- slots ----------------------------------------------------------------------------------------- */

static void slot_move(struct keeper *k, struct slot *s, enum slot_state to)
{
    bool before = s->state != SLOT_FREE && s->state != SLOT_RUNNING;
    bool after = to != SLOT_FREE && to != SLOT_RUNNING;
    k->unsettled += (uint32_t)after - (uint32_t)before;
    s->state = to;
}

static void slot_close(struct slot *s)
{
    close_fd(&s->pidfd);
    close_fd(&s->setup);
    for (size_t i = 0; i < ARRAY_SIZE(s->pool_fds); i++)
        close_fd(&s->pool_fds[i]);
}

static void slot_free(struct keeper *k, struct slot *s)
{
    slot_close(s);
    s->generation++;
    s->announced = s->killed = false;
    s->text[0] = '\0';
    slot_move(k, s, SLOT_FREE);
}

static void slot_signal(struct slot *s, int signal)
{
    if (s->pidfd >= 0)
        (void)!syscall(SYS_pidfd_send_signal, s->pidfd, signal, NULL, 0);
}

/* PID 1: the kernel takes the rest of the namespace along. */
static void slot_kill(struct slot *s)
{
    slot_signal(s, SIGKILL);
}

static bool slot_dead(const struct slot *s)
{
    struct pollfd watched = {.fd = s->pidfd, .events = POLLIN};
    return s->pidfd < 0 || poll(&watched, 1, 0) > 0;
}

/* The slot a message names, if it is still that generation; NULL for what is gone, which is no fault. */
static struct slot *slot_find(struct keeper *k, const struct keeper_message *m)
{
    if (m->slot >= k->slot_count)
        return NULL;
    struct slot *s = &k->slots[m->slot];
    return s->generation == m->generation && s->state != SLOT_FREE ? s : NULL;
}

static enum session_end end_of(struct keeper *k, const struct slot *s)
{
    /* A pool that sees the control socket close may ask for the kill before we hear of the death: what the
     * kernel did comes first, then what the session did itself. */
    bool by_signal = (s->status & ~(uint32_t)ZYGOTE_INIT_KILLED) == 128 + SIGKILL;
    if (by_signal && cgroup_slot_oom(&k->groups, (uint32_t)(s - k->slots)))
        return SESSION_END_MEMORY_LIMIT;
    return s->killed && s->status & ZYGOTE_INIT_KILLED ? SESSION_END_KILLED : SESSION_END_EXITED;
}

/* Dead and empty: the pool hears of it, and the slot is free. */
static void slot_finish(struct keeper *k, struct slot *s)
{
    if (s->announced) {
        const struct keeper_message m = {.type = KEEPER_MESSAGE_ENDED,
                                         .slot = (uint32_t)(s - k->slots),
                                         .generation = s->generation,
                                         .code = (uint32_t)end_of(k, s),
                                         .detail = s->status & ~(uint32_t)ZYGOTE_INIT_KILLED};
        tell(k, k->client, &m, NULL, 0);
    } else {
        refuse(k, s->request, s->text[0] ? s->text : "the session died while it was built");
    }
    slot_free(k, s);
}

/* Looks at the slots that are neither free nor running; returns how long to wait before the next look. */
static int slots_sweep(struct keeper *k)
{
    if (k->unsettled == 0)
        return -1;
    int wait_ms = 1000;
    int64_t now = clock_monotonic_ns();
    for (uint32_t i = 0; i < k->slot_count; i++) {
        struct slot *s = &k->slots[i];
        if (s->state == SLOT_DRAINING) {
            if (cgroup_slot_empty(&k->groups, i))
                slot_finish(k, s);
            else if (now > s->deadline_ns)
                cgroup_slot_kill(&k->groups, i); /* cannot be, yet the slot must not be lost */
            wait_ms = DRAIN_POLL_MS;
        } else if (s->state == SLOT_ENTERING && now > s->deadline_ns) {
            snprintf(s->text, sizeof s->text, "the session was not built in time");
            slot_kill(s);
        }
    }
    return wait_ms;
}

/* --- requests of the pool -------------------------------------------------------------------------- */

static int make_channel(struct slot *s, int child[CHILD_FDS], int *ret_setup)
{
    int setup[2], control[2], out[2], err[2];
    for (int i = 0; i < CHILD_FDS; i++)
        child[i] = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, setup) < 0)
        return -errno;
    child[0] = setup[1];
    *ret_setup = setup[0];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0)
        return -errno;
    child[1] = control[1];
    s->pool_fds[0] = control[0];
    if (pipe2(out, O_CLOEXEC) < 0)
        return -errno;
    child[2] = out[1];
    s->pool_fds[1] = out[0];
    if (pipe2(err, O_CLOEXEC) < 0)
        return -errno;
    child[3] = err[1];
    s->pool_fds[2] = err[0];
    for (size_t i = 0; i < ARRAY_SIZE(s->pool_fds); i++)
        (void)!fcntl(s->pool_fds[i], F_SETFL, O_NONBLOCK);
    return 0;
}

static unsigned session_uid(const struct keeper *k, uint32_t slot)
{
    if (!(k->features & JAIL_UID))
        return 0;
    return 1 + slot + (k->facts.user_namespaces ? 0 : k->first_id);
}

static void ask_fork(struct keeper *k, uint32_t index, const int child[CHILD_FDS], int data_mount)
{
    struct slot *s = &k->slots[index];
    const struct cgroup_slot *group = &k->groups.slots[index];
    int fds[KEEPER_MESSAGE_FDS_MAX];
    unsigned count = 0;
    for (; count < CHILD_FDS; count++)
        fds[count] = child[count];
    unsigned flags = 0;
    if (group->unified >= 0) {
        flags = JAIL_CGROUP_START;
        fds[count++] = group->unified;
    }
    if (data_mount >= 0) {
        flags |= JAIL_DATA_MOUNT;
        fds[count++] = data_mount;
    }
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        if (group->join[c] >= 0)
            fds[count++] = group->join[c];
    }
    const struct keeper_message m = {.type = KEEPER_MESSAGE_FORK,
                                     .slot = index,
                                     .generation = s->generation,
                                     .uid = session_uid(k, index),
                                     .flags = flags};
    slot_move(k, s, SLOT_FORKING);
    tell(k, k->zygote.socket, &m, fds, count);
}

/* Rootless, the session mounts its own: the pool's uid is known inside then. */
static enum status make_data(const struct keeper *k, uint32_t slot, int *ret_mount, struct err *e)
{
    if (!k->facts.privileged)
        return STATUS_OK;
    return root_make_data(&k->limits, k->first_id + 1 + slot, ret_mount, e);
}

static void on_spawn(struct keeper *k, const struct keeper_message *m)
{
    uint32_t index = 0;
    while (index < k->slot_count && k->slots[index].state != SLOT_FREE)
        index++;
    if (index == k->slot_count) {
        refuse(k, m->request, "all slots are in use");
        return;
    }
    struct slot *s = &k->slots[index];
    struct err e = {0};
    int child[CHILD_FDS], setup = -1;
    int r = make_channel(s, child, &setup);
    if (r < 0)
        (void)err_set(&e, STATUS_IO, "descriptors: %s", strerror(-r));
    s->setup = setup;
    s->request = m->request;
    s->deadline_ns = clock_monotonic_ns() + ENTER_MAX_NS;
    s->gate = (struct keeper_message_gate){.sender = KEEPER_PARTY_SESSION, .receiver = KEEPER_PARTY_KEEPER};
    struct epoll_event watch = {.events = EPOLLIN, .data.u64 = TAG_SLOT + index};
    if (r == 0 && epoll_ctl(k->epoll, EPOLL_CTL_ADD, setup, &watch) < 0)
        r = err_set(&e, STATUS_IO, "epoll: %s", strerror(errno));
    int data_mount = -1;
    if (r == 0 && cgroup_slot_prepare(&k->groups, index, &k->limits, &e) == STATUS_OK &&
        make_data(k, index, &data_mount, &e) == STATUS_OK) {
        ask_fork(k, index, child, data_mount);
    } else {
        refuse(k, m->request, e.text);
        slot_free(k, s);
    }
    close_fd(&data_mount);
    for (int i = 0; i < CHILD_FDS; i++)
        close_fd(&child[i]);
}

static void on_interrupt(struct keeper *k, const struct keeper_message *m)
{
    struct slot *s = slot_find(k, m);
    if (s && s->state == SLOT_RUNNING)
        slot_signal(s, SIGINT); /* PID 1 hands it to the runner */
}

static void on_kill(struct keeper *k, const struct keeper_message *m)
{
    struct slot *s = slot_find(k, m);
    if (!s || s->state != SLOT_RUNNING)
        return;
    s->killed = !slot_dead(s);
    slot_kill(s);
}

/* --- messages of the zygote ------------------------------------------------------------------------ */

static void on_forked(struct keeper *k, const struct keeper_message *m, struct packet *p)
{
    struct slot *s = slot_find(k, m);
    if (!s || s->state != SLOT_FORKING) {
        give_up(k, "the zygote forked what nobody asked for");
        return;
    }
    s->pidfd = p->fds[0];
    p->fd_count = 0;
    slot_move(k, s, SLOT_ENTERING);
}

static void on_unforked(struct keeper *k, const struct keeper_message *m, struct packet *p)
{
    struct slot *s = slot_find(k, m);
    if (!s || s->state != SLOT_FORKING) {
        give_up(k, "the zygote refused what nobody asked for");
        return;
    }
    snprintf(s->text, sizeof s->text, "clone3: %s", strerror((int)m->code));
    slot_move(k, s, SLOT_DRAINING);
}

static void on_exited(struct keeper *k, const struct keeper_message *m, struct packet *p)
{
    struct slot *s = slot_find(k, m);
    if (!s || s->state == SLOT_FORKING || s->state == SLOT_DRAINING) {
        give_up(k, "the zygote reaped what was not there");
        return;
    }
    s->status = m->detail;
    s->deadline_ns = clock_monotonic_ns() + DRAIN_MAX_NS;
    slot_move(k, s, SLOT_DRAINING);
}

/* --- messages of a session that is being built ----------------------------------------------------- */

static void on_entered(struct keeper *k, struct slot *s, struct packet *p)
{
    const struct keeper_message m = {.type = KEEPER_MESSAGE_SPAWNED,
                                     .request = s->request,
                                     .slot = (uint32_t)(s - k->slots),
                                     .generation = s->generation};
    const int fds[] = {s->pool_fds[0], s->pool_fds[1], s->pool_fds[2], p->fds[0]};
    s->announced = true;
    slot_move(k, s, SLOT_RUNNING);
    tell(k, k->client, &m, fds, ARRAY_SIZE(fds));
    for (size_t i = 0; i < ARRAY_SIZE(s->pool_fds); i++)
        close_fd(&s->pool_fds[i]);
}

static void read_setup(struct keeper *k, struct slot *s)
{
    static struct packet packet;
    struct keeper_message m;
    struct err e = {0};
    enum status status = packet_receive(s->setup, &packet, &e);
    if (status == STATUS_OK) {
        status = keeper_message_parse(&s->gate, k->phase, bytes_of(packet.data, packet.size), packet.fd_count,
                                      &m, &e);
        /* FORKED travels on another socket and may still be on its way; the state does not hang on it. */
        if (status == STATUS_OK && m.type == KEEPER_MESSAGE_ENTERED && s->state == SLOT_ENTERING)
            on_entered(k, s, &packet);
        else if (status == STATUS_OK)
            snprintf(s->text, sizeof s->text, "%.*s", BYTES_FMT(m.text));
        packet_close(&packet);
    }
    if (s->state == SLOT_ENTERING) { /* STUCK, a forbidden message, or a death without a word */
        if (s->text[0] == '\0')
            snprintf(s->text, sizeof s->text, "%s", e.text);
        slot_kill(s);
    }
    close_fd(&s->setup);
}

/* --- the tables ------------------------------------------------------------------------------------ */

static void read_client(struct keeper *k)
{
    static void (*const handlers[KEEPER_MESSAGE_TYPES])(struct keeper *, const struct keeper_message *) = {
        [KEEPER_MESSAGE_SPAWN] = on_spawn,
        [KEEPER_MESSAGE_INTERRUPT] = on_interrupt,
        [KEEPER_MESSAGE_KILL] = on_kill,
    };
    static struct packet packet;
    struct keeper_message m;
    if (packet_receive(k->client, &packet, NULL) != STATUS_OK) {
        k->over = true; /* the pool is gone, and so is the reason for every session */
        return;
    }
    struct err e = {0};
    if (keeper_message_parse(&k->client_gate, k->phase, bytes_of(packet.data, packet.size), packet.fd_count,
                             &m, &e) != STATUS_OK ||
        !handlers[m.type])
        give_up(k, e.text);
    else
        handlers[m.type](k, &m);
    packet_close(&packet);
}

static void read_zygote(struct keeper *k)
{
    static void (*const handlers[KEEPER_MESSAGE_TYPES])(struct keeper *, const struct keeper_message *,
                                                        struct packet *) = {
        [KEEPER_MESSAGE_FORKED] = on_forked,
        [KEEPER_MESSAGE_UNFORKED] = on_unforked,
        [KEEPER_MESSAGE_EXITED] = on_exited,
    };
    static struct packet packet;
    struct keeper_message m;
    struct err e = {0};
    if (packet_receive(k->zygote.socket, &packet, &e) != STATUS_OK) {
        give_up(k, "the zygote is gone");
        return;
    }
    if (keeper_message_parse(&k->zygote_gate, k->phase, bytes_of(packet.data, packet.size), packet.fd_count,
                             &m, &e) != STATUS_OK ||
        !handlers[m.type])
        give_up(k, e.text);
    else
        handlers[m.type](k, &m, &packet);
    packet_close(&packet);
}

static void serve(struct keeper *k)
{
    while (!k->over) {
        struct epoll_event events[32];
        int n = epoll_wait(k->epoll, events, ARRAY_SIZE(events), slots_sweep(k));
        /* The zygote first: its FORKED comes before the session's own ENTERED is of use. */
        for (int i = 0; i < n; i++) {
            if (events[i].data.u64 == TAG_ZYGOTE)
                read_zygote(k);
        }
        for (int i = 0; i < n && !k->over; i++) {
            uint64_t tag = events[i].data.u64;
            if (tag == TAG_CLIENT)
                read_client(k);
            else if (tag >= TAG_SLOT && k->slots[tag - TAG_SLOT].setup >= 0 &&
                     k->slots[tag - TAG_SLOT].state != SLOT_FORKING)
                read_setup(k, &k->slots[tag - TAG_SLOT]);
        }
    }
}

/* --- start and end --------------------------------------------------------------------------------- */

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
    k->slot_count = m.sessions_max ? MIN(m.sessions_max, SESSIONS_MAX) : SESSIONS_DEFAULT;
    k->slots = calloc(k->slot_count, sizeof *k->slots);
    if (m.text.size > 0)
        k->zygote_path = strndup((const char *)m.text.data, m.text.size);
    if (!k->slots || (m.text.size > 0 && !k->zygote_path))
        return err_set(e, STATUS_NO_MEMORY, "no memory");
    for (uint32_t i = 0; i < k->slot_count; i++) {
        struct slot *slot = &k->slots[i];
        slot->generation = 1;
        slot->pidfd = slot->setup = -1;
        for (size_t j = 0; j < ARRAY_SIZE(slot->pool_fds); j++)
            slot->pool_fds[j] = -1;
    }
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
        k->first_id = zygote_first_id(k->slot_count + 1);
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
    /* The pool confines itself with it; it need not wait for the warm-up. */
    if (s == STATUS_OK && ret->type == KEEPER_MESSAGE_BUILT)
        tell(k, k->client, &(struct keeper_message){.type = KEEPER_MESSAGE_ROOT}, packet.fds, 1);
    packet_close(&packet);
    return s == STATUS_OK ? s : err_wrap(e, "the zygote did not come up");
}

static enum status configure_zygote(struct keeper *k, unsigned built, struct err *e)
{
    k->features = built | JAIL_NET;
    k->features |= k->facts.user_namespaces ? JAIL_USER : 0;
    k->features |= k->facts.uid ? JAIL_UID : 0;
    k->features |= k->facts.landlock_abi > 0 ? JAIL_LANDLOCK : 0;
    k->facts.proc = built & JAIL_PROC;
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
        .privileged = k->facts.privileged,
        .user_namespace = k->facts.user_namespaces,
        .cgroup_fd = group,
    };
    enum status s = zygote_start(&options, &k->zygote, e);
    close_fd(&group);
    struct keeper_message m = {0};
    while (s == STATUS_OK && m.type != KEEPER_MESSAGE_WARM) {
        s = await_zygote(k, &m, e);
        if (s == STATUS_OK && m.type == KEEPER_MESSAGE_MAP)
            s = map_zygote(k, e);
        else if (s == STATUS_OK && m.type == KEEPER_MESSAGE_BUILT)
            s = configure_zygote(k, m.flags, e);
    }
    return s;
}

static void limit_send_time(int socket)
{
    const struct timeval most = {.tv_sec = SEND_MAX_S};
    (void)!setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
}

static enum status start(struct keeper *k, struct err *e)
{
    enum status s = read_open(k, e);
    if (s == STATUS_OK)
        s = prepare_machine(k, e);
    if (s == STATUS_OK)
        s = bring_up_zygote(k, e);
    /* What is left to do: make file systems, kill processes of other users, hand groups to the zygote. */
    if (s == STATUS_OK && k->facts.privileged)
        s = capability_limit(
            1ull << CAP_SYS_ADMIN | 1ull << CAP_KILL | 1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE, e);
    k->epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event client = {.events = EPOLLIN, .data.u64 = TAG_CLIENT};
    struct epoll_event zygote = {.events = EPOLLIN, .data.u64 = TAG_ZYGOTE};
    if (s == STATUS_OK && (k->epoll < 0 || epoll_ctl(k->epoll, EPOLL_CTL_ADD, k->client, &client) < 0 ||
                           epoll_ctl(k->epoll, EPOLL_CTL_ADD, k->zygote.socket, &zygote) < 0))
        s = err_set(e, STATUS_IO, "epoll: %s", strerror(errno));
    return s;
}

static void announce(struct keeper *k)
{
    CLEANUP(buf_fini) struct buf json = {.limit = sizeof((struct keeper_report *)0)->json};
    probe_json(&k->facts, &json);
    const struct keeper_message m = {.type = KEEPER_MESSAGE_READY, .text = buf_peek(&json)};
    limit_send_time(k->client);
    limit_send_time(k->zygote.socket);
    k->phase = KEEPER_PHASE_SERVING;
    tell(k, k->client, &m, NULL, 0);
}

/* The zygote is PID 1 of the namespace above all sessions: the kernel kills them with it. */
static void end(struct keeper *k)
{
    if (k->zygote.pid > 0) {
        (void)!syscall(SYS_pidfd_send_signal, k->zygote.pidfd, SIGKILL, NULL, 0);
        (void)!waitpid(k->zygote.pid, NULL, 0);
        close_fd(&k->zygote.pidfd);
        close_fd(&k->zygote.socket);
    }
    for (uint32_t i = 0; k->slots && i < k->slot_count; i++)
        slot_close(&k->slots[i]);
    if (k->groups.slots)
        cgroup_close(&k->groups);
    close_fd(&k->epoll);
    free(k->slots);
    free(k->zygote_path);
}

int keeper_main(int fd)
{
    struct keeper k = {
        .client = fd,
        .epoll = -1,
        .phase = KEEPER_PHASE_NEW,
        .client_gate = {.sender = KEEPER_PARTY_POOL, .receiver = KEEPER_PARTY_KEEPER},
        .zygote_gate = {.sender = KEEPER_PARTY_ZYGOTE, .receiver = KEEPER_PARTY_KEEPER},
        .zygote = {.pidfd = -1, .socket = -1},
    };
    struct err e = {0};
    (void)!prctl(PR_SET_NAME, CGROUP_OWNER_NAME, 0, 0, 0);
    (void)!fcntl(fd, F_SETFD, FD_CLOEXEC);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);  /* the terminal's ^C is for the pool; */
    signal(SIGTERM, SIG_IGN); /* its end of the socket is our end */
    enum status s = start(&k, &e);
    if (s == STATUS_OK) {
        announce(&k);
        serve(&k);
    } else {
        give_up(&k, e.text);
    }
    end(&k);
    return s == STATUS_OK ? 0 : 1;
}
