/* SPDX-License-Identifier: MIT */
/* startup.c — one step after the other, each with a time limit, while all rights are still there: nothing here may
 * run once the keeper serves. What the machine gives is found out first, what the zygotes built is added to it. */
#include "svc/keeper/startup.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "jail/file.h"
#include "jail/namespace.h"
#include "svc/keeper/limit_values.h"
#include "svc/keeper/state.h"
#include "svc/keeper/watch.h"

/* What a keeper cannot do without. The name is that of the member, for whoever built the message. */
static enum status check_limits(const struct keeper_message *open, struct err *err)
{
    const struct session_limits *limits = &open->limits;
    const struct {
        const char *name;
        uint64_t value, least, most;
    } rows[] = {
        {"sessions_max", open->sessions_max, 1, KEEPER_SESSIONS_MAX},
        {"memory_bytes", limits->memory_bytes, 1, UINT64_MAX},
        {"tasks", limits->tasks, 1, UINT64_MAX},
        {"cpu_percent", limits->cpu_percent, 1, UINT64_MAX},
        {"data_bytes", limits->data_bytes, 1, UINT64_MAX},
        {"tmp_bytes", limits->tmp_bytes, 1, UINT64_MAX},
        {"files", limits->files, 1, UINT64_MAX},
        {"open_files", limits->open_files, SESSION_OPEN_FILES_LEAST, SESSION_OPEN_FILES_MOST},
        {"file_bytes", limits->file_bytes, 1, UINT64_MAX},
        {"read_bytes", limits->read_bytes, 1, UINT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].value < rows[i].least || rows[i].value > rows[i].most)
            return err_set(err, STATUS_INVALID_ARGUMENT, "%s of a keeper is %llu", rows[i].name,
                           (unsigned long long)rows[i].value);
    }
    return STATUS_OK;
}

static enum status read_open(struct keeper *keeper, struct err *err)
{
    static struct packet packet;
    struct keeper_message message;
    enum status status = packet_receive(keeper->client, &packet, err);
    if (status == STATUS_OK)
        status = keeper_message_parse(&keeper->client_gate, keeper->phase, bytes_of(packet.data, packet.size),
                                      packet.fd_count, &message, err);
    if (status == STATUS_OK)
        status = check_limits(&message, err);
    if (status != STATUS_OK)
        return status;
    keeper->limits = message.limits;
    keeper->other_ids = message.flags & KEEPER_FLAG_OTHER_IDS;
    keeper->listens = message.flags & KEEPER_FLAG_LISTEN;
    keeper->slot_count = message.sessions_max;
    keeper->slots = calloc(keeper->slot_count, sizeof *keeper->slots);
    struct bytes paths = message.text;
    struct bytes program = bytes_split(&paths, '\n');
    if (program.size > 0)
        keeper->zygote_path = strndup((const char *)program.data, program.size);
    if (paths.size > 0)
        keeper->session_paths = strndup((const char *)paths.data, paths.size);
    if (!keeper->slots || (program.size > 0 && !keeper->zygote_path) ||
        (paths.size > 0 && !keeper->session_paths))
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    for (uint32_t i = 0; i < keeper->slot_count; i++)
        slot_init(&keeper->slots[i]);
    keeper->phase = KEEPER_PHASE_OPEN;
    return STATUS_OK;
}

/* ORDER: first what the machine gives, then the range of ids that follows from it, then the groups that those ids
 * will own. */
static enum status prepare_machine(struct keeper *keeper, struct err *err)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max; /* up to 8 descriptors a slot */
        (void)!setrlimit(RLIMIT_NOFILE, &files);
    }
    probe_machine(&keeper->facts);
    if (!keeper->facts.net || !keeper->facts.seccomp)
        return err_set(err, STATUS_FAILED_PRECONDITION, "this machine gives no %s; see sallyport doctor",
                       keeper->facts.net ? "seccomp" : "namespaces");
    if (keeper->facts.privileged) {
        keeper->first_id = zygote_first_id(keeper->slot_count + 1, keeper->other_ids);
        keeper->facts.uid = keeper->first_id != 0;
        if (!keeper->first_id)
            return err_set(err, STATUS_FAILED_PRECONDITION,
                           "root, but without a range of host ids to give away");
    }
    enum status status = cgroup_open(&keeper->groups, keeper->slot_count,
                                     keeper->first_id ? keeper->first_id : geteuid(), err);
    if (status != STATUS_OK)
        return status;
    keeper->facts.cgroup_layout = cgroup_layout_name(keeper->groups.layout);
    keeper->facts.memory = keeper->groups.enforced[CGROUP_MEMORY];
    keeper->watches = watch_wanted(keeper);
    keeper->facts.sampled = keeper->watches;
    keeper->facts.pids = keeper->groups.enforced[CGROUP_PIDS];
    keeper->facts.cpu = keeper->groups.enforced[CGROUP_CPU];
    keeper->facts.cgroup_kill = keeper->groups.unified_base >= 0;
    snprintf(keeper->facts.cgroup_missing, sizeof keeper->facts.cgroup_missing, "%s", keeper->groups.missing);
    return STATUS_OK;
}

