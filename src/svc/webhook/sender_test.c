/* SPDX-License-Identifier: MIT */
/* sender_test.c — RP-42 where the socket is made, and what an attempt comes to, against a peer that says what a test tells it to. If it
 * fails, a name leads into the network, or what was not taken counts as delivered. */
#include "svc/webhook/sender.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/duration.h"

/* --- a peer --- */

/* One connection: a greeting, then to each line that begins so an answer, until there is none for it. */
struct far_side {
    int listening;
    uint16_t port;
    const char *greeting; /* NULL: none */
    const char *const (*answers)[2];
    size_t answer_count;
    char heard[8192];
    size_t heard_size;
    pthread_t thread;
    bool serves;
};

static void peer_open(struct far_side *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *peer = (struct far_side){.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(bind(peer->listening, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listening, 8), 0);
    assert_int_equal(getsockname(peer->listening, (struct sockaddr *)&address, &size), 0);
    peer->port = ntohs(address.sin_port);
}

static const char *answer_to(const struct far_side *peer, const char *line)
{
    for (size_t i = 0; i < peer->answer_count; i++)
        if (strncmp(line, peer->answers[i][0], strlen(peer->answers[i][0])) == 0)
            return peer->answers[i][1];
    return NULL;
}

static void say(int fd, const char *text)
{
    (void)!write(fd, text, strlen(text));
}

/* False: it is over. */
static bool take_line(struct far_side *peer, int fd, char ret_line[1024])
{
    size_t size = 0;
    while (size < 1023 && peer->heard_size < sizeof peer->heard - 1) {
        if (read(fd, ret_line + size, 1) != 1)
            return false;
        peer->heard[peer->heard_size++] = ret_line[size];
        if (ret_line[size++] == '\n')
            break;
    }
    ret_line[size] = '\0';
    return true;
}

static void *serve(void *context)
{
    struct far_side *peer = context;
    char line[1024];
    int fd = accept(peer->listening, NULL, NULL);
    if (peer->greeting)
        say(fd, peer->greeting);
    while (take_line(peer, fd, line)) {
        const char *answer = answer_to(peer, line);
        if (answer)
            say(fd, answer);
        if (answer && !answer[0])
            break;
    }
    (void)close(fd);
    return NULL;
}

static void peer_serve(struct far_side *peer, const char *greeting, const char *const (*answers)[2],
                       size_t count)
{
    peer->greeting = greeting;
    peer->answers = answers;
    peer->answer_count = count;
    peer->serves = true;
    assert_int_equal(pthread_create(&peer->thread, NULL, serve, peer), 0);
}

static bool nobody_came(const struct far_side *peer)
{
    struct pollfd one = {.fd = peer->listening, .events = POLLIN};
    return poll(&one, 1, 0) == 0;
}

static void peer_close(struct far_side *peer)
{
    if (peer->serves)
        pthread_join(peer->thread, NULL);
    (void)close(peer->listening);
}

/* --- a sender --- */

struct fixture {
    struct loop *loop;
    struct notice_sender *sender;
    struct notice_hosts hosts;
    struct far_side peer;
    struct post post;
    char url[64];
    bool done;
};

static void on_post_done(struct post *post)
{
    CONTAINER_OF(post, struct fixture, post)->done = true;
}

static void start(struct fixture *rig, const char *list, const struct sender_mail *mail)
{
    struct err err = {0};
    *rig = (struct fixture){0};
    peer_open(&rig->peer);
    assert_int_equal(loop_create(&rig->loop, &err), STATUS_OK);
    if (list)
        assert_int_equal(notice_hosts_add(&rig->hosts, bytes_of_cstr(list), &err), STATUS_OK);
    struct sender_options options = {.hosts = &rig->hosts, .timeout_ms = 10000};
    (void)snprintf(rig->url, sizeof rig->url, "%s://localhost:%u/", mail ? "smtp" : "http", rig->peer.port);
    if (mail) {
        options.mail = *mail;
        options.mail.server = rig->url;
    }
    assert_int_equal(sender_create(rig->loop, &options, &rig->sender, &err), STATUS_OK);
    rig->post = (struct post){
        .url = rig->url, .body = BYTES_LITERAL("hello\r\n"), .answer_size_max = 10, .on_done = on_post_done};
}

static void send_it(struct fixture *rig)
{
    sender_post(rig->sender, &rig->post);
    while (!rig->done)
        assert_int_equal(loop_step(rig->loop, 1000, NULL), STATUS_OK);
}

static void stop(struct fixture *rig)
{
    sender_destroy(rig->sender);
    peer_close(&rig->peer);
    buf_fini(&rig->post.answer);
    loop_destroy(rig->loop);
}

/* --- HTTP --- */

/* RP-42: a name is looked at when it is resolved, and nobody is connected to. */
static void test_a_name_that_leads_inside(void **state)
{
    struct fixture rig;
    (void)state;
    start(&rig, NULL, NULL);
    (void)snprintf(rig.url, sizeof rig.url, "https://localhost:%u/", rig.peer.port);
    send_it(&rig);
    assert_non_null(strstr(rig.post.error, "not of the public net"));
    assert_int_equal(rig.post.http_status, 0);
    assert_true(nobody_came(&rig.peer));
    stop(&rig);
}

/* RP-42. */
static void test_clear_text_is_for_the_list(void **state)
{
    struct fixture rig;
    (void)state;
    start(&rig, "other.example", NULL);
    send_it(&rig);
    assert_non_null(strstr(rig.post.error, "http://"));
    assert_true(nobody_came(&rig.peer));
    stop(&rig);
}

/* RP-41: what came back, cut. */
static void test_an_answer(void **state)
{
    static const char *const answers[][2] = {
        {"hello", "HTTP/1.1 503 no\r\nRetry-After: 7\r\nContent-Length: 12\r\n\r\n0123456789ab"}};
    struct fixture rig;
    (void)state;
    start(&rig, "localhost", NULL);
    peer_serve(&rig.peer, NULL, answers, ARRAY_SIZE(answers));
    send_it(&rig);
    assert_int_equal(rig.post.http_status, 503);
    assert_int_equal(rig.post.retry_after_ns, 7 * NS_PER_S);
    assert_true(rig.post.answer_cut && bytes_equal_cstr(buf_peek(&rig.post.answer), "0123456789"));
    assert_string_equal(rig.post.error, "");
    stop(&rig);
    assert_non_null(strstr(rig.peer.heard, "POST / HTTP/1.1\r\n"));
    assert_non_null(strstr(rig.peer.heard, "\r\n\r\nhello\r\n"));
}

/* What is under way when it stops comes back, and says that nobody knows. */
static void test_what_is_under_way_comes_back(void **state)
{
    struct fixture rig;
    (void)state;
    start(&rig, "localhost", NULL);
    sender_post(rig.sender, &rig.post); /* the peer accepts, by its backlog, and never answers */
    sender_stop(rig.sender);
    while (!rig.done)
        assert_int_equal(loop_step(rig.loop, 1000, NULL), STATUS_OK);
    assert_true(rig.post.stopped || rig.post.http_status == 0);
    stop(&rig);
}

/* --- mail --- */

static const struct sender_mail plain = {.from = "sally@ex.example", .plain = true};
#define TAKES                                                                                                \
    {"EHLO", "250 mail.test\r\n"}, {"MAIL", "250 ok\r\n"}, {"RCPT", "250 ok\r\n"},                           \
        {"DATA", "354 go on\r\n"},                                                                           \
    {                                                                                                        \
        "QUIT", ""                                                                                           \
    }

/* RP-43. */
static void test_a_mail_is_taken(void **state)
{
    static const char *const answers[][2] = {TAKES, {".\r\n", "250 2.0.0\r\n"}};
    struct fixture rig;
    (void)state;
    start(&rig, "localhost", &plain);
    peer_serve(&rig.peer, "220 hello\r\n", answers, ARRAY_SIZE(answers));
    rig.post.mailbox = "mina@example.org";
    send_it(&rig);
    assert_int_equal(rig.post.http_status, 250);
    assert_true(bytes_equal_cstr(buf_peek(&rig.post.answer), "250 2.0.0"));
    assert_string_equal(rig.post.error, "");
    stop(&rig);
    assert_non_null(strstr(rig.peer.heard, "EHLO ex.example\r\n"));
    assert_non_null(strstr(rig.peer.heard, "MAIL FROM:<sally@ex.example>"));
    assert_non_null(strstr(rig.peer.heard, "RCPT TO:<mina@example.org>\r\nDATA\r\nhello\r\n.\r\n"));
}

/* RP-43: each step may say no, and a server that was good to all but the last has taken nothing. */
static void test_a_mail_that_is_not_taken(void **state)
{
    static const char *const no_such[][2] = {{"RCPT", "550 nobody\r\n"}, TAKES};
    static const char *const full[][2] = {{".\r\n", "452 full\r\n"}, TAKES};
    static const char *const gone[][2] = {{"DATA", ""}, TAKES};
    static const struct {
        const char *const (*answers)[2];
        size_t count;
        int status;
    } rows[] = {
        {no_such, ARRAY_SIZE(no_such), 550}, {full, ARRAY_SIZE(full), 452}, {gone, ARRAY_SIZE(gone), 0}};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct fixture rig;
        start(&rig, "localhost", &plain);
        peer_serve(&rig.peer, "220 hello\r\n", rows[i].answers, rows[i].count);
        rig.post.mailbox = "mina@example.org";
        send_it(&rig);
        assert_int_equal(rig.post.http_status, rows[i].status);
        assert_true(rig.post.error[0]);
        stop(&rig);
    }
}

