/* SPDX-License-Identifier: MIT */
/* engine_script.h — for tests: client calls and worker answers in a line of text each.
 * Everything fails the cmocka test that is running when it does not find what it wants.
 *
 * An answer is a list of actions separated by "; ":
 *   activity ID NAME          timer ID SECONDS     child ID INSTANCE     send ID INSTANCE EVENT
 *   complete ID RESULT        fail ID TEXT         terminated ID OUTPUT  renew ID INPUT
 *   stop ID INSTANCE          rewind ID            unknown ID
 *   signal ID ENTITY OPERATION     call ID ENTITY OPERATION     lock ID SECTION ENTITY,ENTITY…
 *   unlock ID SECTION ENTITY
 */
#ifndef LIB_ENGINE_SCRIPT_H
#define LIB_ENGINE_SCRIPT_H

#include "lib/engine_rig.h"

/* A worker without limits, filters or capabilities, on a connection of its own. */
void script_worker(struct rig *r, uint64_t stream);
uint64_t script_start(struct rig *r, const char *id, const char *name);
uint64_t script_raise(struct rig *r, const char *id, const char *event);
uint64_t script_get(struct rig *r, const char *id, bool payloads);
uint64_t script_suspend(struct rig *r, const char *id);
uint64_t script_resume(struct rig *r, const char *id);
uint64_t script_terminate(struct rig *r, const char *id, const char *output, bool recursive);
/* -1: there is no such instance. */
int script_status(struct rig *r, const char *id);
/* The state by GetInstance, decoded into `a`; NULL if there is no such instance. */
struct pb_orchestration_state *script_state(struct rig *r, const char *id, struct arena *a);
/* The next work item, which must be a turn of that instance, or that activity. */
struct rig_work *script_turn(struct rig *r, const char *id);
struct rig_work *script_activity(struct rig *r, const char *name);
/* Answers and frees the item; returns the call. */
uint64_t script_answer(struct rig *r, struct rig_work *turn, const char *actions);
uint64_t script_complete(struct rig *r, struct rig_work *activity, const char *result);
uint64_t script_signal(struct rig *r, const char *entity, const char *operation);
/* The next work item, which must be a batch of that entity with those operations, separated by blanks. */
struct rig_work *script_batch(struct rig *r, const char *entity, const char *operations);
/* Answers every operation with success and that state (NULL: none), and frees the item; returns the call. */
uint64_t script_batch_done(struct rig *r, struct rig_work *batch, const char *state);
/* Compares kinds of events, names of raised events included. */
void script_expect_new(const struct rig_work *turn, const char *kinds);
/* The whole history by StreamInstanceHistory: "id kind id kind …". */
void script_expect_history(struct rig *r, const char *id, const char *events);
/* Fills `ret_actions` (of at least 16) in `a` from text as above; returns how many. */
size_t script_actions(struct arena *a, const char *text, int64_t now_ns,
                      struct pb_orchestrator_action *ret_actions);

#endif
