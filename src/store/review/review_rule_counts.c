/* SPDX-License-Identifier: MIT */
/* review_rule_counts.c — how often each rule of a policy matched, and what came of it: requests by the day (UTC), in the transaction of
 * the ruling. A request counts once for a rule, however often it is ruled; which rules it has counted for stands in its record.
 *
 *   before the run, and it runs first      matched
 *   people are asked, or it is over by it  matched, and what the rule did
 *
 * A rule did something where its kind settled it: one that allows and was overruled by one that asks has only matched. */
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "store/review/policy_book.h"
#include "store/review/review_rule.h"
#include "wire/json/json.h"

#define COUNTED      "_counted" /* member of a record: the name of a rule → what was counted for it */
#define COUNTED_FROM "rulesCountedFrom" /* a name of the table of latest values: nanoseconds */
#define DAY_NS       (86400 * NS_PER_S)

/* What is counted of a rule, in the order of the columns; numbers of bits stand in records. */
enum count_column {
    COUNT_MATCHED,
    COUNT_ALLOWED,
    COUNT_ASKED,
    COUNT_DENIED,
    COUNT_COLUMNS,
};

static const char *const column_names[COUNT_COLUMNS] = {
    [COUNT_MATCHED] = "matched",
    [COUNT_ALLOWED] = "allowed",
    [COUNT_ASKED] = "asked",
    [COUNT_DENIED] = "denied",
};

static const enum count_column column_of[] = {
    [POLICY_ALLOW] = COUNT_ALLOWED,
    [POLICY_ASK] = COUNT_ASKED,
    [POLICY_DENY] = COUNT_DENIED,
};

/* --- counting --- */

static enum status add_to_day(struct review_book *book, struct bytes rule, unsigned bits, int64_t now_ns,
                              struct err *err)
{
    size_t count = review_at(book, RULE_COUNT);
    sqlite_bind_bytes(book->db, count, 1, rule);
    sqlite_bind_i64(book->db, count, 2, now_ns / DAY_NS);
    for (int column = 0; column < COUNT_COLUMNS; column++)
        sqlite_bind_i64(book->db, count, 3 + column, bits >> column & 1);
    return sqlite_run(book->db, count, err);
}

static enum status count_match(struct review_book *book, json_t *counted, const struct policy_rule *rule,
                               bool did_it, int64_t now_ns, struct err *err)
{
    char name[POLICY_NAME_SIZE_MAX + 1];
    (void)snprintf(name, sizeof name, "%.*s", BYTES_FMT(rule->name));
    unsigned before = (unsigned)json_integer_value(json_object_get(counted, name));
    unsigned after = before | 1U << COUNT_MATCHED | (did_it ? 1U << column_of[rule->action] : 0);
    if (after == before)
        return STATUS_OK;
    if (json_object_set_new(counted, name, json_integer((json_int_t)after)) != 0)
        return err_no_memory(err);
    return add_to_day(book, rule->name, after & ~before, now_ns, err);
}

enum status review_rules_count(struct review_book *book, struct review_record *record,
                               const struct policy_outcome *outcome, bool takes_effect, int64_t now_ns,
                               struct err *err)
{
    if (outcome->match_count == 0)
        return STATUS_OK;
    json_t *counted = json_object_get(record->doc, COUNTED);
    if (!counted) {
        counted = json_object();
        if (json_object_set_new(record->doc, COUNTED, counted) != 0)
            return err_no_memory(err);
    }

    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < outcome->match_count; i++) {
        const struct policy_rule *rule = outcome->matches[i].rule;
        bool did_it = takes_effect && rule->action == outcome->settled;
        status = count_match(book, counted, rule, did_it, now_ns, err);
    }
    return status;
}

enum status review_rules_begin(struct review_book *book, int64_t now_ns, struct err *err)
{
    char text[24];
    size_t put = review_at(book, LATEST_PUT_FIRST);
    (void)snprintf(text, sizeof text, "%lld", (long long)now_ns);
    sqlite_bind_bytes(book->db, put, 1, BYTES_LITERAL(COUNTED_FROM));
    sqlite_bind_bytes(book->db, put, 2, bytes_of_cstr(text));
    return sqlite_run(book->db, put, err);
}

