/* SPDX-License-Identifier: MIT */
/* doctor.c — what isolation this machine gives, what is missing, and the command that mends it. */
#include <stdio.h>
#include <unistd.h>

#include "cmd/command.h"
#include "db/sqlite.h"
#include "jail/probe.h"

/* What the sessions' language needs; without it the zygote cannot warm up. */
static const char *const zygote_places[] = {"/usr/bin/python3"};

static bool python_there(void)
{
    return access(zygote_places[0], X_OK) == 0;
}

static void print_text(const struct probe_layer *layers, bool python)
{
    static const char *const marks[] = {
        [PROBE_ON] = "on      ", [PROBE_DEGRADED] = "degraded", [PROBE_OFF] = "OFF     "};
    for (size_t i = 0; i < PROBE_LAYERS; i++) {
        printf("%s  %-18s %s\n", marks[layers[i].state], layers[i].name, layers[i].detail);
        if (layers[i].state != PROBE_ON && layers[i].mend[0])
            printf("          mend: %s\n", layers[i].mend);
    }
    printf("%s  %-18s %s\n", python ? "on      " : "OFF     ", "python", zygote_places[0]);
    if (!python)
        printf("          mend: apt-get install python3\n");
    const char *warning = db_sqlite_warning();
    printf("%s  %-18s %s\n", warning ? "note    " : "on      ", "sqlite",
           warning ? warning : db_sqlite_version());
}

int command_doctor(unsigned command, const struct option_values *v)
{
    (void)command;
    struct probe_facts facts = {.cgroup_layout = "none"};
    probe_machine(&facts);
    probe_cgroups(&facts);
    struct probe_layer layers[PROBE_LAYERS];
    bool whole = probe_layers(&facts, layers);
    bool python = python_there();
    if (setting_flag(v, "json")) {
        CLEANUP(buf_fini) struct buf out = {0};
        probe_json(&facts, &out);
        fwrite(out.data, 1, out.size, stdout);
        putchar('\n');
    } else {
        print_text(layers, python);
        puts(whole && python ? "\nEvery layer of isolation is on."
                             : "\nSessions run with what is on; /healthz names what is degraded.");
    }
    /* Without either way to build a jail nothing can be run at all. */
    bool usable = python && (facts.privileged || facts.user_namespaces) && facts.seccomp;
    return usable ? EXIT_GOOD : EXIT_FAILED;
}
