/* SPDX-License-Identifier: MIT */
/* reload.c — the values of before and of now, row by row. */
#include "cmd/reload.h"

#include <string.h>

static bool same_text(const char *one, const char *other)
{
    return one == other || (one && other && strcmp(one, other) == 0);
}

static bool same_value(const struct option_value *one, const struct option_value *other)
{
    return one->number == other->number && same_text(one->text, other->text);
}

static void add_name(struct buf *out, const char *name)
{
    buf_append_fmt(out, "%s%s", out->size ? "," : "", name);
}

/* Rows that may be reloaded are taken even if they are the same: their texts stood in the file of before. */
static void take_row(const struct option_spec *spec, struct option_value *live,
                     const struct option_value *now, struct buf *changed, struct buf *restart)
{
    bool same = same_value(live, now);
    if (!same)
        add_name(spec->reload ? changed : restart, spec->name);
    if (spec->reload)
        *live = *now;
}

enum status reload_settings(struct reload *reload, struct option_values *live, struct buf *ret_changed,
                            struct buf *ret_restart, struct err *err)
{
    struct option_values now;
    enum status status = option_parse_again(live, &now, err);
    if (status != STATUS_OK)
        return status;
    size_t index = 0;
    for (size_t i = 0; i < OPTION_SETS_MAX; i++) {
        const struct option_set *set = &live->syntax->sets[i];
        for (const struct option_spec *spec = set->table; spec && spec->name; spec++, index++)
            take_row(spec, &live->at[index], &now.at[index], ret_changed, ret_restart);
    }
    option_values_fini(&reload->latest);
    reload->latest = now;
    return STATUS_OK;
}

void reload_fini(struct reload *reload)
{
    option_values_fini(&reload->latest);
}
