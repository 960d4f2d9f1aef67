/* SPDX-License-Identifier: MIT */
/* libdurabletask drives a real service: the list of the first issue, from outside, over the wire.
 *
 *   sdk_scenarios CONNECTION_STRING [--without NAME]...     a service that lacks a feature names it
 *   sdk_scenarios CONNECTION_STRING --victim FILE           the worker that is to be killed: its activity
 *                                                           writes FILE and never ends */
#include "scenario_rig.h"

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    program = argv[0];
    connection = argv[1];
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--victim") == 0)
            return run_victim(argv[i + 1]);
        if (strcmp(argv[i], "--without") == 0 && without_count < WITHOUT_MAX)
            without[without_count++] = argv[i + 1];
    }
    if (getenv("SDK_TEST"))
        cmocka_set_test_filter(getenv("SDK_TEST"));
    return run_flow_scenarios() + run_call_scenarios() + run_client_scenarios() + run_hub_scenarios() +
                   run_worker_scenarios() + run_entity_scenarios() + run_repair_scenarios() +
                   run_schedule_scenarios()
               ? 1
               : 0;
}
