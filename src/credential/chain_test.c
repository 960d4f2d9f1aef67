/* SPDX-License-Identifier: MIT */
/* chain_test.c — which source is asked, with which request, and what its answer leads to. A wrong order signs a
 * program in as somebody else; an error that does not name what was tried leaves its user without a clue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/duration.h"
#include "credential/chain.h"
#include "lib/world_rig.h"

static struct world_rig rig;
static struct source_settings settings;
static char fault[CHAIN_FAULT_SIZE];
static char token_path[64];

static int fresh(void **state)
{
    world_rig_init(&rig);
    settings = (struct source_settings){0};
    fault[0] = '\0';
    return 0;
}

/* Asks by the value of Authentication=; the token is checked and thrown away. */
static enum status get(const char *authentication, const struct rig_answer *answers, int count)
{
    struct chain chain;
    struct err err = {0};
    if (chain_choose(bytes_of_cstr(authentication), &rig.world, &chain, &err) != STATUS_OK)
        fail_msg("%s", err.text);
    rig.answers = answers;
    rig.answer_count = count;
    struct source_query query = {
        .world = &rig.world, .settings = &settings, .resource = "https://durabletask.io"};
    struct access_token token = {0};
    int64_t wait_ns = 0;
    enum status status = chain_get(&chain, &query, &token, &wait_ns, fault);
    if (status == STATUS_OK)
        assert_true(bytes_equal_cstr(buf_peek(&token.text), "tok-1"));
    access_token_fini(&token);
    return status;
}

static void set(const char *const *pairs)
{
    for (int i = 0; (rig.variables[i] = pairs[i]); i++)
        ;
}

static void expect(int at, const char *request)
{
    assert_string_equal(rig.requests[at], request);
}

#define GOOD       (&(const struct rig_answer){.http_status = 200, .body = RIG_GOOD})
#define CLIENT     "client_id=c-1&scope=https%3A%2F%2Fdurabletask.io%2F.default&grant_type=client_credentials"
#define OF_SERVICE "https://login.microsoftonline.com/t-1/oauth2/v2.0/token | " CLIENT

static void each_source_asks_as_the_sdks_do(void **state)
{
    fresh(NULL);
    set((const char *[]){"AZURE_TENANT_ID", "t-1", "AZURE_CLIENT_ID", "c-1", "AZURE_CLIENT_SECRET", "s&=1",
                         NULL});
    assert_int_equal(get("Environment", GOOD, 1), STATUS_OK);
    expect(0, "POST " OF_SERVICE "&client_secret=s%26%3D1");

    fresh(NULL);
    settings = (struct source_settings){.token_file = token_path, .client_id = "c-1", .tenant_id = "t-1"};
    assert_int_equal(get("WorkloadIdentity", GOOD, 1), STATUS_OK);
    expect(0, "POST " OF_SERVICE
              "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
              "&client_assertion=fed.er.ated");

    fresh(NULL);
    set((const char *[]){"IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi/token", "IDENTITY_HEADER", "h-1",
                         NULL});
    settings.client_id = "c-1";
    assert_int_equal(get("managedidentity", GOOD, 1), STATUS_OK);
    expect(0, "GET "
              "http://127.0.0.1:9/msi/"
              "token?api-version=2019-08-01&resource=https%3A%2F%2Fdurabletask.io&client_id=c-1"
              " | X-IDENTITY-HEADER: h-1");

    fresh(NULL);
    assert_int_equal(get("ManagedIdentity", GOOD, 1), STATUS_OK);
    expect(0, "GET http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
              "https%3A%2F%2Fdurabletask.io | Metadata: true");

    fresh(NULL);
    settings.tenant_id = "t-1";
    static const struct rig_answer az = {.body = "{\"accessToken\":\"tok-1\",\"expires_on\":1800003600}"};
    assert_int_equal(get("AZURECLI", &az, 1), STATUS_OK);
    expect(0, "RUN az account get-access-token --output json --resource https://durabletask.io --tenant t-1");
}