/* The zygote's next message, within the time a warm-up may take. A pool that goes meanwhile ends the start: nobody would
 * ever use what it builds. */
static enum status await_zygote(struct keeper *keeper, struct keeper_zygote *zygote,
                                struct keeper_message *ret, struct err *err)
{
    static struct packet packet;
    packet.fd_count = 0;
    struct pollfd watched[] = {{.fd = zygote->process.socket, .events = POLLIN},
                               {.fd = keeper->client, .events = POLLRDHUP}};
    int n = poll(watched, ARRAY_SIZE(watched), KEEPER_WARM_MAX_MS);
    if (n <= 0 || watched[1].revents)
        return err_set(err, STATUS_DEADLINE_EXCEEDED,
                       n <= 0 ? "the zygote takes too long" : "the pool is gone");
    enum status status = packet_receive(zygote->process.socket, &packet, err);
    if (status == STATUS_OK)
        status = keeper_message_parse(&zygote->gate, keeper->phase, bytes_of(packet.data, packet.size),
                                      packet.fd_count, ret, err);
    if (status == STATUS_OK && ret->type == KEEPER_MESSAGE_BROKEN)
        status = err_set(err, STATUS_INTERNAL, "zygote: %.*s", BYTES_FMT(ret->text));
    packet_close(&packet);
    if (status == STATUS_OK)
        return status;
    return err_wrap(err, "the zygote did not come up");
}

/* What the machine gives, but for what the zygote has built itself. */
static unsigned features_of(const struct keeper *keeper, unsigned built)
{
    unsigned features = built | JAIL_NET;
    features |= keeper->facts.user_namespaces ? JAIL_USER : 0;
    features |= keeper->facts.uid ? JAIL_UID : 0;
    features |= keeper->facts.landlock_abi > 0 ? JAIL_LANDLOCK : 0;
    features |= keeper->listens ? JAIL_LISTEN : 0;
    /* Without a /proc nobody can write the maps of a session's user namespace. */
    return built & JAIL_PROC ? features : features & ~(unsigned)JAIL_USER;
}

static enum status configure_zygote(struct keeper *keeper, struct keeper_zygote *zygote,
                                    const struct keeper_message *answer, struct err *err)
{
    snprintf(zygote->template_identity, sizeof zygote->template_identity, "%.*s", BYTES_FMT(answer->text));
    zygote->features = features_of(keeper, answer->flags);
    /* A layer that the sessions of one runtime lack is not there. */
    bool first = zygote == &keeper->zygotes[0];
    keeper->facts.proc = (first || keeper->facts.proc) && answer->flags & JAIL_PROC;
    keeper->facts.overlay = (first || keeper->facts.overlay) && answer->flags & JAIL_OVERLAY;
    const struct keeper_message message = {
        .type = KEEPER_MESSAGE_CONFIG, .flags = zygote->features, .limits = keeper->limits};
    return packet_send(zygote->process.socket, &message, NULL, 0, err);
}

static enum status map_zygote(struct keeper *keeper, struct keeper_zygote *zygote, struct err *err)
{
    enum status status =
        namespace_map_range(zygote->process.pid, keeper->first_id, keeper->slot_count + 1, err);
    const struct keeper_message message = {.type = KEEPER_MESSAGE_MAPPED};
    if (status == STATUS_OK)
        return packet_send(zygote->process.socket, &message, NULL, 0, err);
    return status;
}

static enum status bring_up_zygote(struct keeper *keeper, enum runtime_id runtime, struct err *err)
{
    struct keeper_zygote *zygote = &keeper->zygotes[runtime];
    int group = cgroup_zygote_directory(&keeper->groups);
    const struct zygote_options options = {
        .runtime = runtime_row(runtime),
        .path = runtime == 0 ? keeper->zygote_path : NULL,
        .session_paths = keeper->session_paths,
        .data_root = keeper->data_root,
        .privileged = keeper->facts.privileged,
        .user_namespace = keeper->facts.user_namespaces,
        .cgroup_fd = group,
    };
    enum status status = zygote_start(&options, &zygote->process, err);
    file_close(&group);
    struct keeper_message message = {0};
    /* The zygote says what it waits for: MAP, that its ids are mapped; BUILT, to be told what the machine gives; WARM is the last.
     * What it may say when is in the table of wire/keeper_message.h. */
    while (status == STATUS_OK && message.type != KEEPER_MESSAGE_WARM) {
        status = await_zygote(keeper, zygote, &message, err);
        if (status == STATUS_OK && message.type == KEEPER_MESSAGE_MAP)
            status = map_zygote(keeper, zygote, err);
        else if (status == STATUS_OK && message.type == KEEPER_MESSAGE_BUILT)
            status = configure_zygote(keeper, zygote, &message, err);
    }
    return status;
}

enum status startup_run(struct keeper *keeper, struct err *err)
{
    enum status status = read_open(keeper, err);
    if (status == STATUS_OK)
        status = prepare_machine(keeper, err);
    for (int id = 0; status == STATUS_OK && id < RUNTIMES; id++)
        status = bring_up_zygote(keeper, (enum runtime_id)id, err);
    return status;
}
