/* SPDX-License-Identifier: MIT */
/* output.h — an answer in the form that `--output` names, byte for byte what the cloud's `az` prints for the same value
 * where that was measured (test/az/recorded). Pure; owns nothing. */
#ifndef CMD_AZ_OUTPUT_H
#define CMD_AZ_OUTPUT_H

#include "wire/json/jmespath.h"

enum az_format {
    AZ_JSON,
    AZ_JSONC, /* JSON, in colours on a terminal */
    AZ_YAML,
    AZ_YAMLC, /* the same as AZ_YAML: no colours */
    AZ_TABLE,
    AZ_TSV,
    AZ_NONE,
    AZ_FORMATS,
};

#define AZ_FORMAT_NAMES "json", "jsonc", "yaml", "yamlc", "table", "tsv", "none" /* in the order above */

/* How an answer is shown. */
struct az_view {
    enum az_format format;
    const struct jmespath *query; /* of --query; NULL: the whole answer */
    const char *table; /* JMESPath: the columns of the command for a table without a query; NULL: all */
    bool colours;      /* standard output is a terminal */
};

/* Appends `answer`, or what the query finds in it; a null is nothing at all. INVALID_ARGUMENT: the query does not fit the
 * answer; RESOURCE_EXHAUSTED: it takes too long; NO_MEMORY. */
STATUS_RESULT az_output(json_t *answer, const struct az_view *view, struct buf *out, struct err *err);

#endif