static void the_default_goes_from_source_to_source(void **state)
{
    static const struct rig_answer nobody[] = {{.status = STATUS_UNAVAILABLE}, {.status = STATUS_NOT_FOUND}};
    assert_int_equal(get("DefaultAzure", nobody, 2), STATUS_UNAUTHENTICATED);
    expect(0, "GET http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
              "https%3A%2F%2Fdurabletask.io | "); /* the probe, once, without the header */
    expect(1, "RUN az account get-access-token --output json --resource https://durabletask.io");
    assert_int_equal(rig.asked, 2);
    assert_int_equal(rig.paused, 0);
    static const char *const named[] = {
        "environment: no AZURE_TENANT_ID", "workload identity: no AZURE_FEDERATED_TOKEN_FILE",
        "managed identity: no IDENTITY_ENDPOINT", "Azure CLI: az is not on the PATH"};
    for (size_t i = 0; i < ARRAY_SIZE(named); i++)
        assert_non_null(strstr(fault, named[i]));
    assert_true(strlen(fault) < 245); /* what an error holds */

    /* A machine without an identity is none; az is next. */
    fresh(NULL);
    static const struct rig_answer machine[] = {
        {.http_status = 400, .body = "{\"error\":\"bad_request_102\"}"},
        {.http_status = 400, .body = "{\"error\":\"invalid_request\"}"},
        {.status = STATUS_FAILED_PRECONDITION, .body = "ERROR: Please run 'az login'"}};
    assert_int_equal(get("DefaultAzure", machine, 3), STATUS_UNAUTHENTICATED);
    assert_non_null(strstr(fault, "managed identity: HTTP 400 invalid_request"));
    assert_non_null(strstr(fault, "Azure CLI: nobody is signed in: run az login"));
}

/* Somebody who set up an application must not be somebody else when its secret is over. */
static void what_is_set_up_and_refused_ends_the_chain(void **state)
{
    set((const char *[]){"AZURE_TENANT_ID", "t-1", "AZURE_CLIENT_ID", "c-1", "AZURE_CLIENT_SECRET", "hunter2",
                         "IDENTITY_ENDPOINT", "http://127.0.0.1:9/", "IDENTITY_HEADER", "h-1", NULL});
    static const struct rig_answer refusal = {
        .http_status = 401, .body = "{\"error\":\"invalid_client\",\"error_description\":\"not hunter2\"}"};
    assert_int_equal(get("DefaultAzure", &refusal, 1), STATUS_UNAUTHENTICATED);
    assert_int_equal(rig.asked, 1);
    assert_string_equal(fault, "environment: HTTP 401 invalid_client");
}

static void one_that_worked_is_asked_alone(void **state)
{
    struct chain chain;
    assert_int_equal(chain_choose(BYTES_LITERAL("DefaultAzure"), &rig.world, &chain, NULL), STATUS_OK);
    assert_string_equal(chain_source(&chain), "");
    set((const char *[]){"IDENTITY_ENDPOINT", "http://127.0.0.1:9/", "IDENTITY_HEADER", "h-1",
                         "AZURE_CLIENT_ID", "c-2", NULL});
    static const struct rig_answer answers[] = {{.http_status = 200, .body = RIG_GOOD}, {.http_status = 401}};
    rig.answers = answers;
    rig.answer_count = 2;
    struct source_query query = {.world = &rig.world, .settings = &settings, .resource = "r"};
    struct access_token token = {0};
    int64_t wait_ns = 0;
    assert_int_equal(chain_get(&chain, &query, &token, &wait_ns, fault), STATUS_OK);
    access_token_fini(&token);
    assert_string_equal(chain_source(&chain), "managed identity");
    assert_non_null(strstr(rig.requests[0], "client_id=c-2")); /* as the SDKs' chain does */
    assert_int_equal(chain_get(&chain, &query, &token, &wait_ns, fault), STATUS_UNAUTHENTICATED);
    assert_string_equal(fault, "managed identity: HTTP 401");
    assert_int_equal(rig.asked, 2);
}

