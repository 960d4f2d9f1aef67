/* SPDX-License-Identifier: MIT */
/* view_policy.c — votes with the reason why one does not count; rules, and which one settled it; how far the approvals are. */
#include "cmd/review/view_policy.h"

#include <string.h>

#include "base/text.h"
#include "wire/json/json.h"

/* Why a vote does not count. */
static const struct {
    const char *weight, *text;
} weights[] = {
    {"other-manifest", "of other bytes"},
    {"own", "their own request"},
    {"replaced", "said otherwise later, or counted already"},
    {"not-asked", "not asked by the policy"},
    {"too-early", "an earlier stage was not complete"},
};

static const char *weight_text(const json_t *vote)
{
    const char *weight = json_member_text(vote, "weight");
    for (size_t i = 0; weight && i < ARRAY_SIZE(weights); i++)
        if (strcmp(weights[i].weight, weight) == 0)
            return weights[i].text;
    return weights[0].text;
}

void view_votes(const json_t *votes, struct buf *out)
{
    for (size_t i = 0; i < json_array_size(votes); i++) {
        const json_t *vote = json_array_get(votes, i);
        CLEANUP(buf_fini) struct buf line = {0};
        const char *name = json_member_text(json_object_get(vote, "by"), "name"),
                   *answer = json_member_text(vote, "answer");
        const char *comment = json_member_text(vote, "comment");
        buf_append_fmt(&line, "%s by %s%s%s", text_or(answer, "?"), text_or(name, "nobody with a name"),
                       comment ? ": " : "", text_or(comment, ""));
        if (json_is_false(json_object_get(vote, "counts")))
            buf_append_fmt(&line, " (%s: does not count)", weight_text(vote));
        print_pair_line(out, "vote", &line);
    }
}

/* Which rules matched, and which one settled it. */
static void view_rule(const json_t *rule, const char *settled, struct buf *out)
{
    CLEANUP(buf_fini) struct buf line = {0};
    const char *name = json_member_text(rule, "name");
    const char *does = json_member_text(rule, "do");
    const char *unknown = json_member_text(rule, "unknown");
    bool settles = settled && name && strcmp(settled, name) == 0;
    buf_append_fmt(&line, "%s: %s%s", text_or(does, "?"), text_or(name, "?"), settles ? " (settles it)" : "");
    if (unknown)
        buf_append_fmt(&line, ", since it is not known: %s", unknown);
    print_pair_line(out, "rule", &line);
}

/* What settles it where no rule does. */
static void view_unruled(const char *standing, struct buf *out)
{
    CLEANUP(buf_fini) struct buf line = {0};
    if (standing)
        buf_append_fmt(&line, "allow: standing approval %s (settles it)", standing);
    else
        buf_append_cstr(&line, "the defaults (they settle it)");
    print_pair_line(out, "rule", &line);
}

/* "one of the stages: 1 of 2 by group:security". */
static void view_progress(const json_t *track, struct buf *out)
{
    CLEANUP(buf_fini) struct buf line = {0};
    const char *rule = json_member_text(track, "rule"), *name = json_member_text(track, "name");
    const json_t *people = json_object_get(track, "reviewers");
    buf_append_fmt(&line, "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " by",
                   json_integer_value(json_object_get(track, "approvals")),
                   json_integer_value(json_object_get(track, "needed")));
    for (size_t i = 0; i < json_array_size(people); i++)
        buf_append_fmt(&line, "%s %s", i ? "," : "",
                       text_or(json_string_value(json_array_get(people, i)), "?"));
    buf_append_fmt(&line, " (%s%s%s)", text_or(rule, "defaults"), name ? ": " : "", text_or(name, ""));
    print_pair_line(out, "approvals", &line);
}

void view_rules(const json_t *request, struct buf *out)
{
    const json_t *policy = json_object_get(request, "policy"), *rules = json_object_get(policy, "rules");
    const json_t *progress = json_object_get(request, "progress");
    CLEANUP(buf_fini) struct buf line = {0};
    if (!policy) {
        print_pair(out, "policy", "none: the built-in rules");
        return;
    }
    buf_append_fmt(&line, "version %" JSON_INTEGER_FORMAT ", %s the run: %s",
                   json_integer_value(json_object_get(policy, "version")),
                   text_or(json_member_text(policy, "phase"), "before"),
                   text_or(json_member_text(policy, "due"), ""));
    print_pair_line(out, "policy", &line);
    for (size_t i = 0; i < json_array_size(rules); i++)
        view_rule(json_array_get(rules, i), json_member_text(policy, "settledBy"), out);
    if (!json_member_text(policy, "settledBy"))
        view_unruled(json_member_text(policy, "standing"), out);
    print_pair(out, "message", json_member_text(policy, "message"));
    for (size_t i = 0; i < json_array_size(progress); i++)
        view_progress(json_array_get(progress, i), out);
}
