/* SPDX-License-Identifier: MIT */
/* option.c — the parser behind the settings table. */
#include "cmd/option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/quantity.h"

#define OPTION_FILE_SIZE_MAX (1 << 20) /* bytes */
#define OPTION_NAME_MAX      64        /* bytes */

static const struct quantity_unit size_units[] = {{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"", 1}};
static const struct quantity_unit count_units[] = {{"", 1}};

static enum status parse_flag(struct bytes text, int64_t *ret_number)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0", ""};
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
    [OPTION_FLAG] = "true or false",
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

static enum status set_value(const struct option_spec *spec, const char *text, const char *origin,
                             struct option_value *ret_value, struct err *err)
{
    int64_t number;
    if (parse_by_kind(spec->kind, bytes_of_cstr(text), &number) != STATUS_OK)
        return err_set(err, STATUS_INVALID_ARGUMENT, "%s: %s is \"%.80s\", but must be %s", origin,
                       spec->name, text, kind_texts[spec->kind]);
    bool ranged = spec->kind != OPTION_TEXT && spec->kind != OPTION_FLAG;
    if (ranged && (number < spec->min || number > spec->max))
        return refuse_range(spec, text, origin, err);
    *ret_value = (struct option_value){.given = true, .number = number, .text = text};
    return STATUS_OK;
}

/* Levenshtein distance of two short names, one row at a time. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[OPTION_NAME_MAX + 1];
    size_t b_size = strnlen(b, OPTION_NAME_MAX);
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_size; j++) {
            size_t change = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = MIN(change, MIN(row[j], row[j + 1]) + 1);
        }
    }
    return row[b_size];
}

const char *option_nearest(const char *given, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t best_distance = strlen(given) / 2 + 1;
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(given, names[i]);
        if (distance < best_distance) {
            best_distance = distance;
            best = names[i];
        }
    }
    return best;
}

static const struct option_spec *find_spec(const struct option_spec *table, size_t count, unsigned command,
                                           struct bytes name)
{
    for (size_t i = 0; i < count; i++)
        if ((table[i].commands & command) && bytes_equal_cstr(name, table[i].name))
            return &table[i];
    return NULL;
}

static enum status unknown(const struct option_spec *table, size_t count, unsigned command,
                           const char *origin, struct bytes name, struct err *err)
{
    const char *names[OPTION_MAX];
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (table[i].commands & command)
            names[known++] = table[i].name;
    char text[OPTION_NAME_MAX + 1];
    snprintf(text, sizeof text, "%.*s", BYTES_FMT(name));
    const char *near = option_nearest(text, names, known);
    return err_set(err, STATUS_INVALID_ARGUMENT, "%s: there is no setting \"%s\"%s%s%s", origin, text,
                   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

struct parse {
    const struct option_spec *table;
    size_t count;
    unsigned command;
    struct option_values *values;
    struct err *e;
    bool in_file[OPTION_MAX]; /* by index in the table: the file has named it */
};

static enum status parse_arguments(struct parse *parse, int argc, char *const *argv)
{
    for (int i = 0; i < argc; i++) {
        struct bytes argument = bytes_of_cstr(argv[i]);
        if (!bytes_starts_with(argument, BYTES_LITERAL("--")))
            return err_set(parse->e, STATUS_INVALID_ARGUMENT, "unexpected argument \"%.80s\"", argv[i]);
        struct bytes rest = bytes_slice(argument, 2, argument.size);
        struct bytes name = bytes_split(&rest, '=');
        const struct option_spec *spec = find_spec(parse->table, parse->count, parse->command, name);
        if (!spec)
            return unknown(parse->table, parse->count, parse->command, "command line", name, parse->e);
        const char *text = "true";
        if (rest.data)
            text = (const char *)rest.data;
        else if (spec->kind != OPTION_FLAG && ++i >= argc)
            return err_set(parse->e, STATUS_INVALID_ARGUMENT, "--%s needs %s", spec->name, spec->argument);
        else if (spec->kind != OPTION_FLAG)
            text = argv[i];
        struct option_value *value = &parse->values->at[spec - parse->table];
        enum status status = set_value(spec, text, "command line", value, parse->e);
        if (status != STATUS_OK)
            return status;
        value->origin = OPTION_FROM_COMMAND_LINE;
    }
    return STATUS_OK;
}

static enum status parse_environment(struct parse *parse, const char *(*environment)(const char *name))
{
    for (size_t i = 0; i < parse->count; i++) {
        const struct option_spec *spec = &parse->table[i];
        if (!(spec->commands & parse->command) || !spec->environment || parse->values->at[i].given)
            continue;
        const char *text = environment(spec->environment);
        if (!text || !*text)
            continue;
        enum status status = set_value(spec, text, spec->environment, &parse->values->at[i], parse->e);
        if (status != STATUS_OK)
            return status;
        parse->values->at[i].origin = OPTION_FROM_ENVIRONMENT;
    }
    return STATUS_OK;
}

