/* SPDX-License-Identifier: MIT */
/* read_demands.c — names and refusals first, then what the defaults and rules demand, by the tables of keys and terms. */
#include "core/policy/read_demands.h"

#include <inttypes.h>

#include "base/duration.h"
#include "base/nearest.h"

/* --- items --- */

size_t policy_item_count(const struct yaml_tree_node *node)
{
    size_t count = 0;
    for (const struct yaml_tree_node *item = node->first; item; item = item->next)
        count++;
    return count;
}

const struct yaml_tree_node *policy_item(const struct yaml_tree_node *map, const char *name)
{
    const struct yaml_tree_node *item = map->first;
    while (item && !bytes_equal_cstr(item->name, name))
        item = item->next;
    return item;
}

/* --- names --- */

enum policy_key policy_key_of(struct bytes name)
{
    enum policy_key key = 0;
    while (key < POLICY_KEYS && !bytes_equal_cstr(name, policy_keys[key].name))
        key++;
    return key;
}

static enum policy_term term_of(struct bytes name)
{
    enum policy_term term = 0;
    while (term < POLICY_TERMS && !bytes_equal_cstr(name, policy_terms[term].name))
        term++;
    return term;
}

#define TERM_PLACES (POLICY_IN_DEFAULTS | POLICY_IN_ASK)

static unsigned places_of(struct bytes name)
{
    enum policy_key key = policy_key_of(name);
    if (key < POLICY_KEYS)
        return policy_keys[key].places;
    return term_of(name) < POLICY_TERMS ? TERM_PLACES : 0;
}

static struct bytes near_name(struct bytes typed, unsigned places)
{
    struct nearest nearest = nearest_begin(typed);
    for (enum policy_key key = 0; key < POLICY_KEYS; key++)
        if (policy_keys[key].places & places)
            nearest_offer(&nearest, bytes_of_cstr(policy_keys[key].name));
    for (enum policy_term term = 0; term < POLICY_TERMS; term++)
        if (TERM_PLACES & places)
            nearest_offer(&nearest, bytes_of_cstr(policy_terms[term].name));
    return nearest.found;
}

enum status policy_check_key(const struct policy_reader *reader, const struct yaml_tree_node *node,
                             unsigned places)
{
    static const struct {
        unsigned place;
        const char *text;
    } names[] = {{POLICY_IN_FILE, "at the top of a policy"},
                 {POLICY_IN_DEFAULTS, "in defaults"},
                 {POLICY_IN_ASK, "in a rule that asks"},
                 {POLICY_IN_RULE, "in a rule that does not ask"},
                 {POLICY_IN_STAGE, "in a stage"}};
    unsigned known = places_of(node->name);
    size_t here = 0;
    if (known & places)
        return STATUS_OK;
    while (!(names[here].place & places))
        here++;
    struct bytes near = known ? (struct bytes){0} : near_name(node->name, places);
    return yaml_tree_refuse(reader->fault, node->name_line, node->name_column, "%s \"%.*s\" %s%s%s%.*s%s",
                            known ? "there may be no" : "no key", (int)MIN(node->name.size, (size_t)80),
                            (const char *)node->name.data, known ? "" : "is known ", names[here].text,
                            near.size ? "; did you mean \"" : "", BYTES_FMT(near), near.size ? "\"?" : "");
}

/* --- refusals --- */

enum status policy_refuse_form(const struct policy_reader *reader, enum policy_key key,
                               const struct yaml_tree_node *node)
{
    return yaml_tree_refuse(reader->fault, node->line, node->column, "%s: expected %s", policy_keys[key].name,
                            policy_keys[key].form);
}

enum status policy_refuse_missing(const struct policy_reader *reader, enum policy_key key,
                                  const struct yaml_tree_node *map)
{
    return yaml_tree_refuse(reader->fault, map->line, map->column, "\"%s\" is missing here: expected %s",
                            policy_keys[key].name, policy_keys[key].form);
}

