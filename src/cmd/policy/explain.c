/* SPDX-License-Identifier: MIT */
/* explain.c — a request, or many, decided by a file: read from JSON, decided, told. */
#include <stdio.h>

#include "cmd/cli/print.h"
#include "cmd/cli/server.h"
#include "cmd/limit_values.h"
#include "cmd/policy/policy_file.h"
#include "core/policy/describe.h"
#include "core/policy/rehearse.h"
#include "core/policy/tally.h"
#include "wire/json/json.h"

#define ONE_REQUEST "the request"

/* A request of the file. */
struct told {
    json_t *value;
    struct policy_facts facts;
    struct policy_vote *votes;
    size_t vote_count;
};

/* --- from JSON --- */

static STATUS_RESULT read_names(const json_t *array, struct arena *arena, const struct bytes **ret_names,
                                size_t *ret_count)
{
    struct bytes *names = arena_alloc_array(arena, json_array_size(array), sizeof *names);
    if (!names)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < json_array_size(array); i++)
        names[i] = json_bytes(json_array_get(array, i));
    *ret_names = names;
    *ret_count = json_array_size(array);
    return STATUS_OK;
}

/* {"by", "answer", "groups"?, "roles"?, "manifest"?}; the order is that of the times. */
static STATUS_RESULT read_vote(const json_t *value, int64_t at, struct arena *arena, struct policy_vote *vote,
                               struct err *err)
{
    int answer =
        policy_word_index("approve changes reject", bytes_of_cstr(json_member_text(value, "answer")));
    if (!json_member_text(value, "by") || answer < 0)
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "a vote has \"by\" and \"answer\": approve, changes or reject");
    *vote = (struct policy_vote){
        .principal = json_member_bytes(value, "by"),
        .name = json_member_bytes(value, "by"),
        .answer = (enum policy_answer)answer,
        .at = at,
        .manifest = json_member_bytes(value, "manifest"),
    };
    enum status status =
        read_names(json_object_get(value, "groups"), arena, &vote->groups, &vote->group_count);
    if (status == STATUS_OK)
        return read_names(json_object_get(value, "roles"), arena, &vote->roles, &vote->role_count);
    return status;
}

static STATUS_RESULT read_told(json_t *value, struct arena *arena, struct told *told, struct err *err)
{
    json_t *facts = json_object_get(value, "facts"), *votes = json_object_get(value, "votes");
    told->value = value;
    if (!facts)
        return err_set(err, STATUS_INVALID_ARGUMENT, "a request has a member \"facts\"");
    enum status status = policy_facts_read(facts, arena, &told->facts, err);
    if (status != STATUS_OK)
        return status;
    told->vote_count = json_array_size(votes);
    told->votes = arena_alloc_array(arena, told->vote_count, sizeof *told->votes);
    if (!told->votes)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < told->vote_count && status == STATUS_OK; i++)
        status = read_vote(json_array_get(votes, i), (int64_t)i, arena, &told->votes[i], err);
    return status;
}

/* --- one request --- */

/* Nothing for an empty value. */
static void pair_of(struct print_table *table, const char *name, struct buf *value)
{
    if (value->size) {
        buf_append_byte(value, '\0');
        const char *cells[] = {name, value->failed ? NULL : (const char *)value->data};
        print_table_row(table, cells, ARRAY_SIZE(cells));
    }
    buf_clear(value);
}

static void write_settled(const struct policy_outcome *outcome, struct buf *out)
{
    CLEANUP(buf_fini) struct buf value = {0};
    struct print_table table = {0};
    buf_append_cstr(&value, policy_do_name(outcome->settled));
    if (outcome->settled_by)
        buf_append_fmt(&value, ", by \"%.*s\"", BYTES_FMT(outcome->settled_by->name));
    else if (outcome->standing.size)
        buf_append_fmt(&value, ", by the standing approval %.*s", BYTES_FMT(outcome->standing));
    else
        buf_append_cstr(&value, ", by the defaults");
    pair_of(&table, "settled", &value);
    buf_append_bytes(&value, outcome->message);
    pair_of(&table, "message", &value);
    for (size_t i = 0; i < outcome->track_count; i++) {
        policy_write_track(&outcome->tracks[i], &value);
        pair_of(&table, i ? "and" : "due", &value);
    }
    for (enum policy_term term = 0; term < POLICY_TERMS; term++) {
        policy_write_term(term, outcome->terms[term], &value);
        pair_of(&table, policy_terms[term].name, &value);
    }
    print_table_write(&table, out);
    print_table_fini(&table);
}

