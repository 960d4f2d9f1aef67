/* SPDX-License-Identifier: MIT */
/* tier_process.c — the process tier: namespaces, seccomp, Landlock, cgroups. The keeper's client does the
 * work; here it is decided which keeper is asked, and when there is a new one:
 *
 *   a keeper dies (its zygote with it, or the other way round)     all sessions are gone: on_down, and a new
 *                                                                  keeper after a wait (core/pool/comeback)
 *   the packages that sessions see change                          a new keeper beside the old one; once it is
 *                                                                  ready it gets the orders, and the old one
 *                                                                  ends with its last session
 *
 * INVARIANT: at most two keepers live, on two lines with two ranges of host ids; a tier's slot is a keeper's
 * slot and its line's number, so no name is used twice. */
#include "svc/pool/session/tier_process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/pool/comeback.h"
#include "jail/template.h"
#include "os/clock.h"
#include "svc/pool/session/tier.h"

#define AREA         "svc/pool"
#define LINES        2
#define LOOK_NS      NS_PER_S        /* between two looks at the packages: a few stat calls */
#define LOOK_WAIT_NS (60 * NS_PER_S) /* until the next one when a new keeper did not come up */

struct process_tier;

/* One keeper, or the place for one. */
struct line {
    struct process_tier *tier;
    struct keeper_client *keeper; /* NULL: the place is free */
    struct loop_task retiring;    /* looks whether it has nothing left to do */
    bool ready;
    uint32_t orders;   /* that it has not answered */
    uint32_t sessions; /* that it has not ended */
    uint64_t stamp;    /* of jail/template.h, from before it was started */
    char template_identity[RUNTIMES][TEMPLATE_IDENTITY_SIZE];
    bool stores; /* files can be put into its sessions on their own account */
};

struct process_tier {
    struct loop *loop;
    struct process_tier_options options;
    struct tier_events events;
    struct warden_client *warden;
    struct line lines[LINES];
    uint32_t current; /* the line that gets the orders */
    bool was_up;      /* ever */
    struct comeback comeback;
    struct loop_timer again;
    struct loop_timer look; /* at the packages */
};

static struct line *current_line(struct process_tier *tier)
{
    return &tier->lines[tier->current];
}

static uint32_t number_of(const struct line *line)
{
    return (uint32_t)(line - line->tier->lines);
}

static struct tier_ref tier_ref(const struct line *line, struct session_ref ref)
{
    return (struct tier_ref){.slot = ref.slot * LINES + number_of(line), .generation = ref.generation};
}

/* `*ret_line` may have no keeper any more. */
static struct session_ref keeper_ref(struct process_tier *tier, struct tier_ref ref, struct line **ret_line)
{
    *ret_line = &tier->lines[ref.slot % LINES];
    return (struct session_ref){.slot = ref.slot / LINES, .generation = ref.generation};
}

static void close_line(struct line *line)
{
    loop_defer_cancel(&line->retiring);
    keeper_client_stop(line->keeper);
    *line = (struct line){.tier = line->tier, .retiring = {.on_run = line->retiring.on_run}};
}

static void on_retiring(struct loop_task *task)
{
    struct line *line = CONTAINER_OF(task, struct line, retiring);
    bool retired = line != current_line(line->tier) && line->ready;
    if (retired && line->keeper && line->orders == 0 && line->sessions == 0) {
        log_info(AREA, "the last session with the former packages has ended");
        close_line(line);
    }
}

/* Not at once: the caller is called by the very client that would be freed. */
static void close_if_done(struct line *line)
{
    loop_defer(line->tier->loop, &line->retiring);
}

static enum status open_line(struct line *line, bool beside, struct err *error);

/* --- going down and coming back --- */

static void come_back_later(struct process_tier *tier)
{
    int64_t at_ns = comeback_down(&tier->comeback, loop_now(tier->loop));
    if (loop_timer_set(tier->loop, &tier->again, at_ns) != STATUS_OK)
        log_error(AREA, "no memory for a timer: isolation does not come back");
}

/* The other line is used: what is left of the dead keeper's sessions may live a moment longer, and no new one
 * shall share its ids. */
