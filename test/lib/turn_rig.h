/* SPDX-License-Identifier: MIT */
/* turn_rig.h — for tests of a turn: plays the service, with histories as the service records them.
 * `struct world` is one instance at the service: it commits each answer as spec/durable-task-protocol.md 3.5
 * says, so every turn replays all that came before. A test registers an orchestrator, says what happens
 * (start, task_completed, event_raised, ...), runs a turn, and looks at the answer. Functions that cannot do
 * what they say fail the test. */
#ifndef TEST_TURN_RIG_H
#define TEST_TURN_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sdk/turn/context.h"
#include "sdk/turn/turn.h"

#define SECOND_NS  ((int64_t)1000000000)
#define START_NS   (1700000000 * SECOND_NS) /* a second before the first turn */
#define EVENTS_MAX 512

struct world {
    struct arena arena; /* events and the last response */
    struct sdk_registry registry;
    struct sdk_turn_options options;
    struct pb_history_event past[EVENTS_MAX];
    size_t past_count;
    struct pb_history_event new[EVENTS_MAX];
    size_t new_count;
    struct pb_orchestrator_response response; /* of the last turn */
    enum sdk_turn_end end;
    int64_t now_ns;
};

extern struct world *world;

#define RIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
int set_up(void **state);
int tear_down(void **state);
/* An end and a new beginning within one test. */
void start_over(void **state);
/* Registers the orchestrator that start() starts. */
void orchestrator(dt_orchestrator_fn *fn, void *user);
/* One for several tests: calls the activity "say" with its input, then with what that answered; the result is
 * both answers. */
void sequence_fn(struct dt_context *ctx, const char *input, void *user);

/* What happens next. begin_turn opens a turn that is not the first, a second after the last one. */
void begin_turn(void);
void start(const char *version, const char *input);
void task_completed(int32_t id, const char *result);
void task_failed(int32_t id, const char *type, bool non_retriable);
void child_completed(int32_t id, const char *result);
void child_failed(int32_t id, const char *type);
void timer_fired(int32_t id);
void event_raised(const char *name, const char *data);
void entity_completed(const char *request_id, const char *output);
/* `type` NULL: without details. */
void entity_failed(const char *request_id, const char *type);
void lock_granted(const char *section_id);
void suspended(void);
void resumed(void);
void terminated(const char *output);

/* Runs a turn and commits it. Every turn is run twice and must answer the same bytes. */
void turn(void);
/* Only runs it, once. */
enum status run_turn(struct buf *out);

/* What it answered. */
size_t action_count(void);
const struct pb_orchestrator_action *action(size_t i);
void assert_activity(size_t i, int32_t id, const char *name, const char *input);
void assert_timer(size_t i, int32_t id, int64_t fire_at_ns);
/* Action `i`, which must be a message to an entity of this kind. */
const struct pb_send_entity_message_action *entity_message(size_t i, int32_t id,
                                                           enum pb_send_entity_message_action_case kind);
/* The request id of action `i`, a call or signal, or the section id of a lock. */
const char *request_id_of(size_t i);
/* The last action, which must be a completion with this status. */
const struct pb_complete_orchestration_action *completion(int32_t status);
void assert_completed(const char *result);
const struct pb_task_failure_details *assert_failed(const char *type);

/* Zeroed; lives as long as the world. */
void *memory(size_t size);
struct bytes text(const char *s);
void assert_text(struct bytes b, const char *s);
bool contains(struct bytes b, const char *s);

#endif
