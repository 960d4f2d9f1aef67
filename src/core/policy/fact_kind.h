/* SPDX-License-Identifier: MIT */
/* fact_kind.h — what kinds of facts there are: how a condition on one is written, and what it compares. */
#ifndef CORE_POLICY_FACT_KIND_H
#define CORE_POLICY_FACT_KIND_H

#include <stdint.h>

#define POLICY_NEVER INT64_MAX /* an age: it was not approved before */

enum policy_fact_kind {
    POLICY_FACT_TEXTS,
    POLICY_FACT_ONLY,    /* texts; a condition lists all that may be among them */
    POLICY_FACT_PATTERN, /* a text in which patterns are searched */
    POLICY_FACT_LABELS,
    POLICY_FACT_COUNT,
    POLICY_FACT_BYTES,
    POLICY_FACT_DURATION,
    POLICY_FACT_AGE,
    POLICY_FACT_CLOCK, /* a time of day */
    POLICY_FACT_KINDS,
};

#endif
