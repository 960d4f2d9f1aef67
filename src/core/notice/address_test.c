/* SPDX-License-Identifier: MIT */
/* address_test.c — texts of addresses, and the kind of each. If it fails, a webhook reaches loopback, a cloud's metadata or a private
 * network by an address that was not known for what it is. */
#include "core/notice/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_kinds(void **state)
{
    static const struct {
        const char *text;
        enum notice_address_kind kind;
    } rows[] = {
        {"8.8.8.8", NOTICE_ADDRESS_PUBLIC},
        {"1.1.1.1", NOTICE_ADDRESS_PUBLIC},
        {"172.15.255.255", NOTICE_ADDRESS_PUBLIC},
        {"172.32.0.0", NOTICE_ADDRESS_PUBLIC},
        {"100.63.255.255", NOTICE_ADDRESS_PUBLIC},
        {"100.128.0.0", NOTICE_ADDRESS_PUBLIC},
        {"169.253.255.255", NOTICE_ADDRESS_PUBLIC},
        {"126.255.255.255", NOTICE_ADDRESS_PUBLIC},
        {"128.0.0.1", NOTICE_ADDRESS_PUBLIC},
        {"223.255.255.255", NOTICE_ADDRESS_PUBLIC},
        {"0.0.0.0", NOTICE_ADDRESS_UNSPECIFIED},
        {"0.1.2.3", NOTICE_ADDRESS_UNSPECIFIED},
        {"127.0.0.1", NOTICE_ADDRESS_LOOPBACK},
        {"127.255.255.255", NOTICE_ADDRESS_LOOPBACK},
        {"10.0.0.1", NOTICE_ADDRESS_PRIVATE},
        {"172.16.0.1", NOTICE_ADDRESS_PRIVATE},
        {"172.31.255.255", NOTICE_ADDRESS_PRIVATE},
        {"192.168.1.1", NOTICE_ADDRESS_PRIVATE},
        {"100.64.0.1", NOTICE_ADDRESS_SHARED},
        {"100.127.255.255", NOTICE_ADDRESS_SHARED},
        {"169.254.169.254", NOTICE_ADDRESS_LINK_LOCAL},
        {"168.63.129.16", NOTICE_ADDRESS_METADATA},
        {"168.63.129.17", NOTICE_ADDRESS_PUBLIC},
        {"224.0.0.1", NOTICE_ADDRESS_MULTICAST},
        {"239.255.255.255", NOTICE_ADDRESS_MULTICAST},
        {"240.0.0.1", NOTICE_ADDRESS_RESERVED},
        {"255.255.255.255", NOTICE_ADDRESS_RESERVED},
        {"192.0.2.7", NOTICE_ADDRESS_RESERVED},
        {"198.18.0.1", NOTICE_ADDRESS_RESERVED},
        {"2606:4700::1111", NOTICE_ADDRESS_PUBLIC},
        {"2001:4860:4860::8888", NOTICE_ADDRESS_PUBLIC},
        {"::", NOTICE_ADDRESS_UNSPECIFIED},
        {"::1", NOTICE_ADDRESS_LOOPBACK},
        {"::2", NOTICE_ADDRESS_UNSPECIFIED},
        {"fe80::1", NOTICE_ADDRESS_LINK_LOCAL},
        {"febf::1", NOTICE_ADDRESS_LINK_LOCAL},
        {"fec0::1", NOTICE_ADDRESS_PRIVATE},
        {"fc00::1", NOTICE_ADDRESS_PRIVATE},
        {"fd00:ec2::254", NOTICE_ADDRESS_PRIVATE},
        {"ff02::1", NOTICE_ADDRESS_MULTICAST},
        {"2001:db8::1", NOTICE_ADDRESS_RESERVED},
        {"2001:0:5ef5:79fb::1", NOTICE_ADDRESS_RESERVED}, /* Teredo */
        {"100::1", NOTICE_ADDRESS_RESERVED},
        {"4000::1", NOTICE_ADDRESS_RESERVED},
        /* with an IPv4 address inside */
        {"::ffff:127.0.0.1", NOTICE_ADDRESS_LOOPBACK},
        {"::ffff:169.254.169.254", NOTICE_ADDRESS_LINK_LOCAL},
        {"::ffff:a9fe:a9fe", NOTICE_ADDRESS_LINK_LOCAL},
        {"::ffff:8.8.8.8", NOTICE_ADDRESS_PUBLIC},
        {"::127.0.0.1", NOTICE_ADDRESS_LOOPBACK},
        {"::ffff:0:10.0.0.1", NOTICE_ADDRESS_PRIVATE},
        {"64:ff9b::10.0.0.1", NOTICE_ADDRESS_PRIVATE},
        {"64:ff9b::8.8.8.8", NOTICE_ADDRESS_PUBLIC},
        {"64:ff9b:1::8.8.8.8", NOTICE_ADDRESS_PRIVATE},
        {"2002:7f00:1::", NOTICE_ADDRESS_LOOPBACK},
        {"2002:a9fe:a9fe::1", NOTICE_ADDRESS_LINK_LOCAL},
        {"2002:808:808::1", NOTICE_ADDRESS_PUBLIC},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct notice_address address;
        assert_true(notice_address_read(bytes_of_cstr(rows[i].text), &address));
        if (notice_address_kind_of(&address) != rows[i].kind)
            fail_msg("%s is %s", rows[i].text, notice_address_kind_name(notice_address_kind_of(&address)));
    }
}

/* Each has a reading in some library, and none here. */
static void test_what_is_no_address(void **state)
{
    static const char *const texts[] = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.",
        "256.1.1.1",
        "01.2.3.4",
        "0x7f.0.0.1",
        "127.1",
        "2130706433",
        "1.2.3.4 ",
        "a.b.c.d",
        ":",
        ":::",
        "1::2::3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "::12345",
        "fe80::1%1",
        "[::1]",
        "::1.2.3",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::g",
        "1:2:3:4:5:6:7:8::",
        "1::2:3:4:5:6:7:8",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct notice_address address;
        if (notice_address_read(bytes_of_cstr(texts[i]), &address))
            fail_msg("\"%s\" was read", texts[i]);
    }
}

static void test_networks(void **state)
{
    struct notice_address one, other;
    (void)state;
    assert_true(notice_address_read(BYTES_LITERAL("10.1.2.3"), &one));
    assert_true(notice_address_read(BYTES_LITERAL("::ffff:10.1.2.9"), &other));
    assert_true(notice_address_is_within(&one, &other, 0));
    assert_true(notice_address_is_within(&one, &other, 124));
    assert_false(notice_address_is_within(&one, &other, 125));
    assert_false(notice_address_is_within(&one, &other, 128));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_what_is_no_address),
        cmocka_unit_test(test_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