static void a_service_that_stumbles_is_asked_again(void **state)
{
    static const char *const env[] = {
        "AZURE_TENANT_ID", "t-1", "AZURE_CLIENT_ID", "c-1", "AZURE_CLIENT_SECRET", "s", NULL};
    static const struct rig_answer stumbles[] = {{.http_status = 500, .body = "<html>"},
                                                 {.http_status = 429, .wait_ns = 2 * NS_PER_S},
                                                 {.http_status = 200, .body = RIG_GOOD}};
    set(env);
    assert_int_equal(get("Environment", stumbles, 3), STATUS_OK);
    assert_int_equal(rig.paused, 2);
    assert_int_equal((rig.now_ns - RIG_NOW_NS) / NS_PER_MS, 500 + 2000);

    static const struct {
        struct rig_answer answer;
        int tries;
        enum status status;
    } cases[] = {
        {{.http_status = 503}, 3, STATUS_UNAVAILABLE},
        {{.status = STATUS_UNAVAILABLE}, 3, STATUS_UNAVAILABLE},
        {{.http_status = 429, .wait_ns = 3600 * NS_PER_S}, 1, STATUS_UNAVAILABLE}, /* not within this call */
        {{.http_status = 400, .body = "{\"error\":\"invalid_scope\"}"}, 1, STATUS_UNAUTHENTICATED},
        {{.http_status = 302}, 1, STATUS_UNAUTHENTICATED},
        {{.http_status = 200, .body = "<html>"}, 1, STATUS_MALFORMED},
        {{.http_status = 200, .body = "{\"access_token\":1}"}, 1, STATUS_MALFORMED},
        {{.status = STATUS_MALFORMED}, 1, STATUS_MALFORMED},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        fresh(NULL);
        set(env);
        assert_int_equal(get("Environment", &cases[i].answer, 1), cases[i].status);
        assert_int_equal(rig.asked, cases[i].tries);
        assert_non_null(strstr(fault, "environment: "));
    }
}

/* Nothing that is secret goes anywhere but to https or to this machine. */
static void where_secrets_may_go(void **state)
{
    static const struct {
        const char *host;
        bool may;
    } authorities[] = {
        {"https://login.example", true},
        {"login.example/", true},
        {"http://127.0.0.1:8080/", true},
        {"http://localhost:1", true},
        {"http://[::1]:1", true},
        {"http://login.example", false},
        {"http://127.0.0.1.example", false},
        {"http://10.0.0.1", false},
        {"http://169.254.1.1", false},
        {"ftp://127.0.0.1", false},
        {"https://u:p@login.example", false},
        {"https://", false},
        {"http://localhost@evil.example", false},
        {"https://login.example#", false},
        {"https://login.example?x=", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(authorities); i++) {
        fresh(NULL);
        set((const char *[]){"AZURE_TENANT_ID", "t", "AZURE_CLIENT_ID", "c", "AZURE_CLIENT_SECRET", "s",
                             "AZURE_AUTHORITY_HOST", authorities[i].host, NULL});
        enum status status = get("Environment", GOOD, 1);
        if (status != (authorities[i].may ? STATUS_OK : STATUS_FAILED_PRECONDITION))
            fail_msg("%s: %s", authorities[i].host, fault);
        assert_int_equal(rig.asked, authorities[i].may);
    }
    static const struct {
        const char *endpoint;
        bool may;
    } endpoints[] = {{"http://localhost:4/msi/token", true},
                     {"http://169.254.129.5:8081/msi/token", true},
                     {"https://identity.example/", true},
                     {"http://identity.example/", false},
                     {"http://10.1.1.1/", false}};
    for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++) {
        fresh(NULL);
        set((const char *[]){"IDENTITY_ENDPOINT", endpoints[i].endpoint, "IDENTITY_HEADER", "h", NULL});
        assert_int_equal(get("ManagedIdentity", GOOD, 1),
                         endpoints[i].may ? STATUS_OK : STATUS_FAILED_PRECONDITION);
    }
    static const char *const tenants[] = {"", "a/b", "..%2f", "a b", "t?x"};
    for (size_t i = 0; i < ARRAY_SIZE(tenants); i++) {
        fresh(NULL);
        settings =
            (struct source_settings){.token_file = token_path, .client_id = "c", .tenant_id = tenants[i]};
        assert_int_equal(get("WorkloadIdentity", GOOD, 1), STATUS_FAILED_PRECONDITION);
    }
    static const char *const words[] = {"", "--debug", "a b", "$(id)", ";"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        fresh(NULL);
        settings.tenant_id = words[i];
        assert_int_equal(get("AzureCli", GOOD, 1), STATUS_FAILED_PRECONDITION);
        assert_int_equal(rig.asked, 0);
    }
}

