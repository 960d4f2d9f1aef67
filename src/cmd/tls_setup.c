/* SPDX-License-Identifier: MIT */
/* tls_setup.c — parts: the settings; the own files; looking for changes.
 * A certificate and its key are one file wherever they are ours, so a crash between two writes cannot leave halves of
 * two pairs. */
#include "cmd/tls_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/settings.h"
#include "cmd/state_dir.h"
#include "net/certificate.h"
#include "os/clock.h"

#define AREA             "cmd/tls"
#define LOOK_NS          (10 * NS_PER_S)
#define TICKETS_NS       (24 * 3600 * NS_PER_S)
#define DAY_S            86400LL
#define RENEW_BEFORE_S   (30 * DAY_S) /* the own certificate is made anew so long before it ends … */
#define WARN_BEFORE_S    (14 * DAY_S) /* … and others are spoken of */
#define FILE_SIZE_MAX    ((size_t)64 << 10)
#define AUTHORITY_NAME   "own authority of this server"
#define OWN_FOLDER       "tls"
#define AUTHORITY_FILE   "authority.pem"
#define AUTHORITY_SECRET "authority-key.pem"
#define SERVER_FILE      "server.pem"

/* --- the settings --- */

static bool is_wanted(const struct option_values *values)
{
    return setting_flag(values, "tls") || setting_text(values, "tls-certificate");
}

enum status tls_setup_check(const struct option_values *values, bool keeps_state, struct err *err)
{
    bool certificate = setting_text(values, "tls-certificate") != NULL;
    bool key = setting_text(values, "tls-key") != NULL;
    bool only = setting_flag(values, "tls-only");
    if (certificate && !key)
        return err_set(err, STATUS_INVALID_ARGUMENT, "tls-certificate: --tls-key is needed with it");
    if (key && !certificate)
        return err_set(err, STATUS_INVALID_ARGUMENT, "tls-key: --tls-certificate is needed with it");
    if (!is_wanted(values) && (only || setting_text(values, "tls-client-ca")))
        return err_set(err, STATUS_INVALID_ARGUMENT, "%s: means nothing without --tls",
                       only ? "tls-only" : "tls-client-ca");
    if (is_wanted(values) && !certificate && !keeps_state)
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "tls: this command keeps no data folder for a certificate of its own: give one with "
                       "--tls-certificate and --tls-key");
    return STATUS_OK;
}

enum status tls_setup_open(struct tls_setup *setup, const struct option_values *values, struct err *err)
{
    const struct tls_server_files files = {.certificate = setting_text(values, "tls-certificate"),
                                           .key = setting_text(values, "tls-key"),
                                           .client_ca = setting_text(values, "tls-client-ca")};
    if (!files.certificate)
        return STATUS_OK;
    snprintf(setup->certificate, sizeof setup->certificate, "%s", files.certificate);
    return tls_server_open(&files, &setup->server, err);
}

/* --- the own files --- */

/* By errno. */
static enum status fail_at(enum status status, const char *folder, const char *name, struct err *err)
{
    char path[PATH_MAX + 32], shown[sizeof err->text];
    const char *reason = strerror(errno);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    folder_path_shown(path, shown, sizeof shown);
    return err_set(err, status, "tls: %s: %s", shown, reason);
}

static enum status read_file(const char *folder, const char *name, struct buf *ret_text)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); /* a pipe holds nobody up */
    if (fd < 0)
        return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    enum status status = buf_reserve(ret_text, FILE_SIZE_MAX);
    ssize_t size = status == STATUS_OK ? read(fd, ret_text->data, FILE_SIZE_MAX) : -1;
    close(fd);
    ret_text->size = size > 0 ? (size_t)size : 0;
    return size < 0 ? STATUS_IO : STATUS_OK;
}

static enum status write_file(const char *folder, const char *name, struct bytes content, struct err *err)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return file_replace(path, content, err);
}

/* Certificate and key, one after the other, in one file. */
static enum status write_pair(const char *folder, const char *name, const struct certificate_pair *pair,
                              struct err *err)
{
    struct certificate_pair both = {0};
    buf_append_bytes(&both.key, buf_peek(&pair->certificate));
    buf_append_bytes(&both.key, buf_peek(&pair->key));
    enum status status = buf_status(&both.key);
    if (status == STATUS_OK)
        status = write_file(folder, name, buf_peek(&both.key), err);
    certificate_pair_fini(&both);
    return status;
}

static int64_t now_s(void)
{
    return clock_unix_ns() / NS_PER_S;
}

static bool lasts(struct bytes pem, int64_t seconds)
{
    int64_t end_s = 0;
    return certificate_end(pem, &end_s) == STATUS_OK && end_s > now_s() + seconds;
}

