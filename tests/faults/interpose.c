/* Loaded before all other libraries: counts the file operations of a process in one folder, and lets one of them fail,
 * be the last, or be interrupted by a signal. Writes down what changes files, for a model of what a power failure leaves. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COUNT, FAIL, FAIL_FROM_NOW_ON, KILL_BEFORE, KILL_AFTER, SIGNAL };

#define DESCRIPTORS 65536

static char root[4096];
static long at = -1, count = 0;
static int mode = COUNT, error = EIO, journal = -1, is_armed = 0;
static char is_inside[DESCRIPTORS];
static char struck[4096];

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

void faults_arm(const char *folder, long n, int how, int number, int descriptor) {
    snprintf(root, sizeof root, "%s/", folder);
    at = n, mode = how, error = number, journal = descriptor, count = 0, is_armed = 1;
    struck[0] = 0;
}

long faults_disarm(void) {
    is_armed = 0;
    return count;
}

/* The file of the operation that failed, if any did. */
const char *faults_struck(void) {
    return struck;
}

/* Relative paths are in the folder, since the process works there. */
static const char *inside(const char *path) {
    if (!is_armed || !path) return NULL;
    if (path[0] != '/') return path;
    return strncmp(path, root, strlen(root)) ? NULL : path + strlen(root);
}

static int is_open_inside(int descriptor) {
    return is_armed && descriptor >= 0 && descriptor < DESCRIPTORS && is_inside[descriptor];
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Whether the operation that is about to be done is to fail; on a path, or without one on what is open. */
static int fails(int is_a_write, const char *path, int descriptor) {
    long number = count++;
    if (number == at && path) snprintf(struck, sizeof struck, "%s", path);
    if (number == at && !path) {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        ssize_t length = readlink(link, struck, sizeof struck - 1);
        struck[length < 0 ? 0 : length] = 0;
    }
    if (mode == KILL_BEFORE && number == at) die();
    if (mode == SIGNAL && number == at) raise(error); /* which Python answers after the operation */
    if ((mode == FAIL && number == at) || (mode == FAIL_FROM_NOW_ON && number >= at && is_a_write)) {
        errno = error;
        return 1;
    }
    return 0;
}

static int is_last(void) {
    return mode == KILL_AFTER && count - 1 == at;
}

static void done(void) {
    if (is_last()) die();
}

static void note(const char *format, ...) {
    if (journal < 0) return;
    char line[9000];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    REAL(write)(journal, line, length);
}

static void note_content(int descriptor, long offset, const unsigned char *content, size_t length) {
    if (journal < 0) return;
    note("write %d %ld ", descriptor, offset);
    for (size_t i = 0; i < length; i++) {
        char hex[3];
        snprintf(hex, sizeof hex, "%02x", content[i]);
        REAL(write)(journal, hex, 2);
    }
    note("\n");
}

static int opened(const char *path, int flags, int descriptor) {
    if (descriptor >= 0 && descriptor < DESCRIPTORS) {
        is_inside[descriptor] = 1;
        note("open %d %d %d %s\n", descriptor, !!(flags & O_CREAT), !!(flags & O_TRUNC), path);
    }
    done();
    return descriptor;
}

/* A number that may once have been that of a file inside. */
static int opened_elsewhere(int descriptor) {
    if (descriptor >= 0 && descriptor < DESCRIPTORS) is_inside[descriptor] = 0;
    return descriptor;
}

#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...) {                          \
        va_list values;                                                   \
        va_start(values, flags);                                          \
        mode_t rights = flags & O_CREAT ? va_arg(values, mode_t) : 0;     \
        va_end(values);                                                   \
        const char *name_inside = inside(path);                           \
        if (!name_inside) return opened_elsewhere(REAL(name)(path, flags, rights)); \
        if (fails(!!(flags & O_CREAT), path, -1)) return -1;              \
        return opened(name_inside, flags, REAL(name)(path, flags, rights)); \
    }

OPEN(open)
OPEN(open64)

/* What is in a folder that is open. */
#define OPEN_AT(name)                                                                     \
    int name(int folder, const char *path, int flags, ...) {                              \
        va_list values;                                                                   \
        va_start(values, flags);                                                          \
        mode_t rights = flags & O_CREAT ? va_arg(values, mode_t) : 0;                     \
        va_end(values);                                                                   \
        if (!is_open_inside(folder)) return opened_elsewhere(REAL(name)(folder, path, flags, rights)); \
        if (fails(!!(flags & O_CREAT), path, -1)) return -1;                                        \
        int descriptor = opened_elsewhere(REAL(name)(folder, path, flags, rights));       \
        if (descriptor >= 0 && descriptor < DESCRIPTORS) is_inside[descriptor] = 1;       \
        done();                                                                           \
        return descriptor;                                                                \
    }

OPEN_AT(openat)
OPEN_AT(openat64)

