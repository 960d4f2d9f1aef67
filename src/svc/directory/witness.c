/* SPDX-License-Identifier: MIT */
/* witness.c — kinds by a key of what makes them the same, and one timer, at which all are written and forgotten. */
#include "svc/directory/witness.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "os/clock.h"
#include "wire/json/json.h"

#define NOBODY_ID   "unknown" /* the actor of what nobody knows who it was */
#define OTHERS      "others"  /* the object of what no longer fitted */
#define ID_SIZE     120
#define OBJECT_SIZE 240
#define HOW_SIZE    140

struct witness_kind {
    enum audit_action action;
    char actor_id[ID_SIZE];
    char actor_name[ID_SIZE];
    char object[OBJECT_SIZE];
    char how[HOW_SIZE];
    char cause[HOW_SIZE];
    char key[ID_SIZE + OBJECT_SIZE + 2 * HOW_SIZE + 16];
    uint64_t count; /* behind the first; of `others`: all */
};

struct witness {
    struct loop *loop;
    struct audit_log *log;
    struct map kinds; /* by their keys */
    struct witness_kind others;
    struct loop_timer period; /* set while there are kinds */
};

/* A prefix that is UTF-8, or '?' in place of each byte that is not ASCII. */
static void take_text(char *into, size_t size, struct bytes text)
{
    struct bytes fitting = bytes_utf8_prefix(text, size - 1);
    bool valid = bytes_utf8_valid(fitting);
    snprintf(into, size, "%.*s", BYTES_FMT(fitting));
    for (char *at = into; !valid && *at; at++)
        if ((uint8_t)*at >= 0x80)
            *at = '?';
}

static void describe(struct witness_kind *kind, const struct witness_event *event)
{
    bool known = event->actor_id != NULL;
    kind->action = event->action;
    take_text(kind->actor_id, ID_SIZE, bytes_of_cstr(known ? event->actor_id : NOBODY_ID));
    take_text(kind->actor_name, ID_SIZE, bytes_of_cstr(known ? event->actor_name : NOBODY_ID));
    take_text(kind->object, OBJECT_SIZE, event->object);
    take_text(kind->how, HOW_SIZE, bytes_of_cstr(event->how));
    take_text(kind->cause, HOW_SIZE, event->cause);
    snprintf(kind->key, sizeof kind->key, "%d %s %s %s %s", (int)kind->action, kind->actor_id, kind->object,
             kind->how, kind->cause);
}

static void append(const struct witness *witness, const struct witness_kind *kind, uint64_t count)
{
    json_t *details = json_pack("{s:I}", "count", (json_int_t)count);
    if (kind->how[0])
        json_object_set_new(details, "how", json_string(kind->how));
    if (kind->cause[0])
        json_object_set_new(details, "cause", json_string(kind->cause));
    const struct audit_entry entry = {.action = kind->action,
                                      .actor_id = kind->actor_id,
                                      .actor_name = kind->actor_name,
                                      .object = kind->object,
                                      .details = details,
                                      .at_ns = clock_unix_ns()};
    audit_log_append(witness->log, &entry, NULL);
    json_decref(details);
}

/* --- the period --- */

static void end_period(struct witness *witness)
{
    struct witness_kind *kind;
    size_t pos = 0;
    while ((kind = map_drain(&witness->kinds, &pos))) {
        if (kind->count > 0)
            append(witness, kind, kind->count);
        (void)map_take(&witness->kinds, bytes_of_cstr(kind->key));
        free(kind);
    }
    if (witness->others.count > 0)
        append(witness, &witness->others, witness->others.count);
    witness->others.count = 0;
}

static void on_period(struct loop_timer *timer)
{
    end_period(CONTAINER_OF(timer, struct witness, period));
}

/* False: it does not fit, and is one of the others. */
static bool keep(struct witness *witness, const struct witness_kind *described)
{
    if (witness->kinds.count >= WITNESS_KINDS_MAX)
        return false;
    struct witness_kind *kind = malloc(sizeof *kind);
    if (!kind)
        return false;
    *kind = *described;
    if (witness->kinds.count == 0 &&
        loop_timer_set(witness->loop, &witness->period, loop_now(witness->loop) + WITNESS_PERIOD_NS) !=
            STATUS_OK) {
        free(kind);
        return false;
    }
    if (map_put(&witness->kinds, bytes_of_cstr(kind->key), kind) == STATUS_OK)
        return true;
    free(kind);
    return false;
}

void witness_tell(struct witness *witness, const struct witness_event *event)
{
    if (!witness)
        return;
    struct witness_kind described = {.count = 0};
    describe(&described, event);
    struct witness_kind *known = map_get(&witness->kinds, bytes_of_cstr(described.key));
    if (known)
        known->count++;
    else if (keep(witness, &described))
        append(witness, &described, 1);
    else
        witness->others.count++;
}

/* --- life --- */

enum status witness_create(struct loop *loop, struct audit_log *log, struct witness **ret_witness,
                           struct err *err)
{
    struct witness *witness = calloc(1, sizeof *witness);
    uint64_t seed[2];
    if (!witness)
        return err_no_memory(err);
    entropy_fill(seed, sizeof seed);
    witness->loop = loop;
    witness->log = log;
    witness->period.on_fire = on_period;
    map_init(&witness->kinds, seed[0], seed[1]);
    const struct witness_event others = {.action = AUDIT_ACCESS_DENIED, .object = BYTES_LITERAL(OTHERS)};
    describe(&witness->others, &others);
    *ret_witness = witness;
    return STATUS_OK;
}

void witness_destroy(struct witness *witness)
{
    if (!witness)
        return;
    loop_timer_cancel(&witness->period);
    end_period(witness);
    map_fini(&witness->kinds);
    free(witness);
}
