/* SPDX-License-Identifier: MIT */
/* effects.c — one reader a group, which gives the group as it is kept or nothing; then one writer a kind of fact. */
#include "core/review/effects.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/macros.h"
#include "base/text.h"
#include "wire/json/json.h"

#define NUMBERS_END       ((json_int_t)1 << 53) /* beyond it a double does not keep every integer */
#define HASH_SIZE         64
#define MICROSECONDS_A_MS 1000

/* --- values --- */

static bool is_number(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 &&
           json_integer_value(value) < NUMBERS_END;
}

static bool is_word_byte(uint8_t byte)
{
    return ascii_alnum(byte) || byte == '-' || byte == '.' || byte == '_';
}

static bool is_word(const json_t *value)
{
    struct bytes text = json_bytes(value);
    if (!text.data || text.size == 0 || text.size > EFFECTS_WORD_SIZE_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!is_word_byte(text.data[i]))
            return false;
    return true;
}

static bool is_hash(const json_t *value)
{
    struct bytes text = json_bytes(value);
    for (size_t i = 0; i < text.size; i++)
        if (ascii_hex_value(text.data[i]) < 0 || ascii_lower(text.data[i]) != text.data[i])
            return false;
    return text.size == HASH_SIZE;
}

static bool is_path(const json_t *value)
{
    struct bytes text = json_bytes(value);
    return text.size > 0 && !memchr(text.data, '\0', text.size);
}

static bool is_text(const json_t *value, size_t size_max)
{
    struct bytes text = json_bytes(value);
    return text.size > 0 && text.size <= size_max && !memchr(text.data, '\0', text.size);
}

static bool is_host(const json_t *value)
{
    return is_text(value, EFFECTS_HOST_SIZE_MAX);
}

static bool is_port(const json_t *value)
{
    return is_text(value, EFFECTS_PORT_ROOM);
}

