/* SPDX-License-Identifier: MIT */
/* call.c — in three parts: what a call needs, how it is answered, how it waits.
 * INVARIANT: a method runs again from its start when what it asked for has come, so it asks before it changes anything. */
#include "core/task/call.h"

#include "core/task/gate.h"
#include "core/task/instance.h"
#include "core/task/residence.h"

static void unpin_all(struct engine *engine, struct call *call)
{
    struct list *link;
    while ((link = list_pop_front(&call->pins))) {
        struct pin *pin = CONTAINER_OF(link, struct pin, call_link);
        list_remove(&pin->instance_link);
        /* Without this pin it may be one that can leave memory. */
        residence_place(engine, pin->instance);
        free(pin);
    }
    entity_unpin_all(engine, call);
    call->fetches = 0;
}

static void free_call(struct engine *engine, struct call *call)
{
    if (call->registered)
        map_take(&engine->calls, map_u64_key(&call->number));
    unpin_all(engine, call);
    list_remove(&call->link);
    list_remove(&call->gate_waiter.link);
    struct list *link;
    while ((link = list_pop_front(&call->outputs))) {
        struct call_output *output = CONTAINER_OF(link, struct call_output, link);
        free(output->text);
        owned_bytes_fini(&output->message);
        free(output);
    }
    owned_bytes_fini(&call->message_kept);
    free(call);
}

static void emit(struct engine *engine, const struct call *call, enum engine_action_kind kind,
                 enum status status, const char *text, struct bytes message)
{
    struct engine_action *action = engine_act(engine, kind);
    action->call = call->number;
    action->status = status;
    if (text)
        action->text = (const char *)memory_must(arena_cstr(&engine->actions->arena, bytes_of_cstr(text)));
    if (message.size)
        action->message = memory_arena_copy(&engine->actions->arena, message);
}

/* Runs the method; whatever state it leaves behind, the call is parked, held or gone. */
static void run(struct engine *engine, struct call *call)
{
    /* Nothing of an earlier run is kept but the call's own fields: the method decodes its request again. */
    call->state = CALL_RUNNING;
    arena_reset(&engine->inbound);
    if (call->lost)
        call_fail(engine, call, STATUS_DATA_LOSS, "the stored history of an instance does not fit its row",
                  0);
    else
        call->method->run(engine, call);
    if (call->state == CALL_RUNNING) {
        ASSERT(call->fetches > 0 && "a method neither answered nor waits");
        call->state = CALL_FETCHING;
    }
    if (call->state == CALL_DONE) {
        free_call(engine, call);
        return;
    }

    /* Only now: most calls are answered at once, and nobody has to find them. */
    if (!call->registered) {
        call->registered = true;
        memory_must_ok(map_put(&engine->calls, map_u64_key(&call->number), call));
    }

    /* The bytes of an input end with it. */
    bool runs_again = call->state == CALL_FETCHING || call->state == CALL_WAITING;
    if (runs_again && !call->message_kept.data)
        call->message = owned_bytes_set(&call->message_kept, call->message);

    /* A held call has read all it needs, and one that waits is kept by the instance's list of waiters. */
    if (call->state != CALL_FETCHING)
        unpin_all(engine, call);
}

/* The set it was held for is on disk: what it has to say may be seen. */
static void on_committed(struct engine *engine, struct gate_waiter *waiter)
{
    struct call *call = CONTAINER_OF(waiter, struct call, gate_waiter);
    list_each (it, &call->outputs) {
        const struct call_output *output = CONTAINER_OF(it, struct call_output, link);
        emit(engine, call, output->kind, output->status, output->text, owned_bytes_peek(&output->message));
    }
    free_call(engine, call);
}

void call_start(struct engine *engine, const struct call_method *method, uint32_t hub, uint64_t number,
                struct bytes message)
{
    struct call *call = memory_new(sizeof *call);
    call->number = number;
    call->method = method;
    call->hub = hub;
    call->message = message;
    list_init(&call->pins);
    list_init(&call->entity_pins);
    list_init(&call->link);
    gate_waiter_init(&call->gate_waiter, on_committed);
    list_init(&call->outputs);
    run(engine, call);
}

/* --- needing --- */

static struct pin *pin(struct call *call, struct instance *instance)
{
    list_each (it, &instance->pins) { /* few calls want one instance; one call may want thousands */
        struct pin *p = CONTAINER_OF(it, struct pin, instance_link);
        if (p->call == call)
            return p;
    }
    struct pin *p = memory_new(sizeof *p);
    p->call = call;
    p->instance = instance;
    list_push_front(&call->pins, &p->call_link);
    list_push_back(&instance->pins, &p->instance_link);
    return p;
}

static void pin_for_fetch(struct call *call, struct instance *instance)
{
    struct pin *p = pin(call, instance);
    call->fetches += !p->fetching;
    p->fetching = true;
}

