/* SPDX-License-Identifier: MIT */
/* engine_sim.c — random clients and workers against the engine, under virtual time, with crashes.
 * Each seed is one run: a stream of random operations, with commits delayed, workers that die, answer late,
 * twice or in parts, hang until their leases have run out, and crashes that lose every set not yet committed. Then everything is healed, and the
 * run must come to rest with every instance ended. People set the clock, ahead and back, all the while.
 */
// clang-format off
/* Checked on the way (numbers: performance.md section 3):
 *   1, 2, 3, 10   by the replaying worker and engine_check
 *   4, 6, 11      an acknowledged event is in the inbox or the history, once, until its instance ends
 *   5, 7          stale answers change nothing, or the replay would see a history it did not make
 *   8             an activity is sent only if its row is in the store
 *   9             no timer is taken for fired before fireAt + 1 ms of its orchestrator's clock
 *   12            at rest no row is left besides instances, their histories and the states of entities
 *   8             work goes to another worker only when its own has been late (sim_lease.h)
 *   13            by engine_check; at rest nobody holds an entity; each acknowledged signal is in a state once
 *
 * Usage: engine_sim FIRST COUNT [STEPS]. The failing seed is the last one printed. */
// clang-format on
#include <stdio.h>
#include <stdlib.h>

#include "base/prng.h"
#include "core/task/engine_state.h"
#include "core/task/event.h"
#include "core/task/instance_status.h"
#include "core/task/memory.h"
#include "core/task/rejoin.h"
#include "lib/copies.h"
#include "lib/engine_rig.h"
#include "sim_entity.h"
#include "sim_lease.h"
#include "sim_worker.h"

#define STREAMS_MAX 4
#define IDS         8
#define TRACKED_MAX 4096

#define NARROW_MESSAGE_SIZE 2600 /* bytes; a work item without events counts for 2048 */

struct held { /* a work item somewhere in a worker, dead or alive */
    struct list link;
    uint64_t stream;
    struct bytes message;
};
struct tracked { /* a raised event */
    uint64_t call;
    int64_t key;      /* of the instance that took it; 0: none, or not acknowledged yet */
    int64_t key_next; /* instances from here on were created after it was raised */
    char name[24];
    char id[8];
};
struct sim {
    struct rig rig;
    struct prng prng;
    bool speculates;
    bool rewinds; /* instances that failed are rewound: the workers cannot say how a history must look then */
    bool narrow;  /* messages are so small that histories outgrow them, and no worker fetches any */
    struct list held;
    size_t held_count;
    bool open[STREAMS_MAX];
    uint64_t stream_numbers[STREAMS_MAX];
    uint64_t hung[STREAMS_MAX]; /* the stream of a worker that answers nothing; 0: the slot's answers */
    struct sim_leases leases;
    int64_t drained_ns; /* when no read was left */
    uint64_t stream_next;
    struct tracked tracked[TRACKED_MAX];
    size_t tracked_count;
    uint64_t waiting[64]; /* calls that must be answered in the end */
    size_t waiting_count;
    struct sim_signals signals;
    bool poison; /* what is delivered too often fails, or what is too large for any worker */
    uint64_t answered, crashes, ended;
};

static uint64_t roll(struct sim *s, uint64_t sides)
{
    return prng_next(&s->prng) % sides;
}

/* --- what comes out --- */

static bool same_row(const struct list *rows, struct bytes data)
{
    list_each (it, rows)
        if (bytes_equal(CONTAINER_OF(it, struct rig_row, link)->data, data))
            return true;
    return false;
}

static void check_activity(struct sim *s, const struct pb_activity_request *request)
{
    struct rig_instance *i = rig_stored(&s->rig, request->orchestration_instance->instance_id);
    ASSERT(i && same_row(&i->activities, request->raw) && "an activity was sent before it was durable");
}

