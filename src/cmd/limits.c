/* SPDX-License-Identifier: MIT */
/* limits.c — the command `limits`: the rows of limit_rows.c, and the settings that are limits, as text or as JSON. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "cmd/limit_rows.h"
#include "cmd/servers.h"

#define AMOUNT_SIZE 40 /* bytes of a value as people write it, with its NUL */

struct limits_listing {
    json_t *all; /* NULL: text is wanted */
};

/* "64 MiB", "30 s": the largest unit in which the value is a whole number. */
static void write_amount(int64_t value, enum limit_unit unit, char ret_text[AMOUNT_SIZE])
{
    static const struct {
        enum limit_unit unit;
        int64_t size;
        const char *name;
    } scales[] = {
        {LIMIT_BYTES, 1LL << 30, " GiB"},
        {LIMIT_BYTES, 1LL << 20, " MiB"},
        {LIMIT_BYTES, 1LL << 10, " KiB"},
        {LIMIT_BYTES, 1, " bytes"},
        {LIMIT_NS, 3600 * NS_PER_S, " h"},
        {LIMIT_NS, 60 * NS_PER_S, " min"},
        {LIMIT_NS, NS_PER_S, " s"},
        {LIMIT_NS, NS_PER_MS, " ms"},
        {LIMIT_NS, 1, " ns"},
        {LIMIT_MS, 86400 * 1000LL, " days"},
        {LIMIT_MS, 1000, " s"},
        {LIMIT_MS, 1, " ms"},
        {LIMIT_DAYS, 1, " days"},
        {LIMIT_PER_SECOND, 1, " per second"},
        {LIMIT_COUNT, 1, ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(scales); i++) {
        if (scales[i].unit == unit && value % scales[i].size == 0) {
            snprintf(ret_text, AMOUNT_SIZE, "%lld%s", (long long)(value / scales[i].size), scales[i].name);
            return;
        }
    }
    snprintf(ret_text, AMOUNT_SIZE, "%lld", (long long)value);
}

static void say(const struct limits_listing *listing, const char *part, const char *name, int64_t value,
                enum limit_unit unit, const char *setting, const char *what, const char *source)
{
    char amount[AMOUNT_SIZE];
    write_amount(value, unit, amount);
    if (!listing->all) {
        printf("%-36s %-16s %-10s %s%s%s%s\n", name, amount, setting ? "setting" : "fixed", what,
               source[0] ? " (" : "", source, source[0] ? ")" : "");
        return;
    }
    json_array_append_new(listing->all,
                          json_pack("{s:s, s:s, s:I, s:s, s:s, s:s?, s:s, s:s}", "part", part, "name", name,
                                    "value", (json_int_t)value, "unit", limit_unit_name(unit), "amount",
                                    amount, "setting", setting, "what", what, "source", source));
}

static void say_setting(const struct limits_listing *listing, const struct option_spec *spec,
                        const struct option_value *value)
{
    static const enum limit_unit units[] = {
        [OPTION_COUNT] = LIMIT_COUNT, [OPTION_SIZE] = LIMIT_BYTES, [OPTION_DURATION] = LIMIT_NS};
    say(listing, "settings", spec->name, value->number, units[spec->kind], spec->name, spec->help, "");
}

int command_limits(const struct command *command, const struct option_values *values)
{
    struct limits_listing listing = {.all = setting_flag(values, "json") ? json_array() : NULL};
    for (size_t i = 0; settings_table[i].name; i++) {
        if (settings_table[i].limit)
            say_setting(&listing, &settings_table[i], &values->at[i]);
    }
    for (const struct limit_row *row = limits_table; row->part; row++) {
        char name[LIMIT_NAME_SIZE];
        limit_name(row, name);
        say(&listing, row->part, name, row->value, row->unit, NULL, row->what, row->source);
    }
    char *text = listing.all ? json_dumps(listing.all, JSON_INDENT(1)) : NULL;
    bool failed = listing.all && !text;
    json_decref(listing.all);
    if (text)
        puts(text);
    free(text);
    return failed || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_GOOD;
}