static bool is_change(const json_t *value)
{
    static const char *const words[] = {"made", "changed", "removed"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (bytes_equal_cstr(json_bytes(value), words[i]))
            return true;
    return false;
}

/* A member of an object that is kept. */
struct effects_member {
    const char *name;
    bool (*fits)(const json_t *value);
    bool optional;
};

/* The members of `from` that are in the table, as a new object. NULL: one is wrong or lacks, or there is no memory. */
static json_t *take_members(const json_t *from, const struct effects_member *members, size_t count)
{
    json_t *to = json_object();
    bool whole = to && json_is_object(from);
    for (size_t i = 0; whole && i < count; i++) {
        json_t *value = json_object_get(from, members[i].name);
        if (!value && members[i].optional)
            continue;
        whole = members[i].fits(value) && json_object_set(to, members[i].name, value) == 0;
    }
    if (whole)
        return to;
    json_decref(to);
    return NULL;
}

/* Likewise each item of an array of at most `count_max`. */
static json_t *take_items(const json_t *from, size_t count_max, const struct effects_member *members,
                          size_t count)
{
    json_t *to = json_array();
    bool whole = to && json_is_array(from) && json_array_size(from) <= count_max;
    for (size_t i = 0; whole && i < json_array_size(from); i++)
        whole = json_array_append_new(to, take_members(json_array_get(from, i), members, count)) == 0;
    if (whole)
        return to;
    json_decref(to);
    return NULL;
}

/* `to` with one more member, which is taken. NULL, and both are gone, if either is missing. */
static json_t *with(json_t *to, const char *name, json_t *value)
{
    if (to && json_object_set_new(to, name, value) == 0)
        return to;
    if (!to)
        json_decref(value);
    json_decref(to);
    return NULL;
}

/* --- groups --- */

static json_t *take_number(const json_t *value)
{
    return is_number(value) ? json_integer(json_integer_value(value)) : NULL;
}

static json_t *take_output(const json_t *output)
{
    static const struct effects_member members[] = {
        {"stdoutBytes", is_number, false}, {"stderrBytes", is_number, false}, {"cutBytes", is_number, false}};
    return take_members(output, members, ARRAY_SIZE(members));
}

/* What is over the bounds is counted only: the list is the beginning of what there is. */
static void cut_changes(json_t *changes)
{
    size_t kept = 0;
    for (size_t size = 0; kept < json_array_size(changes); kept++) {
        size += json_string_length(json_object_get(json_array_get(changes, kept), "path"));
        if (size > EFFECTS_PATHS_SIZE_MAX)
            break;
    }
    while (json_array_size(changes) > kept)
        (void)json_array_remove(changes, json_array_size(changes) - 1);
}

static json_t *take_files(const json_t *files)
{
    static const struct effects_member counts[] = {{"count", is_number, false}, {"unseen", is_number, true}};
    static const struct effects_member change[] = {{"path", is_path, false},
                                                   {"change", is_change, false},
                                                   {"bytes", is_number, true},
                                                   {"sha256", is_hash, true}};
    json_t *changes =
        take_items(json_object_get(files, "changes"), EFFECTS_FILES_MAX, change, ARRAY_SIZE(change));
    cut_changes(changes);
    return with(take_members(files, counts, ARRAY_SIZE(counts)), "changes", changes);
}

static json_t *take_network(const json_t *network)
{
    static const struct effects_member counts[] = {{"attempts", is_number, false}};
    static const struct effects_member call[] = {
        {"family", is_word, false}, {"type", is_word, false}, {"count", is_number, false}};
    json_t *calls = take_items(json_object_get(network, "calls"), EFFECTS_CALLS_MAX, call, ARRAY_SIZE(call));
    return with(take_members(network, counts, ARRAY_SIZE(counts)), "calls", calls);
}

static json_t *take_refused(const json_t *refused)
{
    static const struct effects_member counts[] = {{"count", is_number, false}};
    static const struct effects_member call[] = {{"call", is_word, false}, {"count", is_number, false}};
    json_t *calls = take_items(json_object_get(refused, "calls"), EFFECTS_CALLS_MAX, call, ARRAY_SIZE(call));
    return with(take_members(refused, counts, ARRAY_SIZE(counts)), "calls", calls);
}

static json_t *take_processes(const json_t *processes)
{
    static const struct effects_member members[] = {{"started", is_number, true},
                                                    {"mostAtOnce", is_number, true}};
    json_t *taken = take_members(processes, members, ARRAY_SIZE(members));
    if (json_object_size(taken) > 0)
        return taken;
    json_decref(taken);
    return NULL;
}

static json_t *take_own_word(const json_t *own_word)
{
    static const struct effects_member counts[] = {{"moreHosts", is_number, true}};
    static const struct effects_member host[] = {
        {"host", is_host, false}, {"port", is_port, true}, {"count", is_number, false}};
    json_t *hosts = take_items(json_object_get(own_word, "hosts"), EFFECTS_HOSTS_MAX, host, ARRAY_SIZE(host));
    return with(take_members(own_word, counts, ARRAY_SIZE(counts)), "hosts", hosts);
}

static const struct {
    const char *name;
    json_t *(*take)(const json_t *value);
} groups[] = {
    {"wallMicroseconds", take_number},
    {"cpuMicroseconds", take_number},
    {"memoryPeakBytes", take_number},
    {"output", take_output},
    {"files", take_files},
    {"network", take_network},
    {"refused", take_refused},
    {"processes", take_processes},
    {"ownWord", take_own_word},
};

/* --- a report --- */

static bool names(const json_t *array, const char *name)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (bytes_equal_cstr(json_bytes(json_array_get(array, i)), name))
            return true;
    return false;
}

