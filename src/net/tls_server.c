/* SPDX-License-Identifier: MIT */
/* tls_server.c — parts: what the server is willing to do; the files, and whether they have changed. A context is made
 * whole before the one in use is given up. */
#include "net/tls_server.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "net/limit_values.h"
#include "net/tls_internal.h"

/* Forward secrecy and authenticated encryption only (RFC 9325 section 4.2); HTTP/2 forbids all others (RFC 9113
 * section 9.2.2). TLS 1.3 has nothing else. */
#define CIPHERS_TLS_1_2 "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK"
/* What every client has. The largest one is left out: its key exchange costs twenty times as much. */
#define GROUPS         "X25519:P-256:P-384"
#define SECURITY_LEVEL 2 /* 112 bits: RSA and DH from 2048 on, no SHA-1 (SSL_CTX_set_security_level) */
#define TICKETS        2 /* a browser opens two connections at once */

#define TICKET_KEYS_SIZE 80 /* bytes: name, MAC key and cipher key (SSL_CTX_set_tlsext_ticket_keys) */
#define FILES            3

/* The server's choice: the first of these that the client has. */
static const uint8_t protocols[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/* What tells one version of a file from the next. */
struct file_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct tls_server {
    char *paths[FILES];              /* certificate, key, client_ca or NULL */
    char *shown;                     /* or NULL, as in tls_server_files */
    struct file_stamp stamps[FILES]; /* of what was read, or was tried to be read */
    SSL_CTX *context;
    int64_t end_s;
};

/* --- what the server is willing to do --- */

/* A client that asks for neither is refused, as RFC 7301 section 3.2 wants it: it would not understand the answer. */
static int choose_protocol(SSL *ssl, const unsigned char **ret_protocol, unsigned char *ret_size,
                           const unsigned char *offered, unsigned offered_size, void *context)
{
    unsigned char *chosen = NULL;
    int result = SSL_select_next_proto(&chosen, ret_size, protocols, sizeof protocols, offered, offered_size);
    *ret_protocol = chosen;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* A key with a pass phrase is refused: nobody could be asked. */
static int no_pass_phrase(char *ret_text, int size, int writing, void *context)
{
    return -1;
}

static enum status load(SSL_CTX *tls, const struct tls_server_files *files, struct err *err)
{
    SSL_CTX_set_default_passwd_cb(tls, no_pass_phrase);
    if (SSL_CTX_use_certificate_chain_file(tls, files->certificate) != 1)
        return err_set(err, STATUS_INVALID_ARGUMENT, "the certificate in %s cannot be used: %s",
                       files->shown ? files->shown : files->certificate, tls_reason());
    if (SSL_CTX_use_PrivateKey_file(tls, files->key, SSL_FILETYPE_PEM) != 1)
        return err_set(err, STATUS_INVALID_ARGUMENT, "the key in %s cannot be used: %s",
                       files->shown ? files->shown : files->key, tls_reason());
    if (!files->client_ca)
        return STATUS_OK;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(files->client_ca);
    if (!names || SSL_CTX_load_verify_locations(tls, files->client_ca, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return err_set(err, STATUS_INVALID_ARGUMENT, "the authorities of clients in %s cannot be used: %s",
                       files->client_ca, tls_reason());
    }
    SSL_CTX_set_client_CA_list(tls, names);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return STATUS_OK;
}

/* Sessions are resumed by tickets, which the client keeps; the server keeps nothing. The key of the tickets is the
 * context's, and changes with tls_server_renew_tickets. */
static bool settle(SSL_CTX *tls)
{
    static const unsigned char context_id[] = "sallyport";
    SSL_CTX_set_security_level(tls, SECURITY_LEVEL);
    SSL_CTX_set_options(tls, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(tls, (long)TLS_CLIENT_CHAIN_SIZE_MAX);
    SSL_CTX_set_alpn_select_cb(tls, choose_protocol, NULL);
    return SSL_CTX_set_cipher_list(tls, CIPHERS_TLS_1_2) == 1 && SSL_CTX_set1_groups_list(tls, GROUPS) == 1 &&
           SSL_CTX_set_num_tickets(tls, TICKETS) == 1 &&
           SSL_CTX_set_session_id_context(tls, context_id, sizeof context_id - 1) == 1;
}

static enum status create(const struct tls_server_files *files, SSL_CTX **ret_context, struct err *err)
{
    SSL_CTX *tls = tls_context_create(TLS_server_method());
    if (!tls)
        return err_set(err, STATUS_NO_MEMORY, "no memory for TLS");
    enum status status = load(tls, files, err);
    if (status == STATUS_OK && !settle(tls))
        status = err_set(err, STATUS_INTERNAL, "TLS set-up: %s", tls_reason());
    if (status != STATUS_OK)
        SSL_CTX_free(tls);
    else
        *ret_context = tls;
    return status;
}

static int64_t end_of(SSL_CTX *tls)
{
    struct tm end = {0};
    const X509 *certificate = SSL_CTX_get0_certificate(tls);
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
        return 0;
    return (int64_t)timegm(&end);
}

/* --- the files --- */

/* All zero for a file that is not there: that, too, is a version of it. */
static struct file_stamp stamp_of(const char *path)
{
    struct stat facts;
    if (!path || stat(path, &facts) != 0)
        return (struct file_stamp){0};
    return (struct file_stamp){facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtim};
}

static bool stamps_equal(const struct file_stamp *one, const struct file_stamp *two)
{
    return one->device == two->device && one->inode == two->inode && one->size == two->size &&
           one->changed.tv_sec == two->changed.tv_sec && one->changed.tv_nsec == two->changed.tv_nsec;
}

static bool take_stamps(struct tls_server *server)
{
    bool changed = false;
    for (size_t i = 0; i < FILES; i++) {
        struct file_stamp stamp = stamp_of(server->paths[i]);
        changed |= !stamps_equal(&stamp, &server->stamps[i]);
        server->stamps[i] = stamp;
    }
    return changed;
}

/* At the start a pipe will do, such as a shell's <(…). Later the loop must not wait for what may never come. */
static enum status refuse_what_may_block(const struct tls_server *server, struct err *err)
{
    for (size_t i = 0; i < FILES; i++) {
        struct stat facts;
        if (!server->paths[i] || stat(server->paths[i], &facts) != 0)
            continue; /* reading it says why */
        if (!S_ISREG(facts.st_mode) || facts.st_size > TLS_FILE_SIZE_MAX)
            return err_set(
                err, STATUS_INVALID_ARGUMENT, "%s is no file of at most %lld bytes (limit tls-file-size-max)",
                server->shown && i < 2 ? server->shown : server->paths[i], (long long)TLS_FILE_SIZE_MAX);
    }
    return STATUS_OK;
}

/* ORDER: the stamps before the files. What changes in between has another stamp at the next look, and is read again. */
enum status tls_server_renew(struct tls_server *server, bool always, bool *ret_changed, struct err *err)
{
    *ret_changed = false;
    if (!take_stamps(server) && !always)
        return STATUS_OK;
    const struct tls_server_files files = {server->paths[0], server->paths[1], server->paths[2],
                                           server->shown};
    SSL_CTX *context = NULL;
    enum status status = server->context ? refuse_what_may_block(server, err) : STATUS_OK;
    if (status == STATUS_OK)
        status = create(&files, &context, err);
    if (status != STATUS_OK)
        return status;
    SSL_CTX_free(server->context);
    server->context = context;
    server->end_s = end_of(context);
    *ret_changed = true;
    return STATUS_OK;
}

static bool copy_path(char **ret_path, const char *path)
{
    *ret_path = path ? strdup(path) : NULL;
    return !path || *ret_path;
}

enum status tls_server_open(const struct tls_server_files *files, struct tls_server **ret_server,
                            struct err *err)
{
    struct tls_server *server = calloc(1, sizeof *server);
    if (!server || !copy_path(&server->paths[0], files->certificate) ||
        !copy_path(&server->paths[1], files->key) || !copy_path(&server->paths[2], files->client_ca) ||
        !copy_path(&server->shown, files->shown)) {
        tls_server_close(server);
        return err_set(err, STATUS_NO_MEMORY, "no memory for TLS");
    }
    bool changed = false;
    enum status status = tls_server_renew(server, true, &changed, err);
    if (status != STATUS_OK)
        tls_server_close(server);
    else
        *ret_server = server;
    return status;
}

void tls_server_close(struct tls_server *server)
{
    if (!server)
        return;
    for (size_t i = 0; i < FILES; i++)
        free(server->paths[i]);
    free(server->shown);
    SSL_CTX_free(server->context);
    free(server);
}

enum status tls_server_begin(struct tls_server *server, struct transport *transport)
{
    return tls_begin(transport, server->context, NULL);
}

enum status tls_server_renew_tickets(struct tls_server *server)
{
    uint8_t keys[TICKET_KEYS_SIZE];
    bool renewed = RAND_bytes(keys, sizeof keys) == 1 &&
                   SSL_CTX_set_tlsext_ticket_keys(server->context, keys, sizeof keys) == 1;
    OPENSSL_cleanse(keys, sizeof keys);
    ERR_clear_error();
    return renewed ? STATUS_OK : STATUS_INTERNAL;
}

int64_t tls_server_end_s(const struct tls_server *server)
{
    return server->end_s;
}
