/* SPDX-License-Identifier: MIT */
/* pb_bench.c — decode and encode times of the work item that a scheduler sends most: an orchestrator request
 * of about 2.4 kB with fourteen history events. Prints the best of several runs; usage: pb_bench
 * [iterations]. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "wire/pb/orchestrator_service.pb.h"

#define B(s) BYTES_LITERAL(s)

enum { RUNS = 7, EVENTS = 14 };

static struct pb_string_entry tags[] = {{B("tenant"), B("contoso")}, {B("region"), B("westeurope")}};
static struct pb_trace_context trace = {.trace_parent =
                                            B("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                                        .trace_state = {true, B("a=b")}};
static struct pb_orchestration_instance instance = {
    .instance_id = B("0d4f5a3c6f7b4a7c9d0e1f2a3b4c5d6e"),
    .execution_id = {true, B("9a8b7c6d5e4f40312233445566778899")}};
static struct pb_execution_started_event started = {.name = B("CodeExecutionOrchestrator"),
                                                    .version = {true, B("1.0.0")},
                                                    .orchestration_instance = &instance,
                                                    .parent_trace_context = &trace,
                                                    .tags = tags,
                                                    .tags_count = ARRAY_SIZE(tags)};
static struct pb_task_scheduled_event scheduled = {.name = B("RunCodeInSession"),
                                                   .parent_trace_context = &trace};
static struct pb_task_completed_event completed = {.task_scheduled_id = 1};
static struct pb_orchestrator_started_event begun;

static const char payload[] =
    "\"{\\\"code\\\":\\\"import numpy as np\\\\nprint(np.arange(100).reshape(10, 10).sum(axis=0))\\\\n\\\","
    "\\\"timeout\\\":60,\\\"stdout\\\":\\\"[450 460 470 480 490 500 510 520 530 540]\\\"}\"";

static void fill(struct pb_history_event events[EVENTS])
{
    struct pb_opt_bytes input = pb_some(bytes_of_cstr(payload));
    started.input = scheduled.input = completed.result = input;
    for (int i = 0; i < EVENTS; i++) {
        struct pb_history_event *e = &events[i];
        *e = (struct pb_history_event){.event_id = i, .timestamp = pb_time_from_ns(1795388400123456789 + i)};
        if (i == 1) {
            e->event_type_case = PB_HISTORY_EVENT_EXECUTION_STARTED;
            e->execution_started = &started;
        } else if (i % 3 == 0) {
            e->event_type_case = PB_HISTORY_EVENT_ORCHESTRATOR_STARTED;
            e->orchestrator_started = &begun;
        } else if (i % 3 == 1) {
            e->event_type_case = PB_HISTORY_EVENT_TASK_COMPLETED;
            e->task_completed = &completed;
        } else {
            e->event_type_case = PB_HISTORY_EVENT_TASK_SCHEDULED;
            e->task_scheduled = &scheduled;
        }
    }
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double decode_us(struct bytes in, struct arena *a, int iterations)
{
    double start = now_us();
    for (int i = 0; i < iterations; i++) {
        struct pb_work_item w;
        arena_reset(a);
        if (pb_work_item_decode(a, in, &w) != STATUS_OK)
            abort();
    }
    return (now_us() - start) / iterations;
}

static double encode_us(const struct pb_work_item *w, struct buf *out, int iterations)
{
    double start = now_us();
    for (int i = 0; i < iterations; i++) {
        buf_clear(out);
        pb_work_item_encode(w, out);
    }
    return (now_us() - start) / iterations;
}

int main(int argc, char **argv)
{
    int iterations = argc > 1 ? atoi(argv[1]) : 100000;
    if (iterations <= 0)
        return 2;
    CLEANUP(arena_fini) struct arena arena;
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(buf_fini) struct buf again = {0};
    struct pb_history_event events[EVENTS];
    fill(events);
    struct pb_orchestrator_request request = {.instance_id = instance.instance_id,
                                              .execution_id = instance.execution_id,
                                              .past_events = events,
                                              .past_events_count = EVENTS - 2,
                                              .new_events = events + EVENTS - 2,
                                              .new_events_count = 2};
    struct pb_work_item item = {.request_case = PB_WORK_ITEM_ORCHESTRATOR_REQUEST,
                                .orchestrator_request = &request,
                                .completion_token =
                                    B("bm90IGEgc2VjcmV0LCBqdXN0IGEgdG9rZW4gb2Ygc29tZSBsZW5ndGg=")};
    arena_init(&arena, 0);
    pb_work_item_encode(&item, &out);
    double best_decode = 1e9, best_encode = 1e9;
    for (int run = 0; run < RUNS; run++) {
        best_decode = MIN(best_decode, decode_us(buf_peek(&out), &arena, iterations));
        best_encode = MIN(best_encode, encode_us(&item, &again, iterations));
    }
    printf("work item of %zu bytes, %d events: decode %.2f us, encode %.2f us (best of %d runs of %d), arena "
           "%zu bytes\n",
           out.size, EVENTS, best_decode, best_encode, RUNS, iterations, arena.used);
    return 0;
}
