/* SPDX-License-Identifier: MIT */
/* template_test.c — the list on this machine, session paths, and when the identity changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "jail/template.h"

static struct template_plan *plan_with(const char *session_paths)
{
    struct template_plan *plan = NULL;
    struct err error = {0};
    if (template_plan_create(session_paths, -1, &plan, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return plan;
}

static const struct template_entry *entry_at(const struct template_plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->entry_count; i++) {
        if (strcmp(plan->entries[i].path, path) == 0)
            return &plan->entries[i];
    }
    return NULL;
}

static void holds_the_interpreter_and_its_libraries(void **state)
{
    (void)state;
    struct template_plan *plan = plan_with(NULL);
    assert_non_null(entry_at(plan, "/usr/bin/python3"));
    assert_int_equal(entry_at(plan, "/usr/bin/python")->action, TEMPLATE_LINK);
    assert_non_null(entry_at(plan, "/usr/bin/sh"));
    bool libc = false;
    bool library = false;
    for (size_t i = 0; i < plan->entry_count; i++) {
        libc |= strstr(plan->entries[i].path, "/libc.so.6") != NULL;
        library |= strncmp(plan->entries[i].path, "/usr/lib/python3.", 17) == 0;
    }
    assert_true(libc);
    assert_true(library);
    template_plan_destroy(plan);
}

static void takes_nothing_from_elsewhere(void **state)
{
    (void)state;
    struct template_plan *plan = plan_with("");
    for (size_t i = 0; i < plan->entry_count; i++) {
        const char *path = plan->entries[i].path;
        assert_int_equal(strncmp(path, "/usr/", 5), 0);
        assert_int_not_equal(strncmp(path, "/usr/local", 10), 0);
        assert_int_not_equal(strncmp(path, "/usr/src", 8), 0);
        assert_string_not_equal(path, "/usr");
        assert_string_not_equal(path, "/usr/share");
        assert_string_not_equal(path, "/usr/lib");
    }
    template_plan_destroy(plan);
}

static void refuses_session_paths_that_cover(void **state)
{
    (void)state;
    static const char *const bad[] = {"/",        "/usr", "/usr/bin", "/etc",       "/proc/self",
                                      "relative", "/dev", "/tmp",     "/not/there", "/usr/../usr/share",
                                      "/usr/lib"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct template_plan *plan = NULL;
        struct err error = {0};
        if (template_plan_create(bad[i], -1, &plan, &error) != STATUS_INVALID_ARGUMENT)
            fail_msg("%s was taken", bad[i]);
        assert_non_null(strstr(error.text, bad[i]));
    }
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* A folder of a user's own, below a place that no session has: the build folder. */
static void changes_its_identity_with_the_packages(void **state)
{
    (void)state;
    char folder[4096];
    char file[4200];
    assert_non_null(getcwd(folder, sizeof folder - 64));
    if (strncmp(folder, "/tmp/", 5) == 0)
        skip(); /* a session has a /tmp of its own */
    strcat(folder, "/template-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/module.py", folder);
    write_text(file, "a = 1\n");

    struct template_plan *without = plan_with(NULL);
    struct template_plan *first = plan_with(folder);
    struct template_plan *again = plan_with(folder);
    assert_string_equal(first->identity, again->identity);
    assert_string_not_equal(first->identity, without->identity);
    assert_int_equal(entry_at(first, folder)->action, TEMPLATE_MOUNT);

    write_text(file, "a = 1000\n");
    struct template_plan *changed = plan_with(folder);
    assert_string_not_equal(first->identity, changed->identity);

    /* What the interpreter leaves behind when it runs is no change. */
    snprintf(file, sizeof file, "%s/__pycache__", folder);
    assert_int_equal(mkdir(file, 0755), 0);
    struct template_plan *compiled = plan_with(folder);
    assert_string_equal(changed->identity, compiled->identity);

    template_plan_destroy(without);
    template_plan_destroy(first);
    template_plan_destroy(again);
    template_plan_destroy(changed);
    template_plan_destroy(compiled);
    rmdir(file);
    snprintf(file, sizeof file, "%s/module.py", folder);
    unlink(file);
    rmdir(folder);
}

static void stamps_alike_while_nothing_changes(void **state)
{
    (void)state;
    assert_true(template_stamp(NULL) == template_stamp(""));
    assert_true(template_stamp("/usr/share") != template_stamp(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_the_interpreter_and_its_libraries),
        cmocka_unit_test(takes_nothing_from_elsewhere),
        cmocka_unit_test(refuses_session_paths_that_cover),
        cmocka_unit_test(changes_its_identity_with_the_packages),
        cmocka_unit_test(stamps_alike_while_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
