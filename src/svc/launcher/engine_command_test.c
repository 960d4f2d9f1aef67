/* SPDX-License-Identifier: MIT */
/* engine_command_test.c — if these fail, a container is started with rights that it must not have, or with another's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "svc/launcher/engine_command.h"

static const struct engine_settings settings = {
    .program = "/usr/bin/podman", .owner = "me", .options = {"--network", "none"}, .option_count = 2};

/* The command line with blanks between the words. */
static const char *words_of(const struct engine_command *command)
{
    static char text[4096];
    size_t size = 0;
    text[0] = '\0';
    for (size_t i = 0; i < command->count; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%s", i ? " " : "", command->words[i]);
    assert_null(command->words[command->count]);
    return text;
}

static void a_container_has_what_images_need_and_no_more(void **state)
{
    struct engine_command command;
    const struct container_launch launch = {.image = "redis:7"};
    engine_command_run(&settings, "name-1", &launch, &command);
    assert_string_equal(
        words_of(&command),
        "/usr/bin/podman run --name name-1 --label sallyport.server=me --rm --log-driver none --env-file "
        "/proc/self/fd/3 --cap-drop ALL --security-opt no-new-privileges --pids-limit 1024 --cap-add CHOWN "
        "--cap-add "
        "DAC_OVERRIDE --cap-add FOWNER --cap-add FSETID --cap-add KILL --cap-add NET_BIND_SERVICE --cap-add "
        "SETGID --cap-add "
        "SETUID --network none redis:7");
    (void)state;
}

/* If this fails, an argument of an app is an option of the engine. */
static void what_people_wrote_stands_behind_the_image(void **state)
{
    struct engine_command command;
    const struct container_launch launch = {.image = "app",
                                            .memory_bytes = 1 << 20,
                                            .cpu_millis = 1250,
                                            .command = {"/bin/sh", "-c"},
                                            .command_count = 2,
                                            .arguments = {"--privileged"},
                                            .argument_count = 1,
                                            .variables = {"A=secret"},
                                            .variable_count = 1};
    engine_command_run(&settings, "n", &launch, &command);
    const char *words = words_of(&command);
    assert_non_null(strstr(
        words, "--memory 1048576 --cpus 1.250 --network none --entrypoint /bin/sh app -c --privileged"));
    assert_null(strstr(words, "secret"));
    (void)state;
}

static void each_other_command_names_one_container(void **state)
{
    struct engine_command command;
    engine_command_stop(&settings, "n", "8", &command);
    assert_string_equal(words_of(&command), "/usr/bin/podman stop -t 8 n");
    engine_command_kill(&settings, "n", &command);
    assert_string_equal(words_of(&command), "/usr/bin/podman kill n");
    engine_command_remove(&settings, "n", &command);
    assert_string_equal(words_of(&command), "/usr/bin/podman rm -f -v n");
    engine_command_find_process(&settings, "n", &command);
    assert_string_equal(words_of(&command), "/usr/bin/podman inspect --format {{.State.Pid}} n");
    engine_command_list(&settings, &command);
    assert_string_equal(words_of(&command), "/usr/bin/podman ps -a -q --filter label=sallyport.server=me");
    (void)state;
}

static void settings_are_lines(void **state)
{
    struct engine_settings read;
    char good[] = "/usr/bin/docker\nme\n--network\nnone";
    char bad[][16] = {"", "/usr/bin/docker", "a\n\nb", "a\nb\n"};
    assert_true(engine_settings_read(good, &read));
    assert_string_equal(read.program, "/usr/bin/docker");
    assert_string_equal(read.owner, "me");
    assert_int_equal(read.option_count, 2);
    assert_string_equal(read.options[1], "none");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(engine_settings_read(bad[i], &read));
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_container_has_what_images_need_and_no_more),
        cmocka_unit_test(what_people_wrote_stands_behind_the_image),
        cmocka_unit_test(each_other_command_names_one_container),
        cmocka_unit_test(settings_are_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
