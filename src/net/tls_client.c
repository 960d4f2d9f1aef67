/* SPDX-License-Identifier: MIT */
/* tls_client.c — what both ends are willing to do, and whom a client trusts. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#include "net/tls_internal.h"

static const uint8_t protocols[] = {2, 'h', '2'};

const char *tls_reason(void)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    if (ERR_SYSTEM_ERROR(code))
        reason = strerror(ERR_GET_REASON(code));
    ERR_clear_error();
    return text_or(reason, "no reason given");
}

/* Renegotiation would let a peer have the server sign again and again on one connection. */
SSL_CTX *tls_context_create(const SSL_METHOD *method)
{
    SSL_CTX *tls = SSL_CTX_new(method);
    if (!tls)
        return NULL;
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_clear_mode(tls, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    if (SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) == 1)
        return tls;
    SSL_CTX_free(tls);
    return NULL;
}

/* --- sessions of before --- */

/* The latest session that a server has given to a connection of this context, to the host of the first one: a session vouches for
 * the certificate that was seen then, so it is of no other host. A ticket is used once (RFC 8446 appendix C.4): whoever takes it
 * leaves none. */
struct kept_session {
    pthread_mutex_t lock;
    char host[256]; /* "": of none yet */
    SSL_SESSION *session;
};

static int kept_index = -1;
static pthread_once_t kept_once = PTHREAD_ONCE_INIT;

static void free_kept(void *parent, void *data, CRYPTO_EX_DATA *all, int index, long number, void *argument)
{
    struct kept_session *kept = data;
    if (!kept)
        return;
    SSL_SESSION_free(kept->session);
    pthread_mutex_destroy(&kept->lock);
    free(kept);
}

static void make_index(void)
{
    kept_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_kept);
}

/* 1: the session is ours now. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct kept_session *kept = SSL_get_app_data(ssl); /* NULL: a connection to another host */
    if (!kept || !SSL_SESSION_is_resumable(session))
        return 0;
    pthread_mutex_lock(&kept->lock);
    SSL_SESSION_free(kept->session);
    kept->session = session;
    pthread_mutex_unlock(&kept->lock);
    return 1;
}

/* Without memory for it every handshake is a whole one. */
static void keep_sessions(SSL_CTX *tls)
{
    (void)pthread_once(&kept_once, make_index);
    struct kept_session *kept = calloc(1, sizeof *kept);
    if (!kept || pthread_mutex_init(&kept->lock, NULL) != 0) {
        free(kept);
        return;
    }
    if (kept_index < 0 || SSL_CTX_set_ex_data(tls, kept_index, kept) != 1) {
        free_kept(NULL, kept, NULL, 0, 0, NULL);
        return;
    }
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(tls, on_session);
}

void tls_client_resume(SSL *ssl, const char *host)
{
    struct kept_session *kept = kept_index < 0 ? NULL : SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), kept_index);
    if (!kept || strlen(host) >= sizeof kept->host)
        return;
    SSL_SESSION *session = NULL;
    pthread_mutex_lock(&kept->lock);
    if (!kept->host[0])
        memcpy(kept->host, host, strlen(host) + 1);
    bool same = strcmp(kept->host, host) == 0;
    if (same) {
        session = kept->session;
        kept->session = NULL;
    }
    pthread_mutex_unlock(&kept->lock);
    if (same)
        SSL_set_app_data(ssl, kept);
    if (session)
        (void)SSL_set_session(ssl, session); /* one that does not fit makes a whole handshake */
    SSL_SESSION_free(session);
}

/* --- what a client is made from --- */

/* A key with a pass phrase would ask the terminal for it. */
static int refuse_pass_phrase(char *buffer, int size, int writing, void *context)
{
    return -1;
}

static STATUS_RESULT show_certificate(SSL_CTX *tls, const struct tls_client_files *files, struct err *err)
{
    SSL_CTX_set_default_passwd_cb(tls, refuse_pass_phrase);
    if (SSL_CTX_use_certificate_chain_file(tls, files->certificate) != 1)
        return err_set(err, STATUS_INVALID_ARGUMENT, "certificate_file: %s", tls_reason());
    if (SSL_CTX_use_PrivateKey_file(tls, files->key, SSL_FILETYPE_PEM) != 1)
        return err_set(err, STATUS_INVALID_ARGUMENT, "key_file: %s", tls_reason());
    return STATUS_OK;
}

enum status tls_client_create(const struct tls_client_files *files, struct ssl_ctx_st **ret_tls,
                              struct err *err)
{
    const char *ca_file = files->ca;
    SSL_CTX *tls = tls_context_create(TLS_client_method());
    if (!tls)
        return err_set(err, STATUS_NO_MEMORY, "no memory for TLS");
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    if (ca_file && SSL_CTX_load_verify_locations(tls, ca_file, NULL) != 1) {
        SSL_CTX_free(tls);
        return err_set(err, STATUS_INVALID_ARGUMENT, "ca_file: %s", tls_reason());
    }
    bool good = (ca_file || SSL_CTX_set_default_verify_paths(tls) == 1) &&
                SSL_CTX_set_alpn_protos(tls, protocols, sizeof protocols) == 0;
    if (!good) {
        SSL_CTX_free(tls);
        return err_set(err, STATUS_INTERNAL, "TLS set-up: %s", tls_reason());
    }
    keep_sessions(tls);
    enum status status = files->certificate ? show_certificate(tls, files, err) : STATUS_OK;
    if (status != STATUS_OK) {
        SSL_CTX_free(tls);
        return status;
    }
    *ret_tls = tls;
    return STATUS_OK;
}

void tls_destroy(struct ssl_ctx_st *tls)
{
    SSL_CTX_free(tls);
}