/* Without speculation what a turn shows is what the store holds. */
static void check_turn(struct sim *s, const struct pb_orchestrator_request *request)
{
    struct rig_instance *i = rig_stored(&s->rig, request->instance_id);
    struct buf joined = {0};
    struct buf past = {0};
    if (s->speculates)
        return;
    ASSERT(i && "a turn of an instance that is not durable");
    list_each (it, &i->history)
        buf_append_bytes(&joined, CONTAINER_OF(it, struct rig_row, link)->data);
    for (size_t n = 0; n < request->past_events_count; n++)
        pb_put_bytes_field(&past, EVENT_TAG_PAST >> 3, request->past_events[n].raw);
    struct arena a;
    arena_init(&a, 0);
    /* for no worker */
    struct bytes shown = event_blob_without(&a, buf_peek(&joined), PB_HISTORY_EVENT_EXECUTION_REWOUND);
    struct rejoin_parts parts = rejoin_part(&a, shown, i->payloads); /* the store has the input apart */
    size_t size = rejoin_size(&parts);
    uint8_t *whole = memory_must(arena_alloc(&a, size));
    rejoin_copy(whole, &parts, EVENT_TAG_PAST);
    ASSERT(bytes_equal(bytes_of(whole, size), buf_peek(&past)) && "pastEvents is not the committed history");
    arena_fini(&a);
    buf_fini(&joined);
    buf_fini(&past);
}

static void on_work(void *context, uint64_t stream, struct bytes message)
{
    struct sim *s = context;
    struct arena a;
    struct pb_work_item item;
    arena_init(&a, 0);
    memory_must_ok(pb_work_item_decode(&a, message, &item));
    if (item.request_case != PB_WORK_ITEM_HEALTH_PING)
        sim_leases_sent(&s->leases, &s->rig, stream, &item);
    if (item.request_case == PB_WORK_ITEM_ACTIVITY_REQUEST)
        check_activity(s, item.activity_request);
    else if (item.request_case == PB_WORK_ITEM_ORCHESTRATOR_REQUEST)
        check_turn(s, item.orchestrator_request);
    if (item.request_case != PB_WORK_ITEM_HEALTH_PING) {
        struct held *h = memory_new(sizeof *h);
        h->stream = stream;
        h->message = test_copy(message);
        list_push_back(&s->held, &h->link);
        s->held_count++;
    }
    arena_fini(&a);
}

static void on_reply(void *context, uint64_t call, enum status status, struct bytes message)
{
    struct sim *s = context;
    (void)message;
    s->answered++;
    sim_entity_answered(&s->signals, call, status);
    for (size_t n = 0; n < s->waiting_count; n++)
        if (s->waiting[n] == call)
            s->waiting[n--] = s->waiting[--s->waiting_count];
    for (size_t n = 0; n < s->tracked_count; n++) {
        struct tracked *t = &s->tracked[n];
        if (t->call != call || status != STATUS_OK)
            continue;
        struct rig_instance *i = rig_stored(&s->rig, bytes_of_cstr(t->id));
        if (i && i->row.key < t->key_next)
            t->key = i->row.key;
    }
}

/* --- acknowledged events --- */

static size_t count_name(const struct list *rows, const char *name)
{
    size_t count = 0;
    struct bytes needle = bytes_of_cstr(name);
    list_each (it, rows) {
        struct bytes rest = CONTAINER_OF(it, struct rig_row, link)->data;
        for (size_t at; (at = bytes_find(rest, needle)) < rest.size; count++)
            rest = bytes_slice(rest, at + needle.size, SIZE_MAX);
    }
    return count;
}

static bool ended(enum instance_status status)
{
    return instance_status_terminal(status);
}

static void check_tracked(struct sim *s)
{
    for (size_t n = 0; n < s->tracked_count; n++) {
        const struct tracked *t = &s->tracked[n];
        struct rig_instance *i = rig_stored(&s->rig, bytes_of_cstr(t->id));
        if (!i)
            continue;
        size_t found = count_name(&i->inbox, t->name) + count_name(&i->history, t->name);
        ASSERT(found <= 1 && "an event was doubled");
        ASSERT((t->key != i->row.key || ended(i->row.status) || found == 1 || (s->rewinds && found == 0)) &&
               "an acknowledged event was lost");
    }
}