static void write_matches(const struct policy_outcome *outcome, struct buf *out)
{
    static const char *const headings[] = {"DO", "RULE THAT MATCHES", "SINCE"};
    struct print_table table = {0};
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (size_t i = 0; i < outcome->match_count; i++) {
        CLEANUP(buf_fini) struct buf name = {0}, since = {0};
        const struct policy_match *match = &outcome->matches[i];
        buf_append_fmt(&name, "%.*s%c", BYTES_FMT(match->rule->name), '\0');
        if (match->unknown)
            buf_append_fmt(&since, "not known: %.*s%c", BYTES_FMT(match->unknown->shown), '\0');
        const char *cells[] = {policy_do_name(match->rule->action), (const char *)name.data,
                               match->unknown ? (const char *)since.data : "all of it holds"};
        print_table_row(&table, cells, ARRAY_SIZE(cells));
    }
    buf_append_byte(out, '\n');
    print_table_write(&table, out);
    print_table_fini(&table);
    if (outcome->waiting_count)
        buf_append_fmt(out, "\n%zu rules look at the run, and wait for it\n", outcome->waiting_count);
}

static const char *const verdicts[] = {[POLICY_OPEN] = "open",
                                       [POLICY_APPROVED] = "approved",
                                       [POLICY_CHANGES_ASKED] = "changes asked",
                                       [POLICY_REJECTED] = "rejected"};
static const char *const weights[] = {
    [POLICY_COUNTS] = "counts",         [POLICY_OTHER_MANIFEST] = "about other bytes",
    [POLICY_OWN] = "their own request", [POLICY_REPLACED] = "replaced, or counted already",
    [POLICY_NOT_ASKED] = "not asked",   [POLICY_TOO_EARLY] = "a stage before is not complete"};

static STATUS_RESULT count_votes(const struct told *told, const struct policy_outcome *outcome,
                                 struct arena *arena, struct policy_tally *ret_tally)
{
    const struct policy_facts *facts = &told->facts;
    struct policy_matter matter = {.manifest = json_member_bytes(told->value, "manifest"),
                                   .people_known = true};
    if (facts->submitter.count)
        matter.submitter = facts->submitter.items[0];
    if (facts->on_behalf_of.count)
        matter.on_behalf_of = facts->on_behalf_of.items[0];
    return policy_tally(outcome, &matter, told->votes, told->vote_count, arena, ret_tally);
}

static void write_votes(const struct told *told, const struct policy_tally *tally, struct buf *out)
{
    static const char *const headings[] = {"VOTE OF", "ANSWER", "WEIGHT"};
    struct print_table table = {0};
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (size_t i = 0; i < told->vote_count; i++) {
        const json_t *vote = json_array_get(json_object_get(told->value, "votes"), i);
        const char *cells[] = {json_member_text(vote, "by"), json_member_text(vote, "answer"),
                               weights[tally->weights[i]]};
        print_table_row(&table, cells, ARRAY_SIZE(cells));
    }
    buf_append_byte(out, '\n');
    print_table_write(&table, out);
    print_table_fini(&table);
    buf_append_fmt(out, "\nafter these votes: %s\n", verdicts[tally->verdict]);
}

static void write_votes_json(const struct told *told, const struct policy_tally *tally,
                             struct json_writer *json)
{
    json_write_member_cstr(json, "verdict", verdicts[tally->verdict]);
    json_write_key(json, "weights");
    json_write_begin_array(json);
    for (size_t i = 0; i < told->vote_count; i++)
        json_write_cstr(json, weights[tally->weights[i]]);
    json_write_end_array(json);
}

static STATUS_RESULT explain_one(const struct policy *policy, const struct told *told, struct arena *arena,
                                 bool as_json, struct buf *out)
{
    struct policy_outcome outcome;
    struct policy_tally tally;
    struct json_writer json = {.out = out, .replace_invalid = true};
    enum status status = policy_decide(policy, &told->facts, arena, &outcome);
    if (status == STATUS_OK)
        status = count_votes(told, &outcome, arena, &tally);
    if (status != STATUS_OK)
        return status;
    if (!as_json) {
        write_settled(&outcome, out);
        write_matches(&outcome, out);
        if (told->vote_count)
            write_votes(told, &tally, out);
        return STATUS_OK;
    }
    json_write_begin_object(&json);
    json_write_key(&json, "outcome");
    policy_outcome_write_json(&outcome, &json);
    if (told->vote_count)
        write_votes_json(told, &tally, &json);
    json_write_end_object(&json);
    buf_append_byte(out, '\n');
    return json_write_status(&json);
}

/* --- many --- */