int close(int descriptor) {
    if (is_open_inside(descriptor)) {
        note("close %d\n", descriptor);
        is_inside[descriptor] = 0;
    }
    return REAL(close)(descriptor);
}

ssize_t read(int descriptor, void *content, size_t length) {
    if (!is_open_inside(descriptor)) return REAL(read)(descriptor, content, length);
    if (fails(0, NULL, descriptor)) return -1;
    ssize_t found = REAL(read)(descriptor, content, length);
    done();
    return found;
}

ssize_t write(int descriptor, const void *content, size_t length) {
    if (!is_open_inside(descriptor)) {
        if (is_armed && descriptor == STDOUT_FILENO) note_content(descriptor, 0, content, length);
        return REAL(write)(descriptor, content, length);
    }
    if (fails(1, NULL, descriptor)) return -1;
    long offset = lseek(descriptor, 0, SEEK_CUR);
    ssize_t written = REAL(write)(descriptor, content, is_last() ? length / 2 : length);
    if (written > 0) note_content(descriptor, offset, content, written);
    done();
    return written;
}

/* The disk need not do what only a power failure would reveal; the model knows what was asked for. */
int fsync(int descriptor) {
    if (!is_open_inside(descriptor)) return REAL(fsync)(descriptor);
    if (fails(1, NULL, descriptor)) return -1;
    note("fsync %d\n", descriptor);
    done();
    return 0;
}

#define ON_DESCRIPTOR(name, parameters, arguments, is_a_write, ...)         \
    int name parameters {                                                   \
        if (!is_open_inside(descriptor)) return REAL(name) arguments;       \
        if (fails(is_a_write, NULL, descriptor)) return -1;                                   \
        int result = REAL(name) arguments;                                  \
        if (!result) note(__VA_ARGS__);                                     \
        done();                                                             \
        return result;                                                      \
    }

int flock(int descriptor, int how);
ON_DESCRIPTOR(flock, (int descriptor, int how), (descriptor, how), 0, "flock %d\n", descriptor)
ON_DESCRIPTOR(fchmod, (int descriptor, mode_t rights), (descriptor, rights), 0, "fchmod %d\n", descriptor)
ON_DESCRIPTOR(ftruncate, (int descriptor, off_t length), (descriptor, length), 1, "truncate %d %ld\n", descriptor, (long)length)
ON_DESCRIPTOR(ftruncate64, (int descriptor, off64_t length), (descriptor, length), 1, "truncate %d %ld\n", descriptor, (long)length)

#define ON_PATH(name, parameters, arguments, path, is_a_write, ...) \
    int name parameters {                                           \
        if (!inside(path)) return REAL(name) arguments;             \
        if (fails(is_a_write, path, -1)) return -1;                           \
        int result = REAL(name) arguments;                          \
        if (!result) note(__VA_ARGS__);                             \
        done();                                                     \
        return result;                                              \
    }

ON_PATH(rename, (const char *old, const char *new), (old, new), new, 1, "rename %s\t%s\n", inside(old), inside(new))
ON_PATH(link, (const char *old, const char *new), (old, new), new, 1, "link %s\t%s\n", inside(old), inside(new))
ON_PATH(linkat, (int from, const char *old, int to, const char *new, int flags), (from, old, to, new, flags), new, 1,
        "link %s\t%s\n", inside(old), inside(new))
ON_PATH(unlink, (const char *path), (path), path, 0, "unlink %s\n", inside(path))
ON_PATH(rmdir, (const char *path), (path), path, 0, "rmdir %s\n", inside(path))
ON_PATH(mkdir, (const char *path, mode_t rights), (path, rights), path, 1, "mkdir %s\n", inside(path))

int unlinkat(int folder, const char *path, int flags) {
    if (!is_open_inside(folder)) return REAL(unlinkat)(folder, path, flags);
    if (fails(0, path, -1)) return -1;
    int result = REAL(unlinkat)(folder, path, flags);
    done();
    return result;
}

DIR *opendir(const char *path) {
    if (!inside(path)) return REAL(opendir)(path);
    if (fails(0, path, -1)) return NULL;
    DIR *folder = REAL(opendir)(path);
    if (folder) is_inside[dirfd(folder)] = 1;
    done();
    return folder;
}

int closedir(DIR *folder) {
    is_inside[dirfd(folder)] = 0;
    return REAL(closedir)(folder);
}

#define READ_FOLDER(name, entry)                                    \
    struct entry *name(DIR *folder) {                               \
        if (!is_open_inside(dirfd(folder))) return REAL(name)(folder); \
        if (fails(0, NULL, dirfd(folder))) return NULL;             \
        struct entry *found = REAL(name)(folder);                   \
        done();                                                     \
        return found;                                               \
    }

READ_FOLDER(readdir, dirent)
READ_FOLDER(readdir64, dirent64)
