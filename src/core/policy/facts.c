/* SPDX-License-Identifier: MIT */
/* facts.c — the rows, and facts written as JSON: one reader a kind. */
#include "core/policy/facts.h"

#include "base/duration.h"
#include "base/nearest.h"
#include "core/policy/quantities.h"
#include "core/policy/terms.h"
#include "wire/json/json.h"

#define ROW(name, kind, phase, member, session, words, given, text)                                          \
    {                                                                                                        \
        name, POLICY_FACT_##kind, phase, offsetof(struct policy_facts, member), session, words, given, text, \
            false                                                                                            \
    }
#define BEFORE(name, kind, member, words, given, text)                                                       \
    ROW(name, kind, POLICY_BEFORE_RUN, member, false, words, given, text)
#define SYNTAX(name, kind, member, given, text)                                                              \
    ROW(name, kind, POLICY_BEFORE_RUN, member, true, NULL, given, text)
#define AFTER(name, kind, member, words, text)                                                               \
    ROW(name, kind, POLICY_AFTER_RUN, member, false, words, NULL, text)
#define OWN_WORD(name, kind, member, text)                                                                   \
    {                                                                                                        \
        name, POLICY_FACT_##kind, POLICY_AFTER_RUN, offsetof(struct policy_facts, member), false, NULL,      \
            NULL, text, true                                                                                 \
    }

// clang-format off
const struct policy_fact_row policy_fact_rows[] = {
    BEFORE("submitter", TEXTS, submitter, NULL, NULL, "who submitted it, by id, name or mail"),
    BEFORE("on_behalf_of", TEXTS, on_behalf_of, NULL, NULL, "whom an agent submitted it for"),
    BEFORE("key", TEXTS, key, NULL, NULL, "the name of the API key that was used"),
    BEFORE("groups", TEXTS, groups, NULL, NULL, "a group that the submitter is in"),
    BEFORE("roles", TEXTS, roles, NULL, NULL, "a role of the submitter"),
    BEFORE("labels", LABELS, labels, NULL, NULL, "a label of the request; `labels.env` is the one called env"),
    BEFORE("language", TEXTS, language, NULL, NULL, "the language of the code"),
    BEFORE("purpose", TEXTS, purpose, NULL, NULL, "the purpose in the submitter's words"),
    BEFORE("session", TEXTS, session, NULL, NULL, "the named session that it runs in"),
    BEFORE("revision", COUNT, revision, NULL, NULL, "the number of the revision"),
    BEFORE("code_matches", PATTERN, code, NULL, "code", "the code holds what the pattern describes"),
    BEFORE("code.sha256", TEXTS, code_sha256, NULL, NULL, "the SHA-256 of the code, in hexadecimal"),
    BEFORE("code.size", BYTES, code_size, NULL, NULL, "the size of the code"),
    BEFORE("inputs.paths", TEXTS, input_paths, NULL, NULL, "the path of an input file"),
    BEFORE("inputs.count", COUNT, input_count, NULL, NULL, "how many input files there are"),
    BEFORE("inputs.size", BYTES, input_size, NULL, NULL, "the size of all input files"),
    SYNTAX("imports", TEXTS, imports, NULL, "a module that the code imports, or a name that it imports from one, such as `os.path`"),
    SYNTAX("imports_only", ONLY, imports, "imports", "all modules that the code imports, and names that it imports from them, are among these"),
    SYNTAX("calls", TEXTS, calls, NULL, "a name that the code calls, or takes from a module, such as `os.system`; `?` stands for what has no name"),
    SYNTAX("calls_only", ONLY, calls, "calls", "all such names are among these"),
    SYNTAX("code.tree", TEXTS, tree_sha256, NULL, "the SHA-256 of the code's syntax tree"),
    BEFORE("exact_repeat", AGE, exact_repeat, NULL, NULL, "the same code, inputs and template were approved in the last…"),
    SYNTAX("near_repeat", AGE, near_repeat, NULL, "code with the same syntax tree was approved in the last…; inputs may be others"),
    BEFORE("standing", TEXTS, standing, NULL, NULL, "a standing approval that covers it"),
    BEFORE("time_of_day", CLOCK, time_of_day, NULL, NULL, "the time of the submission, UTC"),
    BEFORE("weekday", TEXTS, weekday, "mon tue wed thu fri sat sun", NULL, "the day of the submission, UTC"),
    AFTER("status", TEXTS, status, "succeeded failed", "how the run ended"),
    AFTER("ended", TEXTS, ended, NULL, "why the run ended, as the pool says it"),
    AFTER("duration", DURATION, duration, NULL, "how long the run took"),
    AFTER("result.size", BYTES, result_size, NULL, "the size of the result"),
    AFTER("output.size", BYTES, output_size, NULL, "the size of what it printed"),
    AFTER("effects.network.attempts", COUNT, network_attempts, NULL, "attempts to reach the network"),
    AFTER("effects.network.addresses", TEXTS, network_addresses, NULL, "an address that it tried, with its port; the pool that comes with the server knows none, for it refuses the socket already: see `effects.network.hosts`"),
    OWN_WORD("effects.network.hosts", TEXTS, network_hosts, "a host that the code named when it wanted to reach one, with its port: its own word, which it can hide or make up; not in a rule that allows"),
    AFTER("effects.refused.calls", COUNT, refused_calls, NULL, "system calls that were refused"),
    AFTER("effects.refused.names", TEXTS, refused_names, NULL, "the name of a system call that was refused"),
    AFTER("effects.processes.started", COUNT, processes_started, NULL, "processes that it started"),
    AFTER("effects.processes.most", COUNT, processes_most, NULL, "the most processes that it had at once, its own among them"),
    ROW("effects.processes", COUNT, POLICY_AFTER_RUN, processes_started, false, NULL, "effects.processes.started", "the older name of `effects.processes.started`"),
    AFTER("effects.memory", BYTES, memory, NULL, "the most memory that it used"),
    AFTER("effects.cpu", DURATION, cpu, NULL, "processor time"),
    AFTER("files.made", COUNT, files_made, NULL, "files that it made"),
    AFTER("files.changed", COUNT, files_changed, NULL, "files that it changed"),
    AFTER("files.removed", COUNT, files_removed, NULL, "files that it removed"),
    AFTER("files.size", BYTES, files_size, NULL, "the size of all files made or changed"),
    AFTER("files.paths", TEXTS, files_paths, NULL, "the path of a file made, changed or removed"),
};
// clang-format on

