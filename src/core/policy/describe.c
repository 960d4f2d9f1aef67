/* SPDX-License-Identifier: MIT */
/* describe.c — texts first; the JSON holds the same texts, so that both say the same. */
#include "core/policy/describe.h"

#include <inttypes.h>

#include "core/policy/keys.h"

/* --- texts --- */

static void write_people(const struct policy_who *people, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        buf_append_cstr(out, i ? ", " : "");
        buf_append_bytes(out, people[i].shown);
    }
}

void policy_write_track(const struct policy_track *track, struct buf *out)
{
    for (size_t i = 0; i < track->stage_count; i++) {
        const struct policy_stage *stage = &track->stages[i];
        buf_append_fmt(out, "%s%" PRId64 " of ", i ? ", then " : "", stage->approvals);
        write_people(stage->reviewers, stage->reviewer_count, out);
        if (stage->name.size)
            buf_append_fmt(out, " (%.*s)", BYTES_FMT(stage->name));
    }
}

static void write_words(const char *words, int64_t bits, struct buf *out)
{
    struct bytes rest = bytes_of_cstr(words);
    for (int i = 0, written = 0; rest.size; i++) {
        struct bytes word = bytes_split(&rest, ' ');
        if (!(bits >> i & 1))
            continue;
        buf_append_cstr(out, written++ ? ", " : "");
        buf_append_bytes(out, word);
    }
}

void policy_write_term(enum policy_term term, int64_t value, struct buf *out)
{
    const struct policy_term_row *row = &policy_terms[term];
    switch (row->kind) {
    case POLICY_TERM_WORD:
        buf_append_bytes(out, policy_word(row->words, (int)value - 1));
        break;
    case POLICY_TERM_WORDS:
        write_words(row->words, value, out);
        break;
    case POLICY_TERM_FLAG:
        buf_append_cstr(out, value ? "true" : "false");
        break;
    case POLICY_TERM_DURATION:
        if (value != POLICY_FOR_EVER)
            policy_duration_write(value, out);
        break;
    }
}

void policy_write_conditions(const struct policy_rule *rule, struct buf *out)
{
    for (size_t i = 0; i < rule->alternative_count; i++) {
        const struct policy_alternative *alternative = &rule->alternatives[i];
        buf_append_cstr(out, i ? ", or " : "");
        for (size_t j = 0; j < alternative->condition_count; j++) {
            buf_append_cstr(out, j ? " and " : "");
            buf_append_bytes(out, alternative->conditions[j].shown);
        }
    }
}

void policy_write_due(const struct policy_outcome *outcome, struct buf *out)
{
    static const char *const settled[] = {
        [POLICY_ALLOW] = "allowed", [POLICY_ASK] = "", [POLICY_DENY] = "denied"};
    buf_append_cstr(out, settled[outcome->settled]);
    for (size_t i = 0; i < outcome->track_count; i++) {
        buf_append_cstr(out, i ? " and " : "");
        policy_write_track(&outcome->tracks[i], out);
    }
}

/* --- members of JSON --- */

/* A member with a text; none for an empty one. */
static void member_text(struct json_writer *json, const char *name, struct bytes text)
{
    if (text.size)
        json_write_member_string(json, name, text);
}

/* Where the texts of this file become members: `text` is emptied. */
static void member_taken(struct json_writer *json, const char *name, struct buf *text)
{
    if (buf_status(text) != STATUS_OK)
        json->failed = true;
    member_text(json, name, buf_peek(text));
    buf_clear(text);
}

static void write_terms(const int64_t *terms, const bool *given, struct json_writer *json)
{
    CLEANUP(buf_fini) struct buf text = {0};
    for (enum policy_term term = 0; term < POLICY_TERMS; term++) {
        if (given && !given[term])
            continue;
        policy_write_term(term, terms[term], &text);
        member_taken(json, policy_terms[term].name, &text);
    }
}

static void write_people_json(const char *name, const struct policy_who *people, size_t count,
                              struct json_writer *json)
{
    json_write_key(json, name);
    json_write_begin_array(json);
    for (size_t i = 0; i < count; i++)
        json_write_string(json, people[i].shown);
    json_write_end_array(json);
}

