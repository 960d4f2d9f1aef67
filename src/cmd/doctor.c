/* SPDX-License-Identifier: MIT */
/* doctor.c — what isolation this machine gives, what is missing, and the command that mends it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/doctor_checks.h"
#include "cmd/servers.h"
#include "db/sqlite.h"
#include "jail/probe.h"
#include "jail/template.h"
#include "runtime/runtime.h"
#include "svc/keeper/zygote.h"

/* Without it its zygote cannot warm up. */
static bool runtime_there(enum runtime_id id)
{
    return access(runtime_row(id)->interpreter, X_OK) == 0;
}

static bool all_runtimes_there(void)
{
    bool all = true;
    for (int id = 0; id < RUNTIMES; id++)
        all &= runtime_there((enum runtime_id)id);
    return all;
}

/* First what a person came for. */
static void print_verdict(const struct probe_layer *layers, bool usable, bool whole)
{
    if (!usable) {
        puts("Sessions cannot run on this machine; what is OFF below says why.\n");
        return;
    }
    if (whole) {
        puts("Sessions run on this machine with every layer of isolation.\n");
        return;
    }
    printf("Sessions run on this machine, but with less isolation than it could be:");
    for (size_t i = 0; i < PROBE_LAYERS; i++) {
        if (layers[i].state != PROBE_ON)
            printf(" %s", layers[i].name);
    }
    puts("\n");
}

static bool same_as_before(const struct probe_layer *layers, size_t index)
{
    return index > 0 && layers[index].state == layers[index - 1].state && layers[index].state != PROBE_ON &&
           strcmp(layers[index].detail, layers[index - 1].detail) == 0;
}

static void print_row(const char *mark, const char *name, const char *detail, const char *mend)
{
    printf("%-8s  %-18s %s\n", mark, name, detail);
    if (mend && *mend)
        printf("          mend: %s\n", mend);
}

static void print_text(const struct probe_layer *layers)
{
    static const char *const marks[] = {
        [PROBE_ON] = "on", [PROBE_DEGRADED] = "degraded", [PROBE_OFF] = "OFF"};
    for (size_t i = 0; i < PROBE_LAYERS; i++) {
        bool same = same_as_before(layers, i);
        bool mend = !same && layers[i].state != PROBE_ON;
        print_row(marks[layers[i].state], layers[i].name, same ? "for the same reason" : layers[i].detail,
                  mend ? layers[i].mend : NULL);
    }
    for (int id = 0; id < RUNTIMES; id++) {
        const struct runtime *runtime = runtime_row((enum runtime_id)id);
        bool there = runtime_there((enum runtime_id)id);
        print_row(there ? "on" : "OFF", runtime->name, runtime->interpreter, there ? NULL : runtime->mend);
    }
    const char *warning = sqlite_warning();
    print_row(warning ? "note" : "on", "sqlite", warning ? warning : sqlite_version(), NULL);

    struct doctor_check checks[DOCTOR_CHECKS_MAX];
    int count = doctor_checks(checks);
    for (int i = 0; i < count; i++)
        print_row(checks[i].good ? "good" : "note", checks[i].name, checks[i].detail,
                  checks[i].good ? NULL : checks[i].mend);
}

/* The list of what sessions see, and what of it is not on this machine. */
static void print_template(const struct template_plan *plan)
{
    const struct template_row *row;
    printf("\nA session sees this list and nothing else (identity %.16s):\n", plan->identity);
    for (size_t i = 0; (row = template_row(i)) != NULL; i++) {
        size_t found = 0;
        size_t missing = 0;
        for (size_t n = 0; n < plan->entry_count; n++)
            found += plan->entries[n].row == row;
        for (size_t n = 0; n < plan->gap_count; n++)
            missing += plan->gaps[n].row == row;
        printf("  %-18s %-8s %3zu there, %zu missing  %s\n", row->title, template_kind_name(row->kind), found,
               missing, row->reason);
    }
    for (size_t n = 0; n < plan->entry_count; n++) {
        if (!plan->entries[n].row && plan->entries[n].action == TEMPLATE_MOUNT)
            printf("  %-18s tree     %s\n", "session path", plan->entries[n].path);
    }
    printf("  %zu files and folders, %llu KiB of them copied; all names: sallyport doctor --json\n",
           plan->entry_count, (unsigned long long)(plan->copy_bytes >> 10));
}

static void print_json(const struct probe_facts *facts, const struct template_plan *plan)
{
    CLEANUP(buf_fini) struct buf out = {0};
    probe_json(facts, &out);
    /* One more member, before the brace that ends the object. */
    if (plan && out.size > 0) {
        out.size--;
        buf_append_cstr(&out, ",\"template\":");
        if (template_plan_json(plan, &out) != STATUS_OK)
            return;
        buf_append_byte(&out, '}');
    }
    fwrite(out.data, 1, out.size, stdout);
    putchar('\n');
}

int command_doctor(const struct command *command, const struct option_values *values)
{
    struct probe_facts facts = {.cgroup_layout = "none"};
    probe_machine(&facts);
    probe_cgroups(&facts);
    struct probe_layer layers[PROBE_LAYERS];
    bool whole = probe_layers(&facts, layers);
    struct template_plan *plan = NULL;
    struct err error = {0};
    int zygote =
        zygote_open_program(runtime_row(RUNTIME_DEFAULT),
                            NULL); /* its libraries are part of what sessions see, and of the identity */
    if (template_plan_create(setting_text(values, "session-path"), zygote, &plan, &error) != STATUS_OK)
        fprintf(stderr, "%s\n", error.text);
    if (zygote >= 0)
        close(zygote);
    /* Without either way to build a jail nothing can be run at all. */
    bool usable =
        all_runtimes_there() && plan && (facts.privileged || facts.user_namespaces) && facts.seccomp;
    if (setting_flag(values, "json")) {
        print_json(&facts, plan);
    } else {
        print_verdict(layers, usable, whole);
        print_text(layers);
        if (plan)
            print_template(plan);
    }
    template_plan_destroy(plan);
    return usable ? EXIT_GOOD : EXIT_FAILED;
}