enum status policy_refuse_word(const struct policy_reader *reader, const struct yaml_tree_node *node,
                               const char *name, const char *words)
{
    struct bytes rest = bytes_of_cstr(words),
                 text = node->kind == YAML_TREE_TEXT ? node->text : (struct bytes){0};
    struct nearest nearest = nearest_begin(text);
    while (rest.size)
        nearest_offer(&nearest, bytes_split(&rest, ' '));
    return yaml_tree_refuse(reader->fault, node->line, node->column, "%s: expected one of: %s%s%.*s%s", name,
                            words, nearest.found.size ? "; did you mean \"" : "", BYTES_FMT(nearest.found),
                            nearest.found.size ? "\"?" : "");
}

/* --- values --- */

enum status policy_read_text(const struct policy_reader *reader, enum policy_key key,
                             const struct yaml_tree_node *node, size_t size_max, struct bytes *ret_text)
{
    if (node->kind != YAML_TREE_TEXT || bytes_utf8_blank(node->text))
        return policy_refuse_form(reader, key, node);
    if (node->text.size > size_max)
        return yaml_tree_refuse(reader->fault, node->line, node->column, "%s: more than %zu bytes",
                                policy_keys[key].name, size_max);
    *ret_text = node->text;
    return STATUS_OK;
}

static STATUS_RESULT read_words(const struct policy_reader *reader, const struct policy_term_row *row,
                                const struct yaml_tree_node *node, int64_t *ret_bits)
{
    int64_t bits = 0;
    if (node->kind != YAML_TREE_LIST)
        return yaml_tree_refuse(reader->fault, node->line, node->column,
                                "%s: expected a list with some of: %s", row->name, row->words);
    for (const struct yaml_tree_node *item = node->first; item; item = item->next) {
        int index = item->kind == YAML_TREE_TEXT ? policy_word_index(row->words, item->text) : -1;
        if (index < 0)
            return policy_refuse_word(reader, item, row->name, row->words);
        bits |= 1 << index;
    }
    *ret_bits = bits;
    return STATUS_OK;
}

static STATUS_RESULT read_duration(const struct policy_reader *reader, const char *name,
                                   const struct yaml_tree_node *node, int64_t *ret_ns)
{
    if (node->kind != YAML_TREE_TEXT || duration_parse(node->text, ret_ns) != STATUS_OK || *ret_ns == 0)
        return yaml_tree_refuse(reader->fault, node->line, node->column,
                                "%s: expected a duration above 0, such as 30m, 24h or 7d", name);
    return STATUS_OK;
}

static STATUS_RESULT read_term(const struct policy_reader *reader, enum policy_term term,
                               const struct yaml_tree_node *node, int64_t *ret_value)
{
    const struct policy_term_row *row = &policy_terms[term];
    bool flag = row->kind == POLICY_TERM_FLAG;
    const char *words = flag ? "false true" : row->words;
    if (row->kind == POLICY_TERM_DURATION)
        return read_duration(reader, row->name, node, ret_value);
    if (row->kind == POLICY_TERM_WORDS)
        return read_words(reader, row, node, ret_value);
    int index = node->kind == YAML_TREE_TEXT ? policy_word_index(words, node->text) : -1;
    if (index < 0)
        return policy_refuse_word(reader, node, row->name, words);
    *ret_value = flag ? index : index + 1;
    return STATUS_OK;
}

/* --- who --- */

/* The names that roles have in policies; which they are of a person the caller says. */
static const char role_words[] = "reviewer owner operator auditor submitter contributor";

static STATUS_RESULT read_who(const struct policy_reader *reader, enum policy_key key,
                              const struct yaml_tree_node *node, struct policy_who *ret_who)
{
    if (node->kind != YAML_TREE_TEXT || !policy_who_read(node->text, ret_who))
        return policy_refuse_form(reader, key, node);
    if (ret_who->kind != POLICY_ROLE || policy_word_index(role_words, ret_who->name) >= 0)
        return STATUS_OK;
    const struct yaml_tree_node role = {.line = node->line, .column = node->column, .text = ret_who->name};
    return policy_refuse_word(reader, &role, "role", role_words);
}

static STATUS_RESULT read_people(const struct policy_reader *reader, enum policy_key key,
                                 const struct yaml_tree_node *node, const struct policy_who **ret_people,
                                 size_t *ret_count)
{
    size_t count = policy_item_count(node), filled = 0;
    if (node->kind != YAML_TREE_LIST || count == 0)
        return policy_refuse_form(reader, key, node);
    struct policy_who *people = arena_alloc_array(reader->arena, count, sizeof *people);
    if (!people)
        return STATUS_NO_MEMORY;
    for (const struct yaml_tree_node *item = node->first; item; item = item->next) {
        enum status status = read_who(reader, key, item, &people[filled++]);
        if (status != STATUS_OK)
            return status;
    }
    *ret_people = people;
    *ret_count = count;
    return STATUS_OK;
}