/* An answer that waits for the store longer than a lease comes too late; that is not looked for here. */
static void advance(struct sim *s, int64_t ns)
{
    if (s->rig.now_ns + ns - s->drained_ns >= MIN(s->leases.turn_ns, s->leases.activity_ns)) {
        while (rig_answer(&s->rig))
            ;
        s->drained_ns = s->rig.now_ns + ns;
    }
    rig_advance(&s->rig, ns);
}

/* --- clients --- */

static const char *random_id(struct sim *s)
{
    static const char *const ids[IDS] = {"i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7"};
    return ids[roll(s, IDS)];
}

static void start(struct sim *s)
{
    char name[16];
    int32_t statuses[] = {0, 1, 3, 4, 5, 6, 7};
    struct pb_orchestration_id_reuse_policy policy = {.replaceable_status = statuses,
                                                      .replaceable_status_count = ARRAY_SIZE(statuses)};
    snprintf(name, sizeof name, "p%u", (unsigned)roll(s, 40));
    struct pb_create_instance_request request = {.instance_id = bytes_of_cstr(random_id(s)),
                                                 .name = bytes_of_cstr(name)};
    if (roll(s, 12) == 0)
        request.orchestration_id_reuse_policy = &policy;
    if (roll(s, 8) == 0)
        request.scheduled_start_timestamp =
            pb_time_from_ns(rig_unix_ns(&s->rig) + (int64_t)roll(s, 5) * RIG_SECOND);
    rig_call(&s->rig, ENGINE_START_INSTANCE, &pb_create_instance_request_message, &request);
}

static void raise_event(struct sim *s)
{
    if (s->tracked_count == TRACKED_MAX)
        return;
    struct tracked *t = &s->tracked[s->tracked_count++];
    *t = (struct tracked){.call = s->rig.call_next, .key_next = s->rig.engine->key_next};
    snprintf(t->name, sizeof t->name, "<ev%zu>", s->tracked_count);
    snprintf(t->id, sizeof t->id, "%s", random_id(s));
    struct pb_raise_event_request request = {.instance_id = bytes_of_cstr(t->id),
                                             .name = bytes_of_cstr(t->name)};
    rig_call(&s->rig, ENGINE_RAISE_EVENT, &pb_raise_event_request_message, &request);
}

static void signal_entity(struct sim *s)
{
    sim_entity_signal(&s->signals, &s->rig, roll(s, 4) ? 0 : roll(s, 20));
    if (roll(s, 3) == 0)
        sim_entity_again(&s->signals, &s->rig, roll(s, SIM_SIGNALS_MAX));
}

static void look_at_entity(struct sim *s)
{
    struct pb_get_entity_request get = {.instance_id = BYTES_LITERAL("@E@1"), .include_state = true};
    rig_call(&s->rig, ENGINE_GET_ENTITY, &pb_get_entity_request_message, &get);
}

static void control(struct sim *s)
{
    struct bytes id = bytes_of_cstr(random_id(s));
    struct pb_suspend_request suspend = {.instance_id = id};
    struct pb_resume_request resume = {.instance_id = id};
    struct pb_terminate_request terminate = {
        .instance_id = id, .output = pb_some(BYTES_LITERAL("\"stopped\"")), .recursive = roll(s, 2)};
    struct pb_instance_batch batch = {.instance_ids = &id, .instance_ids_count = 1};
    struct pb_skip_graceful_orchestration_terminations_request skip = {.instance_batch = &batch};
    struct pb_restart_instance_request restart = {.instance_id = id};
    struct pb_rewind_instance_request rewind = {.instance_id = id};
    switch (roll(s, 10)) {
    case 8:
    case 9:
        if (s->rewinds)
            rig_call(&s->rig, ENGINE_REWIND, &pb_rewind_instance_request_message, &rewind);
        break;
    case 0:
    case 1:
        rig_call(&s->rig, ENGINE_SUSPEND, &pb_suspend_request_message, &suspend);
        break;
    case 2:
    case 3:
        rig_call(&s->rig, ENGINE_RESUME, &pb_resume_request_message, &resume);
        break;
    case 4:
    case 5:
        rig_call(&s->rig, ENGINE_TERMINATE, &pb_terminate_request_message, &terminate);
        break;
    case 6:
        rig_call(&s->rig, ENGINE_SKIP_GRACEFUL_TERMINATIONS,
                 &pb_skip_graceful_orchestration_terminations_request_message, &skip);
        break;
    default:
        rig_call(&s->rig, ENGINE_RESTART, &pb_restart_instance_request_message, &restart);
    }
}