static void write_rehearsal_json(const struct policy_rehearsal *rows, size_t count, struct buf *out)
{
    struct json_writer json = {.out = out, .replace_invalid = true};
    json_write_begin_array(&json);
    for (size_t i = 0; i < count; i++) {
        json_write_begin_object(&json);
        json_write_member_cstr(&json, "request", rows[i].past->request);
        json_write_member_bool(&json, "changed", rows[i].changed);
        json_write_key(&json, "was");
        policy_outcome_write_json(&rows[i].was, &json);
        json_write_key(&json, "wouldBe");
        policy_outcome_write_json(&rows[i].would, &json);
        json_write_end_object(&json);
    }
    json_write_end_array(&json);
    buf_append_byte(out, '\n');
}

static void write_rehearsal(const struct policy_rehearsal *rows, size_t count, struct buf *out)
{
    static const char *const headings[] = {"REQUEST", "WAS", "WOULD BE", "BY"};
    struct print_table table = {0};
    size_t changed = 0;
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buf_fini) struct buf was = {0}, would = {0}, rule = {0};
        if (!rows[i].changed)
            continue;
        changed++;
        policy_write_due(&rows[i].was, &was);
        policy_write_due(&rows[i].would, &would);
        if (rows[i].would.settled_by)
            buf_append_bytes(&rule, rows[i].would.settled_by->name);
        buf_append_byte(&was, '\0');
        buf_append_byte(&would, '\0');
        buf_append_byte(&rule, '\0');
        const char *cells[] = {rows[i].past->title ? rows[i].past->title : rows[i].past->request,
                               (const char *)was.data, (const char *)would.data, (const char *)rule.data};
        print_table_row(&table, cells, ARRAY_SIZE(cells));
    }
    buf_append_fmt(out, "%zu of %zu requests would change\n", changed, count);
    if (changed) {
        buf_append_byte(out, '\n');
        print_table_write(&table, out);
    }
    print_table_fini(&table);
}

static STATUS_RESULT explain_many(const struct policy *in_force, const struct policy *draft,
                                  const struct told *told, size_t count, struct arena *arena, bool as_json,
                                  struct buf *out)
{
    struct policy_past *pasts = arena_alloc_array(arena, count, sizeof *pasts);
    struct policy_rehearsal *rows;
    if (!pasts)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const char *request = json_member_text(told[i].value, "request");
        pasts[i] = (struct policy_past){request ? request : ONE_REQUEST,
                                        json_member_text(told[i].value, "title"), &told[i].facts};
    }
    enum status status = policy_rehearse(in_force, draft, pasts, count, arena, &rows);
    if (status != STATUS_OK)
        return status;
    if (as_json)
        write_rehearsal_json(rows, count, out);
    else
        write_rehearsal(rows, count, out);
    return STATUS_OK;
}

/* --- the command --- */

static STATUS_RESULT read_facts(const char *path, json_t **ret_value, struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    if (!server_read_file(path, CLI_ANSWER_SIZE_MAX, &text))
        return err_set(err, STATUS_IO, "%s cannot be read, or is too long (limit cli-answer-size-max)", path);
    enum status status = json_parse(buf_peek(&text), NULL, ret_value, err);
    return status == STATUS_OK ? status : err_wrap(err, "%s", path);
}

static STATUS_RESULT explain(const struct policy *in_force, const struct policy *draft, json_t *value,
                             struct arena *arena, bool as_json, struct buf *out, struct err *err)
{
    bool many = json_is_array(value);
    size_t count = many ? json_array_size(value) : 1;
    struct told *told = arena_alloc_array(arena, count, sizeof *told);
    if (!told)
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    for (size_t i = 0; i < count; i++) {
        enum status status = read_told(many ? json_array_get(value, i) : value, arena, &told[i], err);
        if (status != STATUS_OK)
            return status;
    }
    enum status status = many ? explain_many(in_force, draft, told, count, arena, as_json, out)
                              : explain_one(draft, &told[0], arena, as_json, out);
    return status == STATUS_OK ? status : err_set(err, status, "the request cannot be decided");
}

int policy_explain(const struct command *command, const struct option_values *values)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(json_release) json_t *value = NULL;
    struct policy *draft = NULL, *in_force = NULL;
    struct err err = {0};
    bool as_json = setting_flag(values, "json");
    const char *facts = setting_text(values, "facts"), *against = setting_text(values, "against");
    if (!facts)
        return server_failed(command, EXIT_USAGE, "which request?", "name its facts: --facts FILE");

    int code = policy_file_read(values->positionals[0], as_json, &draft);
    if (code == EXIT_GOOD && against)
        code = policy_file_read(against, as_json, &in_force);
    if (code == EXIT_GOOD && (read_facts(facts, &value, &err) != STATUS_OK ||
                              explain(in_force, draft, value, &arena, as_json, &out, &err) != STATUS_OK))
        code = server_failed(command, EXIT_FAILED, err.text, NULL);
    if (code == EXIT_GOOD && !print_out(&out))
        code = EXIT_FAILED;
    policy_destroy(draft);
    policy_destroy(in_force);
    return code;
}
