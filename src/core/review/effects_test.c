/* SPDX-License-Identifier: MIT */
/* effects_test.c — RP-54: what is kept of a report, and what policies read of it. If it fails, people sign effects that nobody measured,
 * or what was not measured counts as none. */
#include "core/review/effects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/macros.h"
#include "wire/json/canonical.h"

#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FULL                                                                                                 \
    "{'wallMicroseconds':21034,'cpuMicroseconds':18100,'memoryPeakBytes':61210624,"                          \
    "'output':{'stdoutBytes':120,'stderrBytes':3,'cutBytes':0},"                                             \
    "'files':{'count':2,'changes':[{'path':'out.csv','change':'made','bytes':12,'sha256':'" HASH "'},"       \
    "{'path':'old.csv','change':'removed'}]},"                                                               \
    "'network':{'attempts':3,'calls':[{'family':'inet','type':'stream','count':3}]},"                        \
    "'refused':{'count':4,'calls':[{'call':'socket','count':3},{'call':'ptrace','count':1}]},"               \
    "'ownWord':{'hosts':[{'host':'example.com','port':'443','count':2},{'host':'10.0.0.1','count':1}]},"     \
    "'notReported':['network.address','processes']}"

/* JSON with single quotes. */
static json_t *json_of(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *value = json_loads(copy, JSON_DECODE_ANY, NULL);
    free(copy);
    assert_non_null(value);
    return value;
}

static json_t *read_effects(const char *effects)
{
    json_t *report = json_pack("{s:s, s:o}", "ended", "completed", "effects", json_of(effects)), *kept = NULL;
    assert_int_equal(effects_read(report, &kept), STATUS_OK);
    json_decref(report);
    return kept;
}

static void expect_json(json_t *value, const char *expected)
{
    CLEANUP(buf_fini) struct buf text = {0};
    CLEANUP(json_release) json_t *wanted = json_of(expected);
    struct err err = {0};
    assert_non_null(value);
    if (json_equal(value, wanted))
        return;
    assert_int_equal(canonical_append(&text, value, &err), STATUS_OK);
    fail_msg("%.*s", BYTES_FMT(buf_peek(&text)));
}

static void what_was_measured_is_kept(void **state)
{
    CLEANUP(json_release) json_t *kept = read_effects(FULL);
    CLEANUP(json_release) json_t *wanted = json_of(FULL);
    json_object_set_new(wanted, "ended", json_string("completed"));
    assert_true(json_equal(kept, wanted));
}

static void what_is_absent_is_named_and_never_zero(void **state)
{
    CLEANUP(json_release) json_t *kept = read_effects("{'wallMicroseconds':0}");
    expect_json(
        kept, "{'ended':'completed','wallMicroseconds':0,'notReported':['cpuMicroseconds','memoryPeakBytes',"
              "'output','files','network','refused','processes','ownWord']}");
    CLEANUP(json_release) json_t *facts = effects_facts(NULL, kept);
    expect_json(facts, "{'duration':'0ms'}");
}

static void a_report_without_effects_reports_none(void **state)
{
    static const char *const reports[] = {"{}",
                                          "{'ended':'not-run'}",
                                          "{'effects':{'wallMicroseconds':1}}",
                                          "{'ended':1,'effects':{}}",
                                          "{'ended':'completed','effects':[]}",
                                          "{'ended':'two words','effects':{}}",
                                          "[]"};
    for (size_t i = 0; i < ARRAY_SIZE(reports); i++) {
        CLEANUP(json_release) json_t *report = json_of(reports[i]);
        json_t *kept = report;
        assert_int_equal(effects_read(report, &kept), STATUS_OK);
        assert_null(kept);
    }
}

/* One wrong member, and its group is not reported; the others are. */
static void a_group_with_a_wrong_member_is_not_reported(void **state)
{
    static const struct {
        const char *group, *value;
    } rows[] = {
        {"wallMicroseconds", "-1"},
        {"wallMicroseconds", "1.5"},
        {"wallMicroseconds", "'1'"},
        {"wallMicroseconds", "9007199254740992"},
        {"output", "{'stdoutBytes':1,'stderrBytes':1}"},
        {"output", "[]"},
        {"files", "{'count':1}"},
        {"files", "{'changes':[]}"},
        {"files", "{'count':1,'changes':[{'path':'a','change':'moved'}]}"},
        {"files", "{'count':1,'changes':[{'path':'','change':'removed'}]}"},
        {"files", "{'count':1,'changes':[{'path':'a','change':'made','bytes':1,'sha256':'AA'}]}"},
        {"files", "{'count':1,'changes':['a']}"},
        {"network", "{'attempts':1}"},
        {"network", "{'attempts':1,'calls':[{'family':'a b','type':'stream','count':1}]}"},
        {"network", "{'attempts':-1,'calls':[]}"},
        {"refused", "{'count':1,'calls':[{'call':'','count':1}]}"},
        {"refused", "{'count':1,'calls':{}}"},
        {"processes", "{}"},
        {"processes", "3"},
        {"ownWord", "{}"},
        {"ownWord", "{'hosts':[{'host':'','count':1}]}"},
        {"ownWord", "{'hosts':[{'host':'a','port':1,'count':1}]}"},
        {"ownWord", "{'hosts':[{'host':'a'}]}"},
        {"ownWord", "{'hosts':[],'moreHosts':-1}"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char effects[256];
        (void)snprintf(effects, sizeof effects, "{'cpuMicroseconds':7,'%s':%s}", rows[i].group,
                       rows[i].value);
        CLEANUP(json_release) json_t *kept = read_effects(effects);
        assert_null(json_object_get(kept, rows[i].group));
        assert_int_equal(json_integer_value(json_object_get(kept, "cpuMicroseconds")), 7);
        bool named = false;
        for (size_t j = 0; j < json_array_size(json_object_get(kept, "notReported")); j++)
            named |= strcmp(json_string_value(json_array_get(json_object_get(kept, "notReported"), j)),
                            rows[i].group) == 0;
        assert_true(named);
    }
}

static json_t *many_files(size_t count, size_t path_size)
{
    json_t *changes = json_array();
    char *path = malloc(path_size + 16);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(path, path_size + 16, "%0*zu", (int)path_size, i);
        json_array_append_new(changes,
                              json_pack("{s:s, s:s, s:i}", "path", path, "change", "made", "bytes", 1));
    }
    free(path);
    json_t *report = json_pack("{s:s, s:{s:{s:i, s:o}}}", "ended", "completed", "effects", "files", "count",
                               (int)count, "changes", changes);
    return report;
}