/* RP-42: without STARTTLS nothing is said of the mail; RP-43: nor is a password. */
static void test_tls_is_not_given_up(void **state)
{
    static const char *const answers[][2] = {TAKES};
    const struct sender_mail demanding = {.from = "sally@ex.example", .user = "sally", .password = "s3cret"};
    struct fixture rig;
    (void)state;
    start(&rig, "localhost", &demanding);
    peer_serve(&rig.peer, "220 hello\r\n", answers, ARRAY_SIZE(answers));
    rig.post.mailbox = "mina@example.org";
    send_it(&rig);
    assert_int_equal(rig.post.http_status, 0);
    assert_true(rig.post.error[0]);
    stop(&rig);
    assert_null(strstr(rig.peer.heard, "MAIL"));
    assert_null(strstr(rig.peer.heard, "AUTH"));
}

/* RP-42: the same rules for the mail server as for receivers. */
static void test_mail_servers_that_may_not_be(void **state)
{
    static const struct {
        struct sender_mail mail;
        const char *why;
    } rows[] = {
        {{.server = NULL}, "not set"},
        {{.server = "https://h.example"}, "begins neither"},
        {{.server = "smtps://127.0.0.1"}, "public net"},
        {{.server = "smtp://h.example", .plain = true}, "without TLS"},
        {{.server = "smtp://named.example", .plain = true, .password = "x"}, "password"},
    };
    struct notice_hosts hosts = {0};
    struct notice_place place;
    struct err err = {0};
    (void)state;
    assert_int_equal(notice_hosts_add(&hosts, BYTES_LITERAL("named.example"), &err), STATUS_OK);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *why = sender_mail_refusal(&hosts, &rows[i].mail, &place);
        assert_non_null(why);
        assert_non_null(strstr(why, rows[i].why));
    }
    assert_null(sender_mail_refusal(&hosts, &(struct sender_mail){.server = "smtps://h.example"}, &place));
    assert_null(sender_mail_refusal(
        &hosts, &(struct sender_mail){.server = "smtp://named.example", .plain = true}, &place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_that_leads_inside),
        cmocka_unit_test(test_clear_text_is_for_the_list),
        cmocka_unit_test(test_an_answer),
        cmocka_unit_test(test_what_is_under_way_comes_back),
        cmocka_unit_test(test_a_mail_is_taken),
        cmocka_unit_test(test_a_mail_that_is_not_taken),
        cmocka_unit_test(test_tls_is_not_given_up),
        cmocka_unit_test(test_mail_servers_that_may_not_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
