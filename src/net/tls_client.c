/* SPDX-License-Identifier: MIT */
/* tls_client.c — what both ends are willing to do, and whom a client trusts. */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/tls_internal.h"

static const uint8_t protocols[] = {2, 'h', '2'};

const char *tls_reason(void)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    if (ERR_SYSTEM_ERROR(code))
        reason = strerror(ERR_GET_REASON(code));
    ERR_clear_error();
    return reason ? reason : "no reason given";
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