const size_t policy_fact_count = ARRAY_SIZE(policy_fact_rows);

const char *const policy_fact_forms[POLICY_FACT_KINDS] = {
    [POLICY_FACT_TEXTS] =
        "a text or a list of them, of which one must fit; `*` stands for anything; \"!= x\": none fits",
    [POLICY_FACT_ONLY] = "a text or a list of them, with `*` for anything; `os` stands for `os.path`, too",
    [POLICY_FACT_PATTERN] = "a regular expression (PCRE2, without back references) or a list of them",
    [POLICY_FACT_LABELS] = "a text or a list of them, as above",
    [POLICY_FACT_COUNT] = "a whole number, with =, !=, <, <=, > or >= before it, or a range as 2..5",
    [POLICY_FACT_BYTES] = "bytes, or a number with K, M or G, such as \"> 4M\"; also !=, <, <=, >=, 1K..2K",
    [POLICY_FACT_DURATION] = "a number with ms, s, m, h or d, such as \"> 30s\"; also !=, <, <=, >=, 1s..2s",
    [POLICY_FACT_AGE] = "a number with s, m, h or d, such as \"30d\": not longer ago",
    [POLICY_FACT_CLOCK] = "a range such as \"22:00-06:00\", its end not included",
};

const void *policy_fact_of(const struct policy_facts *facts, const struct policy_fact_row *row)
{
    return (const char *)facts + row->offset;
}

/* --- from JSON --- */

static STATUS_RESULT read_texts(json_t *value, struct arena *arena, struct policy_texts *ret_texts)
{
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    struct bytes *items = arena_alloc_array(arena, count, sizeof *items);
    if (!items)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        items[i] = json_bytes(json_is_array(value) ? json_array_get(value, i) : value);
        if (!items[i].data)
            return STATUS_INVALID_ARGUMENT;
    }
    *ret_texts = (struct policy_texts){true, items, count};
    return STATUS_OK;
}