static void write_track_json(const struct policy_track *track, struct json_writer *json)
{
    json_write_begin_object(json);
    member_text(json, "rule", track->rule);
    json_write_key(json, "stages");
    json_write_begin_array(json);
    for (size_t i = 0; i < track->stage_count; i++) {
        json_write_begin_object(json);
        member_text(json, "name", track->stages[i].name);
        json_write_member_int(json, "approvals", track->stages[i].approvals);
        write_people_json(policy_keys[POLICY_KEY_REVIEWERS].name, track->stages[i].reviewers,
                          track->stages[i].reviewer_count, json);
        json_write_end_object(json);
    }
    json_write_end_array(json);
    json_write_end_object(json);
}

static void write_tracks_json(const struct policy_track *tracks, size_t count, struct json_writer *json)
{
    json_write_key(json, "tracks");
    json_write_begin_array(json);
    for (size_t i = 0; i < count; i++)
        write_track_json(&tracks[i], json);
    json_write_end_array(json);
}

static void write_reminders_json(const int64_t *reminders, size_t count, struct json_writer *json)
{
    CLEANUP(buf_fini) struct buf text = {0};
    json_write_key(json, policy_keys[POLICY_KEY_REMINDERS].name);
    json_write_begin_array(json);
    for (size_t i = 0; i < count; i++) {
        policy_duration_write(reminders[i], &text);
        json_write_string(json, buf_peek(&text));
        buf_clear(&text);
    }
    json_write_end_array(json);
}

static void write_demands(const struct policy_demands *demands, struct json_writer *json)
{
    write_terms(demands->terms, demands->given, json);
    if (demands->track.stage_count)
        write_tracks_json(&demands->track, 1, json);
    if (demands->reminder_count)
        write_reminders_json(demands->reminders, demands->reminder_count, json);
    if (demands->escalate_count)
        write_people_json(policy_keys[POLICY_KEY_ESCALATE].name, demands->escalate, demands->escalate_count,
                          json);
}

/* --- a policy, an outcome, the words --- */

void policy_write_json(const struct policy *policy, struct json_writer *json)
{
    CLEANUP(buf_fini) struct buf text = {0};
    json_write_begin_object(json);
    json_write_key(json, "defaults");
    json_write_begin_object(json);
    write_demands(&policy->defaults, json);
    json_write_end_object(json);
    json_write_key(json, "rules");
    json_write_begin_array(json);
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct policy_rule *rule = &policy->rules[i];
        json_write_begin_object(json);
        json_write_member_string(json, "name", rule->name);
        json_write_member_cstr(json, "do", policy_do_name(rule->action));
        policy_write_conditions(rule, &text);
        member_taken(json, "when", &text);
        member_text(json, "message", rule->message);
        json_write_member_int(json, "line", rule->line);
        write_demands(&rule->demands, json);
        json_write_end_object(json);
    }
    json_write_end_array(json);
    json_write_end_object(json);
}

static void write_match(const struct policy_match *match, struct json_writer *json)
{
    json_write_begin_object(json);
    json_write_member_string(json, "name", match->rule->name);
    json_write_member_cstr(json, "do", policy_do_name(match->rule->action));
    member_text(json, "message", match->rule->message);
    if (match->unknown)
        json_write_member_string(json, "unknown", match->unknown->shown);
    json_write_end_object(json);
}

void policy_outcome_write_json(const struct policy_outcome *outcome, struct json_writer *json)
{
    CLEANUP(buf_fini) struct buf text = {0};
    json_write_begin_object(json);
    json_write_member_cstr(json, "settled", policy_do_name(outcome->settled));
    if (outcome->settled_by)
        json_write_member_string(json, "settledBy", outcome->settled_by->name);
    member_text(json, "standing", outcome->standing);
    member_text(json, "message", outcome->message);
    policy_write_due(outcome, &text);
    member_taken(json, "due", &text);
    json_write_key(json, "rules");
    json_write_begin_array(json);
    for (size_t i = 0; i < outcome->match_count; i++)
        write_match(&outcome->matches[i], json);
    json_write_end_array(json);
    json_write_member_int(json, "waiting", (int64_t)outcome->waiting_count);
    json_write_key(json, "demands");
    json_write_begin_object(json);
    write_terms(outcome->terms, NULL, json);
    write_tracks_json(outcome->tracks, outcome->track_count, json);
    write_reminders_json(outcome->reminders, outcome->reminder_count, json);
    write_people_json(policy_keys[POLICY_KEY_ESCALATE].name, outcome->escalate, outcome->escalate_count,
                      json);
    json_write_end_object(json);
    json_write_end_object(json);
}