/* The authority of earlier starts, or a new one. `ret_pair` has both texts in both members. */
static enum status take_authority(const char *folder, struct certificate_pair *ret_pair, struct err *err)
{
    enum status status = read_file(folder, AUTHORITY_SECRET, &ret_pair->key);
    bool kept = status == STATUS_OK && lasts(buf_peek(&ret_pair->key), CERTIFICATE_SERVER_DAYS * DAY_S);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return fail_at(status, folder, AUTHORITY_SECRET, err);
    if (status == STATUS_OK && !kept)
        log_warn(AREA, "the own authority is made anew: clients need the new " AUTHORITY_FILE);
    if (!kept) {
        certificate_pair_fini(ret_pair);
        *ret_pair = (struct certificate_pair){0};
        status = certificate_make_authority(AUTHORITY_NAME, now_s(), ret_pair, err);
        if (status == STATUS_OK)
            status = write_pair(folder, AUTHORITY_SECRET, ret_pair, err);
    } else {
        buf_append_bytes(&ret_pair->certificate, buf_peek(&ret_pair->key));
        status = buf_status(&ret_pair->certificate);
    }
    return status;
}

/* Against the umask: who may look into the data folder may read what clients need, though not the keys. */
static enum status open_to_all(const char *folder, const char *name, mode_t mode, struct err *err)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (chmod(path, mode) != 0)
        return fail_at(STATUS_IO, folder, name, err);
    return STATUS_OK;
}

/* What clients are given holds no key. */
static enum status publish_authority(const char *folder, struct bytes authority, struct err *err)
{
    static const struct bytes end = BYTES_LITERAL("-----END CERTIFICATE-----\n");
    struct bytes certificate = bytes_slice(authority, 0, bytes_find(authority, end) + end.size);
    CLEANUP(buf_fini) struct buf published = {0};
    enum status status = read_file(folder, AUTHORITY_FILE, &published);
    if (status == STATUS_OK && bytes_equal(buf_peek(&published), certificate))
        return STATUS_OK;
    status = write_file(folder, AUTHORITY_FILE, certificate, err);
    if (status)
        return status;
    return open_to_all(folder, AUTHORITY_FILE, 0644, err);
}

static bool is_good(struct bytes pem, struct bytes authority, const struct tls_setup *setup)
{
    return lasts(pem, RENEW_BEFORE_S) && certificate_is_of(pem, authority) &&
           certificate_covers(pem, (const char *const *)setup->names, setup->name_count);
}

static enum status take_server(const struct tls_setup *setup, const struct certificate_pair *authority,
                               struct err *err)
{
    struct certificate_pair pair = {0};
    enum status status = read_file(setup->folder, SERVER_FILE, &pair.key);
    if (status == STATUS_OK && is_good(buf_peek(&pair.key), buf_peek(&authority->certificate), setup)) {
        certificate_pair_fini(&pair);
        return STATUS_OK;
    }
    certificate_pair_fini(&pair);
    pair = (struct certificate_pair){0};
    status = certificate_make_server(authority, (const char *const *)setup->names, setup->name_count, now_s(),
                                     &pair, err);
    if (status == STATUS_OK)
        status = write_pair(setup->folder, SERVER_FILE, &pair, err);
    certificate_pair_fini(&pair);
    return status;
}

static enum status make_own_files(const struct tls_setup *setup, struct err *err)
{
    if (mkdir(setup->folder, 0700) < 0 && errno != EEXIST)
        return fail_at(STATUS_IO, setup->folder, "", err);
    struct certificate_pair authority = {0};
    enum status status = open_to_all(setup->folder, ".", 0755, err);
    if (status == STATUS_OK)
        status = take_authority(setup->folder, &authority, err);
    if (status == STATUS_OK)
        status = publish_authority(setup->folder, buf_peek(&authority.certificate), err);
    if (status == STATUS_OK)
        status = take_server(setup, &authority, err);
    certificate_pair_fini(&authority);
    return status;
}

/* Once. There is room for all that the settings can name. */
static bool add_name(struct tls_setup *setup, struct bytes name)
{
    for (size_t i = 0; i < setup->name_count; i++)
        if (bytes_equal_nocase(name, bytes_of_cstr(setup->names[i])))
            return true;
    if (setup->name_count == TLS_SETUP_NAMES)
        return true;
    char *copy = strndup((const char *)name.data, name.size);
    if (copy)
        setup->names[setup->name_count++] = copy;
    return copy;
}

static bool is_any_address(struct bytes name)
{
    return bytes_equal_cstr(name, "0.0.0.0") || bytes_equal_cstr(name, "::");
}

static bool add_names(struct tls_setup *setup, const struct site *site)
{
    static const struct bytes loopback[] = {BYTES_LITERAL("localhost"), BYTES_LITERAL("127.0.0.1"),
                                            BYTES_LITERAL("::1")};
    bool added = true;
    for (size_t i = 0; added && i < ARRAY_SIZE(loopback); i++)
        added = add_name(setup, loopback[i]);
    for (size_t i = 0; added && i < site->name_count; i++)
        if (!is_any_address(site->names[i]))
            added = add_name(setup, site->names[i]);
    return added;
}

