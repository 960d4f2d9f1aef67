/* SPDX-License-Identifier: MIT */
/* call.c — see call.h. */
#include "core/task/call.h"

#include "core/task/gate.h"
#include "core/task/instance.h"
#include "core/task/read.h"
#include "core/task/residence.h"

static void unpin_all(struct engine *e, struct call *c)
{
    struct list *link;
    while ((link = list_pop_front(&c->pins))) {
        struct pin *p = CONTAINER_OF(link, struct pin, call_link);
        list_remove(&p->instance_link);
        instance_settle(e, p->instance);
        free(p);
    }
    c->fetches = 0;
}

static void free_call(struct engine *e, struct call *c)
{
    if (c->registered)
        map_take(&e->calls, map_u64_key(&c->number));
    unpin_all(e, c);
    list_remove(&c->link);
    struct list *link;
    while ((link = list_pop_front(&c->outputs))) {
        struct call_output *o = CONTAINER_OF(link, struct call_output, link);
        free(o->text);
        memory_free_bytes(&o->message);
        free(o);
    }
    if (c->message_owned)
        memory_free_bytes(&c->message);
    free(c);
}

/* Runs the method; whatever state it leaves behind, the call is parked, held or gone. */
static void run(struct engine *e, struct call *c)
{
    c->state = CALL_RUNNING;
    arena_reset(&e->inbound);
    if (c->lost)
        call_fail(e, c, STATUS_DATA_LOSS, "the stored history of an instance does not fit its row", 0);
    else
        c->method->run(e, c);
    if (c->state == CALL_RUNNING) {
        ASSERT(c->fetches > 0 && "a method neither answered nor waits");
        c->state = CALL_FETCHING;
    }
    if (c->state == CALL_DONE) {
        free_call(e, c);
        return;
    }
    if (!c->registered) {
        c->registered = true;
        memory_must_ok(map_put(&e->calls, map_u64_key(&c->number), c));
    }
    bool runs_again = c->state == CALL_FETCHING || c->state == CALL_WAITING;
    if (runs_again && !c->message_owned) {
        c->message = memory_copy(c->message);
        c->message_owned = true;
    }
    if (c->state != CALL_FETCHING)
        unpin_all(e, c);
}

void call_start(struct engine *e, const struct call_method *method, uint32_t hub, uint64_t number,
                struct bytes message)
{
    struct call *c = memory_new(sizeof *c);
    c->number = number;
    c->method = method;
    c->hub = hub;
    c->message = message;
    list_init(&c->pins);
    list_init(&c->link);
    list_init(&c->outputs);
    run(e, c);
}

/* --- needing --- */

static struct pin *pin(struct call *c, struct instance *i)
{
    list_each (it, &i->pins) { /* few calls want one instance; one call may want thousands */
        struct pin *p = CONTAINER_OF(it, struct pin, instance_link);
        if (p->call == c)
            return p;
    }
    struct pin *p = memory_new(sizeof *p);
    p->call = c;
    p->instance = i;
    list_push_front(&c->pins, &p->call_link);
    list_push_back(&i->pins, &p->instance_link);
    return p;
}

static void pin_for_fetch(struct call *c, struct instance *i)
{
    struct pin *p = pin(c, i);
    c->fetches += !p->fetching;
    p->fetching = true;
}

struct instance *call_need(struct engine *e, struct call *c, struct bytes instance_id)
{
    bool fetch;
    struct instance *i = instance_obtain(e, c->hub, instance_id, &fetch);
    log_debug("core/call", "call method=%s hub=\"%.*s\" instance=\"%.*s\" known=%d", c->method->name,
              BYTES_FMT(i->hub->name), BYTES_FMT(instance_id), i->known);
    if (i->known) {
        residence_used(e, i);
        return i;
    }
    pin_for_fetch(c, i);
    if (fetch) {
        struct engine_action *action = engine_act(e, ENGINE_FETCH);
        action->hub = c->hub;
        action->instance_id = memory_arena_copy(&e->actions->arena, instance_id);
    }
    return NULL;
}

bool call_need_history(struct engine *e, struct call *c, struct instance *i)
{
    if (i->history_resident)
        return true;
    pin_for_fetch(c, i);
    instance_want_history(e, i);
    return false;
}

bool call_need_payloads(struct engine *e, struct call *c, struct instance *i)
{
    if (instance_payloads_resident(i))
        return true;
    pin_for_fetch(c, i);
    instance_want_payloads(e, i);
    return false;
}

