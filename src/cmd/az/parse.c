/* SPDX-License-Identifier: MIT */
/* parse.c — words first, then the arguments in one pass; what is missing is looked for at the end. */
#include "cmd/az/parse.h"

#include <stdio.h>

#include "base/text.h"

#define NAME_SIZE 64 /* bytes of a word or an argument's name */

/* --- which command --- */

const struct az_command *az_parse_command(int argc, char *const *argv, int *ret_words)
{
    const struct az_command *best = NULL;
    int best_words = 0;
    const struct az_command *command;
    for (size_t i = 0; (command = az_row_at(i)) != NULL; i++) {
        char word[NAME_SIZE];
        int words = 0;
        while (words < argc && az_word(command->name, (size_t)words, word, sizeof word) &&
               strcmp(word, argv[words]) == 0)
            words++;
        if (!az_word(command->name, (size_t)words, word, sizeof word) && words > best_words) {
            best = command;
            best_words = words;
        }
    }
    if (best)
        *ret_words = best_words;
    return best;
}

/* Appends a word to "group subgroup"; false if no command begins so. */
static bool go_down(char *words, size_t size, const char *word)
{
    char longer[256];
    (void)snprintf(longer, sizeof longer, "%.180s%s%.60s", words, *words ? " " : "", word);
    const struct az_command *command;
    for (size_t i = 0; (command = az_row_at(i)) != NULL; i++) {
        if (az_row_is_below(command, longer)) {
            (void)snprintf(words, size, "%s", longer);
            return true;
        }
    }
    return false;
}

/* How many characters of two words are the same in the same order, of a hundred: difflib's measure, near enough. */
static unsigned likeness(const char *one, const char *other)
{
    size_t lengths[NAME_SIZE + 1] = {0};
    size_t one_size = MIN(strlen(one), NAME_SIZE), other_size = MIN(strlen(other), NAME_SIZE);
    for (size_t i = 0; i < one_size; i++) {
        size_t diagonal = 0;
        for (size_t n = 0; n < other_size; n++) {
            size_t above = lengths[n + 1];
            lengths[n + 1] = one[i] == other[n] ? diagonal + 1 : MAX(above, lengths[n]);
            diagonal = above;
        }
    }
    return one_size + other_size ? (unsigned)(200 * lengths[other_size] / (one_size + other_size)) : 0;
}

#define LIKE_ENOUGH 70 /* of a hundred */

static void say_nearest(const char *group, size_t depth, const char *typed, struct buf *out)
{
    char near[NAME_SIZE] = "";
    unsigned best = LIKE_ENOUGH - 1;
    const struct az_command *command;
    for (size_t i = 0; (command = az_row_at(i)) != NULL; i++) {
        char word[NAME_SIZE];
        if (!az_row_is_below(command, group) || !az_word(command->name, depth, word, sizeof word))
            continue;
        unsigned like = likeness(typed, word);
        if (like > best) {
            best = like;
            memcpy(near, word, sizeof near);
        }
    }
    if (near[0])
        buf_append_fmt(out, "\nDid you mean '%s' ?", near);
}

void az_parse_say_unknown(int argc, char *const *argv, int *ret_group, struct buf *out)
{
    char words[256] = "";
    int depth = 0;
    while (depth < argc && argv[depth][0] != '-' && go_down(words, sizeof words, argv[depth]))
        depth++;
    *ret_group = depth;
    if (depth == argc || argv[depth][0] == '-') {
        buf_append_cstr(out, "the following arguments are required: _subcommand");
        return;
    }
    buf_append_fmt(out, "'%.80s' is misspelled or not recognized by the system.", argv[depth]);
    say_nearest(words, (size_t)depth, argv[depth], out);
}

