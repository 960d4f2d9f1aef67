/* SPDX-License-Identifier: MIT */
/* keeper_message_test.c — if these fail, a process may say to the keeper what it has no right to say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "wire/keeper_message.h"

static struct keeper_message_gate gate_for(unsigned type)
{
    const struct keeper_message_rule *rule = keeper_message_rule(type);
    return (struct keeper_message_gate){.sender = rule->sender, .receiver = rule->receiver};
}

static enum keeper_phase phase_for(unsigned type)
{
    unsigned phases = keeper_message_rule(type)->phases;
    return (enum keeper_phase)(phases & -phases);
}

static struct keeper_message example(unsigned type)
{
    return (struct keeper_message){
        .type = (enum keeper_message_type)type,
        .slot = 7,
        .generation = 0x1122334455667788,
        .request = 42,
        .size = 1u << 20,
        .code = 3,
        .detail = (uint32_t)-9,
        .flags = 5,
        .uid = 1001,
        .runtime = 1,
        .sessions_max = 100,
        .limits = {.memory_bytes = 1u << 29,
                   .tasks = 64,
                   .files = 16384,
                   .strict_locks = true,
                   .strict_proc = true},
        .text = BYTES_LITERAL("a text"),
    };
}

static void every_message_survives_the_trip(void **state)
{
    for (unsigned type = 1; type < KEEPER_MESSAGE_TYPES; type++) {
        CLEANUP(buf_fini) struct buf first = {0};
        CLEANUP(buf_fini) struct buf second = {0};
        struct keeper_message message = example(type);
        struct keeper_message_gate gate = gate_for(type);
        struct keeper_message back = {0};
        keeper_message_write(&first, &message);
        assert_int_equal(keeper_message_parse(&gate, phase_for(type), buf_peek(&first),
                                              keeper_message_rule(type)->fds_min, &back, NULL),
                         STATUS_OK);
        assert_int_equal(back.type, type);
        keeper_message_write(&second, &back);
        assert_true(bytes_equal(buf_peek(&first), buf_peek(&second)));
    }
}

static void a_cut_or_longer_packet_is_refused(void **state)
{
    for (unsigned type = 1; type < KEEPER_MESSAGE_TYPES; type++) {
        CLEANUP(buf_fini) struct buf packet = {0};
        struct keeper_message message = example(type);
        message.text = (struct bytes){0};
        keeper_message_write(&packet, &message);
        unsigned fds = keeper_message_rule(type)->fds_min;
        for (size_t size = 0; size < packet.size; size++) {
            struct keeper_message_gate gate = gate_for(type);
            struct keeper_message back = {0};
            assert_int_equal(
                keeper_message_parse(&gate, phase_for(type), bytes_of(packet.data, size), fds, &back, NULL),
                STATUS_MALFORMED);
        }
    }
    /* SPAWN is a type and two numbers; a byte more belongs to nothing. */
    const uint8_t longer[17] = {KEEPER_MESSAGE_SPAWN};
    struct keeper_message_gate gate = gate_for(KEEPER_MESSAGE_SPAWN);
    struct keeper_message back = {0};
    assert_int_equal(
        keeper_message_parse(&gate, KEEPER_PHASE_SERVING, bytes_of(longer, sizeof longer), 0, &back, NULL),
        STATUS_MALFORMED);
}

static void the_table_decides_who_when_and_how_often(void **state)
{
    const enum keeper_party parties[] = {KEEPER_PARTY_POOL, KEEPER_PARTY_KEEPER, KEEPER_PARTY_ZYGOTE,
                                         KEEPER_PARTY_SESSION};
    for (unsigned type = 1; type < KEEPER_MESSAGE_TYPES; type++) {
        const struct keeper_message_rule *rule = keeper_message_rule(type);
        CLEANUP(buf_fini) struct buf packet = {0};
        struct keeper_message message = example(type);
        struct keeper_message back = {0};
        keeper_message_write(&packet, &message);
        for (size_t i = 0; i < ARRAY_SIZE(parties); i++) {
            for (unsigned phase = KEEPER_PHASE_NEW; phase <= KEEPER_PHASE_SERVING; phase <<= 1) {
                struct keeper_message_gate gate = {.sender = parties[i], .receiver = rule->receiver};
                bool right = parties[i] == rule->sender && rule->phases & phase;
                for (int again = 0; again < 2; again++) {
                    bool allowed = right && !(again && rule->once);
                    assert_int_equal(keeper_message_parse(&gate, (enum keeper_phase)phase, buf_peek(&packet),
                                                          rule->fds_min, &back, NULL),
                                     allowed ? STATUS_OK : STATUS_PERMISSION_DENIED);
                }
            }
        }
        struct keeper_message_gate gate = gate_for(type);
        assert_int_equal(
            keeper_message_parse(&gate, phase_for(type), buf_peek(&packet), rule->fds_max + 1, &back, NULL),
            STATUS_MALFORMED);
    }
}

static void numbers_outside_the_table_are_refused(void **state)
{
    const uint32_t numbers[] = {0, KEEPER_MESSAGE_TYPES, 255, 0x80000001, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        struct keeper_message_gate gate = {KEEPER_PARTY_POOL, KEEPER_PARTY_KEEPER, 0};
        struct keeper_message back = {0};
        assert_int_equal(
            keeper_message_parse(&gate, KEEPER_PHASE_SERVING, bytes_of(&numbers[i], 4), 0, &back, NULL),
            STATUS_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_survives_the_trip),
        cmocka_unit_test(a_cut_or_longer_packet_is_refused),
        cmocka_unit_test(the_table_decides_who_when_and_how_often),
        cmocka_unit_test(numbers_outside_the_table_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