static void purge(struct sim *s)
{
    struct pb_purge_instances_request request = {.request_case = PB_PURGE_INSTANCES_REQUEST_INSTANCE_ID,
                                                 .instance_id = bytes_of_cstr(random_id(s)),
                                                 .recursive = roll(s, 2)};
    rig_call(&s->rig, ENGINE_PURGE, &pb_purge_instances_request_message, &request);
}

static void look(struct sim *s)
{
    struct pb_get_instance_request get = {.instance_id = bytes_of_cstr(random_id(s)),
                                          .get_inputs_and_outputs = true};
    struct pb_stream_instance_history_request history = {.instance_id = get.instance_id};
    uint64_t call = s->rig.call_next;
    switch (roll(s, 3)) {
    case 0:
        rig_call(&s->rig, ENGINE_GET_INSTANCE, &pb_get_instance_request_message, &get);
        break;
    case 1:
        rig_call(&s->rig, ENGINE_STREAM_HISTORY, &pb_stream_instance_history_request_message, &history);
        break;
    default:
        if (s->waiting_count == ARRAY_SIZE(s->waiting))
            break;
        s->waiting[s->waiting_count++] = call;
        rig_call(&s->rig, roll(s, 2) ? ENGINE_WAIT_FOR_COMPLETION : ENGINE_WAIT_FOR_START,
                 &pb_get_instance_request_message, &get);
        if (roll(s, 6) == 0)
            engine_call_cancelled(s->rig.engine, call);
        if (roll(s, 6) == 0 && s->waiting_count && s->waiting[s->waiting_count - 1] == call) {
            engine_call_cancelled(s->rig.engine, call);
            s->waiting_count--;
        }
    }
}

/* --- workers --- */

static void open_stream(struct sim *s, size_t slot)
{
    int32_t capability = PB_WORKER_CAPABILITY_HISTORY_STREAMING;
    struct pb_get_work_items_request request = {.max_concurrent_orchestration_work_items =
                                                    (int32_t)roll(s, 4),
                                                .max_concurrent_activity_work_items = (int32_t)roll(s, 4),
                                                .capabilities = &capability,
                                                .capabilities_count = s->narrow ? 0 : roll(s, 2)};
    char worker[16];
    snprintf(worker, sizeof worker, "w%zu", slot);
    s->hung[slot] = 0;
    sim_leases_end(&s->leases, slot);
    s->stream_numbers[slot] = ++s->stream_next;
    s->open[slot] = true;
    rig_stream(&s->rig, s->stream_next, &request, roll(s, 3) ? worker : "", slot);
}

static void worker_churn(struct sim *s)
{
    size_t slot = roll(s, STREAMS_MAX);
    if (!s->open[slot] || roll(s, 3) == 0) {
        open_stream(s, slot); /* perhaps a second one of the same worker */
    } else if (roll(s, 2)) {
        s->open[slot] = false;
        s->hung[slot] = 0;
        sim_leases_end(&s->leases, slot);
        engine_stream_closed(s->rig.engine, s->stream_numbers[slot], rig_time(&s->rig), &s->rig.actions);
        rig_run(&s->rig);
    } else {
        engine_stream_pause(s->rig.engine, s->stream_numbers[slot], roll(s, 2), rig_time(&s->rig),
                            &s->rig.actions);
        rig_run(&s->rig);
    }
}

/* A worker stops, as by SIGSTOP, or is woken: then it answers, late perhaps. Often enough time goes by meanwhile. */
static void worker_hangs(struct sim *s)
{
    size_t slot = roll(s, STREAMS_MAX);
    if (s->open[slot])
        s->hung[slot] = s->hung[slot] ? 0 : s->stream_numbers[slot];
    if (roll(s, 2))
        advance(s, s->leases.turn_ns + (int64_t)roll(s, RIG_SECOND));
}

static bool is_hung(const struct sim *s, uint64_t stream)
{
    bool hung = false;
    for (size_t slot = 0; slot < STREAMS_MAX; slot++)
        hung |= s->hung[slot] == stream;
    return hung;
}

