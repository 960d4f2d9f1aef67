/* SPDX-License-Identifier: MIT */
/* tls_rig.h — for tests: an authority, a server's certificate for localhost and both ends' contexts, in a folder of their
 * own; and a wire, which lets a test that knows only clear text speak to a server through TLS. */
#ifndef TEST_LIB_TLS_RIG_H
#define TEST_LIB_TLS_RIG_H

#include "base/buf.h"
#include "net/tls_server.h"

struct tls_rig {
    char folder[32];
    char authority[64]; /* path of authority.pem */
    char certificate[64];
    char key[64];
    struct tls_server *server;
    struct ssl_ctx_st *client; /* trusts the authority */
};

void tls_rig_open(struct tls_rig *rig);
void tls_rig_close(struct tls_rig *rig);
/* Writes another certificate for `name`, signed by a new authority if `foreign`, as if made `days` ago. */
void tls_rig_replace(struct tls_rig *rig, const char *name, bool foreign, int days);

/* The client's end of TLS on `socket`, and a pair of sockets for what is said in clear text: whatever is written to
 * `near` goes through TLS, what comes is read from it. */
struct tls_wire {
    struct transport far;
    int near;    /* the test's; it closes it */
    int inner;   /* the other end of it */
    bool open;   /* the handshake is done */
    bool ended;  /* the server sends no more */
    bool shut;   /* the test sends no more */
    bool closed; /* the test has closed `near` */
    struct buf out, in;
};
void tls_wire_open(struct tls_wire *wire, struct tls_rig *rig, int socket);
/* Moves what can be moved. */
void tls_wire_step(struct tls_wire *wire);
void tls_wire_close(struct tls_wire *wire);

/* The tests of a whole protocol run a second time with RIG_TLS set in the environment: each connection of theirs then goes
 * through a wire. */
bool tls_wires_wanted(void);
/* Shakes hands over a pair of connected sockets. Returns what the test uses in place of `client`; `*ret_server` is for the
 * server under test. */
int tls_wires_join(int client, int server, struct transport *ret_server);
/* Moves what can be moved on all of them; those that the test has closed end. With each step of a rig. */
void tls_wires_step(void);
void tls_wires_end(void);

#endif
