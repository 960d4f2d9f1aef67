/* SPDX-License-Identifier: MIT */
/* yaml_tree.c — libyaml's events, one by one, into nodes of an arena; what is refused is refused at its event. */
#include "wire/yaml/yaml_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

#include "base/text.h"

struct yaml_reading {
    yaml_parser_t *parser;
    yaml_event_t event; /* the one in hand */
    bool holds_event;
    struct arena *arena;
    struct yaml_tree_fault *fault;
    size_t nodes;
};

/* --- faults --- */

enum status yaml_tree_refuse(struct yaml_tree_fault *ret_fault, int line, int column, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    (void)vsnprintf(ret_fault->text, sizeof ret_fault->text, fmt, arguments);
    va_end(arguments);
    ret_fault->line = line;
    ret_fault->column = column;
    return STATUS_MALFORMED;
}

/* libyaml's marks count from 0. */
static int place_of(size_t mark)
{
    return (int)MIN(mark, (size_t)YAML_TREE_SIZE_MAX) + 1;
}

static enum status refuse_at(const struct yaml_reading *reading, yaml_mark_t mark, const char *text)
{
    return yaml_tree_refuse(reading->fault, place_of(mark.line), place_of(mark.column), "%s", text);
}

static enum status refuse_syntax(const struct yaml_reading *reading)
{
    const yaml_parser_t *parser = reading->parser;
    const char *problem = text_or(parser->problem, "not YAML");
    if (parser->error == YAML_MEMORY_ERROR)
        return STATUS_NO_MEMORY;
    if (parser->error == YAML_READER_ERROR)
        return yaml_tree_refuse(reading->fault, 0, 0, "%s (byte %zu)", problem, parser->problem_offset);
    return yaml_tree_refuse(reading->fault, place_of(parser->problem_mark.line),
                            place_of(parser->problem_mark.column), "%s%s%s", text_or(parser->context, ""),
                            parser->context ? ": " : "", problem);
}

/* --- events --- */

static STATUS_RESULT next_event(struct yaml_reading *reading)
{
    if (reading->holds_event)
        yaml_event_delete(&reading->event);
    reading->holds_event = yaml_parser_parse(reading->parser, &reading->event) == 1;
    return reading->holds_event ? STATUS_OK : refuse_syntax(reading);
}

static STATUS_RESULT check_plain(const struct yaml_reading *reading, const yaml_char_t *anchor,
                                 const yaml_char_t *tag)
{
    if (anchor)
        return refuse_at(reading, reading->event.start_mark, "anchors (&name) are not read here");
    if (tag)
        return refuse_at(reading, reading->event.start_mark, "tags (!name) are not read here");
    return STATUS_OK;
}