bool az_parse_wants_help(int argc, char *const *argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

/* --- arguments --- */

struct az_reading {
    struct az_values *values;
    struct buf *refusal;
    struct buf unknown; /* what nothing takes, with spaces */
};

/* "--name/--resource-group/-n", as it is named in texts. */
static void append_names(struct buf *out, const struct az_argument *argument)
{
    char name[NAME_SIZE];
    for (size_t i = 0; az_word(argument->names, i, name, sizeof name); i++)
        buf_append_fmt(out, "%s%s", i ? "/" : "", name);
}

static bool refuse_argument(struct az_reading *parse, const struct az_argument *argument, const char *text)
{
    buf_append_cstr(parse->refusal, "argument ");
    append_names(parse->refusal, argument);
    buf_append_fmt(parse->refusal, ": %s", text);
    return false;
}

/* True for the long name `typed` (without a value), or one that begins with it. */
static bool name_matches(const char *name, struct bytes typed, bool exactly)
{
    struct bytes whole = bytes_of_cstr(name);
    return exactly ? bytes_equal(whole, typed) : name[1] == '-' && bytes_starts_with(whole, typed);
}

/* How many arguments have such a name; the last of them, and the names, with commas, into `names`. */
static size_t count_matches(const struct az_command *command, struct bytes typed, bool exactly,
                            size_t *ret_index, struct buf *names)
{
    size_t matches = 0;
    const struct az_argument *argument;
    for (size_t i = 0; (argument = az_argument_at(command, i)) != NULL; i++) {
        char name[NAME_SIZE];
        for (size_t n = 0; az_word(argument->names, n, name, sizeof name); n++) {
            if (!name_matches(name, typed, exactly))
                continue;
            buf_append_fmt(names, "%s%s", matches ? ", " : "", name);
            *ret_index = i;
            matches++;
        }
    }
    return matches;
}

enum found { FOUND, NOT_FOUND, AMBIGUOUS };

/* The argument that a word names. `*ret_rest` gets what the word holds of its value; data NULL: nothing. */
static enum found find_argument(struct az_reading *parse, const char *word, size_t *ret_index,
                                struct bytes *ret_rest)
{
    const struct az_command *command = parse->values->command;
    CLEANUP(buf_fini) struct buf names = {0};
    struct bytes rest = bytes_of_cstr(word);
    if (word[1] != '-') { /* -n, -nVALUE, -n=VALUE */
        const char *value = word[2] == '=' ? word + 3 : word + 2;
        *ret_rest = word[2] ? bytes_of_cstr(value) : (struct bytes){0};
        bool there = count_matches(command, bytes_slice(rest, 0, 2), true, ret_index, &names) > 0;
        return there ? FOUND : NOT_FOUND;
    }
    struct bytes name = bytes_split(&rest, '=');
    *ret_rest = rest;
    if (name.size > 2 && count_matches(command, name, true, ret_index, &names) > 0)
        return FOUND;
    buf_clear(&names);
    size_t matches = name.size > 2 ? count_matches(command, name, false, ret_index, &names) : 0;
    if (matches <= 1)
        return matches ? FOUND : NOT_FOUND;
    buf_append_fmt(parse->refusal, "ambiguous option: %.80s could match %.*s", word,
                   BYTES_FMT(buf_peek(&names)));
    return AMBIGUOUS;
}

/* A word that begins with "-" is no value, unless it is a negative number, "-" alone, or holds a space. */
static bool is_value(const char *word)
{
    bool number = word[0] == '-' && (ascii_digit((uint8_t)word[1]) || word[1] == '.');
    return word[0] != '-' || !word[1] || number || strchr(word, ' ');
}

static bool add_text(struct az_reading *parse, const struct az_argument *argument, struct az_value *value,
                     const char *text)
{
    if (parse->values->text_count == AZ_TEXTS_MAX)
        return refuse_argument(parse, argument, "too many values");
    parse->values->texts[parse->values->text_count++] = text;
    value->count++;
    return true;
}

/* Replaces a text, in whatever case, by the choice that it is. */
static bool check_choice(struct az_reading *parse, const struct az_argument *argument, const char **text)
{
    for (const char *const *choice = argument->choices; *choice; choice++) {
        if (bytes_equal_nocase(bytes_of_cstr(*choice), bytes_of_cstr(*text))) {
            *text = *choice;
            return true;
        }
    }
    char name[NAME_SIZE];
    (void)az_word(argument->names, 0, name, sizeof name);
    buf_append_fmt(parse->refusal, "az %s: '%.80s' is not a valid value for '%s'. Allowed values: ",
                   parse->values->command->name, *text, name);
    for (const char *const *choice = argument->choices; *choice; choice++)
        buf_append_fmt(parse->refusal, "%s%s", choice == argument->choices ? "" : ", ", *choice);
    buf_append_byte(parse->refusal, '.');
    return false;
}

static bool check_text(struct az_reading *parse, const struct az_argument *argument, const char **text)
{
    static const char *const truths[] = {"true", "false", NULL};
    char refusal[160];
    int64_t number;
    if (argument->choices)
        return check_choice(parse, argument, text);
    if (argument->kind == AZ_YESNO) {
        struct az_argument yesno = *argument;
        yesno.choices = truths;
        return check_choice(parse, &yesno, text);
    }
    if (argument->kind != AZ_COUNT || bytes_parse_i64(bytes_of_cstr(*text), &number) == STATUS_OK)
        return true;
    (void)snprintf(refusal, sizeof refusal, "invalid int value: '%.80s'", *text);
    return refuse_argument(parse, argument, refusal);
}

static bool take_text(struct az_reading *parse, const struct az_argument *argument, struct az_value *value,
                      const char *text)
{
    return check_text(parse, argument, &text) && add_text(parse, argument, value, text);
}

/* A flag takes no value. */
static bool refuse_explicit(struct az_reading *parse, const struct az_argument *argument, struct bytes value)
{
    char refusal[160];
    (void)snprintf(refusal, sizeof refusal, "ignored explicit argument '%.*s'",
                   BYTES_FMT(bytes_slice(value, 0, 80)));
    return refuse_argument(parse, argument, refusal);
}

/* The values behind an argument's name; `*at` is the word in which it stands, and then the last one that was taken. */
static bool take_values(struct az_reading *parse, const struct az_argument *argument, struct az_value *value,
                        struct bytes rest, int argc, char *const *argv, int *at)
{
    bool many = argument->kind == AZ_TEXTS || argument->kind == AZ_PAIRS || argument->kind == AZ_VALUE;
    /* Given twice, the later one counts. */
    *value = (struct az_value){.given = true, .typed = true, .first = parse->values->text_count};
    if (argument->kind == AZ_FLAG)
        return !rest.data || refuse_explicit(parse, argument, rest);
    if (rest.data)
        return take_text(parse, argument, value, (const char *)rest.data);
    while (*at + 1 < argc && is_value(argv[*at + 1]) && (many || value->count == 0)) {
        if (!take_text(parse, argument, value, argv[++*at]))
            return false;
    }
    if (value->count == 0 && argument->kind == AZ_YESNO)
        return add_text(parse, argument, value, "true");
    if (value->count == 0 && argument->kind != AZ_PAIRS) /* `--tags` alone: none */
        return refuse_argument(parse, argument,
                               many ? "expected at least one argument" : "expected one argument");
    return true;
}

static bool parse_words(struct az_reading *parse, int argc, char *const *argv)
{
    for (int at = 0; at < argc; at++) {
        size_t index = 0;
        struct bytes rest = {0};
        enum found found = NOT_FOUND;
        if (!is_value(argv[at]))
            found = find_argument(parse, argv[at], &index, &rest);
        if (found == AMBIGUOUS)
            return false;
        if (found == NOT_FOUND) {
            buf_append_fmt(&parse->unknown, "%s%s", parse->unknown.size ? " " : "", argv[at]);
            continue;
        }
        const struct az_argument *argument = az_argument_at(parse->values->command, index);
        if (!take_values(parse, argument, &parse->values->at[index], rest, argc, argv, &at))
            return false;
    }
    return true;
}

/* --- what was not typed --- */

static bool fill(struct az_reading *parse, const struct az_presets *presets)
{
    const struct az_argument *argument;
    for (size_t i = 0; (argument = az_argument_at(parse->values->command, i)) != NULL; i++) {
        struct az_value *value = &parse->values->at[i];
        const char *text = argument->initial;
        if (presets && argument->preset) {
            const char *preset = strcmp(argument->preset, "group") == 0 ? presets->group : presets->location;
            text = preset ? preset : text;
        }
        if (value->given || !text)
            continue;
        value->given = true;
        value->first = parse->values->text_count;
        if (!take_text(parse, argument, value, text))
            return false;
    }
    return true;
}

static bool check_required(struct az_reading *parse)
{
    bool complete = true;
    const struct az_argument *argument;
    for (size_t i = 0; (argument = az_argument_at(parse->values->command, i)) != NULL; i++) {
        if (!argument->required || parse->values->at[i].given)
            continue;
        buf_append_cstr(parse->refusal, complete ? "the following arguments are required: " : ", ");
        append_names(parse->refusal, argument);
        complete = false;
    }
    return complete;
}

bool az_parse(const struct az_command *command, int argc, char *const *argv, const struct az_presets *presets,
              struct az_values *ret_values, struct buf *refusal)
{
    *ret_values = (struct az_values){.command = command};
    struct az_reading parse = {.values = ret_values, .refusal = refusal};
    bool good = parse_words(&parse, argc, argv) && fill(&parse, presets) && check_required(&parse);
    if (good && parse.unknown.size) {
        buf_append_fmt(refusal, "unrecognized arguments: %.*s", BYTES_FMT(buf_peek(&parse.unknown)));
        good = false;
    }
    buf_fini(&parse.unknown);
    return good;
}

/* --- asking --- */

const struct az_value *az_value_of(const struct az_values *values, const char *key)
{
    const struct az_argument *argument;
    for (size_t i = 0; (argument = az_argument_at(values->command, i)) != NULL; i++) {
        if (az_argument_has_key(argument, key))
            return values->at[i].given ? &values->at[i] : NULL;
    }
    return NULL;
}

const char *az_text_of(const struct az_values *values, const char *key)
{
    const struct az_value *value = az_value_of(values, key);
    return value && value->count ? values->texts[value->first] : NULL;
}

bool az_flag_of(const struct az_values *values, const char *key)
{
    const struct az_value *value = az_value_of(values, key);
    return value && (value->count == 0 || strcmp(values->texts[value->first], "true") == 0);
}
