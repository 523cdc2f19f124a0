/*
 * chirp_shim: libchirp as bun:ffi can use it.
 *
 * Every function returns a value >= 0 or -errno. Paths are NUL-terminated bytes beginning with "/". One copy of this library
 * serves one server, named to cs_init, and one thread: libchirp keeps one process-wide connection table and is not thread
 * safe. `timeout` is in whole seconds, since libchirp's stoptime counts no finer: a call ends half a second before it at the
 * earliest and a second and a half behind it at the latest.
 *
 * libchirp retries by itself until stoptime and then reports ECONNRESET, whatever was wrong. Here a call makes at most one
 * new connection, and a failure says at once what it was (see connection.c, answer.c):
 *
 *   ECONNREFUSED EHOSTUNREACH ENETUNREACH   no connection
 *   EKEYREJECTED                            no authentication method was accepted
 *   EPROTO                                  what answers is no Chirp server, or breaks the protocol
 *   ECONNRESET                              the connection was lost
 *   ETIMEDOUT                               no answer within the timeout
 *   EREMOTEIO                               the server answered "unknown error" (symbolic link loop, disk error)
 *   ENAMETOOLONG                            the request would not fit into one protocol line: one path or two may have
 *                                           975 bytes in it, where a byte <= 0x20, 0x7F or % counts three
 *   ESTALE                                  the file is not the version, or not the size, that was asked for
 *
 * Everything else is the server's own answer about the path.
 */
#ifndef CHIRP_SHIM_H
#define CHIRP_SHIM_H

#include <stdint.h>

#define SHIM_EXPORT __attribute__((visibility("default")))

/* Checked by src/chirp/library.ts, so that an old build is recognised. */
#define SHIM_VERSION 4

SHIM_EXPORT int64_t cs_version(void);

/*
 * Once, before anything else, by the thread whose end closes the connection. host: "address:port" or "[v6 address]:port"; auth: methods in the order
 * to try, separated by commas; tickets: files, separated by commas.
 */
SHIM_EXPORT int64_t cs_init(const char *host, const char *auth, const char *tickets, int64_t connect_timeout);

/* Requests sent so far, also those sent again since their connection broke, without those that open and authenticate one. */
SHIM_EXPORT int64_t cs_rpcs(void);
SHIM_EXPORT int64_t cs_disconnect(void);

/* Whom the server takes us for. Length of what was written to buffer (not NUL-terminated), as below. */
SHIM_EXPORT int64_t cs_whoami(char *buffer, int64_t size, int64_t timeout);

/* stat: 6 numbers: mode, size, mtime, ctime, inode, links. */
SHIM_EXPORT int64_t cs_stat(const char *path, int64_t *stat, int64_t timeout);
SHIM_EXPORT int64_t cs_lstat(const char *path, int64_t *stat, int64_t timeout);

/*
 * Length in bytes of the packed listing (format: src/chirp/listing.ts), found at cs_listing() until the next cs_list. EFBIG above
 * max_bytes; EIO for a directory with a name that cannot be told from the listing's own lines.
 */
SHIM_EXPORT int64_t cs_list(const char *path, int64_t max_bytes, int64_t timeout);
SHIM_EXPORT const void *cs_listing(void);

/* A whole file of exactly `size` bytes into buffer; ESTALE when it has another size. */
SHIM_EXPORT int64_t cs_get_file(const char *path, void *buffer, int64_t size, int64_t timeout);
SHIM_EXPORT int64_t cs_put_file(const char *path, const void *buffer, int64_t size, int64_t mode, int64_t timeout);

/*
 * A file handle; stat gets what the reply carries. flags as in open(2). pread is short only at the end of the file. After ESTALE
 * a handle is good for cs_close alone. The error of cs_close is that of writes before it.
 */
SHIM_EXPORT int64_t cs_open(const char *path, int64_t flags, int64_t mode, int64_t *stat, int64_t timeout);
SHIM_EXPORT int64_t cs_pread(int64_t handle, void *buffer, int64_t length, int64_t offset, int64_t timeout);
SHIM_EXPORT int64_t cs_pwrite(int64_t handle, const void *buffer, int64_t length, int64_t offset, int64_t timeout);
SHIM_EXPORT int64_t cs_fstat(int64_t handle, int64_t *stat, int64_t timeout);
SHIM_EXPORT int64_t cs_close(int64_t handle, int64_t timeout);

SHIM_EXPORT int64_t cs_utime(const char *path, int64_t mtime, int64_t timeout);
SHIM_EXPORT int64_t cs_rename(const char *path, const char *new_path, int64_t timeout);
SHIM_EXPORT int64_t cs_unlink(const char *path, int64_t timeout);
SHIM_EXPORT int64_t cs_mkdir(const char *path, int64_t mode, int64_t timeout);
SHIM_EXPORT int64_t cs_rmdir(const char *path, int64_t timeout);
SHIM_EXPORT int64_t cs_chmod(const char *path, int64_t mode, int64_t timeout);

/* EINVAL for a target with white space or controls, which the protocol cannot carry. */
SHIM_EXPORT int64_t cs_symlink(const char *path, const char *target, int64_t timeout);
/* ENAMETOOLONG when the target does not fit. */
SHIM_EXPORT int64_t cs_readlink(const char *path, char *buffer, int64_t size, int64_t timeout);

/* "subject rights\n" for each entry. */
SHIM_EXPORT int64_t cs_getacl(const char *path, char *buffer, int64_t size, int64_t timeout);
SHIM_EXPORT int64_t cs_setacl(const char *path, const char *subject, const char *rights, int64_t timeout);

/* digest: at least 128 bytes. Length of the digest. algorithm: "md5" or "sha1". */
SHIM_EXPORT int64_t cs_hash(const char *path, const char *algorithm, void *digest, int64_t timeout);
SHIM_EXPORT int64_t cs_thirdput(const char *path, const char *third_host, const char *third_path, int64_t timeout);

#endif