static void names_of_authentication(void **state)
{
    static const struct {
        const char *value;
        int sources; /* -1: refused */
        const char *said;
    } cases[] = {
        {"None", 0, NULL},
        {"none", 0, NULL},
        {"DefaultAzure", 4, NULL},
        {"defaultazure", 4, NULL},
        {"Environment", 1, NULL},
        {"AzurePowerShell", -1, "az login"},
        {"VisualStudio", -1, "az login"},
        {"InteractiveBrowser", -1, "az login"},
        {"Kerberos", -1, "is none of None, DefaultAzure"},
        {"", -1, "is none of None"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct chain chain = {0};
        struct err err = {0};
        enum status status = chain_choose(bytes_of_cstr(cases[i].value), &rig.world, &chain, &err);
        assert_int_equal(status, cases[i].sources < 0 ? STATUS_INVALID_ARGUMENT : STATUS_OK);
        assert_int_equal(chain.count, MAX(cases[i].sources, 0));
        if (cases[i].said)
            assert_non_null(strstr(err.text, cases[i].said));
    }
    static const struct {
        const char *value;
        int sources;
    } selections[] = {{"prod", 3}, {"DEV", 1}, {"ManagedIdentityCredential", 1}, {"BrokerCredential", -1}};
    for (size_t i = 0; i < ARRAY_SIZE(selections); i++) {
        set((const char *[]){"AZURE_TOKEN_CREDENTIALS", selections[i].value, NULL});
        struct chain chain = {0};
        enum status status = chain_choose(BYTES_LITERAL("DefaultAzure"), &rig.world, &chain, NULL);
        assert_int_equal(status, selections[i].sources < 0 ? STATUS_INVALID_ARGUMENT : STATUS_OK);
        assert_int_equal(chain.count, MAX(selections[i].sources, 0));
        assert_int_equal(chain_choose(BYTES_LITERAL("AzureCli"), &rig.world, &chain, NULL), STATUS_OK);
    }
}

static int write_token(void **state)
{
    snprintf(token_path, sizeof token_path, "/tmp/chain_test.XXXXXX");
    int fd = mkstemp(token_path);
    assert_true(fd >= 0 && write(fd, "fed.er.ated\n", 12) == 12);
    close(fd);
    return 0;
}

static int remove_token(void **state)
{
    return unlink(token_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_source_asks_as_the_sdks_do, fresh),
        cmocka_unit_test_setup(the_default_goes_from_source_to_source, fresh),
        cmocka_unit_test_setup(what_is_set_up_and_refused_ends_the_chain, fresh),
        cmocka_unit_test_setup(one_that_worked_is_asked_alone, fresh),
        cmocka_unit_test_setup(a_service_that_stumbles_is_asked_again, fresh),
        cmocka_unit_test_setup(where_secrets_may_go, fresh),
        cmocka_unit_test_setup(names_of_authentication, fresh),
    };
    return cmocka_run_group_tests_name("credential/chain", tests, write_token, remove_token);
}
