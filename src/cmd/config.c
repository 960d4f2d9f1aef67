/* SPDX-License-Identifier: MIT */
/* config.c — the commands `config show`: what holds, and where it comes from; and `config check`: a file's faults. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#include "cmd/servers.h"

static const struct {
    unsigned bit;
    const char *name;
} command_names[] = {
    {COMMAND_DEV, "dev"},
    {COMMAND_APP, "app"},
    {COMMAND_POOL, "pool"},
    {COMMAND_SCHEDULER, "scheduler"},
};

static const char *const kind_names[] = {
    [OPTION_FLAG] = "flag", [OPTION_TEXT] = "text",         [OPTION_COUNT] = "count",
    [OPTION_SIZE] = "size", [OPTION_DURATION] = "duration",
};

static void origin_text(const struct option_spec *spec, const struct option_value *value, const char *file,
                        char *ret_text, size_t size)
{
    switch (value->origin) {
    case OPTION_FROM_FILE:
        snprintf(ret_text, size, "%s:%d", file, value->line);
        return;
    case OPTION_FROM_ENVIRONMENT:
        snprintf(ret_text, size, "environment %s", spec->environment);
        return;
    case OPTION_FROM_COMMAND_LINE:
        snprintf(ret_text, size, "command line");
        return;
    case OPTION_DEFAULT:
        break;
    }
    snprintf(ret_text, size, "default");
}

/* NULL: it has no value. */
static const char *shown_value(const struct option_spec *spec, const struct option_value *value)
{
    if (spec->kind == OPTION_FLAG)
        return value->number ? "true" : "false";
    return value->text && spec->secret ? "***" : value->text;
}

static json_t *commands_json(unsigned bits)
{
    json_t *names = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(command_names); i++)
        if (bits & command_names[i].bit)
            json_array_append_new(names, json_string(command_names[i].name));
    return names;
}

static json_t *setting_json(const struct option_spec *spec, const struct option_value *value,
                            const char *origin)
{
    json_t *root = json_pack("{s:s, s:s?, s:s, s:s, s:s?, s:s?, s:o, s:s, s:b}", "name", spec->name, "value",
                             shown_value(spec, value), "origin", origin, "kind", kind_names[spec->kind],
                             "default", spec->initial, "environment", spec->environment, "commands",
                             commands_json(spec->commands), "help", spec->help, "reload", spec->reload);
    bool ranged = spec->kind != OPTION_TEXT && spec->kind != OPTION_FLAG;
    if (root && ranged) {
        json_object_set_new(root, "number", json_integer(value->number));
        json_object_set_new(root, "min", json_integer(spec->min));
        json_object_set_new(root, "max", json_integer(spec->max));
    }
    return root;
}

/* A line that --config reads; what it must not or cannot read is a comment. */
static void print_line(const struct option_spec *spec, const struct option_value *value, const char *origin)
{
    const char *text = shown_value(spec, value);
    bool readable = text && !spec->secret;
    printf("# %s (%s)\n%s%s = %s\n", spec->help, origin, readable ? "" : "# ", spec->name, text_or(text, ""));
}

int command_config(const struct command *command, const struct option_values *values)
{
    const char *file = setting_text(values, "config");
    bool as_json = setting_flag(values, "json");
    json_t *all = json_array();
    for (size_t i = 0; settings_table[i].name; i++) {
        const struct option_spec *spec = &settings_table[i];
        char origin[400];
        if (!(spec->commands & COMMAND_SERVERS) || strcmp(spec->name, "config") == 0)
            continue;
        origin_text(spec, &values->at[i], file, origin, sizeof origin);
        if (as_json)
            json_array_append_new(all, setting_json(spec, &values->at[i], origin));
        else
            print_line(spec, &values->at[i], origin);
    }
    char *text = as_json ? json_dumps(all, JSON_INDENT(1)) : NULL;
    json_decref(all);
    if (text)
        puts(text);
    free(text);
    bool failed = as_json && !text;
    return failed || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_GOOD;
}

/* --- check --- */

struct check {
    const char *path;
    size_t faults;
};

static void print_fault(void *context, const struct option_fault *fault)
{
    struct check *check = context;
    check->faults++;
    printf("%s:%d:%d: %s\n", check->path, fault->line, fault->column, fault->text);
}

int command_config_check(const struct command *command, const struct option_values *values)
{
    static const struct option_syntax services = SERVER_SYNTAX(COMMAND_SERVERS);
    struct check check = {.path = values->positional_count ? values->positionals[0]
                                                           : setting_text(values, "config")};
    struct err err = {0};
    if (!check.path) {
        fprintf(stderr, "sallyport config check: which file? type: sallyport config check FILE\n");
        return EXIT_USAGE;
    }
    if (option_check_file(&services, check.path, print_fault, &check, &err) != STATUS_OK) {
        fprintf(stderr, "sallyport config check: %s\n", err.text);
        return EXIT_USAGE;
    }
    if (check.faults == 0)
        printf("%s: no faults\n", check.path);
    return fflush(stdout) == 0 && check.faults == 0 ? EXIT_GOOD : EXIT_FAILED;
}