/* What the report says that it lacks, and what it lacks without saying so. NULL without memory. */
static json_t *missing_of(const json_t *told, const json_t *kept)
{
    json_t *missing = json_array();
    bool whole = missing != NULL;
    for (size_t i = 0; whole && i < json_array_size(told) && i < EFFECTS_CALLS_MAX; i++) {
        json_t *name = json_array_get(told, i);
        bool known = !is_word(name) || json_object_get(kept, json_string_value(name)) ||
                     names(missing, json_string_value(name));
        whole = known || json_array_append(missing, name) == 0;
    }
    for (size_t i = 0; whole && i < ARRAY_SIZE(groups); i++) {
        bool known = json_object_get(kept, groups[i].name) || names(missing, groups[i].name);
        whole = known || json_array_append_new(missing, json_string(groups[i].name)) == 0;
    }
    if (whole)
        return missing;
    json_decref(missing);
    return NULL;
}

const char *effects_ended(const json_t *report)
{
    const json_t *ended = json_object_get(report, "ended");
    return is_word(ended) ? json_string_value(ended) : NULL;
}

enum status effects_read(const json_t *report, json_t **ret_effects)
{
    const json_t *effects = json_object_get(report, "effects");
    const char *ended = effects_ended(report);
    *ret_effects = NULL;
    if (!json_is_object(effects) || !ended)
        return STATUS_OK;
    json_t *kept = json_pack("{s:s}", "ended", ended);
    bool whole = kept != NULL;
    for (size_t i = 0; whole && i < ARRAY_SIZE(groups); i++) {
        json_t *group = groups[i].take(json_object_get(effects, groups[i].name));
        whole = !group || json_object_set_new(kept, groups[i].name, group) == 0;
    }
    if (whole)
        kept = with(kept, "notReported", missing_of(json_object_get(effects, "notReported"), kept));
    if (whole && kept) {
        *ret_effects = kept;
        return STATUS_OK;
    }
    json_decref(kept);
    return STATUS_NO_MEMORY;
}

/* --- facts --- */

/* The number at "a.b"; NULL: it is not known. */
static json_t *at(const json_t *effects, const char *group, const char *member)
{
    return json_object_get(json_object_get(effects, group), member);
}

static void add(json_t *facts, const char *name, json_t *value)
{
    if (value)
        json_object_set(facts, name, value);
}

/* The member of each item that has it, as a new array. NULL: there are no items, or no memory for all of them. */
static json_t *each(const json_t *items, const char *member)
{
    json_t *array = items ? json_array() : NULL;
    bool whole = array != NULL;
    for (size_t i = 0; whole && i < json_array_size(items); i++)
        whole = json_array_append(array, json_object_get(json_array_get(items, i), member)) == 0;
    if (whole)
        return array;
    json_decref(array);
    return NULL;
}

/* A fact that is new; NULL: it is not known. */
static void add_new(json_t *facts, const char *name, json_t *value)
{
    if (value)
        json_object_set_new(facts, name, value);
}

/* A time is a text with its unit; a part of a millisecond counts as one, so that no bound is slipped under. */
static void add_time(json_t *facts, const char *name, const json_t *number, json_int_t parts_a_ms)
{
    char text[32];
    if (!number)
        return;
    json_int_t ms = (json_integer_value(number) + parts_a_ms - 1) / parts_a_ms;
    (void)snprintf(text, sizeof text, "%lldms", (long long)ms);
    json_object_set_new(facts, name, json_string(text));
}

static void add_network(json_t *facts, const json_t *effects)
{
    json_t *attempts = at(effects, "network", "attempts");
    add(facts, "effects.network.attempts", attempts);
    if (attempts && json_integer_value(attempts) == 0) /* who tried nothing tried no address */
        json_object_set_new(facts, "effects.network.addresses", json_array());
}

/* "host:port" of all that the code named; of a list that is not whole nobody knows what is missing. */
static void add_hosts(json_t *facts, const json_t *effects)
{
    const json_t *hosts = at(effects, "ownWord", "hosts");
    json_t *names =
        hosts && json_integer_value(at(effects, "ownWord", "moreHosts")) == 0 ? json_array() : NULL;
    bool whole = names != NULL;
    for (size_t i = 0; whole && i < json_array_size(hosts); i++) {
        const json_t *item = json_array_get(hosts, i);
        const char *port = json_string_value(json_object_get(item, "port"));
        whole = json_array_append_new(names,
                                      json_sprintf("%s%s%s", json_string_value(json_object_get(item, "host")),
                                                   port ? ":" : "", text_or(port, ""))) == 0;
    }
    if (whole)
        add_new(facts, "effects.network.hosts", names);
    else
        json_decref(names);
}