struct instance *call_need(struct engine *engine, struct call *call, struct bytes instance_id)
{
    bool fetch;
    struct instance *instance = instance_obtain(engine, call->hub, instance_id, &fetch);
    log_debug("core/call", "call method=%s hub=\"%.*s\" instance=\"%.*s\" known=%d", call->method->name,
              BYTES_FMT(instance->hub->name), BYTES_FMT(instance_id), instance->known);
    if (instance->known) {
        residence_used(engine, instance);
        return instance;
    }

    /* Whoever made the object asks the store; the others wait for the same answer. */
    pin_for_fetch(call, instance);
    if (fetch) {
        struct engine_action *action = engine_act(engine, ENGINE_FETCH);
        action->hub = call->hub;
        action->instance_id = memory_arena_copy(&engine->actions->arena, instance_id);
    }
    return NULL;
}

bool call_need_history(struct engine *engine, struct call *call, struct instance *instance)
{
    if (instance->history_resident)
        return true;
    pin_for_fetch(call, instance);
    instance_want_history(engine, instance);
    return false;
}

bool call_need_payloads(struct engine *engine, struct call *call, struct instance *instance)
{
    if (instance_payloads_resident(instance))
        return true;
    pin_for_fetch(call, instance);
    instance_want_payloads(engine, instance);
    return false;
}

void call_fetched(struct engine *engine, struct instance *instance)
{
    list_each (it, &instance->pins) {
        struct pin *pin = CONTAINER_OF(it, struct pin, instance_link);
        if (!pin->fetching)
            continue;
        pin->fetching = false;
        engine_call_arrived(engine, pin->call);
    }
}

void call_history_lost(struct engine *engine, struct instance *instance)
{
    list_each (it, &instance->pins) {
        struct pin *pin = CONTAINER_OF(it, struct pin, instance_link);
        /* ORDER: marked before they become ready, since `run` looks at the mark. */
        pin->call->lost |= pin->fetching;
    }
    call_fetched(engine, instance);
}

void call_run_ready(struct engine *engine)
{
    struct list *link;
    while ((link = list_pop_front(&engine->runnable)))
        run(engine, CONTAINER_OF(link, struct call, link));
}

/* --- answering --- */

uint64_t call_sequence_now(const struct engine *engine)
{
    return engine->open || !list_empty(&engine->puts) ? engine->open_sequence : engine->open_sequence - 1;
}

static void output(struct engine *engine, struct call *call, enum engine_action_kind kind, enum status status,
                   const char *text, struct bytes message, uint64_t sequence)
{
    bool final = kind == ENGINE_REPLY;
    if (engine_is_committed(engine, sequence)) {
        emit(engine, call, kind, status, text, message);
        if (final)
            call->state = CALL_DONE;
        return;
    }

    /* It may not be seen yet. Copied: what it was made of ends with this input. */
    struct call_output *o = memory_new(sizeof *o);
    o->kind = kind;
    o->status = status;
    if (text)
        o->text = memory_copy_text(text);
    owned_bytes_set(&o->message, message);
    list_push_back(&call->outputs, &o->link);
    if (final) {
        call->state = CALL_HELD;
        gate_wait(engine, &call->gate_waiter, sequence);
    }
}

void call_reply(struct engine *engine, struct call *call, struct bytes message, uint64_t sequence)
{
    output(engine, call, ENGINE_REPLY, STATUS_OK, NULL, message, sequence);
}

void call_fail(struct engine *engine, struct call *call, enum status status, const char *text,
               uint64_t sequence)
{
    output(engine, call, ENGINE_REPLY, status, text, (struct bytes){0}, sequence);
}

void call_chunk(struct engine *engine, struct call *call, struct bytes message, uint64_t sequence)
{
    output(engine, call, ENGINE_HISTORY, STATUS_OK, NULL, message, sequence);
}

void call_cancel(struct engine *engine, struct call *call)
{
    /* When its last waiter goes, the instance may leave memory. */
    struct instance *instance = call->state == CALL_WAITING ? call->instance : NULL;
    free_call(engine, call);
    if (instance)
        residence_place(engine, instance);
}

/* --- waiting --- */

void call_wait(struct call *call, struct instance *instance,
               void (*on_moved)(struct engine *engine, struct call *call))
{
    call->state = CALL_WAITING;
    call->instance = instance;
    call->on_moved = on_moved;
    list_push_back(&instance->waiters, &call->link);
}

void call_wake(struct engine *engine, struct instance *instance)
{
    list_each_safe (it, &instance->waiters) {
        struct call *call = CONTAINER_OF(it, struct call, link);
        call->on_moved(engine, call);
        if (call->state == CALL_HELD)
            list_remove(&call->link); /* it waits for nothing but the commit now */
        else if (call->state == CALL_DONE)
            free_call(engine, call);
    }
}

void call_run_again(struct engine *engine, struct call *call)
{
    call->state = CALL_FETCHING;
    list_remove(&call->link);
    list_push_back(&engine->runnable, &call->link);
}
