/* SPDX-License-Identifier: MIT */
/* condition.c — one reader and one test a kind of fact. */
#include "core/policy/condition.h"

#include "base/nearest.h"
#include "core/policy/terms.h"

/* --- which fact --- */

static struct bytes label_of(struct bytes name)
{
    static const struct bytes prefix = BYTES_LITERAL("labels.");
    return bytes_starts_with(name, prefix) ? bytes_slice(name, prefix.size, name.size) : (struct bytes){0};
}

static const struct policy_fact_row *find_fact(struct bytes name)
{
    for (size_t i = 0; i < policy_fact_count; i++) {
        const struct policy_fact_row *row = &policy_fact_rows[i];
        bool named =
            row->kind == POLICY_FACT_LABELS ? label_of(name).size > 0 : bytes_equal_cstr(name, row->name);
        if (named)
            return row;
    }
    return NULL;
}

static enum status refuse_fact(const struct yaml_tree_node *node, struct yaml_tree_fault *ret_fault)
{
    struct nearest nearest = nearest_begin(node->name);
    for (size_t i = 0; i < policy_fact_count; i++)
        nearest_offer(&nearest, bytes_of_cstr(policy_fact_rows[i].name));
    return yaml_tree_refuse(ret_fault, node->name_line, node->name_column,
                            "there is no condition \"%.*s\"%s%.*s%s", (int)MIN(node->name.size, (size_t)80),
                            (const char *)node->name.data, nearest.found.size ? "; did you mean \"" : "",
                            BYTES_FMT(nearest.found),
                            nearest.found.size ? "\"?" : "; see `sallyport policy words`");
}

static enum status refuse_form(const struct policy_condition *condition, const struct yaml_tree_node *node,
                               struct yaml_tree_fault *ret_fault)
{
    return yaml_tree_refuse(ret_fault, node->line, node->column, "%s: expected %s", condition->fact->name,
                            policy_fact_forms[condition->fact->kind]);
}

/* --- reading --- */

/* The texts of a node: itself, or its items. False: it is something else, or empty. */
static bool texts_of(const struct yaml_tree_node *node, const struct yaml_tree_node **ret_first,
                     size_t *ret_count)
{
    size_t count = 0;
    const struct yaml_tree_node *first = node->kind == YAML_TREE_LIST ? node->first : node;
    for (const struct yaml_tree_node *item = first; item;
         item = node->kind == YAML_TREE_LIST ? item->next : NULL) {
        if (item->kind != YAML_TREE_TEXT || item->text.size == 0)
            return false;
        count++;
    }
    *ret_first = first;
    *ret_count = count;
    return count > 0;
}

static STATUS_RESULT check_word(const struct policy_condition *condition, const struct yaml_tree_node *node,
                                struct bytes text, struct yaml_tree_fault *ret_fault)
{
    struct nearest nearest = nearest_begin(text);
    struct bytes words = bytes_of_cstr(condition->fact->words);
    if (!condition->fact->words || policy_word_index(condition->fact->words, text) >= 0)
        return STATUS_OK;
    while (words.size)
        nearest_offer(&nearest, bytes_split(&words, ' '));
    return yaml_tree_refuse(ret_fault, node->line, node->column, "%s: \"%.*s\" is none of: %s%s%.*s%s",
                            condition->fact->name, (int)MIN(text.size, (size_t)40), (const char *)text.data,
                            condition->fact->words, nearest.found.size ? "; did you mean \"" : "",
                            BYTES_FMT(nearest.found), nearest.found.size ? "\"?" : "");
}

static STATUS_RESULT read_texts(struct policy_condition *condition, const struct yaml_tree_node *node,
                                struct arena *arena, struct yaml_tree_fault *ret_fault)
{
    static const struct bytes not_mark = BYTES_LITERAL("!=");
    const struct yaml_tree_node *item = NULL;
    size_t count = 0;
    if (!texts_of(node, &item, &count))
        return refuse_form(condition, node, ret_fault);
    struct bytes *texts = arena_alloc_array(arena, count, sizeof *texts);
    if (!texts)
        return STATUS_NO_MEMORY;