/* Long paths are no way to make a record large; what is not listed makes no number of files known. */
static void a_list_has_an_end(void **state)
{
    CLEANUP(json_release) json_t *report = many_files(EFFECTS_FILES_MAX, 4000);
    CLEANUP(json_release) json_t *kept = NULL;
    assert_int_equal(effects_read(report, &kept), STATUS_OK);
    const json_t *files = json_object_get(kept, "files");
    assert_int_equal(json_integer_value(json_object_get(files, "count")), EFFECTS_FILES_MAX);
    assert_int_equal(json_array_size(json_object_get(files, "changes")), EFFECTS_PATHS_SIZE_MAX / 4000);
    CLEANUP(json_release) json_t *facts = effects_facts(NULL, kept);
    assert_int_equal(json_object_size(facts), 0);

    CLEANUP(json_release) json_t *longer = many_files(EFFECTS_FILES_MAX + 1, 4);
    CLEANUP(json_release) json_t *none = NULL;
    assert_int_equal(effects_read(longer, &none), STATUS_OK);
    assert_null(json_object_get(none, "files"));
}

static void policies_read_it_by_their_names(void **state)
{
    CLEANUP(json_release) json_t *kept = read_effects(FULL);
    CLEANUP(json_release)
    json_t *run =
        json_of("{'ended':'succeeded','why':'completed','executionTimeInMilliseconds':21,'resultBytes':99}");
    CLEANUP(json_release) json_t *facts = effects_facts(run, kept);
    expect_json(
        facts,
        "{'status':'succeeded','ended':'completed','result.size':99,'duration':'22ms','effects.cpu':'19ms',"
        "'effects.memory':61210624,'output.size':123,'effects.network.attempts':3,"
        "'effects.network.hosts':['example.com:443','10.0.0.1'],'effects.refused.calls':4,"
        "'effects.refused.names':['socket','ptrace'],'files.made':1,'files.changed':0,'files.removed':1,"
        "'files.size':12,'files.paths':['out.csv','old.csv']}");
    CLEANUP(json_release)
    json_t *quiet = read_effects("{'network':{'attempts':0,'calls':[]},'refused':{'count':0,'calls':[]},"
                                 "'files':{'count':0,'changes':[]},'processes':{'started':2}}");
    CLEANUP(json_release) json_t *nothing = effects_facts(NULL, quiet);
    expect_json(nothing,
                "{'effects.network.attempts':0,'effects.network.addresses':[],'effects.refused.calls':0,"
                "'effects.refused.names':[],'effects.processes.started':2,'files.made':0,'files.changed':0,"
                "'files.removed':0,'files.size':0,'files.paths':[]}");
}

/* A pool that reports nothing: what the contract says all the same is known, and nothing else. */
static void of_a_foreign_pool_little_is_known(void **state)
{
    CLEANUP(json_release) json_t *run = json_of("{'ended':'failed','executionTimeInMilliseconds':5}");
    CLEANUP(json_release) json_t *facts = effects_facts(run, NULL);
    expect_json(facts, "{'status':'failed','duration':'5ms'}");
    CLEANUP(json_release) json_t *broken = json_of("{'ended':'interrupted'}");
    CLEANUP(json_release) json_t *none = effects_facts(broken, NULL);
    expect_json(none, "{}");
}

/* A file that nobody could look at may be anything. */
static void unseen_names_leave_files_unknown(void **state)
{
    CLEANUP(json_release) json_t *kept = read_effects("{'files':{'count':0,'unseen':1,'changes':[]}}");
    CLEANUP(json_release) json_t *facts = effects_facts(NULL, kept);
    expect_json(facts, "{}");
}

/* RP-54: hosts are the code's own word: an empty list is what it says, and of one that is cut nothing is known. */
static void hosts_are_known_only_as_a_whole(void **state)
{
    CLEANUP(json_release) json_t *none = read_effects("{'ownWord':{'hosts':[]}}");
    CLEANUP(json_release) json_t *no_facts = effects_facts(NULL, none);
    expect_json(no_facts, "{'effects.network.hosts':[]}");
    CLEANUP(json_release)
    json_t *cut = read_effects("{'ownWord':{'hosts':[{'host':'a','count':1}],'moreHosts':3}}");
    CLEANUP(json_release) json_t *facts = effects_facts(NULL, cut);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(cut, "ownWord"), "moreHosts")), 3);
    expect_json(facts, "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_measured_is_kept),
        cmocka_unit_test(what_is_absent_is_named_and_never_zero),
        cmocka_unit_test(a_report_without_effects_reports_none),
        cmocka_unit_test(a_group_with_a_wrong_member_is_not_reported),
        cmocka_unit_test(a_list_has_an_end),
        cmocka_unit_test(policies_read_it_by_their_names),
        cmocka_unit_test(of_a_foreign_pool_little_is_known),
        cmocka_unit_test(unseen_names_leave_files_unknown),
        cmocka_unit_test(hosts_are_known_only_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
