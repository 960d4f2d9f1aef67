/* SPDX-License-Identifier: MIT */
/* scenario_rig.h — what the scenarios of libdurabletask share: a client and a worker at a real service, and
 * the usual steps with an instance. A step that fails fails the test. */
#ifndef SCENARIO_RIG_H
#define SCENARIO_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "durabletask.h"

#define WAIT_MS 30000 /* for what is to happen at once: the machine may be busy */

#define WITHOUT_MAX 32 /* features that a service lacks */

/* Of the command line. */
extern const char *connection;
extern const char *program;
extern const char *without[WITHOUT_MAX];
extern size_t without_count;

/* Of the test that runs. */
extern struct dt_client *client;
extern struct dt_worker *worker;
extern atomic_int runs; /* of the activity "count" */

/* What the worker serves; each ends with a name of NULL. */
struct rig_function {
    const char *name;
    dt_orchestrator_fn *orchestrator;
    dt_activity_fn *activity;
};
extern const struct rig_function flow_functions[];
extern const struct rig_function call_functions[];
extern const struct rig_function client_functions[];
extern const struct rig_function entity_functions[];
extern const struct rig_function repair_functions[];
void add_entities(struct dt_worker *w);

/* The tests of each file; returns how many failed. */
int run_flow_scenarios(void);
int run_call_scenarios(void);
int run_client_scenarios(void);
int run_hub_scenarios(void);
int run_worker_scenarios(void);
int run_entity_scenarios(void);
int run_repair_scenarios(void);
int run_schedule_scenarios(void);
/* The worker that is to be killed: its activity writes the file and never ends. */
int run_victim(const char *mark);

#define RIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
int set_up(void **state);
int tear_down(void **state);

/* The service is known not to have this feature (--without). */
bool lacks(const char *feature);
void sleep_ms(long ms);
void check(enum dt_status s, const struct dt_error *e);
struct dt_connect_options connect_options(void);
void log_line(enum dt_log_level level, const char *line, void *context);

/* A worker with all functions above, not started. */
struct dt_worker *make_worker(void);
/* A worker without functions. `o`: NULL for defaults. */
struct dt_worker *make_bare_worker(const struct dt_worker_options *o);
void add_functions(struct dt_worker *w, const struct rig_function *functions);
/* Starts it and waits until it is connected. */
void start_worker(struct dt_worker *w);

void start(const char *name, const char *input, char id[DT_INSTANCE_ID_SIZE]);
/* Waits for the end; the caller destroys the instance. */
struct dt_instance *finish(const char *id, enum dt_instance_status status);
/* Waits for the completion with this output. */
void finish_with(const char *id, const char *output);
/* Waits until a reader sees this. */
void wait_status(const char *id, enum dt_instance_status status);
void wait_custom_status(const char *id, const char *status);
void tell(const char *id, const char *name, const char *data);

#endif
