/* SPDX-License-Identifier: MIT */
/* scheduler_hubs_test.c — task hubs of the whole scheduler: which one a call is for, and clients that make and delete
 * them. */
#include "service_rig.h"

static void test_hubs(void **state)
{
    struct service_rig *rig = *state;
    static const char *const hubs[] = {"Alpha", "beta"};
    struct answer a;
    static struct client none, alpha = {.hub = "ALPHA"}, other = {.hub = "gamma"};
    rig->hubs = hubs;
    rig->hub_count = 2;
    rig_serve(rig);
    client_open(&none, rig);
    client_open(&alpha, rig);
    client_open(&other, rig);
    assert_int_equal(client_ask(&none, "Hello", (struct bytes){0}, &a), STATUS_INVALID_ARGUMENT);
    assert_int_equal(client_ask(&alpha, "Hello", (struct bytes){0}, &a), STATUS_OK);
    assert_int_equal(client_ask(&other, "Hello", (struct bytes){0}, &a), STATUS_NOT_FOUND);
    assert_string_equal(a.text, "Task hub not found: gamma");
    assert_int_equal(client_start_instance(&alpha, "here", "Orch", &a), STATUS_OK);
    client_close(&none);
    client_close(&alpha);
    client_close(&other);
    /* On one more start, any name will do, and hubs stay apart. */
    rig_close(rig);
    rig->hubs_dynamic = true;
    rig_serve(rig);
    client_open(&alpha, rig);
    client_open(&other, rig);
    assert_int_equal(client_ask(&other, "Hello", (struct bytes){0}, &a), STATUS_OK);
    assert_int_equal(client_status_of(&other, "here"), -1);
    assert_int_equal(client_status_of(&alpha, "here"), PB_ORCHESTRATION_STATUS_PENDING);
    assert_int_equal(client_start_instance(&other, "there", "Orch", &a), STATUS_OK);
    client_close(&alpha);
    client_close(&other);
}

/* If this fails, a client that may create and delete hubs cannot, or a hub that is gone comes back with what was in it. */
static void test_clients_manage_hubs(void **state)
{
    struct service_rig *rig = *state;
    static const char *const hubs[] = {"alpha"};
    static struct client alpha = {.hub = "alpha"}, made = {.hub = "made"};
    struct answer a;
    rig->hubs_managed = true;
    rig->hubs = hubs;
    rig->hub_count = 1;
    rig_serve(rig);
    client_open(&alpha, rig);
    client_open(&made, rig);
    assert_int_equal(client_ask(&made, "Hello", (struct bytes){0}, &a), STATUS_NOT_FOUND);
    assert_int_equal(client_ask(&made, "DeleteTaskHub", (struct bytes){0}, &a), STATUS_NOT_FOUND);
    assert_int_equal(client_ask(&made, "CreateTaskHub", (struct bytes){0}, &a), STATUS_OK);
    assert_int_equal(client_start_instance(&made, "here", "Orch", &a), STATUS_OK);
    assert_int_equal(client_start_instance(&alpha, "here", "Orch", &a), STATUS_OK);
    assert_int_equal(client_ask(&made, "DeleteTaskHub", (struct bytes){0}, &a), STATUS_OK);
    assert_int_equal(client_ask(&made, "Hello", (struct bytes){0}, &a), STATUS_NOT_FOUND);
    client_close(&alpha);
    client_close(&made);
    rig_close(rig);

    rig_serve(rig); /* from the store */
    client_open(&alpha, rig);
    client_open(&made, rig);
    assert_int_equal(client_ask(&made, "Hello", (struct bytes){0}, &a), STATUS_NOT_FOUND);
    assert_int_equal(client_status_of(&alpha, "here"), PB_ORCHESTRATION_STATUS_PENDING);
    assert_int_equal(client_ask(&made, "CreateTaskHub", (struct bytes){0}, &a), STATUS_OK);
    assert_int_equal(client_status_of(&made, "here"), -1);
    client_close(&alpha);
    client_close(&made);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(test_hubs),
        T(test_clients_manage_hubs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