/* --- stages --- */

static STATUS_RESULT read_approvals(const struct policy_reader *reader, const struct yaml_tree_node *node,
                                    int64_t *ret_approvals)
{
    uint64_t approvals;
    if (node->kind != YAML_TREE_TEXT || bytes_parse_u64(node->text, &approvals) != STATUS_OK ||
        approvals == 0 || approvals > POLICY_APPROVALS_MAX)
        return policy_refuse_form(reader, POLICY_KEY_APPROVALS, node);
    *ret_approvals = (int64_t)approvals;
    return STATUS_OK;
}

/* One of the three items that make up a stage. */
static STATUS_RESULT read_stage_item(const struct policy_reader *reader, enum policy_key key,
                                     const struct yaml_tree_node *node, struct policy_stage *stage)
{
    if (key == POLICY_KEY_APPROVALS)
        return read_approvals(reader, node, &stage->approvals);
    if (key == POLICY_KEY_REVIEWERS)
        return read_people(reader, key, node, &stage->reviewers, &stage->reviewer_count);
    return policy_read_text(reader, key, node, POLICY_NAME_SIZE_MAX, &stage->name);
}

static STATUS_RESULT read_stage(const struct policy_reader *reader, const struct yaml_tree_node *node,
                                struct policy_stage *stage)
{
    if (node->kind != YAML_TREE_MAP)
        return policy_refuse_form(reader, POLICY_KEY_STAGES, node);
    for (const struct yaml_tree_node *item = node->first; item; item = item->next) {
        enum status status = policy_check_key(reader, item, POLICY_IN_STAGE);
        if (status == STATUS_OK)
            status = read_stage_item(reader, policy_key_of(item->name), item, stage);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static STATUS_RESULT read_stages(const struct policy_reader *reader, const struct yaml_tree_node *node,
                                 struct policy_track *track)
{
    size_t count = policy_item_count(node), filled = 0;
    if (node->kind != YAML_TREE_LIST || count == 0)
        return policy_refuse_form(reader, POLICY_KEY_STAGES, node);
    if (count > POLICY_STAGES_MAX)
        return yaml_tree_refuse(reader->fault, node->line, node->column,
                                "more than %d stages (limit policy-stages-max)", POLICY_STAGES_MAX);
    struct policy_stage *stages = arena_alloc_array(reader->arena, count, sizeof *stages);
    if (!stages)
        return STATUS_NO_MEMORY;
    for (const struct yaml_tree_node *item = node->first; item; item = item->next) {
        enum status status = read_stage(reader, item, &stages[filled++]);
        if (status != STATUS_OK)
            return status;
    }
    track->stages = stages;
    track->stage_count = count;
    return STATUS_OK;
}

/* --- demands --- */

/* "approvals" and "reviewers" make a track of one stage. */
static STATUS_RESULT read_only_stage(const struct policy_reader *reader, enum policy_key key,
                                     const struct yaml_tree_node *node, struct policy_track *track)
{
    struct policy_stage *stage = arena_alloc(reader->arena, sizeof *stage);
    if (!stage)
        return STATUS_NO_MEMORY;
    if (track->stage_count)
        *stage = track->stages[0];
    track->stages = stage;
    track->stage_count = 1;
    return read_stage_item(reader, key, node, stage);
}

static STATUS_RESULT read_reminders(const struct policy_reader *reader, const struct yaml_tree_node *node,
                                    struct policy_demands *demands)
{
    size_t count = policy_item_count(node), filled = 0;
    if (node->kind != YAML_TREE_LIST)
        return policy_refuse_form(reader, POLICY_KEY_REMINDERS, node);
    int64_t *reminders = arena_alloc_array(reader->arena, count, sizeof *reminders);
    if (!reminders)
        return STATUS_NO_MEMORY;
    for (const struct yaml_tree_node *item = node->first; item; item = item->next) {
        enum status status =
            read_duration(reader, policy_keys[POLICY_KEY_REMINDERS].name, item, &reminders[filled++]);
        if (status != STATUS_OK)
            return status;
    }
    demands->reminders = reminders;
    demands->reminder_count = count;
    return STATUS_OK;
}

enum status policy_read_demand(const struct policy_reader *reader, const struct yaml_tree_node *node,
                               struct policy_demands *demands)
{
    enum policy_term term = term_of(node->name);
    enum policy_key key = policy_key_of(node->name);
    if (term < POLICY_TERMS) {
        demands->given[term] = true;
        return read_term(reader, term, node, &demands->terms[term]);
    }
    switch (key) {
    case POLICY_KEY_STAGES:
        return read_stages(reader, node, &demands->track);
    case POLICY_KEY_REMINDERS:
        return read_reminders(reader, node, demands);
    case POLICY_KEY_ESCALATE:
        return read_people(reader, key, node, &demands->escalate, &demands->escalate_count);
    default:
        return read_only_stage(reader, key, node, &demands->track);
    }
}

/* --- what belongs together --- */

static const struct policy_who anyone = {POLICY_ANYONE, {0}, BYTES_LITERAL("anyone")};

static STATUS_RESULT check_together(const struct policy_reader *reader, const struct yaml_tree_node *node)
{
    const struct yaml_tree_node *stages = policy_item(node, policy_keys[POLICY_KEY_STAGES].name);
    bool single = policy_item(node, policy_keys[POLICY_KEY_APPROVALS].name) ||
                  policy_item(node, policy_keys[POLICY_KEY_REVIEWERS].name);
    if (!stages || !single)
        return STATUS_OK;
    return yaml_tree_refuse(reader->fault, stages->name_line, stages->name_column,
                            "stages take the place of approvals and reviewers: write those into the stages");
}

/* Two approvals of one named person can never be. */
static STATUS_RESULT check_enough(const struct policy_reader *reader, const struct yaml_tree_node *node,
                                  const struct policy_stage *stage)
{
    for (size_t i = 0; i < stage->reviewer_count; i++) {
        if (stage->reviewers[i].kind != POLICY_USER)
            return STATUS_OK;
    }
    if (stage->approvals <= (int64_t)stage->reviewer_count)
        return STATUS_OK;
    return yaml_tree_refuse(reader->fault, node->line, node->column,
                            "%" PRId64 " approvals are asked of %zu named people: that can never be",
                            stage->approvals, stage->reviewer_count);
}

static STATUS_RESULT fill_stages(const struct policy_reader *reader, const struct yaml_tree_node *node,
                                 struct policy_track *track, const struct policy_stage *model)
{
    struct policy_stage *stages = arena_alloc_array(reader->arena, track->stage_count, sizeof *stages);
    if (!stages)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < track->stage_count; i++) {
        stages[i] = track->stages[i];
        if (!stages[i].approvals)
            stages[i].approvals = 1;
        if (!stages[i].reviewer_count) {
            stages[i].reviewers = model->reviewers;
            stages[i].reviewer_count = model->reviewer_count;
        }
        enum status status = check_enough(reader, node, &stages[i]);
        if (status != STATUS_OK)
            return status;
    }
    track->stages = stages;
    return STATUS_OK;
}

enum status policy_finish_demands(const struct policy_reader *reader, const struct yaml_tree_node *node,
                                  struct policy_demands *demands)
{
    enum status status = check_together(reader, node);
    const struct policy_track *defaults = &reader->policy->defaults.track;
    if (status != STATUS_OK)
        return status;
    return fill_stages(reader, node, &demands->track, &defaults->stages[0]);
}

enum status policy_finish_defaults(const struct policy_reader *reader, const struct yaml_tree_node *node,
                                   struct policy_demands *defaults)
{
    static const struct policy_stage anybody = {.approvals = 1, .reviewers = &anyone, .reviewer_count = 1};
    static const struct yaml_tree_node nowhere = {.kind = YAML_TREE_MAP};
    enum status status = check_together(reader, node ? node : &nowhere);
    if (status != STATUS_OK)
        return status;
    if (!defaults->track.stage_count)
        defaults->track = (struct policy_track){.stages = &anybody, .stage_count = 1};
    return fill_stages(reader, node ? node : &nowhere, &defaults->track, &anybody);
}