void call_fetched(struct engine *e, struct instance *i)
{
    list_each (it, &i->pins) {
        struct pin *p = CONTAINER_OF(it, struct pin, instance_link);
        if (!p->fetching)
            continue;
        p->fetching = false;
        if (--p->call->fetches == 0 && p->call->state == CALL_FETCHING)
            list_push_back(&e->runnable, &p->call->link);
    }
}

void call_history_lost(struct engine *e, struct instance *i)
{
    list_each (it, &i->pins) {
        struct pin *p = CONTAINER_OF(it, struct pin, instance_link);
        p->call->lost |= p->fetching;
    }
    call_fetched(e, i);
}

void call_run_ready(struct engine *e)
{
    struct list *link;
    while ((link = list_pop_front(&e->runnable)))
        run(e, CONTAINER_OF(link, struct call, link));
}

/* --- answering --- */

uint64_t call_sequence_now(const struct engine *e)
{
    return e->open || !list_empty(&e->puts) ? e->open_sequence : e->open_sequence - 1;
}

static void emit(struct engine *e, const struct call *c, enum engine_action_kind kind, enum status status,
                 const char *text, struct bytes message)
{
    struct engine_action *action = engine_act(e, kind);
    action->call = c->number;
    action->status = status;
    if (text)
        action->text = (const char *)memory_must(arena_cstr(&e->actions->arena, bytes_of_cstr(text)));
    if (message.size)
        action->message = memory_arena_copy(&e->actions->arena, message);
}

static void output(struct engine *e, struct call *c, enum engine_action_kind kind, enum status status,
                   const char *text, struct bytes message, uint64_t sequence)
{
    bool final = kind == ENGINE_REPLY;
    if (engine_is_committed(e, sequence)) {
        emit(e, c, kind, status, text, message);
        if (final)
            c->state = CALL_DONE;
        return;
    }
    struct call_output *o = memory_new(sizeof *o);
    o->kind = kind;
    o->status = status;
    if (text)
        o->text = (char *)(uintptr_t)memory_copy(bytes_of(text, strlen(text) + 1)).data;
    o->message = memory_copy(message);
    list_push_back(&c->outputs, &o->link);
    if (final) {
        c->state = CALL_HELD;
        gate_hold_call(e, c, sequence);
    }
}

void call_reply(struct engine *e, struct call *c, struct bytes message, uint64_t sequence)
{
    output(e, c, ENGINE_REPLY, STATUS_OK, NULL, message, sequence);
}

void call_fail(struct engine *e, struct call *c, enum status status, const char *text, uint64_t sequence)
{
    output(e, c, ENGINE_REPLY, status, text, (struct bytes){NULL, 0}, sequence);
}

void call_chunk(struct engine *e, struct call *c, struct bytes message, uint64_t sequence)
{
    output(e, c, ENGINE_HISTORY, STATUS_OK, NULL, message, sequence);
}

void call_release(struct engine *e, struct call *c)
{
    list_each (it, &c->outputs) {
        const struct call_output *o = CONTAINER_OF(it, struct call_output, link);
        emit(e, c, o->kind, o->status, o->text, o->message);
    }
    free_call(e, c);
}

void call_cancel(struct engine *e, struct call *c)
{
    struct instance *i = c->state == CALL_WAITING ? c->instance : NULL;
    free_call(e, c);
    if (i)
        instance_settle(e, i);
}

/* --- waiting --- */

void call_wait(struct engine *e, struct call *c, struct instance *i, bool want_payloads)
{
    (void)e;
    c->state = CALL_WAITING;
    c->instance = i;
    c->want_payloads = want_payloads;
    list_push_back(&i->waiters, &c->link);
}

void call_wake(struct engine *e, struct instance *i)
{
    list_each_safe (it, &i->waiters) {
        struct call *c = CONTAINER_OF(it, struct call, link);
        if (!read_wait_over(c->method->waits_for_start, i->row.status))
            continue;
        list_remove(&c->link);
        if (c->want_payloads && !instance_payloads_resident(i)) {
            c->state = CALL_FETCHING; /* the method asks for them when it runs again */
            list_push_back(&e->runnable, &c->link);
            continue;
        }
        read_reply(e, c, i, c->want_payloads);
        if (c->state == CALL_DONE)
            free_call(e, c);
    }
}