static enum status read_file(const char *path, char **ret_text, struct err *err)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return err_set(err, STATUS_INVALID_ARGUMENT, "cannot read %s: %s", path, strerror(errno));
    char *text = malloc(OPTION_FILE_SIZE_MAX + 1);
    errno = 0;
    size_t size = text ? fread(text, 1, OPTION_FILE_SIZE_MAX + 1, f) : 0;
    const char *fault = !text || ferror(f)            ? strerror(errno)
                        : size > OPTION_FILE_SIZE_MAX ? "it is longer than 1 MiB"
                        : memchr(text, '\0', size)    ? "it is not text"
                                                      : NULL;
    fclose(f);
    if (fault) {
        free(text);
        return err_set(err, STATUS_INVALID_ARGUMENT, "cannot read %s: %s", path, fault);
    }
    text[size] = '\0';
    *ret_text = text;
    return STATUS_OK;
}

/* One line: blank, "# comment", or "name = value". Cuts the line's text into C strings in place. */
static enum status parse_line(struct parse *parse, char *line, int number, const char *origin)
{
    struct bytes text = bytes_trim(bytes_of_cstr(line));
    if (text.size == 0 || text.data[0] == '#')
        return STATUS_OK;
    struct bytes rest = text;
    struct bytes name = bytes_trim(bytes_split(&rest, '='));
    if (!rest.data)
        return err_set(parse->e, STATUS_INVALID_ARGUMENT, "%s: expected \"name = value\"", origin);
    const struct option_spec *spec = find_spec(parse->table, parse->count, parse->command, name);
    if (!spec)
        return unknown(parse->table, parse->count, parse->command, origin, name, parse->e);
    bool *seen = &parse->in_file[spec - parse->table];
    if (*seen)
        return err_set(parse->e, STATUS_INVALID_ARGUMENT, "%s: %s is set twice", origin, spec->name);
    *seen = true;
    if (parse->values->at[spec - parse->table].given)
        return STATUS_OK; /* the command line or the environment said otherwise */
    struct bytes value = bytes_trim(rest);
    char *start = line + ((const char *)value.data - line);
    start[value.size] = '\0';
    struct option_value *into = &parse->values->at[spec - parse->table];
    enum status status = set_value(spec, start, origin, into, parse->e);
    if (status != STATUS_OK)
        return status;
    into->origin = OPTION_FROM_FILE;
    into->line = number;
    return STATUS_OK;
}

static enum status parse_file(struct parse *parse, const char *path)
{
    enum status status = read_file(path, &parse->values->file_text, parse->e);
    int number = 0;
    char *next = parse->values->file_text;
    while (status == STATUS_OK && next) {
        char *line = next;
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        char origin[300];
        snprintf(origin, sizeof origin, "%.200s:%d", path, ++number);
        status = parse_line(parse, line, number, origin);
    }
    return status;
}

enum status option_parse(const struct option_spec *table, size_t count, unsigned command, int argc,
                         char *const *argv, const char *(*environment)(const char *name), const char *file,
                         struct option_values *ret_values, struct err *err)
{
    ASSERT(count <= OPTION_MAX);
    *ret_values = (struct option_values){.file_text = NULL};
    struct parse parse = {.table = table, .count = count, .command = command, .values = ret_values, .e = err};
    enum status status = parse_arguments(&parse, argc, argv);
    if (status == STATUS_OK)
        status = parse_environment(&parse, environment);
    const struct option_spec *file_spec = find_spec(table, count, command, bytes_of_cstr(file));
    const char *path = file_spec ? ret_values->at[file_spec - table].text : NULL;
    if (status == STATUS_OK && path)
        status = parse_file(&parse, path);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (ret_values->at[i].given || !table[i].initial)
            continue;
        status = set_value(&table[i], table[i].initial, "default", &ret_values->at[i], err);
        ret_values->at[i].given = false;
    }
    if (status != STATUS_OK)
        option_values_fini(ret_values);
    return status;
}

void option_values_fini(struct option_values *values)
{
    free(values->file_text);
    values->file_text = NULL;
}

const struct option_value *option_get(const struct option_spec *table, size_t count,
                                      const struct option_values *values, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return &values->at[i];
    ASSERT(!"a setting that is in the table");
    return NULL;
}

void option_help(const struct option_spec *table, size_t count, unsigned command, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct option_spec *spec = &table[i];
        if (!(spec->commands & command))
            continue;
        char left[80];
        snprintf(left, sizeof left, "--%s%s%s", spec->name, spec->argument ? " " : "",
                 spec->argument ? spec->argument : "");
        buf_append_fmt(out, "  %-28s %s", left, spec->help);
        if (spec->initial)
            buf_append_fmt(out, " [%s]", spec->initial);
        if (spec->environment)
            buf_append_fmt(out, "\n  %-28s (environment: %s)", "", spec->environment);
        buf_append_cstr(out, "\n");
    }
}
