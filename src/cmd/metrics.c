/* SPDX-License-Identifier: MIT */
/* metrics.c — the command `metrics`: the rows that /metrics can have, without a server. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/compose.h"
#include "cmd/part.h"
#include "cmd/servers.h"

static json_t *row_json(const struct part *part, const struct metric_row *row)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", row->name, "type", metric_type_name(row->type),
                     "labels", row->labels, "help", row->help, "part", part->name);
}

int command_metrics(const struct command *command, const struct option_values *values)
{
    bool as_json = setting_flag(values, "json");
    json_t *all = json_array();
    size_t count;
    const struct part *const *parts = compose_parts(&count);
    for (size_t i = 0; i < count; i++) {
        for (const struct metric_row *row = parts[i]->metrics; row && row->name; row++) {
            json_array_append_new(all, row_json(parts[i], row));
            if (!as_json)
                printf("%-45s %-10s %-18s %s\n", row->name, metric_type_name(row->type), row->labels,
                       row->help);
        }
    }
    char *text = as_json ? json_dumps(all, JSON_INDENT(1)) : NULL;
    json_decref(all);
    if (text)
        puts(text);
    bool failed = as_json && !text;
    free(text);
    return failed || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_GOOD;
}
