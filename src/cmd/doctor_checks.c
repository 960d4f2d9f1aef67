/* SPDX-License-Identifier: MIT */
/* doctor_checks.c — one function a row; each says what it found and, if that is not good, the command that mends it. */
#include "cmd/doctor_checks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cmd/container_engine.h"
#include "runtime/runtime.h"

#define PORT           8080
#define DISK_LEAST_MIB 512
#define FILES_LEAST    1024 /* descriptors: some 8 for each of 100 sessions, and connections */
#define FOLDER_SIZE    200

static struct doctor_check check_port(void)
{
    struct doctor_check check = {.name = "port", .good = true};
    const struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    check.good = fd >= 0 && bind(fd, (const struct sockaddr *)&name, sizeof name) == 0;
    snprintf(check.detail, sizeof check.detail, "%d on loopback is %s", PORT,
             check.good ? "free" : strerror(errno));
    snprintf(check.mend, sizeof check.mend, "sallyport dev --port 0");
    if (fd >= 0)
        close(fd);
    return check;
}

/* As state_dir.c chooses it, but made by nobody here: the nearest folder above it that is there. */
static void data_folder(char ret_path[FOLDER_SIZE], char ret_there[FOLDER_SIZE])
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (state && *state == '/')
        snprintf(ret_path, FOLDER_SIZE, "%.150s/sallyport", state);
    else
        snprintf(ret_path, FOLDER_SIZE, "%.150s/.local/state/sallyport", home && *home == '/' ? home : "");
    memcpy(ret_there, ret_path, FOLDER_SIZE);
    while (access(ret_there, F_OK) != 0 && strrchr(ret_there, '/') != ret_there)
        *strrchr(ret_there, '/') = '\0';
    if (access(ret_there, F_OK) != 0)
        snprintf(ret_there, FOLDER_SIZE, "/");
}

static struct doctor_check check_folder(const char *path, const char *there)
{
    struct doctor_check check = {.name = "data folder", .good = access(there, W_OK | X_OK) == 0};
    snprintf(check.detail, sizeof check.detail, "%s%s", path,
             check.good ? "" : ": this user cannot write there");
    snprintf(check.mend, sizeof check.mend, "sallyport dev --data /var/tmp/sallyport-%u",
             (unsigned)geteuid());
    return check;
}

static struct doctor_check check_disk(const char *there)
{
    struct doctor_check check = {.name = "disk"};
    struct statvfs disk;
    if (statvfs(there, &disk) != 0) {
        snprintf(check.detail, sizeof check.detail, "%s: %s", there, strerror(errno));
        return check;
    }
    unsigned long long free_mib = (unsigned long long)disk.f_bavail * disk.f_frsize >> 20;
    check.good = free_mib >= DISK_LEAST_MIB;
    snprintf(check.detail, sizeof check.detail, "%llu MiB free below %s", free_mib, there);
    snprintf(check.mend, sizeof check.mend, "df -h %.180s", there);
    return check;
}

static struct doctor_check check_descriptors(void)
{
    struct doctor_check check = {.name = "descriptors"};
    struct rlimit limit = {0};
    (void)!getrlimit(RLIMIT_NOFILE, &limit);
    check.good = limit.rlim_max >= FILES_LEAST;
    snprintf(check.detail, sizeof check.detail, "%llu for one process%s", (unsigned long long)limit.rlim_max,
             check.good ? "" : ": too few for 100 sessions");
    snprintf(check.mend, sizeof check.mend, "ulimit -n %d", FILES_LEAST);
    return check;
}

static struct doctor_check check_packages(const struct runtime *runtime)
{
    struct doctor_check check = {.good = true};
    snprintf(check.name, sizeof check.name, "%s packages", runtime->title);
    size_t used = 0;
    size_t wanted = (size_t)snprintf(check.mend, sizeof check.mend, "sudo apt-get install");
    for (const struct runtime_package *package = runtime->packages; package->name; package++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", runtime->package_folder, package->name);
        bool there = access(path, F_OK) == 0;
        used += (size_t)snprintf(check.detail + used, sizeof check.detail - used, "%s%s%s", used ? ", " : "",
                                 package->name, there ? "" : " is not there");
        if (!there)
            wanted +=
                (size_t)snprintf(check.mend + wanted, sizeof check.mend - wanted, " %s", package->package);
        check.good &= there;
    }
    return check;
}

/* Nobody needs one who runs no images of others. */
static struct doctor_check check_engine(void)
{
    struct doctor_check check = {.name = "container engine", .good = true};
    const char *there = container_engine_there();
    if (there)
        snprintf(check.detail, sizeof check.detail,
                 "%s: container apps of any image with --container-engine %s", there, there);
    else
        snprintf(check.detail, sizeof check.detail,
                 "none: container apps of other images than sallyport/app need "
                 "one; apt-get install podman");
    return check;
}

int doctor_checks(struct doctor_check ret_checks[DOCTOR_CHECKS_MAX])
{
    char path[FOLDER_SIZE], there[FOLDER_SIZE];
    data_folder(path, there);
    int count = 0;
    ret_checks[count++] = check_port();
    ret_checks[count++] = check_folder(path, there);
    ret_checks[count++] = check_disk(there);
    ret_checks[count++] = check_descriptors();
    ret_checks[count++] = check_engine();
    for (int id = 0; id < RUNTIMES; id++) {
        const struct runtime *runtime = runtime_row((enum runtime_id)id);
        if (runtime->packages->name) /* else nobody misses any */
            ret_checks[count++] = check_packages(runtime);
    }
    return count;
}