static struct held *random_held(struct sim *s)
{
    uint64_t n = roll(s, s->held_count);
    struct list *it = s->held.next;
    while (n--)
        it = it->next;
    return CONTAINER_OF(it, struct held, link);
}

static void abandon(struct sim *s, const struct pb_work_item *item)
{
    struct pb_abandon_activity_task_request activity = {.completion_token = item->completion_token};
    struct pb_abandon_orchestration_task_request turn = {.completion_token = item->completion_token};
    struct pb_abandon_entity_task_request batch = {.completion_token = item->completion_token};
    if (item->request_case == PB_WORK_ITEM_ENTITY_REQUEST_V2)
        rig_call(&s->rig, ENGINE_ABANDON_ENTITY, &pb_abandon_entity_task_request_message, &batch);
    else if (item->request_case == PB_WORK_ITEM_ACTIVITY_REQUEST)
        rig_call(&s->rig, ENGINE_ABANDON_ACTIVITY, &pb_abandon_activity_task_request_message, &activity);
    else
        rig_call(&s->rig, ENGINE_ABANDON_ORCHESTRATOR, &pb_abandon_orchestration_task_request_message, &turn);
}

/* The same answer as an empty first part and the rest. */
static void answer_in_parts(struct sim *s, const struct pb_work_item *item, struct bytes answer)
{
    struct pb_orchestrator_response part = {.instance_id = item->orchestrator_request->instance_id,
                                            .completion_token = item->completion_token,
                                            .is_partial = true,
                                            .chunk_index = {.present = true}};
    rig_call(&s->rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &part);
    if (roll(s, 4) == 0)
        rig_call(&s->rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &part);
    struct arena a;
    struct pb_orchestrator_response last;
    arena_init(&a, 0);
    memory_must_ok(pb_orchestrator_response_decode(&a, answer, &last));
    last.chunk_index = (struct pb_opt_i32){.present = true, .value = 1};
    rig_call(&s->rig, ENGINE_COMPLETE_ORCHESTRATOR, &pb_orchestrator_response_message, &last);
    arena_fini(&a);
}

static void answer_batch(struct sim *s, const struct pb_work_item *item, bool calm)
{
    struct buf out = {0};
    sim_entity_batch(item, calm ? UINT64_MAX : prng_next(&s->prng), &out);
    rig_call_bytes(&s->rig, ENGINE_COMPLETE_ENTITY, buf_peek(&out));
    if (!calm && roll(s, 8) == 0) /* twice */
        rig_call_bytes(&s->rig, ENGINE_COMPLETE_ENTITY, buf_peek(&out));
    buf_fini(&out);
}

static void answer(struct sim *s, const struct pb_work_item *item, bool calm)
{
    if (item->request_case == PB_WORK_ITEM_ENTITY_REQUEST_V2) {
        answer_batch(s, item, calm);
        return;
    }
    struct buf out = {0};
    if (item->request_case == PB_WORK_ITEM_ACTIVITY_REQUEST) {
        sim_worker_activity(item, roll(s, 4) == 0, &out);
        rig_call_bytes(&s->rig, ENGINE_COMPLETE_ACTIVITY, buf_peek(&out));
    } else {
        sim_worker_turn(item, roll(s, 8) == 0, s->rewinds, &out);
        if (!calm && roll(s, 16) == 0)
            answer_in_parts(s, item, buf_peek(&out));
        else
            rig_call_bytes(&s->rig, ENGINE_COMPLETE_ORCHESTRATOR, buf_peek(&out));
    }
    if (!calm && roll(s, 8) == 0) /* twice */
        rig_call_bytes(&s->rig,
                       item->request_case == PB_WORK_ITEM_ACTIVITY_REQUEST ? ENGINE_COMPLETE_ACTIVITY
                                                                           : ENGINE_COMPLETE_ORCHESTRATOR,
                       buf_peek(&out));
    buf_fini(&out);
}