static enum status open_own(struct tls_setup *setup, const char *client_ca, struct err *err)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/" SERVER_FILE, setup->folder);
    const struct tls_server_files files = {
        .certificate = path, .key = path, .client_ca = client_ca, .shown = setup->certificate};
    return tls_server_open(&files, &setup->server, err);
}

static enum status start_own(struct tls_setup *setup, const struct option_values *values, const char *folder,
                             const char *shown, const struct site *site, struct err *err)
{
    snprintf(setup->folder, sizeof setup->folder, "%.4000s/" OWN_FOLDER, folder);
    snprintf(setup->authority, sizeof setup->authority, "%.4000s/" OWN_FOLDER "/" AUTHORITY_FILE, shown);
    snprintf(setup->certificate, sizeof setup->certificate, "%.4000s/" OWN_FOLDER "/" SERVER_FILE, shown);
    if (!add_names(setup, site))
        return err_no_memory(err);
    enum status status = make_own_files(setup, err);
    if (status)
        return status;
    return open_own(setup, setting_text(values, "tls-client-ca"), err);
}

/* --- looking for changes --- */

bool tls_setup_ends(const struct tls_setup *setup, char *ret_text, size_t size)
{
    int64_t left_s = setup->server ? tls_server_end_s(setup->server) - now_s() : INT64_MAX;
    if (left_s < 0)
        snprintf(ret_text, size, "the certificate has expired: clients refuse it (%.200s)",
                 setup->certificate);
    else if (left_s < WARN_BEFORE_S)
        snprintf(ret_text, size, "the certificate expires in %lld days (%.200s)", (long long)(left_s / DAY_S),
                 setup->certificate);
    return left_s < WARN_BEFORE_S;
}

static void warn_of_end(const struct tls_setup *setup)
{
    char text[320];
    if (tls_setup_ends(setup, text, sizeof text))
        log_warn(AREA, "%s", text);
}

static void renew(struct tls_setup *setup, bool always)
{
    struct err err = {0};
    bool changed = false;
    if (tls_server_renew(setup->server, always, &changed, &err) != STATUS_OK) {
        log_error(AREA, "the certificate stays as it was cause=\"%s\"", err.text);
        return;
    }
    if (!changed)
        return;
    log_info(AREA, "the certificate was read again file=%s", setup->certificate);
    warn_of_end(setup);
}

/* Once a day: what clients resume with gets a new key, and the own certificate is looked at. */
static void do_daily(struct tls_setup *setup)
{
    struct err err = {0};
    if (tls_server_renew_tickets(setup->server) != STATUS_OK)
        log_warn(AREA, "the key of session tickets stays as it was");
    if (setup->folder[0] && make_own_files(setup, &err) != STATUS_OK)
        log_error(AREA, "the own certificate is not renewed cause=\"%s\"", err.text);
    warn_of_end(setup);
}

static void on_look(struct loop_timer *timer)
{
    struct tls_setup *setup = CONTAINER_OF(timer, struct tls_setup, look);
    int64_t now_ns = loop_now(setup->loop);
    if (now_ns >= setup->tickets_due_ns) {
        setup->tickets_due_ns = now_ns + TICKETS_NS;
        do_daily(setup);
    }
    renew(setup, false);
    if (loop_timer_set(setup->loop, timer, now_ns + LOOK_NS) != STATUS_OK)
        log_error(AREA, "out of memory: certificates are not looked at any more");
}

enum status tls_setup_start(struct tls_setup *setup, const struct option_values *values, struct loop *loop,
                            const char *folder, const char *shown, const struct site *site, struct err *err)
{
    if (!is_wanted(values))
        return STATUS_OK;
    enum status status = setup->server ? STATUS_OK : start_own(setup, values, folder, shown, site, err);
    if (status != STATUS_OK)
        return status;
    warn_of_end(setup);
    setup->loop = loop;
    setup->look.on_fire = on_look;
    setup->tickets_due_ns = loop_now(loop) + TICKETS_NS;
    return loop_timer_set(loop, &setup->look, loop_now(loop) + LOOK_NS);
}

void tls_setup_add(struct tls_setup *setup, struct bytes name)
{
    struct err err = {0};
    size_t before = setup->name_count;
    if (!setup->folder[0] || !setup->server)
        return;
    bool added = add_name(setup, name);
    if (added && setup->name_count == before)
        return;
    if (!added || make_own_files(setup, &err) != STATUS_OK)
        log_error(AREA, "the own certificate is not for a new name cause=\"%s\"", err.text);
    else
        renew(setup, false);
}

void tls_setup_reload(struct tls_setup *setup)
{
    if (setup->server)
        renew(setup, true);
}

void tls_setup_fini(struct tls_setup *setup)
{
    loop_timer_cancel(&setup->look);
    tls_server_close(setup->server);
    setup->server = NULL;
    for (size_t i = 0; i < setup->name_count; i++)
        free(setup->names[i]);
    setup->name_count = 0;
}