static void write_places(unsigned places, struct json_writer *json)
{
    static const struct {
        unsigned place;
        const char *name;
    } names[] = {{POLICY_IN_FILE, "file"},
                 {POLICY_IN_DEFAULTS, "defaults"},
                 {POLICY_IN_RULE, "rule"},
                 {POLICY_IN_ASK, "rule that asks"},
                 {POLICY_IN_STAGE, "stage"}};
    json_write_key(json, "places");
    json_write_begin_array(json);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (places & names[i].place)
            json_write_cstr(json, names[i].name);
    }
    json_write_end_array(json);
}

static void write_term_row(enum policy_term term, struct json_writer *json)
{
    static const char *const forms[] = {[POLICY_TERM_WORD] = "one of: ", [POLICY_TERM_WORDS] = "a list of: "};
    static const char *const words_strictest[] = {[POLICY_LESS] = "the first of these",
                                                  [POLICY_MORE] = "the last of these",
                                                  [POLICY_BOTH] = "all together"};
    CLEANUP(buf_fini) struct buf text = {0};
    const struct policy_term_row *row = &policy_terms[term];
    bool words = row->words != NULL;
    json_write_begin_object(json);
    json_write_member_cstr(json, "name", row->name);
    if (words)
        buf_append_fmt(&text, "%s%s", forms[row->kind], row->words);
    else
        buf_append_cstr(&text, row->kind == POLICY_TERM_FLAG ? "true or false" : "a duration, such as 24h");
    member_taken(json, "form", &text);
    policy_write_term(term, row->initial, &text);
    member_taken(json, "initial", &text);
    if (row->kind == POLICY_TERM_FLAG)
        json_write_member_cstr(json, "strictest", row->stricter == POLICY_LESS ? "false" : "true");
    else
        json_write_member_cstr(json, "strictest", words ? words_strictest[row->stricter] : "the shortest");
    json_write_member_cstr(json, "text", row->text);
    json_write_end_object(json);
}

void policy_words_write_json(struct json_writer *json)
{
    json_write_begin_object(json);
    json_write_key(json, "keys");
    json_write_begin_array(json);
    for (enum policy_key key = 0; key < POLICY_KEYS; key++) {
        json_write_begin_object(json);
        json_write_member_cstr(json, "name", policy_keys[key].name);
        write_places(policy_keys[key].places, json);
        json_write_member_cstr(json, "form", policy_keys[key].form);
        json_write_member_cstr(json, "text", policy_keys[key].text);
        json_write_end_object(json);
    }
    json_write_end_array(json);
    json_write_key(json, "terms");
    json_write_begin_array(json);
    for (enum policy_term term = 0; term < POLICY_TERMS; term++)
        write_term_row(term, json);
    json_write_end_array(json);
    json_write_key(json, "conditions");
    json_write_begin_array(json);
    for (size_t i = 0; i < policy_fact_count; i++) {
        const struct policy_fact_row *row = &policy_fact_rows[i];
        json_write_begin_object(json);
        json_write_member_cstr(json, "name", row->kind == POLICY_FACT_LABELS ? "labels.NAME" : row->name);
        json_write_member_cstr(json, "form", policy_fact_forms[row->kind]);
        json_write_member_bool(json, "after", row->known_from == POLICY_AFTER_RUN);
        json_write_member_cstr(json, "text", row->text);
        json_write_end_object(json);
    }
    json_write_end_array(json);
    json_write_end_object(json);
}
