/* SPDX-License-Identifier: MIT */
/* keeper_message.c — a packet is the type as u32 and then the fields that the type's row names, in the row's order
 * and without padding. Text is the last field and takes the rest. A packet must be used up exactly. */
#include "wire/keeper_message.h"

static const struct keeper_message_rule rules[KEEPER_MESSAGE_TYPES] = {
#define X(name, sender, receiver, phases, once, least, most)                                                 \
    [KEEPER_MESSAGE_##                                                                                       \
        name] = {#name, KEEPER_PARTY_##sender, KEEPER_PARTY_##receiver, phases, once, least, most},
    KEEPER_MESSAGE_TABLE(X)
#undef X
};

enum field_kind { FIELD_END, FIELD_U32, FIELD_U64, FIELD_BOOL, FIELD_TEXT };

struct field {
    enum field_kind kind;
    size_t offset;
};

#define U32(member)                                                                                          \
    {                                                                                                        \
        FIELD_U32, offsetof(struct keeper_message, member)                                                   \
    }
#define U64(member)                                                                                          \
    {                                                                                                        \
        FIELD_U64, offsetof(struct keeper_message, member)                                                   \
    }
#define BOOL(member)                                                                                         \
    {                                                                                                        \
        FIELD_BOOL, offsetof(struct keeper_message, member)                                                  \
    }
#define TEXT                                                                                                 \
    {                                                                                                        \
        FIELD_TEXT, offsetof(struct keeper_message, text)                                                    \
    }
#define REF U32(slot), U64(generation)
#define LIMITS                                                                                               \
    U64(limits.memory_bytes), U32(limits.tasks), U32(limits.cpu_percent), U64(limits.data_bytes),            \
        U64(limits.tmp_bytes), U32(limits.files), U32(limits.open_files), U64(limits.file_bytes),            \
        U64(limits.read_bytes), BOOL(limits.strict_locks), BOOL(limits.strict_proc)

static const struct field fields[KEEPER_MESSAGE_TYPES][16] = {
    [KEEPER_MESSAGE_OPEN] = {U32(sessions_max), U32(flags), LIMITS, TEXT},
    [KEEPER_MESSAGE_SPAWN] = {U64(request), U32(runtime)},
    [KEEPER_MESSAGE_INTERRUPT] = {REF},
    [KEEPER_MESSAGE_KILL] = {REF},
    [KEEPER_MESSAGE_START] = {U32(flags)},
    [KEEPER_MESSAGE_READY] = {U32(flags), TEXT},
    [KEEPER_MESSAGE_SPAWNED] = {U64(request), REF, U32(runtime), U32(flags)},
    [KEEPER_MESSAGE_REFUSED] = {U64(request), TEXT},
    [KEEPER_MESSAGE_ENDED] = {REF, U32(code), U32(detail)},
    [KEEPER_MESSAGE_FATAL] = {TEXT},
    [KEEPER_MESSAGE_MAP] = {{FIELD_END, 0}},
    [KEEPER_MESSAGE_MAPPED] = {{FIELD_END, 0}},
    [KEEPER_MESSAGE_BUILT] = {U32(flags), TEXT},
    [KEEPER_MESSAGE_BROKEN] = {TEXT},
    [KEEPER_MESSAGE_CONFIG] = {U32(flags), LIMITS},
    [KEEPER_MESSAGE_WARM] = {TEXT},
    [KEEPER_MESSAGE_FORK] = {REF, U32(uid), U32(flags)},
    [KEEPER_MESSAGE_FORKED] = {REF},
    [KEEPER_MESSAGE_UNFORKED] = {REF, U32(code)},
    [KEEPER_MESSAGE_EXITED] = {REF, U32(detail)},
    [KEEPER_MESSAGE_ENTERED] = {{FIELD_END, 0}},
    [KEEPER_MESSAGE_STUCK] = {TEXT},
    [KEEPER_MESSAGE_STORE] = {REF, U64(size)},
    [KEEPER_MESSAGE_STORED] = {REF, U32(code)},
    [KEEPER_MESSAGE_PORT] = {REF, U32(uid), U32(flags)},
    [KEEPER_MESSAGE_PORTED] = {REF},
    [KEEPER_MESSAGE_UNPORTED] = {REF, U32(code)},
    [KEEPER_MESSAGE_PORTER_EXITED] = {REF, U32(detail)},
    [KEEPER_MESSAGE_LAUNCH] = {REF, U32(code), TEXT},
    [KEEPER_MESSAGE_HALT] = {REF},
    [KEEPER_MESSAGE_LEFT] = {REF, U32(detail)},
};

const struct keeper_message_rule *keeper_message_rule(unsigned type)
{
    return type > KEEPER_MESSAGE_NONE && type < KEEPER_MESSAGE_TYPES ? &rules[type] : NULL;
}

static bool take_number(struct bytes *rest, size_t size, uint64_t *ret)
{
    if (rest->size < size)
        return false;
    *ret = 0;
    for (size_t i = size; i-- > 0;)
        *ret = *ret << 8 | rest->data[i];
    *rest = bytes_slice(*rest, size, rest->size);
    return true;
}

static bool take_field(const struct field *field, struct bytes *rest, struct keeper_message *message)
{
    char *place = (char *)message + field->offset;
    uint64_t n = 0;
    switch (field->kind) {
    case FIELD_U32:
        if (!take_number(rest, 4, &n))
            return false;
        *(uint32_t *)(void *)place = (uint32_t)n;
        return true;
    case FIELD_U64:
        return take_number(rest, 8, (uint64_t *)(void *)place);
    case FIELD_BOOL:
        if (!take_number(rest, 1, &n) || n > 1)
            return false;
        *(bool *)(void *)place = n != 0;
        return true;
    case FIELD_TEXT:
        message->text = *rest;
        *rest = (struct bytes){0};
        return true;
    default:
        return false;
    }
}

static enum status fields_parse(unsigned type, struct bytes rest, struct keeper_message *ret, struct err *err)
{
    struct keeper_message message = {.type = (enum keeper_message_type)type};
    for (const struct field *field = fields[type]; field->kind != FIELD_END; field++) {
        if (!take_field(field, &rest, &message))
            return err_set(err, STATUS_MALFORMED, "%s: a field is cut off or out of range", rules[type].name);
    }
    if (rest.size > 0)
        return err_set(err, STATUS_MALFORMED, "%s: %zu bytes too many", rules[type].name, rest.size);
    *ret = message;
    return STATUS_OK;
}

enum status keeper_message_parse(struct keeper_message_gate *gate, enum keeper_phase phase,
                                 struct bytes packet, unsigned fds, struct keeper_message *ret_message,
                                 struct err *err)
{
    uint64_t type = 0;
    if (packet.size > KEEPER_MESSAGE_SIZE_MAX || !take_number(&packet, 4, &type))
        return err_set(err, STATUS_MALFORMED, "a packet of %zu bytes is no message", packet.size);
    const struct keeper_message_rule *rule =
        keeper_message_rule(type < KEEPER_MESSAGE_TYPES ? (unsigned)type : 0);
    if (!rule)
        return err_set(err, STATUS_MALFORMED, "no message has the number %llu", (unsigned long long)type);
    if (rule->sender != gate->sender || rule->receiver != gate->receiver)
        return err_set(err, STATUS_PERMISSION_DENIED, "%s may not come from this sender", rule->name);
    if (!(rule->phases & phase))
        return err_set(err, STATUS_PERMISSION_DENIED, "%s may not come now", rule->name);
    if (rule->once && gate->seen & 1u << type)
        return err_set(err, STATUS_PERMISSION_DENIED, "%s may come only once", rule->name);
    if (fds < rule->fds_min || fds > rule->fds_max)
        return err_set(err, STATUS_MALFORMED, "%s came with %u descriptors", rule->name, fds);
    enum status status = fields_parse((unsigned)type, packet, ret_message, err);
    if (status == STATUS_OK)
        gate->seen |= 1u << type;
    return status;
}

static void put_number(struct buf *out, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buf_append_byte(out, (uint8_t)(number >> 8 * i));
}

void keeper_message_write(struct buf *out, const struct keeper_message *message)
{
    ASSERT(keeper_message_rule(message->type));
    put_number(out, message->type, 4);
    for (const struct field *field = fields[message->type]; field->kind != FIELD_END; field++) {
        const char *place = (const char *)message + field->offset;
        if (field->kind == FIELD_U32)
            put_number(out, *(const uint32_t *)(const void *)place, 4);
        else if (field->kind == FIELD_U64)
            put_number(out, *(const uint64_t *)(const void *)place, 8);
        else if (field->kind == FIELD_BOOL)
            put_number(out, *(const bool *)(const void *)place, 1);
        else
            buf_append_bytes(out, message->text);
    }
}
