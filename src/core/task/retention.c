/* SPDX-License-Identifier: MIT */
/* retention.c — a list of rules, searched from the most to the least specific. */
#include "core/task/retention.h"

#include "base/duration.h"

/* Names of terminal statuses, in either case. */
static enum instance_status status_of_name(struct bytes name)
{
    for (int number = 0; number < INSTANCE_NONE; number++) {
        enum instance_status status = (enum instance_status)number;
        if (instance_status_terminal(status) &&
            bytes_equal_nocase(name, bytes_of_cstr(instance_status_name(status))))
            return status;
    }
    return INSTANCE_NONE;
}

static bool parse_rule(struct bytes text, struct retention_rule *ret_rule)
{
    struct retention_rule rule = {.status = INSTANCE_NONE};
    size_t slash = bytes_find(text, BYTES_LITERAL("/"));
    if (slash < text.size) {
        rule.hub = bytes_trim(bytes_slice(text, 0, slash));
        text = bytes_slice(text, slash + 1, SIZE_MAX);
        if (rule.hub.size == 0)
            return false;
    }
    size_t equals = bytes_find(text, BYTES_LITERAL("="));
    if (equals < text.size) {
        rule.status = status_of_name(bytes_trim(bytes_slice(text, 0, equals)));
        text = bytes_slice(text, equals + 1, SIZE_MAX);
        if (rule.status == INSTANCE_NONE)
            return false;
    }
    if (duration_parse(bytes_trim(text), &rule.age_ns) != STATUS_OK)
        return false;
    *ret_rule = rule;
    return true;
}

enum status retention_parse(struct bytes text, struct retention *ret_retention, struct bytes *ret_rule)
{
    struct retention retention = {.count = 0};
    while (text.size) {
        struct bytes rule = bytes_trim(bytes_split(&text, ','));
        *ret_rule = rule;
        if (retention.count == RETENTION_RULES_MAX || !parse_rule(rule, &retention.rules[retention.count]))
            return STATUS_MALFORMED;
        retention.count++;
    }
    *ret_retention = retention;
    return STATUS_OK;
}

/* The best rule for exactly that hub (empty: the rules for all). */
static const struct retention_rule *find(const struct retention *retention, struct bytes hub,
                                         enum instance_status status, bool *ret_own)
{
    const struct retention_rule *best = NULL;
    *ret_own = false;
    for (size_t n = 0; n < retention->count; n++) {
        const struct retention_rule *rule = &retention->rules[n];
        if (!bytes_equal_nocase(rule->hub, hub))
            continue;
        *ret_own = true;
        if (rule->status == status || (rule->status == INSTANCE_NONE && !best))
            best = rule;
    }
    return best;
}

bool retention_age(const struct retention *retention, struct bytes hub, enum instance_status status,
                   int64_t *ret_age_ns)
{
    bool own;
    const struct retention_rule *rule = find(retention, hub, status, &own);
    if (!own)
        rule = find(retention, (struct bytes){0}, status, &own);
    if (rule)
        *ret_age_ns = rule->age_ns;
    return rule != NULL;
}
