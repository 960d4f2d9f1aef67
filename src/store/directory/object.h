/* SPDX-License-Identifier: MIT */
/* object.h — what the directory holds: kinds of objects, each a flat struct whose first member is its id. Texts are UTF-8 and
 * never NULL once they are read; times are nanoseconds since 1970, 0 for none. No object holds a secret as it was handed
 * out, only its hash; but for the private signing keys. */
#ifndef STORE_DIRECTORY_OBJECT_H
#define STORE_DIRECTORY_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#define DIRECTORY_TEXT_MAX    ((size_t)16 << 10) /* bytes of one text of an object */
#define DIRECTORY_OBJECTS_MAX 100000             /* of one kind */
#define DIRECTORY_WRITES_MAX  16                 /* of one set */

/* The numbers stand in the file: never used again. */
enum directory_kind {
    DIRECTORY_TENANT = 1,
    DIRECTORY_PERSON = 2,
    DIRECTORY_GROUP = 3,
    DIRECTORY_MEMBER = 4,
    DIRECTORY_APPLICATION = 5,
    DIRECTORY_CREDENTIAL = 6,
    DIRECTORY_KEY = 7,
    DIRECTORY_ASSIGNMENT = 8,
    DIRECTORY_SIGNING_KEY = 9,
    DIRECTORY_TICKET = 10,
    DIRECTORY_KEY_USE = 11,
    DIRECTORY_KINDS,
};

/* There is one, made at the first start. */
struct directory_tenant {
    const char *id; /* GUID */
    const char *subscription_id;
    int64_t created_ns;
};

struct directory_person {
    const char *id;   /* GUID */
    const char *name; /* the principal's name, "alice@example.org"; unique without regard to case */
    const char *display_name;
    int64_t created_ns;
    int64_t disabled; /* 1: may not sign in */
};

struct directory_group {
    const char *id;   /* GUID */
    const char *name; /* unique without regard to case */
    int64_t created_ns;
};

struct directory_member {
    const char *id; /* GUID */
    const char *group_id;
    const char *member_id; /* of a person or an application */
};

/* An application and its service principal in one; also a managed identity. */
struct directory_application {
    const char *id;        /* GUID: the object's id, which assignments name */
    const char *client_id; /* GUID: with which it signs in */
    const char *name;
    const char *resource_id; /* of the resource that stands for it; "" for one that people made */
    int64_t created_ns;
    int64_t disabled;
};

enum directory_credential_type {
    DIRECTORY_SECRET = 1,      /* hash */
    DIRECTORY_CERTIFICATE = 2, /* thumbprint, certificate */
    DIRECTORY_FEDERATION = 3,  /* issuer, subject, audience of tokens that count as its own */
};

/* What a person or an application signs in with; it may have several. */
struct directory_credential {
    const char *id;       /* GUID */
    const char *owner_id; /* a person's or an application's */
    int64_t type;         /* enum directory_credential_type */
    const char *name;     /* for people */
    /* of a secret: as crypto/secret.h writes it; of a certificate: SHA-256 of its DER form, hex */
    const char *hash;
    const char *certificate; /* PEM */
    const char *issuer;
    const char *subject;
    const char *audience;
    int64_t created_ns;
    int64_t expires_ns;
};

/* An API key. Who uses it is its owner, and may what the owner may; with roles, no more than those. */
struct directory_key {
    const char *id; /* GUID */
    const char *name;
    const char *owner_id;
    const char *hash;
    const char *hint;  /* the first characters, by which people know it again */
    const char *roles; /* names of roles, separated by commas; "": all that the owner has */
    const char *scope; /* a place; "": everywhere */
    int64_t created_ns;
    int64_t expires_ns;
    int64_t revoked_ns;
};

/* Apart from the key, so that noting a use can never undo that it was revoked. */
struct directory_key_use {
    const char *id;  /* the key's */
    int64_t used_ns; /* to a minute */
};

/* Unique by principal, role and scope, without regard to case. */
struct directory_assignment {
    const char *id; /* GUID: the name */
    const char *principal_id;
    const char *principal_type; /* "User", "Group", "ServicePrincipal" */
    const char *role_id;        /* GUID */
    const char *scope;          /* a resource's id or a place */
    const char *description;
    const char *created_by;
    int64_t created_ns;
    int64_t updated_ns;
};

/* The newest that is active signs; an older one is published until its last token is over. */
struct directory_signing_key {
    const char *id;          /* the key id of tokens */
    const char *private_key; /* JWK, with its private part */
    int64_t created_ns;      /* published from here on … */
    int64_t active_ns;       /* … signs from here on */
};

enum directory_ticket_type {
    DIRECTORY_REFRESH = 1,
    DIRECTORY_DEVICE = 2, /* a device's code; `user_hash` is of what people type */
    DIRECTORY_CODE = 3,   /* an authorization code */
    /* of a browser that is signed in: svc/page/kept_session.c says what its fields are */
    DIRECTORY_COOKIE = 4,
};

/* Handed out once, gone when it is used or over. */
struct directory_ticket {
    const char *id; /* GUID */
    int64_t type;   /* enum directory_ticket_type */
    const char *hash;
    const char *user_hash;    /* "" for none */
    const char *family;       /* all that came from one sign-in; "" for none */
    const char *principal_id; /* "": not confirmed yet */
    const char *client_id;
    const char *scope;
    const char *challenge; /* PKCE, S256 */
    const char *redirect;
    const char *nonce; /* of a code, for the id token; "" for none */
    int64_t refused;   /* 1: the person said no */
    int64_t used;      /* 1: was exchanged; shown again it ends its family */
    int64_t created_ns;
    int64_t expires_ns;
};

#endif