/* A worker does something with an item: answers it, gives it back, or forgets it. */
static void work(struct sim *s, bool calm)
{
    if (s->held_count == 0)
        return;
    struct held *h = random_held(s);
    if (!calm && is_hung(s, h->stream))
        return;
    struct arena a;
    struct pb_work_item item;
    arena_init(&a, 0);
    memory_must_ok(pb_work_item_decode(&a, h->message, &item));
    uint64_t what = calm ? 0 : roll(s, 20);
    list_remove(&h->link);
    s->held_count--;
    if (what < 18)
        sim_leases_answered(&s->leases, &s->rig, &item);
    if (what < 16)
        answer(s, &item, calm);
    else if (what < 18)
        abandon(s, &item);
    if (what == 18) { /* late: it stays with the worker */
        list_push_back(&s->held, &h->link);
        s->held_count++;
    } else {
        test_copy_free(&h->message);
        free(h);
    }
    arena_fini(&a);
}

/* --- the run --- */

static void crash(struct sim *s)
{
    s->crashes++;
    s->waiting_count = 0;
    memset(s->open, 0, sizeof s->open);
    memset(s->hung, 0, sizeof s->hung);
    sim_leases_end_all(&s->leases);
    rig_crash(&s->rig);
    rig_run(&s->rig);
}

static void step(struct sim *s)
{
    s->rig.flush_held = roll(s, 2);
    s->rig.reads_held = roll(s, 8) > 0;
    switch (roll(s, 31)) {
    case 30:
        worker_hangs(s);
        break;
    case 28:
        signal_entity(s);
        break;
    case 29:
        look_at_entity(s);
        break;
    case 0:
    case 1:
        start(s);
        break;
    case 2:
        raise_event(s);
        break;
    case 3:
        control(s);
        break;
    case 4:
        look(s);
        break;
    case 5:
        worker_churn(s);
        break;
    case 6:
        if (roll(s, 8) == 0)
            s->rig.step_ns = ((int64_t)roll(s, 240) - 120) * RIG_SECOND;
        advance(s, (int64_t)roll(s, 2 * RIG_SECOND));
        break;
    case 7:
        if (roll(s, 4) == 0)
            purge(s);
        if (roll(s, 10) == 0)
            crash(s);
        break;
    case 8:
    case 9:
    case 10:
    case 11:
    case 12:
    case 13:
        rig_flush(&s->rig);
        if (rig_commit(&s->rig))
            check_tracked(s);
        sim_entity_check(&s->signals, &s->rig, false, s->poison);
        break;
    case 14: /* the store looks, sets are committed, and only then the answer comes */
    case 15:
        rig_look(&s->rig);
        break;
    case 16:
    case 17:
        rig_answer(&s->rig);
        break;
    default:
        work(s, false);
    }
}

/* Ends every trouble and lets everything finish. */
static void heal(struct sim *s)
{
    s->rig.flush_held = false;
    s->rig.commits_held = false;
    s->rig.reads_held = false;
    sim_leases_end_all(&s->leases);
    for (uint64_t stream = 1; stream <= s->stream_next; stream++) /* leaked ones, too */
        engine_stream_closed(s->rig.engine, stream, rig_time(&s->rig), &s->rig.actions);
    struct pb_get_work_items_request everything = {.max_concurrent_orchestration_work_items = 0};
    s->rig.worker_message_size = (size_t)64 << 20; /* what is too large for the others waits for it */
    rig_stream(&s->rig, ++s->stream_next, &everything, "healer", 99);
    for (int round = 0; round < 200; round++) {
        list_each (it, &s->rig.instances) {
            struct rig_instance *i = CONTAINER_OF(it, struct rig_instance, link);
            if (i->row.status != INSTANCE_SUSPENDED)
                continue;
            struct pb_resume_request resume = {.instance_id = i->row.instance_id};
            rig_call(&s->rig, ENGINE_RESUME, &pb_resume_request_message, &resume);
            break; /* the list has changed */
        }
        while (s->held_count)
            work(s, true);
        rig_advance(&s->rig, 70 * RIG_SECOND);
    }
}