    condition->none_of = node->kind == YAML_TREE_TEXT && condition->fact->kind != POLICY_FACT_ONLY &&
                         bytes_starts_with(node->text, not_mark);
    for (size_t i = 0; i < count; i++, item = item->next) {
        size_t from = condition->none_of ? not_mark.size : 0;
        texts[i] =
            condition->none_of ? bytes_trim(bytes_slice(item->text, from, item->text.size)) : item->text;
        enum status status = check_word(condition, item, texts[i], ret_fault);
        if (status != STATUS_OK)
            return status;
    }
    condition->texts = texts;
    condition->text_count = count;
    return STATUS_OK;
}

static STATUS_RESULT read_patterns(struct policy_condition *condition, const struct yaml_tree_node *node,
                                   struct arena *arena, struct yaml_tree_fault *ret_fault)
{
    const struct yaml_tree_node *item = NULL;
    size_t count = 0;
    if (!texts_of(node, &item, &count))
        return refuse_form(condition, node, ret_fault);
    condition->patterns = arena_alloc_array(arena, count, sizeof(struct policy_pattern *));
    if (!condition->patterns)
        return STATUS_NO_MEMORY;
    for (; condition->pattern_count < count; condition->pattern_count++, item = item->next) {
        CLEANUP(buf_fini) struct buf why = {0};
        enum status status =
            policy_pattern_compile(item->text, &condition->patterns[condition->pattern_count], &why);
        if (status == STATUS_MALFORMED)
            return yaml_tree_refuse(ret_fault, item->line, item->column, "%s: %.*s", condition->fact->name,
                                    BYTES_FMT(buf_peek(&why)));
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static STATUS_RESULT read_range(struct policy_condition *condition, const struct yaml_tree_node *node,
                                struct yaml_tree_fault *ret_fault)
{
    if (node->kind != YAML_TREE_TEXT ||
        policy_range_parse(condition->fact->kind, node->text, &condition->range) != STATUS_OK)
        return refuse_form(condition, node, ret_fault);
    return STATUS_OK;
}

static STATUS_RESULT read_value(struct policy_condition *condition, const struct yaml_tree_node *node,
                                struct arena *arena, struct yaml_tree_fault *ret_fault)
{
    switch (condition->fact->kind) {
    case POLICY_FACT_TEXTS:
    case POLICY_FACT_ONLY:
    case POLICY_FACT_LABELS:
        return read_texts(condition, node, arena, ret_fault);
    case POLICY_FACT_PATTERN:
        return read_patterns(condition, node, arena, ret_fault);
    default:
        return read_range(condition, node, ret_fault);
    }
}

/* "imports: subprocess"; of a list its items, with commas. */
static STATUS_RESULT write_shown(const struct yaml_tree_node *node, struct arena *arena,
                                 struct bytes *ret_shown)
{
    CLEANUP(buf_fini) struct buf text = {0};
    buf_append_bytes(&text, node->name);
    buf_append_cstr(&text, ": ");
    if (node->kind == YAML_TREE_TEXT)
        buf_append_bytes(&text, node->text);
    for (const struct yaml_tree_node *item = node->first; item; item = item->next) {
        buf_append_cstr(&text, item == node->first ? "" : ", ");
        buf_append_bytes(&text, item->text);
    }
    enum status status = buf_status(&text);
    if (status != STATUS_OK)
        return status;
    *ret_shown = arena_copy(arena, buf_peek(&text));
    return ret_shown->data ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status policy_condition_read(const struct yaml_tree_node *node, struct arena *arena,
                                  struct policy_condition *ret_condition, struct yaml_tree_fault *ret_fault)
{
    struct policy_condition condition = {.fact = find_fact(node->name), .label = label_of(node->name)};
    if (!condition.fact)
        return refuse_fact(node, ret_fault);
    enum status status = read_value(&condition, node, arena, ret_fault);
    if (status == STATUS_OK)
        status = write_shown(node, arena, &condition.shown);
    if (status != STATUS_OK) {
        policy_condition_fini(&condition);
        return status;
    }
    *ret_condition = condition;
    return STATUS_OK;
}

void policy_condition_fini(struct policy_condition *condition)
{
    for (size_t i = 0; i < condition->pattern_count; i++)
        policy_pattern_free(condition->patterns[i]);
    condition->pattern_count = 0;
}

/* --- holding --- */

static enum policy_truth truth_of(bool holds)
{
    return holds ? POLICY_YES : POLICY_NO;
}

/* `*` is any text; after a mismatch it goes on behind the last star, one byte further. */
static bool fits(struct bytes mask, struct bytes text)
{
    size_t in_mask = 0, in_text = 0, star = mask.size, star_text = 0;
    while (in_text < text.size) {
        if (in_mask < mask.size && mask.data[in_mask] == '*') {
            star = in_mask++;
            star_text = in_text;
        } else if (in_mask < mask.size && mask.data[in_mask] == text.data[in_text]) {
            in_mask++;
            in_text++;
        } else if (star < mask.size) {
            in_mask = star + 1;
            in_text = ++star_text;
        } else {
            return false;
        }
    }
    while (in_mask < mask.size && mask.data[in_mask] == '*')
        in_mask++;
    return in_mask == mask.size;
}

/* "os" stands for "os.path", too, where all that may be is listed. */
static bool fits_part(struct bytes whole, struct bytes text)
{
    return text.size > whole.size && text.data[whole.size] == '.' && bytes_starts_with(text, whole);
}

static bool fits_any(const struct policy_condition *condition, struct bytes text)
{
    bool with_parts = condition->fact->kind == POLICY_FACT_ONLY;
    for (size_t i = 0; i < condition->text_count; i++) {
        if (fits(condition->texts[i], text) || (with_parts && fits_part(condition->texts[i], text)))
            return true;
    }
    return false;
}

static enum policy_truth texts_hold(const struct policy_condition *condition,
                                    const struct policy_texts *texts)
{
    size_t fitting = 0;
    if (!texts->known)
        return POLICY_UNKNOWN;
    for (size_t i = 0; i < texts->count; i++)
        fitting += fits_any(condition, texts->items[i]);
    if (condition->fact->kind == POLICY_FACT_ONLY)
        return truth_of(fitting == texts->count);
    return truth_of((fitting > 0) != condition->none_of);
}

static enum policy_truth labels_hold(const struct policy_condition *condition,
                                     const struct policy_labels *labels)
{
    bool fitting = false;
    if (!labels->known)
        return POLICY_UNKNOWN;
    for (size_t i = 0; i < labels->count; i++) {
        if (bytes_equal(labels->items[i].key, condition->label))
            fitting = fitting || fits_any(condition, labels->items[i].value);
    }
    return truth_of(fitting != condition->none_of);
}

/* One pattern that is found is enough, whatever is not known of the others. */
static enum policy_truth patterns_hold(const struct policy_condition *condition,
                                       const struct policy_texts *code)
{
    enum policy_truth truth = POLICY_NO;
    if (!code->known)
        return POLICY_UNKNOWN;
    for (size_t i = 0; i < condition->pattern_count; i++) {
        for (size_t j = 0; j < code->count; j++) {
            enum policy_truth found = policy_pattern_search(condition->patterns[i], code->items[j]);
            if (found == POLICY_YES)
                return POLICY_YES;
            truth = found == POLICY_UNKNOWN ? POLICY_UNKNOWN : truth;
        }
    }
    return truth;
}

static enum policy_truth number_holds(const struct policy_condition *condition,
                                      const struct policy_number *number)
{
    if (!number->known)
        return POLICY_UNKNOWN;
    if (condition->fact->kind == POLICY_FACT_AGE && number->value == POLICY_NEVER)
        return POLICY_NO;
    return truth_of(policy_range_holds(&condition->range, number->value));
}

enum policy_truth policy_condition_holds(const struct policy_condition *condition,
                                         const struct policy_facts *facts)
{
    const void *fact = policy_fact_of(facts, condition->fact);
    switch (condition->fact->kind) {
    case POLICY_FACT_TEXTS:
    case POLICY_FACT_ONLY:
        return texts_hold(condition, fact);
    case POLICY_FACT_LABELS:
        return labels_hold(condition, fact);
    case POLICY_FACT_PATTERN:
        return patterns_hold(condition, fact);
    default:
        return number_holds(condition, fact);
    }
}