enum status review_rules_trim(struct review_book *book, int64_t now_ns, struct err *err)
{
    size_t trim = review_at(book, RULE_TRIM);
    sqlite_bind_i64(book->db, trim, 1, now_ns / DAY_NS - REVIEW_RULE_DAYS_KEPT);
    return sqlite_run(book->db, trim, err);
}

/* --- looking --- */

/* 0: since ever. */
static enum status read_begin(struct review_book *book, int64_t *ret_from_ns, struct err *err)
{
    size_t get = review_at(book, LATEST_GET);
    bool there = false;
    *ret_from_ns = 0;
    sqlite_bind_bytes(book->db, get, 1, BYTES_LITERAL(COUNTED_FROM));
    enum status status = sqlite_next(book->db, get, &there, err);
    if (status == STATUS_OK && there &&
        bytes_parse_i64(sqlite_column_bytes(book->db, get, 0), ret_from_ns) != STATUS_OK)
        status = err_set(err, STATUS_DATA_LOSS, "since when rules are counted cannot be read");
    sqlite_done(book->db, get);
    return status;
}

/* {"name","do","matched","allowed","asked","denied"}, new. */
static enum status read_counts(struct review_book *book, const struct policy_rule *rule, int64_t first_day,
                               json_t **ret_rule, struct err *err)
{
    size_t sum = review_at(book, RULE_SUM);
    bool there = false;
    json_t *shown =
        json_pack("{s:o, s:s}", "name", json_stringn((const char *)rule->name.data, rule->name.size), "do",
                  policy_do_name(rule->action));
    if (!shown)
        return err_no_memory(err);
    sqlite_bind_bytes(book->db, sum, 1, rule->name);
    sqlite_bind_i64(book->db, sum, 2, first_day);
    enum status status = sqlite_next(book->db, sum, &there, err);
    for (int column = 0; status == STATUS_OK && column < COUNT_COLUMNS; column++)
        if (json_object_set_new(shown, column_names[column],
                                json_integer((json_int_t)sqlite_column_i64(book->db, sum, column))) != 0)
            status = err_no_memory(err);
    sqlite_done(book->db, sum);
    if (status == STATUS_OK)
        *ret_rule = shown;
    else
        json_decref(shown);
    return status;
}

static enum status add_rules(struct review_book *book, const struct policy *policy, int64_t first_day,
                             json_t *rules, struct err *err)
{
    size_t count = policy ? policy->rule_count : 0;
    for (size_t i = 0; i < count; i++) {
        json_t *rule = NULL;
        enum status status = read_counts(book, &policy->rules[i], first_day, &rule, err);
        if (status != STATUS_OK)
            return status;
        if (json_array_append_new(rules, rule) != 0)
            return err_no_memory(err);
    }
    return STATUS_OK;
}

enum status policy_book_rules(struct review_book *book, int64_t now_ns, json_t **ret_rules, struct err *err)
{
    const struct policy_in_force *in_force;
    int64_t from_ns = 0, first_day = now_ns / DAY_NS - (POLICY_RULE_DAYS - 1);
    json_t *rules = json_array();
    enum status status = rules ? review_policy_in_force(book, &in_force, err) : err_no_memory(err);
    if (status == STATUS_OK)
        status = read_begin(book, &from_ns, err);
    if (status == STATUS_OK)
        status = add_rules(book, in_force->policy, first_day, rules, err);
    if (status != STATUS_OK) {
        json_decref(rules);
        return status;
    }
    *ret_rules =
        json_pack("{s:I, s:i, s:o, s:o}", "version", (json_int_t)in_force->version, "days", POLICY_RULE_DAYS,
                  "since", review_time_json(MAX(first_day * DAY_NS, from_ns)), "rules", rules);
    return *ret_rules ? STATUS_OK : err_no_memory(err);
}