static void check_rest(struct sim *s)
{
    check_tracked(s);
    list_each (it, &s->rig.instances) {
        const struct rig_instance *i = CONTAINER_OF(it, struct rig_instance, link);
        if (!ended(i->row.status))
            printf("%.*s is %s\n", BYTES_FMT(i->row.instance_id), instance_status_name(i->row.status));
        ASSERT(ended(i->row.status) && "an instance never ended");
        ASSERT(list_empty(&i->inbox) && list_empty(&i->activities) && "a row was left behind");
        s->ended++;
    }
    sim_entity_check(&s->signals, &s->rig, true, s->poison);
    ASSERT(list_empty(&s->rig.entity_locks) && "an entity is held by nobody");
    ASSERT(list_empty(&s->rig.entity_messages) && "a message to an entity was left behind");
    struct engine_stats stats;
    engine_stats(s->rig.engine, &stats);
    ASSERT(stats.entities_ready + stats.entities_leased == 0);
    ASSERT(stats.orchestrators_ready + stats.orchestrators_leased + stats.activities_ready +
               stats.activities_leased ==
           0);
}

static void run(uint64_t seed, int steps, uint64_t totals[4])
{
    struct sim *s = memory_new(sizeof *s);
    uint64_t words[4] = {seed, seed * 3, 7, 11};
    prng_seed(&s->prng, words);
    for (int n = 0; n < 16; n++)
        prng_next(&s->prng);
    struct engine_options options = {.terminal_resident_max = 1 + roll(s, 6),
                                     .history_resident_size_max = roll(s, 2) ? 1 : 4096,
                                     .payload_resident_size_max = roll(s, 2) ? 1 : 4096,
                                     .payload_small_size = 1 + roll(s, 2) * 1000,
                                     .entity_resident_max = 1 + roll(s, 4),
                                     .receipts_max = SIM_SIGNALS_MAX, /* all, for as long as it takes */
                                     .receipt_keep_ns = INT64_MAX / 4,
                                     .entity_failures_max = UINT32_MAX,
                                     .orchestrator_lease_ns = (5 + (int64_t)roll(s, 20)) * RIG_SECOND,
                                     .activity_lease_ns = (5 + (int64_t)roll(s, 40)) * RIG_SECOND,
                                     .traces = roll(s, 2),
                                     .speculate_turns = roll(s, 2),
                                     .seed = {seed << 20, 1, 2, 3}};
    if (roll(s, 4) == 0)
        options.poison_deliveries_max = options.entity_failures_max = 3;
    if (roll(s, 8) == 0) {
        s->narrow = true;
        options.message_size_max = NARROW_MESSAGE_SIZE;
    }
    s->poison = options.poison_deliveries_max != 0 || s->narrow;
    s->speculates = options.speculate_turns;
    s->rewinds = seed % 4 == 0;
    list_init(&s->held);
    rig_init(&s->rig, &options);
    s->rig.on_work = on_work;
    s->rig.on_reply = on_reply;
    s->rig.context = s;
    sim_leases_init(&s->leases, &options);
    s->rig.commits_held = true;
    for (int n = 0; n < steps; n++)
        step(s);
    heal(s);
    check_rest(s);
    totals[0] += s->ended;
    totals[1] += s->crashes;
    totals[2] += s->answered;
    totals[3] += s->leases.moved;
    sim_leases_end_all(&s->leases);
    rig_fini(&s->rig);
    free(s);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    uint64_t first = 1;
    uint64_t count = 100;
    uint64_t steps = 600;
    uint64_t totals[4] = {0};
    uint64_t *numbers[] = {&first, &count, &steps};
    for (int n = 1; n < argc && n <= 3; n++)
        if (bytes_parse_u64(bytes_of_cstr(argv[n]), numbers[n - 1]) != STATUS_OK) {
            fprintf(stderr, "usage: engine_sim [FIRST [COUNT [STEPS]]]\n");
            return 2;
        }
    for (uint64_t seed = first; seed < first + count; seed++) {
        printf("seed %llu\n", (unsigned long long)seed);
        run(seed, (int)steps, totals);
    }
    printf("%llu instances ended, %llu crashes, %llu calls answered, %llu items taken from who was late\n",
           (unsigned long long)totals[0], (unsigned long long)totals[1], (unsigned long long)totals[2],
           (unsigned long long)totals[3]);
    return 0;
}