static STATUS_RESULT check_event(const struct yaml_reading *reading)
{
    const yaml_event_t *event = &reading->event;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return check_plain(reading, event->data.scalar.anchor, event->data.scalar.tag);
    case YAML_SEQUENCE_START_EVENT:
        return check_plain(reading, event->data.sequence_start.anchor, event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return check_plain(reading, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    case YAML_ALIAS_EVENT:
        return refuse_at(reading, event->start_mark,
                         "aliases (*name) are not read here; write the value again");
    default:
        return STATUS_OK;
    }
}

/* --- nodes --- */

static STATUS_RESULT make_node(struct yaml_reading *reading, enum yaml_tree_kind kind,
                               struct yaml_tree_node **ret_node)
{
    yaml_mark_t mark = reading->event.start_mark;
    if (++reading->nodes > YAML_TREE_NODES_MAX) {
        (void)refuse_at(reading, mark, "too many values (limit yaml-tree-nodes-max)");
        return STATUS_TOO_LARGE;
    }
    struct yaml_tree_node *node = arena_alloc(reading->arena, sizeof *node);
    if (!node)
        return STATUS_NO_MEMORY;
    *node =
        (struct yaml_tree_node){.kind = kind, .line = place_of(mark.line), .column = place_of(mark.column)};
    *ret_node = node;
    return STATUS_OK;
}

static STATUS_RESULT read_text(struct yaml_reading *reading, struct yaml_tree_node **ret_node)
{
    enum status status = make_node(reading, YAML_TREE_TEXT, ret_node);
    if (status != STATUS_OK)
        return status;
    struct bytes text = bytes_of(reading->event.data.scalar.value, reading->event.data.scalar.length);
    (*ret_node)->quoted = reading->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    (*ret_node)->text = arena_copy(reading->arena, text);
    return (*ret_node)->text.data ? STATUS_OK : STATUS_NO_MEMORY;
}

static STATUS_RESULT read_node(struct yaml_reading *reading, int depth, struct yaml_tree_node **ret_node);

/* The name of what follows in a map, put into `named`, which is no node yet. */
static STATUS_RESULT read_name(struct yaml_reading *reading, const struct yaml_tree_node *map,
                               struct yaml_tree_node *named)
{
    if (reading->event.type != YAML_SCALAR_EVENT)
        return refuse_at(reading, reading->event.start_mark, "a name was expected here");
    struct yaml_tree_node *name;
    enum status status = read_text(reading, &name);
    if (status != STATUS_OK)
        return status;
    for (const struct yaml_tree_node *other = map->first; other; other = other->next) {
        if (bytes_equal(other->name, name->text))
            return yaml_tree_refuse(reading->fault, name->line, name->column,
                                    "\"%.*s\" is given twice; it stands in line %d already",
                                    (int)MIN(name->text.size, (size_t)80), (const char *)name->text.data,
                                    other->name_line);
    }
    *named =
        (struct yaml_tree_node){.name = name->text, .name_line = name->line, .name_column = name->column};
    return next_event(reading);
}

/* The items of the list or map whose beginning is in hand, up to its end, which is then in hand. */
static STATUS_RESULT read_items(struct yaml_reading *reading, int depth, struct yaml_tree_node *parent)
{
    bool is_map = parent->kind == YAML_TREE_MAP;
    yaml_event_type_t end = is_map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    struct yaml_tree_node **tail = &parent->first;
    for (;;) {
        struct yaml_tree_node named = {0}, *item;
        enum status status = next_event(reading);
        if (status == STATUS_OK && reading->event.type == end)
            return STATUS_OK;
        if (status == STATUS_OK)
            status = check_event(reading);
        if (status == STATUS_OK && is_map)
            status = read_name(reading, parent, &named);
        if (status == STATUS_OK)
            status = read_node(reading, depth + 1, &item);
        if (status != STATUS_OK)
            return status;

        item->name = named.name;
        item->name_line = named.name_line;
        item->name_column = named.name_column;
        *tail = item;
        tail = &item->next;
    }
}

/* The node whose first event is in hand; its last one is then. */
static STATUS_RESULT read_node(struct yaml_reading *reading, int depth, struct yaml_tree_node **ret_node)
{
    enum status status = check_event(reading);
    if (status != STATUS_OK)
        return status;
    if (reading->event.type == YAML_SCALAR_EVENT)
        return read_text(reading, ret_node);
    if (depth == YAML_TREE_DEPTH_MAX) {
        (void)refuse_at(reading, reading->event.start_mark, "nested too deeply (limit yaml-tree-depth-max)");
        return STATUS_TOO_LARGE;
    }
    bool is_map = reading->event.type == YAML_MAPPING_START_EVENT;
    status = make_node(reading, is_map ? YAML_TREE_MAP : YAML_TREE_LIST, ret_node);
    if (status != STATUS_OK)
        return status;
    return read_items(reading, depth, *ret_node);
}

/* --- the file --- */

static STATUS_RESULT read_document(struct yaml_reading *reading, struct yaml_tree_node **ret_root)
{
    enum status status = next_event(reading); /* the stream's beginning */
    if (status == STATUS_OK)
        status = next_event(reading);
    if (status != STATUS_OK)
        return status;
    if (reading->event.type == YAML_STREAM_END_EVENT)
        return make_node(reading, YAML_TREE_MAP, ret_root);

    status = next_event(reading); /* behind the document's beginning */
    if (status == STATUS_OK)
        status = read_node(reading, 0, ret_root);
    if (status == STATUS_OK)
        status = next_event(reading); /* the document's end */
    if (status == STATUS_OK)
        status = next_event(reading);
    if (status == STATUS_OK && reading->event.type != YAML_STREAM_END_EVENT)
        return refuse_at(reading, reading->event.start_mark, "a second document begins here; one is read");
    return status;
}

enum status yaml_tree_read(struct bytes text, struct arena *arena, struct yaml_tree_node **ret_root,
                           struct yaml_tree_fault *ret_fault)
{
    yaml_parser_t parser;
    struct yaml_reading reading = {.parser = &parser, .arena = arena, .fault = ret_fault};
    *ret_fault = (struct yaml_tree_fault){0};
    if (text.size > YAML_TREE_SIZE_MAX) {
        (void)yaml_tree_refuse(ret_fault, 0, 0, "more than %zu bytes (limit yaml-tree-size-max)",
                               YAML_TREE_SIZE_MAX);
        return STATUS_TOO_LARGE;
    }
    if (!bytes_utf8_valid(text))
        return yaml_tree_refuse(ret_fault, 0, 0, "not UTF-8");
    if (!yaml_parser_initialize(&parser))
        return STATUS_NO_MEMORY;

    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.size ? text.data : (const uint8_t *)"", text.size);
    enum status status = read_document(&reading, ret_root);
    if (reading.holds_event)
        yaml_event_delete(&reading.event);
    yaml_parser_delete(&parser);
    return status;
}
