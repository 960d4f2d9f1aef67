/* SPDX-License-Identifier: MIT */
/* option_show.c — what was parsed, by name; and the tables as a help text. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cmd/option.h"

const struct option_value *option_get(const struct option_values *values, const char *name)
{
    size_t index = 0;
    const struct option_value *unknown = NULL;
    for (size_t i = 0; i < OPTION_SETS_MAX; i++) {
        const struct option_set *set = &values->syntax->sets[i];
        for (const struct option_spec *spec = set->table; spec && spec->name; spec++, index++) {
            if (strcmp(spec->name, name) != 0)
                continue;
            if (spec->commands & set->commands)
                return &values->at[index];
            unknown = &values->at[index];
        }
    }
    ASSERT(unknown && "a setting that is in a table");
    return unknown;
}

int64_t setting_number(const struct option_values *values, const char *name)
{
    return option_get(values, name)->number;
}

const char *setting_text(const struct option_values *values, const char *name)
{
    return option_get(values, name)->text;
}

bool setting_flag(const struct option_values *values, const char *name)
{
    return option_get(values, name)->number != 0;
}

const char *setting_each(const struct option_values *values, const char *name, size_t index)
{
    for (size_t i = 0; i < values->repeated_count; i++) {
        const struct option_repeated *repeated = &values->repeated[i];
        if (strcmp(repeated->spec->name, name) == 0 && index-- == 0)
            return repeated->text;
    }
    return NULL;
}

/* --- help --- */

static void help_row(const struct option_spec *spec, struct buf *out)
{
    char left[80];
    char letter[5] = "";
    if (spec->letter)
        snprintf(letter, sizeof letter, "-%c, ", spec->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, spec->name, spec->argument ? " " : "",
             text_or(spec->argument, ""));
    buf_append_fmt(out, "  %-28s %s", left, spec->help);
    if (spec->initial)
        buf_append_fmt(out, " [%s]", spec->initial);
    if (spec->environment)
        buf_append_fmt(out, "\n  %-28s (environment: %s)", "", spec->environment);
    buf_append_cstr(out, "\n");
}

void option_help(const struct option_syntax *syntax, struct buf *out)
{
    for (size_t i = 0; i < OPTION_SETS_MAX; i++) {
        const struct option_set *set = &syntax->sets[i];
        for (const struct option_spec *spec = set->table; spec && spec->name; spec++) {
            if (spec->commands & set->commands)
                help_row(spec, out);
        }
    }
}
