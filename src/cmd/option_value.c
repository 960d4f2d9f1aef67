/* SPDX-License-Identifier: MIT */
/* option_value.c — the kinds of values, then what is refused and how it is said, then both together. */
#include "cmd/option_value.h"

#include "base/duration.h"
#include "base/nearest.h"
#include "base/quantity.h"

static const struct quantity_unit size_units[] = {{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"", 1}};
static const struct quantity_unit count_units[] = {{"", 1}};

static enum status parse_flag(struct bytes text, int64_t *ret_number)
{
    static const char *const yes[] = {"true", "yes", "1"};
    static const char *const no[] = {"false", "no", "0"};
    for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
        if (bytes_equal_nocase(text, bytes_of_cstr(yes[i]))) {
            *ret_number = 1;
            return STATUS_OK;
        }
    for (size_t i = 0; i < ARRAY_SIZE(no); i++)
        if (bytes_equal_nocase(text, bytes_of_cstr(no[i]))) {
            *ret_number = 0;
            return STATUS_OK;
        }
    return STATUS_MALFORMED;
}

static enum status parse_by_kind(enum option_kind kind, struct bytes text, int64_t *ret_number)
{
    switch (kind) {
    case OPTION_FLAG:
        return parse_flag(text, ret_number);
    case OPTION_COUNT:
        return quantity_parse(text, count_units, ARRAY_SIZE(count_units), ret_number);
    case OPTION_SIZE:
        return quantity_parse(text, size_units, ARRAY_SIZE(size_units), ret_number);
    case OPTION_DURATION:
        return duration_parse(text, ret_number);
    case OPTION_TEXT:
        break;
    }
    *ret_number = 0;
    return text.size ? STATUS_OK : STATUS_MALFORMED; /* most often a shell variable that is not set */
}

/* What a value of each kind looks like, for people. */
static const char *const kind_texts[] = {
    [OPTION_FLAG] = "true, false, yes, no, 1 or 0",
    [OPTION_TEXT] = "a text that is not empty",
    [OPTION_COUNT] = "a whole number",
    [OPTION_SIZE] = "bytes such as 65536, 512K, 64M or 2G",
    [OPTION_DURATION] = "a time such as 500ms, 30s, 2m, 1h or 7d",
};

/* The range of a setting in the smallest unit that people write. */
static enum status refuse_range(const struct option_spec *spec, const char *text, const char *origin,
                                struct err *err)
{
    int64_t unit = spec->kind == OPTION_DURATION ? NS_PER_MS : 1;
    static const char *const units[] = {[OPTION_SIZE] = " bytes", [OPTION_DURATION] = "ms"};
    const char *suffix = spec->kind < ARRAY_SIZE(units) && units[spec->kind] ? units[spec->kind] : "";
    return err_set(err, STATUS_INVALID_ARGUMENT, "%s: %s is %.80s, but must be from %lld to %lld%s", origin,
                   spec->name, text, (long long)(spec->min / unit), (long long)(spec->max / unit), suffix);
}

/* The word of `words` that is nearest to `text`; empty if none is near. */
static struct bytes find_nearest(struct bytes words, const char *text)
{
    struct nearest nearest = nearest_begin(bytes_of_cstr(text));
    while (words.size > 0)
        nearest_offer(&nearest, bytes_split(&words, ' '));
    return nearest.found;
}

static bool is_known(const struct option_spec *spec, const char *text)
{
    struct bytes words = bytes_of_cstr(spec->words);
    while (words.size > 0) {
        if (bytes_equal_cstr(bytes_split(&words, ' '), text))
            return true;
    }
    return false;
}

static enum status refuse_word(const struct option_spec *spec, const char *text, const char *origin,
                               struct err *err)
{
    struct bytes near = find_nearest(bytes_of_cstr(spec->words), text);
    return err_set(err, STATUS_INVALID_ARGUMENT, "%s: %s is \"%.80s\", but must be one of: %s%s%.*s%s",
                   origin, spec->name, text, spec->words, near.size ? "; did you mean \"" : "",
                   BYTES_FMT(near), near.size ? "\"?" : "");
}

enum status option_value_set(const struct option_spec *spec, const char *text, const char *origin,
                             struct option_value *ret_value, struct err *err)
{
    int64_t number;
    if (parse_by_kind(spec->kind, bytes_of_cstr(text), &number) != STATUS_OK)
        return err_set(err, STATUS_INVALID_ARGUMENT, "%s: %s is \"%.80s\", but must be %s", origin,
                       spec->name, text, kind_texts[spec->kind]);
    if (spec->words && !is_known(spec, text))
        return refuse_word(spec, text, origin, err);
    bool ranged = spec->kind != OPTION_TEXT && spec->kind != OPTION_FLAG;
    if (ranged && (number < spec->min || number > spec->max))
        return refuse_range(spec, text, origin, err);
    *ret_value = (struct option_value){.given = true, .number = number, .text = text};
    return STATUS_OK;
}