static void add_refused(json_t *facts, const json_t *effects)
{
    add(facts, "effects.refused.calls", at(effects, "refused", "count"));
    add_new(facts, "effects.refused.names", each(at(effects, "refused", "calls"), "call"));
}

/* Known only if every change is: of a list that was cut, or of names that nobody could look at, no number is true. */
static bool files_are_known(const json_t *effects)
{
    const json_t *changes = at(effects, "files", "changes");
    return changes && json_integer_value(at(effects, "files", "unseen")) == 0 &&
           json_integer_value(at(effects, "files", "count")) == (json_int_t)json_array_size(changes);
}

static void add_files(json_t *facts, const json_t *effects)
{
    static const char *const kinds[] = {"made", "changed", "removed"};
    static const char *const counted[] = {"files.made", "files.changed", "files.removed"};
    const json_t *changes = at(effects, "files", "changes");
    json_int_t counts[ARRAY_SIZE(kinds)] = {0}, size = 0;
    bool sized = true;
    if (!files_are_known(effects))
        return;
    for (size_t i = 0; i < json_array_size(changes); i++) {
        const json_t *change = json_array_get(changes, i);
        for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++)
            counts[kind] += bytes_equal_cstr(json_bytes(json_object_get(change, "change")), kinds[kind]);
        sized &= json_object_get(change, "bytes") ||
                 bytes_equal_cstr(json_bytes(json_object_get(change, "change")), "removed");
        size += json_integer_value(json_object_get(change, "bytes"));
    }
    for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++)
        add_new(facts, counted[kind], json_integer(counts[kind]));
    add_new(facts, "files.size", sized ? json_integer(size) : NULL);
    add_new(facts, "files.paths", each(changes, "path"));
}

static void add_output(json_t *facts, const json_t *effects)
{
    const json_t *output = json_object_get(effects, "output");
    if (output)
        json_object_set_new(facts, "output.size",
                            json_integer(json_integer_value(json_object_get(output, "stdoutBytes")) +
                                         json_integer_value(json_object_get(output, "stderrBytes"))));
}

static void add_run(json_t *facts, const json_t *run)
{
    struct bytes ended = json_bytes(json_object_get(run, "ended"));
    if (bytes_equal_cstr(ended, "succeeded") || bytes_equal_cstr(ended, "failed"))
        json_object_set(facts, "status", json_object_get(run, "ended"));
    add(facts, "ended", json_object_get(run, "why"));
    add(facts, "result.size", json_object_get(run, "resultBytes"));
}

json_t *effects_facts(const json_t *run, const json_t *effects)
{
    json_t *facts = json_object();
    const json_t *wall = json_object_get(effects, "wallMicroseconds");
    if (!facts)
        return NULL;
    add_run(facts, run);
    if (wall)
        add_time(facts, "duration", wall, MICROSECONDS_A_MS);
    else
        add_time(facts, "duration", json_object_get(run, "executionTimeInMilliseconds"), 1);
    add_time(facts, "effects.cpu", json_object_get(effects, "cpuMicroseconds"), MICROSECONDS_A_MS);
    add(facts, "effects.memory", json_object_get(effects, "memoryPeakBytes"));
    add(facts, "effects.processes.started", at(effects, "processes", "started"));
    add(facts, "effects.processes.most", at(effects, "processes", "mostAtOnce"));
    add_output(facts, effects);
    add_network(facts, effects);
    add_hosts(facts, effects);
    add_refused(facts, effects);
    add_files(facts, effects);
    return facts;
}
