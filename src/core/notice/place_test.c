/* SPDX-License-Identifier: MIT */
/* place_test.c — URLs of webhooks and the operator's list. If it fails, a URL is read in one way here and in another by who connects, or
 * the list lets more be reached than the operator wrote. */
#include "core/notice/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct notice_place read_right(const char *url)
{
    struct notice_place place;
    const char *why = NULL;
    if (!notice_place_read(bytes_of_cstr(url), &place, &why))
        fail_msg("\"%s\" %s", url, why);
    return place;
}

static void test_what_is_read(void **state)
{
    static const struct {
        const char *url, *host;
        uint16_t port;
        bool tls, is_address;
    } rows[] = {
        {"https://hooks.example.org/a?b=c", "hooks.example.org", 443, true, false},
        {"HTTP://h", "h", 80, false, false},
        {"https://h?q", "h", 443, true, false},
        {"https://a_b-c.x1:8443", "a_b-c.x1", 8443, true, false},
        {"http://192.0.2.7:1/", "192.0.2.7", 1, false, true},
        {"https://[2001:db8::1]/", "2001:db8::1", 443, true, true},
        {"https://[::1]:65535", "::1", 65535, true, true},
        {"https://h/@:x", "h", 443, true, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct notice_place place = read_right(rows[i].url);
        assert_true(bytes_equal_cstr(place.host, rows[i].host));
        assert_int_equal(place.port, rows[i].port);
        assert_int_equal(place.tls, rows[i].tls);
        assert_int_equal(place.is_address, rows[i].is_address);
    }
}

/* RP-42. */
static void test_mail_servers(void **state)
{
    static const struct {
        const char *url;
        uint16_t port;
        bool tls;
    } rows[] = {{"smtp://mail.example.org", 25, false},
                {"smtps://mail.example.org/", 465, true},
                {"SMTP://mail.example.org:587", 587, false}};
    static const char *const bad[] = {"",
                                      "mail.example.org",
                                      "https://mail.example.org",
                                      "smtp://u:p@mail.example.org",
                                      "smtp://mail.example.org/name",
                                      "smtp://mail.example.org?x",
                                      "smtp://mail.example.org:0",
                                      "smtp://a b",
                                      "smtp://a\r\nb",
                                      "smtp://127.1",
                                      "smtp://"};
    struct notice_place place;
    const char *why = NULL;
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_true(notice_place_read_mail(bytes_of_cstr(rows[i].url), &place, &why));
        assert_true(bytes_equal_cstr(place.host, "mail.example.org"));
        assert_int_equal(place.port, rows[i].port);
        assert_int_equal(place.tls, rows[i].tls);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (notice_place_read_mail(bytes_of_cstr(bad[i]), &place, &why))
            fail_msg("\"%s\" is taken", bad[i]);
    assert_false(notice_place_read(BYTES_LITERAL("smtp://mail.example.org"), &place, &why));
}

static void test_what_is_refused(void **state)
{
    static const char *const urls[] = {
        "",
        "hooks.example.org",
        "ftp://h/",
        "file:///etc/passwd",
        "https:/h",
        "https://",
        "https:///x",
        "https://user@h/",
        "https://u:p@h/",
        "https://h@127.0.0.1/",
        "https://h#x",
        "https://h\\@127.0.0.1/",
        "https://h /",
        "https://h/\n",
        "https://h\xc3\xa9/",
        "https://h:0/",
        "https://h:65536/",
        "https://h:/",
        "https://h:080/",
        "https://h:8 0/",
        "https://h:80:80/",
        "https://-h/",
        "https://h-/",
        "https://h./",
        "https://a..b/",
        "https://.h/",
        "https://h%2f/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.1.5/",
        "https://h.1/",
        "https://[::1/",
        "https://[::1]x/",
        "https://[127.0.0.1]/",
        "https://[h]/",
        "https://[fe80::1%25eth0]/",
        "https://::1/",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
        struct notice_place place;
        const char *why = NULL;
        if (notice_place_read(bytes_of_cstr(urls[i]), &place, &why))
            fail_msg("\"%s\" was read", urls[i]);
        assert_non_null(why);
    }
}

static void add(struct notice_hosts *hosts, const char *entry)
{
    struct err err = {0};
    if (notice_hosts_add(hosts, bytes_of_cstr(entry), &err) != STATUS_OK)
        fail_msg("%s", err.text);
}

static bool may(const struct notice_hosts *hosts, const char *url, const char *resolved)
{
    struct notice_place place = read_right(url);
    struct notice_address address;
    enum notice_address_kind kind;
    assert_true(notice_address_read(bytes_of_cstr(resolved), &address));
    return notice_place_may(hosts, &place, &address, &kind);
}

static void test_without_a_list_only_the_public_net(void **state)
{
    static const struct notice_hosts none;
    (void)state;
    assert_true(may(&none, "https://h", "8.8.8.8"));
    assert_false(may(&none, "https://h", "127.0.0.1"));
    assert_false(may(&none, "https://localhost", "::1"));
    assert_false(may(&none, "https://h", "::ffff:169.254.169.254"));
    assert_false(may(&none, "https://10.0.0.1", "10.0.0.1"));
}

static void test_list(void **state)
{
    struct notice_hosts hosts = {0};
    (void)state;
    add(&hosts, "hooks.internal");
    add(&hosts, " *.corp.example ");
    add(&hosts, "localhost:9000");
    add(&hosts, "[::1]:9001");
    add(&hosts, "10.1.0.0/16");
    add(&hosts, "fd00::/8");
    add(&hosts, "192.168.7.7");
    assert_true(may(&hosts, "https://HOOKS.internal:77", "127.0.0.1"));
    assert_false(may(&hosts, "https://xhooks.internal", "127.0.0.1"));
    assert_false(may(&hosts, "https://x.hooks.internal", "127.0.0.1"));
    assert_true(may(&hosts, "https://a.corp.example", "10.9.9.9"));
    assert_true(may(&hosts, "https://a.b.corp.example", "10.9.9.9"));
    assert_false(may(&hosts, "https://corp.example", "10.9.9.9"));
    assert_false(may(&hosts, "https://acorp.example", "10.9.9.9"));
    assert_true(may(&hosts, "http://localhost:9000", "127.0.0.1"));
    assert_false(may(&hosts, "http://localhost:9001", "127.0.0.1"));
    assert_true(may(&hosts, "http://[::1]:9001", "::1"));
    assert_false(may(&hosts, "http://[::1]:9000", "::1"));
    assert_true(may(&hosts, "https://any.example", "10.1.255.1"));
    assert_false(may(&hosts, "https://any.example", "10.2.0.1"));
    assert_true(may(&hosts, "https://any.example", "fd12::1"));
    assert_true(may(&hosts, "https://192.168.7.7", "192.168.7.7"));
    assert_false(may(&hosts, "https://192.168.7.8", "192.168.7.8"));
    struct notice_place named = read_right("http://10.1.2.3"), other = read_right("http://8.8.8.8");
    assert_true(notice_hosts_name(&hosts, &named));
    assert_false(notice_hosts_name(&hosts, &other));
}

static void test_what_is_no_entry(void **state)
{
    static const char *const entries[] = {
        "",           "*",   "*.",         "*.*.a",       "a b",       "http://h",
        "h:",         "h:0", "h:99999",    "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8:80",
        "fd00::/129", "::1", "[10.0.0.1]", "[h]",         "10.0.0",    "a/8",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        struct notice_hosts hosts = {0};
        struct err err = {0};
        if (notice_hosts_add(&hosts, bytes_of_cstr(entries[i]), &err) != STATUS_MALFORMED)
            fail_msg("\"%s\" was taken", entries[i]);
        assert_int_equal(hosts.count, 0);
        assert_true(err.text[0]);
    }
}

static void test_list_has_an_end(void **state)
{
    struct notice_hosts hosts = {0};
    struct err err = {0};
    (void)state;
    for (size_t i = 0; i < NOTICE_HOSTS_MAX; i++)
        add(&hosts, "h");
    assert_int_equal(notice_hosts_add(&hosts, BYTES_LITERAL("h"), &err), STATUS_RESOURCE_EXHAUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_mail_servers),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_without_a_list_only_the_public_net),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_what_is_no_entry),
        cmocka_unit_test(test_list_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