static void on_again(struct loop_timer *timer)
{
    struct process_tier *tier = CONTAINER_OF(timer, struct process_tier, again);
    struct err error = {0};
    tier->current = (tier->current + 1) % LINES;
    if (open_line(current_line(tier), false, &error) == STATUS_OK)
        return;
    log_error(AREA, "a new keeper cannot be started cause=\"%s\"", error.text);
    tier->events.on_down(tier->events.context, error.text);
    come_back_later(tier);
}

/* `lost` belongs to a line that is closed here. */
static void go_down(struct process_tier *tier, const char *lost)
{
    char text[KEEPER_TEXT_SIZE];
    snprintf(text, sizeof text, "%s", lost);
    for (size_t i = 0; i < LINES; i++)
        close_line(&tier->lines[i]);
    if (!tier->was_up) {
        tier->events.on_lost(tier->events.context, text);
        return;
    }
    tier->events.on_down(tier->events.context, text);
    come_back_later(tier);
}

/* --- a change of packages --- */

static void look_later(struct process_tier *tier, int64_t wait_ns)
{
    if (loop_timer_set(tier->loop, &tier->look, loop_now(tier->loop) + wait_ns) != STATUS_OK)
        log_warn(AREA, "no memory for a timer: changes of packages are not seen");
}

/* The new keeper did not come up: the packages may be half installed. Sessions go on with the former ones. */
static void give_up_renewal(struct line *line, const char *text)
{
    log_warn(AREA, "no keeper for the new packages cause=\"%s\"", text);
    close_line(line);
    look_later(line->tier, LOOK_WAIT_NS);
}

static void on_look(struct loop_timer *timer)
{
    struct process_tier *tier = CONTAINER_OF(timer, struct process_tier, look);
    struct line *line = current_line(tier);
    struct line *other = &tier->lines[(tier->current + 1) % LINES];
    look_later(tier, LOOK_NS);
    if (other->keeper || !line->ready || template_stamp(tier->options.keeper.session_paths) == line->stamp)
        return;

    struct err error = {0};
    log_info(AREA, "the packages that sessions see have changed: new sessions get the new ones");
    if (open_line(other, true, &error) != STATUS_OK)
        give_up_renewal(other, error.text);
}

/* --- from a keeper --- */

static void on_ready(void *context, const struct keeper_report *report)
{
    struct line *line = context;
    struct process_tier *tier = line->tier;
    struct line *former = current_line(tier);
    line->ready = true;
    memcpy(line->template_identity, report->template_identity, sizeof line->template_identity);
    line->stores = report->stores;
    tier->current = number_of(line);
    tier->was_up = true;
    comeback_up(&tier->comeback, loop_now(tier->loop));
    const struct tier_report own = {
        .isolation_json = report->json,
        .degraded = report->degraded,
        .memory_size_max = tier->options.keeper.limits.memory_bytes,
        .template_identity = report->template_identity[0],
    };
    tier->events.on_ready(tier->events.context, &own);
    close_if_done(former);
}

static void on_spawned(void *context, uint64_t request, const struct keeper_session *session,
                       const char *text)
{
    struct line *line = context;
    struct process_tier *tier = line->tier;
    line->orders--;
    if (!session) {
        tier->events.on_spawned(tier->events.context, request, NULL, text);
        close_if_done(line);
        return;
    }

    struct tier_session built = {
        .ref = tier_ref(line, session->ref),
        .control_fd = session->control_fd,
        .stdout_fd = session->stdout_fd,
        .stderr_fd = session->stderr_fd,
        .data_dir_fd = session->data_dir_fd,
        .calls_fd = session->calls_fd,
        .cpu_fd = session->cpu_fd,
        .memory_fd = session->memory_fd,
        .processes_fd = session->processes_fd,
        .template_identity = line->template_identity[session->runtime],
        .stores = line->stores,
    };
    line->sessions++;
    tier->events.on_spawned(tier->events.context, request, &built, text);
}