static STATUS_RESULT read_labels(json_t *value, struct arena *arena, struct policy_labels *ret_labels)
{
    struct policy_label *items = arena_alloc_array(arena, json_object_size(value), sizeof *items);
    size_t count = 0;
    const char *key;
    json_t *text;
    if (!items)
        return STATUS_NO_MEMORY;
    if (!json_is_object(value))
        return STATUS_INVALID_ARGUMENT;
    json_object_foreach(value, key, text)
    {
        items[count] = (struct policy_label){bytes_of_cstr(key), json_bytes(text)};
        if (!items[count++].value.data)
            return STATUS_INVALID_ARGUMENT;
    }
    *ret_labels = (struct policy_labels){true, items, count};
    return STATUS_OK;
}

static STATUS_RESULT read_number(json_t *value, enum policy_fact_kind kind, struct policy_number *ret_number)
{
    int64_t number = 0;
    bool seconds = kind == POLICY_FACT_DURATION || kind == POLICY_FACT_AGE;
    if (json_is_string(value)) {
        if (policy_quantity_parse(kind, json_bytes(value), &number) != STATUS_OK)
            return STATUS_INVALID_ARGUMENT;
    } else if (!json_is_integer(value) || kind == POLICY_FACT_CLOCK) {
        return STATUS_INVALID_ARGUMENT;
    } else {
        number = json_integer_value(value);
        if (number < 0 || (seconds && number > INT64_MAX / NS_PER_S))
            return STATUS_INVALID_ARGUMENT;
        number *= seconds ? NS_PER_S : 1;
    }
    *ret_number = (struct policy_number){true, number};
    return STATUS_OK;
}

static STATUS_RESULT read_member(const struct policy_fact_row *row, json_t *value, struct arena *arena,
                                 struct policy_facts *facts)
{
    void *member = (char *)facts + row->offset;
    switch (row->kind) {
    case POLICY_FACT_TEXTS:
    case POLICY_FACT_ONLY:
    case POLICY_FACT_PATTERN:
        return read_texts(value, arena, member);
    case POLICY_FACT_LABELS:
        return read_labels(value, arena, member);
    default:
        return read_number(value, row->kind, member);
    }
}

static const struct policy_fact_row *find_given(const char *name)
{
    for (size_t i = 0; i < policy_fact_count; i++) {
        const char *given = policy_fact_rows[i].given ? policy_fact_rows[i].given : policy_fact_rows[i].name;
        if (strcmp(given, name) == 0)
            return &policy_fact_rows[i];
    }
    return NULL;
}

static enum status refuse_name(const char *name, struct err *err)
{
    struct nearest nearest = nearest_begin(bytes_of_cstr(name));
    for (size_t i = 0; i < policy_fact_count; i++)
        nearest_offer(&nearest, bytes_of_cstr(policy_fact_rows[i].given ? policy_fact_rows[i].given
                                                                        : policy_fact_rows[i].name));
    return err_set(err, STATUS_INVALID_ARGUMENT, "facts: there is no \"%.60s\"%s%.*s%s", name,
                   nearest.found.size ? "; did you mean \"" : "", BYTES_FMT(nearest.found),
                   nearest.found.size ? "\"?" : "");
}

static STATUS_RESULT read_phase(const json_t *value, struct policy_facts *facts, struct err *err)
{
    int index = value ? policy_word_index("before after", json_bytes(value)) : 1;
    if (index < 0)
        return err_set(err, STATUS_INVALID_ARGUMENT, "facts: phase is before or after");
    facts->phase = index == 0 ? POLICY_BEFORE_RUN : POLICY_AFTER_RUN;
    return STATUS_OK;
}

static const char *kind_in_words(enum policy_fact_kind kind)
{
    if (kind < POLICY_FACT_LABELS)
        return "text or list of texts";
    return kind == POLICY_FACT_LABELS ? "object of texts" : "number of its kind";
}

enum status policy_facts_read(json_t *object, struct arena *arena, struct policy_facts *ret_facts,
                              struct err *err)
{
    struct policy_facts facts = {0};
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return err_set(err, STATUS_INVALID_ARGUMENT, "facts are a JSON object");
    enum status status = read_phase(json_object_get(object, "phase"), &facts, err);
    if (status != STATUS_OK)
        return status;
    json_object_foreach(object, name, value)
    {
        const struct policy_fact_row *row = find_given(name);
        if (strcmp(name, "phase") == 0 || json_is_null(value))
            continue;
        if (!row)
            return refuse_name(name, err);
        status = read_member(row, value, arena, &facts);
        if (status != STATUS_OK)
            return err_set(err, status, "facts: %s is no %s", name, kind_in_words(row->kind));
    }
    *ret_facts = facts;
    return STATUS_OK;
}