static void on_ended(void *context, struct session_ref ref, enum session_end end, int detail)
{
    static const enum tier_end ends[] = {
        [SESSION_END_EXITED] = TIER_END_EXITED,
        [SESSION_END_KILLED] = TIER_END_KILLED,
        [SESSION_END_MEMORY_LIMIT] = TIER_END_MEMORY_LIMIT,
        [SESSION_END_FAILED] = TIER_END_FAILED,
    };
    struct line *line = context;
    struct process_tier *tier = line->tier;
    line->sessions--;
    tier->events.on_ended(tier->events.context, tier_ref(line, ref), ends[end], detail);
    close_if_done(line);
}

static void on_stored(void *context, struct session_ref ref, int error)
{
    struct line *line = context;
    struct process_tier *tier = line->tier;
    tier->events.on_stored(tier->events.context, tier_ref(line, ref), error);
}

static void on_lost(void *context, const char *text)
{
    struct line *line = context;
    struct process_tier *tier = line->tier;
    if (line != current_line(tier) && !line->ready)
        give_up_renewal(line, text);
    else
        go_down(tier, text);
}

static enum status open_line(struct line *line, bool beside, struct err *error)
{
    struct process_tier *tier = line->tier;
    const struct keeper_callbacks callbacks = {
        .on_ready = on_ready,
        .on_spawned = on_spawned,
        .on_ended = on_ended,
        .on_stored = on_stored,
        .on_lost = on_lost,
        .context = line,
    };
    struct keeper_options options = tier->options.keeper;
    options.beside = beside;
    options.other_ids = number_of(line) != 0;
    options.listen = true;
    /* ORDER: before the start. What changes while it is built is then seen as a change. */
    line->stamp = template_stamp(options.session_paths);
    return keeper_client_start(tier->loop, tier->warden, &options, &callbacks, &line->keeper, error);
}

/* --- to the keepers --- */

static enum status process_start(struct loop *loop, const void *options, const struct tier_events *events,
                                 void **ret_tier, struct err *error)
{
    struct process_tier *tier = calloc(1, sizeof *tier);
    if (!tier)
        return err_no_memory(error);
    tier->loop = loop;
    tier->options = *(const struct process_tier_options *)options;
    tier->events = *events;
    tier->again.on_fire = on_again;
    tier->look.on_fire = on_look;
    for (size_t i = 0; i < LINES; i++)
        tier->lines[i] = (struct line){.tier = tier, .retiring = {.on_run = on_retiring}};
    const struct comeback_options comeback = comeback_options_default();
    comeback_init(&tier->comeback, &comeback);

    enum status status = warden_client_start(NULL, tier->options.data_root, &tier->warden, error);
    if (status == STATUS_OK)
        status = open_line(current_line(tier), true, error);
    if (status != STATUS_OK) {
        warden_client_stop(tier->warden);
        free(tier);
        return status;
    }
    look_later(tier, LOOK_NS);
    *ret_tier = tier;
    return STATUS_OK;
}

static void process_stop(void *context)
{
    struct process_tier *tier = context;
    loop_timer_cancel(&tier->again);
    loop_timer_cancel(&tier->look);
    for (size_t i = 0; i < LINES; i++)
        close_line(&tier->lines[i]);
    warden_client_stop(tier->warden);
    free(tier);
}

static void process_spawn(void *context, uint64_t request, enum runtime_id runtime)
{
    struct process_tier *tier = context;
    current_line(tier)->orders++;
    keeper_client_spawn(current_line(tier)->keeper, request, runtime);
}

static void process_interrupt(void *context, struct tier_ref ref)
{
    struct line *line;
    struct session_ref own = keeper_ref(context, ref, &line);
    if (line->keeper)
        keeper_client_interrupt(line->keeper, own);
}

static void process_kill(void *context, struct tier_ref ref)
{
    struct line *line;
    struct session_ref own = keeper_ref(context, ref, &line);
    if (line->keeper)
        keeper_client_kill(line->keeper, own);
}

static void process_store(void *context, struct tier_ref ref, int pipe_fd, int file_fd, size_t size)
{
    struct line *line;
    struct session_ref own = keeper_ref(context, ref, &line);
    if (line->keeper)
        keeper_client_store(line->keeper, own, pipe_fd, file_fd, size);
}

const struct session_tier session_tier_process = {
    .name = "process",
    .start = process_start,
    .stop = process_stop,
    .spawn = process_spawn,
    .interrupt = process_interrupt,
    .kill = process_kill,
    .store = process_store,
};
